// The attributes that LookupEvents can select events by (docs/audit.md).
import type { ChainedEvent } from '../../storage/storage.ts'
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
/** A key and the value that an event must have for it, exactly. */
export type Condition = readonly [key: LookupKey, value: string]

/** An event as lookups see it: all the conditions that it meets. */
export interface Attributed {
  /** Whether every region's lookups show it. */
  readonly isGlobal: boolean
  readonly meets: readonly Condition[]
}

/** No event is sensitive: contract/actiontrail.md section 8, question 11. */
export function attributed(row: ChainedEvent): Attributed {
  const { name, access, type, product, sourceAddress, identity, resources } = eventMembers(row)
  const meets: Condition[] = [
    ['EventId', row.eventId],
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
