import { refuse } from '../../api/errors.ts'
import { optional } from '../../api/parameters.ts'
import { update } from '../../ledger/record.ts'
import { accountSettings } from '../account-settings.ts'
import { findUser, locateUser } from '../find.ts'
import { loginProfileOf } from '../login-profile.ts'
import { operation } from '../operation.ts'
import { password, truth, userName } from '../parameters.ts'
import { hashPassword, isStrong } from '../password.ts'

export const UpdateLoginProfile = operation({
  name: 'UpdateLoginProfile',
  summary: 'Changes the password of a user, or what the next log-on demands.',
  parameters: {
    UserName: userName,
    Password: optional(password, null),
    PasswordResetRequired: optional(truth, null),
    MFABindRequired: optional(truth, null),
  },
  access: 'Write',
  trail: { show: ['UserName', 'PasswordResetRequired', 'MFABindRequired'], reply: ['RequestId'] },
  refusals: ['EntityNotExist.User', 'EntityNotExist.User.LoginProfile', 'InvalidParameter.Password.TooWeak'],
  locate: locateUser,
  async decide({ UserName, Password, PasswordResetRequired, MFABindRequired }, context) {
    const user = await findUser(UserName, context)
    const profile = loginProfileOf(user)
    if (Password !== null && !isStrong(Password, (await accountSettings(context)).passwordPolicy))
      throw refuse('InvalidParameter.Password.TooWeak')
    const loginProfile = {
      ...profile,
      passwordHash: Password === null ? profile.passwordHash : await hashPassword(Password, context),
      passwordResetRequired: PasswordResetRequired ?? profile.passwordResetRequired,
      mfaBindRequired: MFABindRequired ?? profile.mfaBindRequired,
    }
    return { reply: {}, changes: [update(user, { body: { ...user.body, loginProfile } }, true)] }
  },
})
