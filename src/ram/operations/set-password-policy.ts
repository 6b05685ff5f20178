import { optional } from '../../api/parameters.ts'
import { accountSettings, changeSettings } from '../account-settings.ts'
import { operation } from '../operation.ts'
import {
  maxLogOnAttempts,
  maxPasswordAge,
  minimumPasswordLength,
  passwordReusePrevention,
  truth,
} from '../parameters.ts'
import { locateContainer } from '../resources.ts'
import { withoutNulls } from '../without-nulls.ts'

export const SetPasswordPolicy = operation({
  name: 'SetPasswordPolicy',
  summary: 'Sets the password policy of the account. Absent parameters change nothing.',
  parameters: {
    MinimumPasswordLength: optional(minimumPasswordLength, null),
    RequireLowercaseCharacters: optional(truth, null),
    RequireUppercaseCharacters: optional(truth, null),
    RequireNumbers: optional(truth, null),
    RequireSymbols: optional(truth, null),
    HardExpiry: optional(truth, null),
    MaxPasswordAge: optional(maxPasswordAge, null),
    PasswordReusePrevention: optional(passwordReusePrevention, null),
    MaxLoginAttemps: optional(maxLogOnAttempts, null),
  },
  access: 'Write',
  trail: {
    show: [
      'MinimumPasswordLength',
      'RequireLowercaseCharacters',
      'RequireUppercaseCharacters',
      'RequireNumbers',
      'RequireSymbols',
      'HardExpiry',
      'MaxPasswordAge',
      'PasswordReusePrevention',
      'MaxLoginAttemps',
    ],
    reply: ['PasswordPolicy'],
  },
  refusals: ['InvalidParameter.MinimumPasswordLength.Range'],
  locate: locateContainer(null),
  async decide(values, context) {
    const passwordPolicy = { ...(await accountSettings(context)).passwordPolicy, ...withoutNulls(values) }
    const changes = [await changeSettings({ passwordPolicy }, context)]
    return { reply: { PasswordPolicy: { ...passwordPolicy } }, changes }
  },
})
