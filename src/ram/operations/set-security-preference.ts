import { optional, possiblyEmpty } from '../../api/parameters.ts'
import { accountSettings, changeSettings } from '../account-settings.ts'
import { operation } from '../operation.ts'
import { loginNetworkMasks, logOnSessionDuration, truth } from '../parameters.ts'
import { locateContainer } from '../resources.ts'
import { securityPreferenceAnswer } from '../security-preference.ts'
import { withoutNulls } from '../without-nulls.ts'

export const SetSecurityPreference = operation({
  name: 'SetSecurityPreference',
  summary:
    'Sets what users may change about themselves without a policy, and how they log on. Absent parameters change nothing.',
  parameters: {
    EnableSaveMFATicket: optional(truth, null),
    AllowUserToChangePassword: optional(truth, null),
    AllowUserToManageAccessKeys: optional(truth, null),
    AllowUserToManageMFADevices: optional(truth, null),
    AllowUserToManagePublicKeys: optional(truth, null),
    LoginSessionDuration: optional(logOnSessionDuration, null),
    LoginNetworkMasks: optional(possiblyEmpty(loginNetworkMasks), null),
  },
  access: 'Write',
  trail: {
    show: [
      'EnableSaveMFATicket',
      'AllowUserToChangePassword',
      'AllowUserToManageAccessKeys',
      'AllowUserToManageMFADevices',
      'AllowUserToManagePublicKeys',
      'LoginSessionDuration',
      'LoginNetworkMasks',
    ],
    reply: ['SecurityPreference'],
  },
  refusals: [],
  locate: locateContainer(null),
  async decide(values, context) {
    const before = (await accountSettings(context)).securityPreference
    const securityPreference = { ...before, ...withoutNulls(values) }
    const changes = [await changeSettings({ securityPreference }, context)]
    return { reply: { SecurityPreference: securityPreferenceAnswer(securityPreference) }, changes }
  },
})
