// The checks of Overview for matters that need attention.
import { type UseQueryResult, useQuery } from '@tanstack/react-query'
import { useRegion } from '../../frame/region.ts'
import { useArns } from '../../service/arns.ts'
import { call } from '../../service/call.ts'
import { paths } from '../../service/paths.ts'
import { useEventChain, useReply } from '../../service/queries.ts'
import type { HsmTokens } from '../../service/replies/hsm.ts'
import type { DueKeys, KeyMetadata } from '../../service/replies/keys.ts'
import type { AccessKey, User } from '../../service/replies/ram.ts'
import type { Trail, TrailStatus } from '../../service/replies/trail.ts'
import { useSession } from '../../service/session.tsx'
import { useDates, useTexts } from '../../texts/language.tsx'
import { attentionTexts } from './attention.texts.ts'
import { type Finding, type Looked, looked } from './finding.ts'
import type { Lacks } from './lacks.ts'
import { NEARLY_FULL, type Quota, useQuotas } from './quotas.ts'

const DAY_MS = 86_400_000
/** How many keys and users are checked. */
export const LOOKED_AT = 10
const WITHIN_DAYS = 30
const UNUSED_DAYS = 90

/** Keys that will be deleted or lose their material, and keys that wait for material. */
export function useKeysInNeed(lacks: Lacks, importing: readonly string[]): Looked {
  const say = useTexts(attentionTexts)
  const dates = useDates()
  const region = useRegion()
  const lack = lacks('kms:ListDueKeys', useArns().kms('key'))
  const due = useReply<DueKeys>('Kms', 'ListDueKeys', { WithinDays: WITHIN_DAYS, PageSize: LOOKED_AT }, !lack)
  const keys = due.data?.Keys.Key ?? []
  const notes = useDescriptions([...keys.map(({ KeyId }) => KeyId), ...importing])
  const found = keys.map(({ KeyId, Due, DueDate }): Finding => {
    const isDeleted = Due === 'Deletion'
    return {
      id: KeyId,
      tone: isDeleted ? 'bad' : 'wait',
      badge: say(isDeleted ? 'deletion' : 'expiry'),
      to: paths.key(region, KeyId, isDeleted ? 'details' : 'material'),
      link: KeyId,
      isId: true,
      says: say(isDeleted ? 'deletion.on' : 'expiry.on', { date: dates.day(DueDate) }),
      note: notes.get(KeyId),
    }
  })
  const count = (due.data?.TotalCount ?? 0) - keys.length
  const more: Finding = {
    id: 'more',
    tone: 'wait',
    badge: say('keys'),
    to: paths.keys(region),
    link: say(due.data?.IsTruncated ? 'more.least' : 'more', { count, days: WITHIN_DAYS }),
  }
  const waiting = importing.map(
    (id): Finding => ({
      id: `import ${id}`,
      tone: 'wait',
      badge: say('import'),
      to: paths.key(region, id, 'material'),
      link: id,
      isId: true,
      says: say('import.waits'),
      note: notes.get(id),
    }),
  )
  return { ...looked(say('keys'), lack, due, [...found, ...(count > 0 ? [more] : []), ...waiting]) }
}

/** The descriptions of the keys that the caller may describe. */
function useDescriptions(ids: readonly string[]): ReadonlyMap<string, string> {
  const region = useRegion()
  const { data } = useQuery({
    queryKey: [region, 'descriptions', ids],
    queryFn: async ({ signal }) => {
      const described = await Promise.allSettled(
        ids.map((KeyId) => call<{ KeyMetadata: KeyMetadata }>('Kms', 'DescribeKey', region, { KeyId }, signal)),
      )
      const known = described.flatMap((one) => (one.status === 'fulfilled' ? [one.value.KeyMetadata] : []))
      return new Map(known.map(({ KeyId, Description }) => [KeyId, Description]))
    },
    enabled: ids.length > 0,
  })
  return data ?? new Map()
}

/** Trails whose last attempt to deliver failed. */
export function useFailedDeliveries(lacks: Lacks): Looked {
  const say = useTexts(attentionTexts)
  const region = useRegion()
  const lack = lacks('actiontrail:DescribeTrails', '*')
  const trails = useQuery({
    queryKey: [region, 'deliveries'],
    queryFn: async ({ signal }) => {
      const { TrailList } = await call<{ TrailList: readonly Trail[] }>(
        'Actiontrail',
        'DescribeTrails',
        region,
        {},
        signal,
      )
      return Promise.all(
        TrailList.map(async ({ Name }) => {
          const status = await call<TrailStatus>('Actiontrail', 'GetTrailStatus', region, { Name }, signal)
          return { Name, ...status }
        }),
      )
    },
    enabled: !lack,
    retry: false,
  })
  const failed = (trails.data ?? []).filter(({ OssBucketStatus }) => OssBucketStatus === false)
  const findings = failed.map(
    ({ Name, LatestDeliveryError = '' }): Finding => ({
      id: `trail ${Name}`,
      tone: 'bad',
      badge: say('trail'),
      to: paths.trails(region),
      link: Name,
      says: say('trail.fails', { error: LatestDeliveryError }),
    }),
  )
  return looked(say('trails'), lack, trails, findings)
}

