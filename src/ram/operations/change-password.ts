import type { Caller } from '../../api/caller.ts'
import { type Denial, refuse, refuseFor } from '../../api/errors.ts'
import { update } from '../../ledger/record.ts'
import { accountSettings } from '../account-settings.ts'
import { denialOf } from '../denial.ts'
import { callingUser } from '../find.ts'
import { inTurnOf } from '../heavy-work.ts'
import { forgetFailures } from '../log-on.ts'
import { loginProfileOf } from '../login-profile.ts'
import { withPassword } from '../new-password.ts'
import { operation } from '../operation.ts'
import { password } from '../parameters.ts'
import { isPassword } from '../password.ts'
import { IMPLICIT } from '../policy/verdict.ts'
import { ramResource } from '../resources.ts'

export const ChangePassword = operation({
  name: 'ChangePassword',
  summary: 'Changes the password of the calling user.',
  parameters: { OldPassword: password, NewPassword: password },
  access: 'Write',
  trail: { show: [], reply: ['RequestId'] },
  selfService: 'password',
  refusals: ['NoPermission', 'EntityNotExist.User.LoginProfile', 'InvalidParameter.Password.TooWeak'],
  async locate(_, context) {
    const { caller } = context
    const name =
      caller.type === 'ram-user' ? (await callingUser({ ...context, caller })).body.userName : caller.userName
    return [await ramResource('user', name, context)]
  },
  async decide({ OldPassword, NewPassword }, context) {
    const { caller } = context
    if (caller.type !== 'ram-user')
      throw refuseFor(noUser(caller), 'NoPermission', { reason: 'Only a user has a password.' })
    const user = await callingUser({ ...context, caller })
    const profile = loginProfileOf(user)
    const inTurn = inTurnOf(context)
    if (!(await inTurn(() => isPassword(OldPassword, profile.passwordHash))))
      throw refuse('InvalidParameter.{name}', { name: 'OldPassword' })
    const rules = await accountSettings(context)
    const given = await withPassword(NewPassword, user.body, rules, context.now, context, inTurn)
    const loginProfile = { ...profile, ...given, passwordResetRequired: false }
    const changed = update(user, { body: { ...user.body, loginProfile } }, true)
    return { reply: {}, changes: [changed, ...(await forgetFailures(user.id, context))] }
  },
})

function noUser(caller: Caller): Denial {
  const resource = `acs:ram:*:${caller.accountId}:user/${caller.userName}`
  return denialOf({ caller, action: 'ram:ChangePassword' }, resource, 'IdentityBased', IMPLICIT)
}
