import { useRegion } from '../../frame/region.ts'
import { useArns } from '../../service/arns.ts'
import { paths } from '../../service/paths.ts'
import { useReply } from '../../service/queries.ts'
import type { AccountQuotas } from '../../service/replies/keys.ts'
import type { AccountSummary } from '../../service/replies/ram.ts'
import { useTexts } from '../../texts/language.tsx'
import { attentionTexts } from './attention.texts.ts'
import type { Lacks } from './lacks.ts'

/** From this share on, the use of a quota needs attention. */
export const NEARLY_FULL = 0.8

/** How much of a quota is used, and the page that lists the counted items. */
export interface Quota {
  readonly id: string
  readonly name: string
  readonly used: number
  readonly limit: number
  readonly to: string
}

/** The quotas of the account as the service counts them: of KMS in this region, and of RAM. */
export function useQuotas(lacks: Lacks) {
  const say = useTexts(attentionTexts)
  const region = useRegion()
  const [kmsLack, ramLack] = [
    lacks('kms:DescribeAccountQuotas', '*'),
    lacks('ram:GetAccountSummary', useArns().ram('*')),
  ]
  const kms = useReply<AccountQuotas>('Kms', 'DescribeAccountQuotas', {}, !kmsLack)
  const ram = useReply<AccountSummary>('Ram', 'GetAccountSummary', {}, !ramLack)
  const ofKms = (kms.data?.Quotas.Quota ?? []).map(({ Name, Used, Limit }): Quota => {
    return {
      id: Name,
      name: say(`quota.${Name}`),
      used: Used,
      limit: Limit,
      to: Name === 'Secrets' ? paths.secrets(region) : paths.keys(region),
    }
  })
  const summary = ram.data?.SummaryMap
  const ofRam: readonly Quota[] = summary
    ? [
        { id: 'Users', used: summary.Users, limit: summary.UsersQuota, to: paths.users },
        { id: 'Groups', used: summary.Groups, limit: summary.GroupsQuota, to: paths.groups },
        { id: 'Roles', used: summary.Roles, limit: summary.RolesQuota, to: paths.roles },
        { id: 'Policies', used: summary.Policies, limit: summary.PoliciesQuota, to: paths.policies },
        { id: 'MFADevices', used: summary.MFADevices, limit: summary.VirtualMFADevicesQuota, to: paths.users },
      ].map((one) => ({ ...one, name: say(`quota.${one.id as 'Users'}`) }))
    : []
  return [
    { product: 'kms', quotas: ofKms, source: kms, lack: kmsLack },
    { product: 'ram', quotas: ofRam, source: ram, lack: ramLack },
  ] as const
}
