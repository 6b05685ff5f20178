import { optional } from '../../api/parameters.ts'
import { accountSettings, changeSettings } from '../../ram/account-settings.ts'
import {
  maxLogOnAttempts,
  maxPasswordAge,
  minimumPasswordLength,
  passwordReusePrevention,
  truth,
  whole,
} from '../../ram/parameters.ts'
import { locateContainer } from '../../ram/resources.ts'
import { withoutNulls } from '../../ram/without-nulls.ts'
import { operation } from '../operation.ts'
import { passwordPolicyAnswer } from '../settings.ts'

export const SetPasswordPolicy = operation({
  name: 'SetPasswordPolicy',
  summary:
    'Sets the password policy of the account: the policy that RAM sets, with two more rules. Absent parameters change nothing.',
  parameters: {
    MinimumPasswordLength: optional(minimumPasswordLength, null),
    RequireLowercaseCharacters: optional(truth, null),
    RequireUppercaseCharacters: optional(truth, null),
    RequireNumbers: optional(truth, null),
    RequireSymbols: optional(truth, null),
    HardExpire: optional(truth, null),
    MaxPasswordAge: optional(maxPasswordAge, null),
    PasswordReusePrevention: optional(passwordReusePrevention, null),
    MaxLoginAttemps: optional(maxLogOnAttempts, null),
    MinimumPasswordDifferentCharacter: optional(whole(0, 8), null),
    PasswordNotContainUserName: optional(truth, null),
  },
  access: 'Write',
  trail: {
    show: [
      'MinimumPasswordLength',
      'RequireLowercaseCharacters',
      'RequireUppercaseCharacters',
      'RequireNumbers',
      'RequireSymbols',
      'HardExpire',
      'MaxPasswordAge',
      'PasswordReusePrevention',
      'MaxLoginAttemps',
      'MinimumPasswordDifferentCharacter',
      'PasswordNotContainUserName',
    ],
    reply: ['PasswordPolicy'],
  },
  refusals: ['InvalidParameter.MinimumPasswordLength.Range'],
  locate: locateContainer(null),
  async decide(values, context) {
    const { MinimumPasswordDifferentCharacter, PasswordNotContainUserName, HardExpire: HardExpiry, ...rest } = values
    const before = await accountSettings(context)
    const further = { MinimumPasswordDifferentCharacter, PasswordNotContainUserName }
    const some = {
      passwordPolicy: { ...before.passwordPolicy, ...withoutNulls({ ...rest, HardExpiry }) },
      furtherPasswordRules: { ...before.furtherPasswordRules, ...withoutNulls(further) },
    }
    const changes = [await changeSettings(some, context)]
    return { reply: { PasswordPolicy: passwordPolicyAnswer({ ...before, ...some }) }, changes }
  },
})
