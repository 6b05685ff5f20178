// The attributes that LookupEvents can select events by (docs/audit.md).
import type { ChainedEvent, EventRow } from '../../storage/storage.ts'
import { eventMembers, isGlobal } from '../events/members.ts'

export const LOOKUP_KEYS = [
  'ServiceName',
  'EventName',
  'User',
  'EventId',
  'ResourceType',
  'ResourceName',
  'EventRW',
  'EventAccessKeyId',
  'SourceIpAddress',
  'EventType',
  'RoleName',
  'PrincipalId',
  'SensitiveAction',
] as const

export type LookupKey = (typeof LOOKUP_KEYS)[number]
/** A key and the exact value that an event must have for it. */
export type Condition = readonly [key: LookupKey, value: string]

/** An event as lookups see it. */
export interface Attributed {
  /** Whether every region's lookups show it. */
  readonly isGlobal: boolean
  /** All conditions that the event meets. */
  readonly meets: readonly Condition[]
}

/** The conditions that an event meets. None meets SensitiveAction: no list of sensitive actions is published. */
export function attributed(row: ChainedEvent): Attributed {
  const { isGlobal, meets } = likeAttributed(row)
  return { isGlobal, meets: [['EventId', row.eventId], ...meets] }
}

/** The same without EventId: what all events of one account with the same body have in common. */
export function likeAttributed(row: EventRow): Attributed {
  const { name, access, type, product, sourceAddress, identity, resources } = eventMembers(row)
  const meets: Condition[] = [
    ['EventName', name],
    ['EventRW', access],
    ['EventType', type],
    ['ServiceName', product],
    ['SourceIpAddress', sourceAddress],
    ['User', identity.userName],
    ['PrincipalId', identity.principalId],
  ]
  if (identity.accessKeyId !== null) meets.push(['EventAccessKeyId', identity.accessKeyId])
  if (identity.type === 'assumed-role')
    meets.push(['RoleName', identity.userName.slice(0, identity.userName.indexOf(':'))])
  for (const [resourceType, resourceName] of resources)
    meets.push(['ResourceType', resourceType], ['ResourceName', resourceName])
  return { isGlobal: isGlobal(product), meets }
}
