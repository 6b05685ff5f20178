import { refuse } from '../../api/errors.ts'
import { update } from '../../ledger/record.ts'
import { accountSettings } from '../account-settings.ts'
import { findUser, ramResource } from '../find.ts'
import { loginProfileOf } from '../login-profile.ts'
import { operation } from '../operation.ts'
import { password } from '../parameters.ts'
import { hashPassword, isPassword, isStrong } from '../password.ts'

export const ChangePassword = operation({
  name: 'ChangePassword',
  summary: 'Changes the password of the calling user.',
  source: 'contract/ram.md 3.3',
  parameters: { OldPassword: password, NewPassword: password },
  access: 'Write',
  trail: { show: [], reply: ['RequestId'] },
  selfService: 'password',
  refusals: ['NoPermission', 'EntityNotExist.User.LoginProfile', 'InvalidParameter.Password.TooWeak'],
  async locate(_, context) {
    return [await ramResource('user', context.caller.userName, context)]
  },
  async decide({ OldPassword, NewPassword }, context) {
    if (context.caller.type !== 'ram-user') throw refuse('NoPermission', { reason: 'Only a user has a password.' })
    const user = await findUser(context.caller.userName, context)
    const profile = loginProfileOf(user)
    if (!(await isPassword(OldPassword, profile.passwordHash)))
      throw refuse('InvalidParameter.{name}', { name: 'OldPassword' })
    if (!isStrong(NewPassword, (await accountSettings(context)).passwordPolicy))
      throw refuse('InvalidParameter.Password.TooWeak')
    const passwordHash = await hashPassword(NewPassword, context)
    const loginProfile = { ...profile, passwordHash, passwordResetRequired: false }
    return { reply: {}, changes: [update(user, { body: { ...user.body, loginProfile } }, true)] }
  },
})
