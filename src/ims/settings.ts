// The settings of an account in IMS's replies: RAM's settings, some under other names, and further ones.
import type { Reply } from '../api/operation.ts'
import type { AccountSettings } from '../ram/account-settings.ts'
import { DOMAIN_END } from './parameters.ts'

/** The password policy in replies. */
export function passwordPolicyAnswer({ passwordPolicy, furtherPasswordRules }: AccountSettings): Reply {
  const { HardExpiry: HardExpire, ...rest } = passwordPolicy
  return { ...rest, HardExpire, ...furtherPasswordRules }
}

/** The security preference in replies, grouped. */
export function preferenceAnswer({ securityPreference, furtherPreference }: AccountSettings): Reply {
  const { EnableSaveMFATicket, AllowUserToChangePassword, LoginSessionDuration, LoginNetworkMasks } = securityPreference
  const { AllowUserToLoginWithPasskey, MFAOperationForLogin, OperationForRiskLogin } = furtherPreference
  const { VerificationTypes, MaxIdleDaysForUsers, MaxIdleDaysForAccessKeys } = furtherPreference
  return {
    LoginProfilePreference: {
      EnableSaveMFATicket,
      AllowUserToChangePassword,
      LoginSessionDuration,
      LoginNetworkMasks,
      AllowUserToLoginWithPasskey,
      MFAOperationForLogin,
      // The older form of the member above.
      EnforceMFAForLogin: MFAOperationForLogin === 'mandatory',
      OperationForRiskLogin,
    },
    AccessKeyPreference: { AllowUserToManageAccessKeys: securityPreference.AllowUserToManageAccessKeys },
    MFAPreference: { AllowUserToManageMFADevices: securityPreference.AllowUserToManageMFADevices },
    PersonalInfoPreference: { AllowUserToManagePersonalDingTalk: furtherPreference.AllowUserToManagePersonalDingTalk },
    VerificationPreference: { VerificationTypes },
    MaxIdleDays: { MaxIdleDaysForUsers, MaxIdleDaysForAccessKeys },
  }
}

/** The domain of an account's users, with the account's alias, or its id where it has no alias. */
export function domainOf(alias: string, accountId: string): string {
  return `${alias || accountId}${DOMAIN_END}`
}
