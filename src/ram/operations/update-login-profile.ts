import { optional } from '../../api/parameters.ts'
import { update } from '../../ledger/record.ts'
import { accountSettings } from '../account-settings.ts'
import { findUser } from '../find.ts'
import { inTurnOf } from '../heavy-work.ts'
import { forgetFailures } from '../log-on.ts'
import { loginProfileOf } from '../login-profile.ts'
import { withPassword } from '../new-password.ts'
import { operation } from '../operation.ts'
import { password, truth, userName } from '../parameters.ts'
import { locateUser } from '../resources.ts'

export const UpdateLoginProfile = operation({
  name: 'UpdateLoginProfile',
  summary: 'Changes the password of a user, or the requirements for the next log-on.',
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
    const rules = await accountSettings(context)
    const given =
      Password === null ? {} : await withPassword(Password, user.body, rules, context.now, context, inTurnOf(context))
    const loginProfile = {
      ...profile,
      ...given,
      passwordResetRequired: PasswordResetRequired ?? profile.passwordResetRequired,
      mfaBindRequired: MFABindRequired ?? profile.mfaBindRequired,
    }
    const changed = update(user, { body: { ...user.body, loginProfile } }, true)
    const cleared = Password === null ? [] : await forgetFailures(user.id, context)
    return { reply: {}, changes: [changed, ...cleared] }
  },
})
