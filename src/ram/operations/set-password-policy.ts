import { optional } from '../../api/parameters.ts'
import { changeSettings } from '../account-settings.ts'
import { containerOf } from '../find.ts'
import { operation } from '../operation.ts'
import { flag, minimumPasswordLength, whole } from '../parameters.ts'

export const SetPasswordPolicy = operation({
  name: 'SetPasswordPolicy',
  summary: 'Sets the password policy of the account. Parameters that are absent take their defaults.',
  parameters: {
    MinimumPasswordLength: optional(minimumPasswordLength, 8),
    RequireLowercaseCharacters: flag,
    RequireUppercaseCharacters: flag,
    RequireNumbers: flag,
    RequireSymbols: flag,
    HardExpiry: flag,
    MaxPasswordAge: optional(whole(0, 1095), 0),
    PasswordReusePrevention: optional(whole(0, 24), 0),
    MaxLoginAttemps: optional(whole(0, 32), 0),
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
  async locate(_, context) {
    return [containerOf(null, context)]
  },
  async decide(passwordPolicy, context) {
    const changes = [await changeSettings({ passwordPolicy }, context)]
    return { reply: { PasswordPolicy: { ...passwordPolicy } }, changes }
  },
})
