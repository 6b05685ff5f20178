import type { Reply } from '../api/operation.ts'
import type { SecurityPreference } from './account-settings.ts'

/** The security preference in the groups of replies (docs/reference/operations/ram-2015-05-01.md, GetSecurityPreference). */
export function securityPreferenceAnswer(preference: SecurityPreference): Reply {
  const { EnableSaveMFATicket, AllowUserToChangePassword, LoginSessionDuration, LoginNetworkMasks } = preference
  return {
    LoginProfilePreference: {
      EnableSaveMFATicket,
      AllowUserToChangePassword,
      LoginSessionDuration,
      LoginNetworkMasks,
    },
    AccessKeyPreference: { AllowUserToManageAccessKeys: preference.AllowUserToManageAccessKeys },
    MFAPreference: { AllowUserToManageMFADevices: preference.AllowUserToManageMFADevices },
    PublicKeyPreference: { AllowUserToManagePublicKeys: preference.AllowUserToManagePublicKeys },
  }
}
