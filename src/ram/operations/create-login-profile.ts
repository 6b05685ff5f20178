import { refuse } from '../../api/errors.ts'
import { update } from '../../ledger/record.ts'
import { accountSettings } from '../account-settings.ts'
import { findUser } from '../find.ts'
import { inTurnOf } from '../heavy-work.ts'
import { forgetFailures } from '../log-on.ts'
import { loginProfileAnswer } from '../login-profile.ts'
import { withPassword } from '../new-password.ts'
import { operation } from '../operation.ts'
import { flag, password, userName } from '../parameters.ts'
import { locateUser } from '../resources.ts'

export const CreateLoginProfile = operation({
  name: 'CreateLoginProfile',
  summary: 'Gives a user a password for the console.',
  parameters: { UserName: userName, Password: password, PasswordResetRequired: flag, MFABindRequired: flag },
  access: 'Write',
  trail: { show: ['UserName', 'PasswordResetRequired', 'MFABindRequired'], reply: ['LoginProfile'] },
  refusals: ['EntityNotExist.User', 'EntityAlreadyExists.User.LoginProfile', 'InvalidParameter.Password.TooWeak'],
  locate: locateUser,
  async decide({ UserName, Password, PasswordResetRequired, MFABindRequired }, context) {
    const user = await findUser(UserName, context)
    if (user.body.loginProfile) throw refuse('EntityAlreadyExists.User.LoginProfile')
    const rules = await accountSettings(context)
    const loginProfile = {
      ...(await withPassword(Password, user.body, rules, context.now, context, inTurnOf(context))),
      passwordResetRequired: PasswordResetRequired,
      mfaBindRequired: MFABindRequired,
      createdAt: context.now,
    }
    const changed = update(user, { body: { ...user.body, loginProfile } })
    const changes = [changed, ...(await forgetFailures(user.id, context))]
    return { reply: { LoginProfile: loginProfileAnswer(user.body.userName, loginProfile) }, changes }
  },
})
