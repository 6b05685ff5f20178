import type { Kind } from '../../ledger/record.ts'
import { MFA_DEVICE } from '../mfa-device.ts'
import { operation } from '../operation.ts'
import { GROUP, POLICY, ROLE, ramScope, USER } from '../records.ts'
import { locateContainer } from '../resources.ts'

export const GetAccountSummary = operation({
  name: 'GetAccountSummary',
  summary:
    'Returns how many users, groups, roles, custom policies and virtual MFA devices the account has, and its quotas. In the cloud, this operation belongs to the API of IMS.',
  parameters: {},
  access: 'Read',
  trail: { show: [], reply: [] },
  refusals: [],
  locate: locateContainer(null),
  async decide(_, context) {
    const { ledger, caller, quotas } = context
    const count = (kind: Kind<unknown>) => ledger.count(kind, ramScope(caller.accountId))
    const SummaryMap = {
      Users: await count(USER),
      UsersQuota: quotas['max-users'],
      Groups: await count(GROUP),
      GroupsQuota: quotas['max-groups'],
      Roles: await count(ROLE),
      RolesQuota: quotas['max-roles'],
      Policies: await count(POLICY),
      PoliciesQuota: quotas['max-policies'],
      MFADevices: await count(MFA_DEVICE),
      VirtualMFADevicesQuota: quotas['max-mfa-devices'],
      AccessKeysPerUserQuota: quotas['max-access-keys-per-user'],
      GroupsPerUserQuota: quotas['max-groups-per-user'],
      VersionsPerPolicyQuota: quotas['max-policy-versions'],
    }
    return { reply: { SummaryMap }, changes: [] }
  },
})
