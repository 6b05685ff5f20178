import { optional, possiblyEmpty } from '../../api/parameters.ts'
import { accountSettings, changeSettings } from '../../ram/account-settings.ts'
import { logOnSessionDuration, oneOf, truth, whole } from '../../ram/parameters.ts'
import { locateContainer } from '../../ram/resources.ts'
import { withoutNulls } from '../../ram/without-nulls.ts'
import { operation } from '../operation.ts'
import { imsNetworkMasks, verificationTypes } from '../parameters.ts'
import { preferenceAnswer } from '../settings.ts'

export const SetSecurityPreference = operation({
  name: 'SetSecurityPreference',
  summary:
    'Sets what users may change about themselves without a policy, and how they log on, as RAM does. Of the settings that RAM lacks, MFAOperationForLogin `mandatory`, or the older EnforceMFAForLogin, makes every user log on with an MFA device; all others are stored and shown without effect. Absent parameters change nothing.',
  parameters: {
    EnableSaveMFATicket: optional(truth, null),
    AllowUserToChangePassword: optional(truth, null),
    AllowUserToManageAccessKeys: optional(truth, null),
    AllowUserToManageMFADevices: optional(truth, null),
    LoginSessionDuration: optional(logOnSessionDuration, null),
    LoginNetworkMasks: optional(possiblyEmpty(imsNetworkMasks), null),
    AllowUserToLoginWithPasskey: optional(truth, null),
    MFAOperationForLogin: optional(oneOf('mandatory', 'independent', 'adaptive'), null),
    EnforceMFAForLogin: optional(truth, null),
    OperationForRiskLogin: optional(oneOf('autonomous', 'enforceVerify'), null),
    AllowUserToManagePersonalDingTalk: optional(truth, null),
    VerificationTypes: optional(verificationTypes, null),
    MaxIdleDaysForUsers: optional(whole(1, 730), null),
    MaxIdleDaysForAccessKeys: optional(whole(1, 730), null),
  },
  access: 'Write',
  trail: {
    show: [
      'EnableSaveMFATicket',
      'AllowUserToChangePassword',
      'AllowUserToManageAccessKeys',
      'AllowUserToManageMFADevices',
      'LoginSessionDuration',
      'LoginNetworkMasks',
      'AllowUserToLoginWithPasskey',
      'MFAOperationForLogin',
      'EnforceMFAForLogin',
      'OperationForRiskLogin',
      'AllowUserToManagePersonalDingTalk',
      'VerificationTypes',
      'MaxIdleDaysForUsers',
      'MaxIdleDaysForAccessKeys',
    ],
    reply: ['SecurityPreference'],
  },
  refusals: [],
  locate: locateContainer(null),
  async decide(values, context) {
    const { AllowUserToLoginWithPasskey, OperationForRiskLogin, AllowUserToManagePersonalDingTalk, ...others } = values
    const { VerificationTypes, MaxIdleDaysForUsers, MaxIdleDaysForAccessKeys, ...rest } = others
    const { MFAOperationForLogin, EnforceMFAForLogin, ...common } = rest
    const enforced = EnforceMFAForLogin === null ? null : EnforceMFAForLogin ? 'mandatory' : 'independent'
    const further = {
      AllowUserToLoginWithPasskey,
      MFAOperationForLogin: MFAOperationForLogin ?? enforced,
      OperationForRiskLogin,
      AllowUserToManagePersonalDingTalk,
      VerificationTypes,
      MaxIdleDaysForUsers,
      MaxIdleDaysForAccessKeys,
    }
    const before = await accountSettings(context)
    const some = {
      securityPreference: { ...before.securityPreference, ...withoutNulls(common) },
      furtherPreference: { ...before.furtherPreference, ...withoutNulls(further) },
    }
    const changes = [await changeSettings(some, context)]
    return { reply: { SecurityPreference: preferenceAnswer({ ...before, ...some }) }, changes }
  },
})