/** Tokens of the HSM that do not serve; null where no region has an HSM. */
export function useAbsentTokens(lacks: Lacks): Looked | null {
  const say = useTexts(attentionTexts)
  const region = useRegion()
  const { Regions } = useSession()
  const hasHsm = Regions.some(({ Hsm }) => Hsm)
  const lack = lacks('kms:InspectHsm', '*')
  const hsm = useReply<HsmTokens>('Kms', 'InspectHsm', {}, hasHsm && !lack)
  if (!hasHsm) return null
  const absent = (hsm.data?.Tokens.Token ?? []).filter(({ State }) => State !== 'Serving')
  const findings = absent.map(
    ({ Name, State, Reason }): Finding => ({
      id: `token ${Name}`,
      tone: 'bad',
      badge: say('token'),
      to: paths.hsm(region),
      link: Name,
      says: say(State === 'PinRefused' ? 'token.pin' : 'token.away'),
      note: Reason,
    }),
  )
  return looked(say('tokens'), lack, hsm, findings)
}

/** Checkpoints that are late, and a verdict that the trail is not intact. */
export function useTrailInDoubt(lacks: Lacks): Looked {
  const say = useTexts(attentionTexts)
  const region = useRegion()
  const lack = lacks('actiontrail:InspectEventChain', '*')
  const chain = useEventChain(!lack)
  const at = { badge: say('chain'), to: paths.trails(region), tone: 'bad' } as const
  const minutes = Math.floor((chain.data?.CheckpointLagSeconds ?? 0) / 60)
  const findings: readonly Finding[] = [
    ...(chain.data?.CheckpointLate ? [{ ...at, id: 'late', link: say('checkpoint.late', { count: minutes }) }] : []),
    ...(chain.data?.Verification?.State === 'NotIntact' ? [{ ...at, id: 'broken', link: say('chain.broken') }] : []),
  ]
  return looked(say('checkpoints'), lack, chain, findings)
}

interface IdleKey {
  readonly user: string
  readonly id: string
  readonly isNew: boolean
}

/** AccessKeys of the first users that were not used recently. */
export function useIdleKeys(lacks: Lacks): Looked {
  const say = useTexts(attentionTexts)
  const region = useRegion()
  const lack = lacks('ram:ListUsers', useArns().ram('user/*'))
  const idle: UseQueryResult<readonly IdleKey[], Error> = useQuery({
    queryKey: [region, 'idle-keys'],
    queryFn: async ({ signal }) => {
      const ram = <T>(operation: string, parameters = {}) => call<T>('Ram', operation, region, parameters, signal)
      const { Users } = await ram<{ Users: { User: readonly User[] } }>('ListUsers', { MaxItems: LOOKED_AT })
      const found: IdleKey[] = []
      for (const { UserName } of Users.User) {
        const { AccessKeys } = await ram<{ AccessKeys: { AccessKey: readonly AccessKey[] } }>('ListAccessKeys', {
          UserName,
        })
        for (const { AccessKeyId, Status } of AccessKeys.AccessKey) {
          if (Status !== 'Active') continue
          const { AccessKeyLastUsed } = await ram<{ AccessKeyLastUsed: { LastUsedDate: string } }>(
            'GetAccessKeyLastUsed',
            { UserName, UserAccessKeyId: AccessKeyId },
          )
          const used = Date.parse(AccessKeyLastUsed.LastUsedDate)
          if (!(Date.now() - used < UNUSED_DAYS * DAY_MS))
            found.push({ user: UserName, id: AccessKeyId, isNew: Number.isNaN(used) })
        }
      }
      return found
    },
    enabled: !lack,
    retry: false,
  })
  const findings = (idle.data ?? []).map(
    ({ user, id, isNew }): Finding => ({
      id,
      tone: 'wait',
      badge: 'AccessKey',
      to: paths.user(user, 'accesskeys'),
      link: isNew ? say('idle.never', { user, id }) : say('idle', { user, id, days: UNUSED_DAYS }),
    }),
  )
  return looked(say('accesskeys'), lack, idle, findings)
}

/** Quotas that are used up, or nearly so. */
export function useTightQuotas(lacks: Lacks): readonly Looked[] {
  const say = useTexts(attentionTexts)
  return useQuotas(lacks).map(({ product, quotas, source, lack }) => {
    const tight = quotas.filter(({ used, limit }) => used >= NEARLY_FULL * limit)
    return looked(say(`quotas.${product}`), lack, source, tight.map(finding))
  })

  function finding({ id, name, used, limit, to }: Quota): Finding {
    const isFull = used >= limit
    const says = say(isFull ? 'quota.full' : 'quota.tight', { used, limit })
    return { id: `quota ${id}`, tone: isFull ? 'bad' : 'wait', badge: say('quota'), to, link: name, says }
  }
}
