// The attributes that LookupEvents can select events by (docs/audit.md).
import type { EventRow } from '../../storage/storage.ts'
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

/** What lookups see of an event beside its EventId. All events of an account with the same body share it. */
export interface Attributed {
  /** Whether every region's lookups show it. */
  readonly isGlobal: boolean
  /** All conditions that the event meets, except the one on its EventId. */
  readonly meets: readonly Condition[]
}

/** Returns a reader of attributes that parses equal bodies once. The reader keeps every result: use it for some thousand events at most. */
export function attributesReader(): (row: EventRow) => Attributed {
  const known = new Map<string, { readonly account: string; readonly attributes: Attributed }>()
  return (row) => {
    const alike = known.get(row.body)
    if (alike?.account === row.account) return alike.attributes
    const attributes = attributed(row)
    known.set(row.body, { account: row.account, attributes })
    return attributes
  }
}

/** The attributes of an event. No event meets SensitiveAction: the cloud publishes no list of sensitive actions. */
export function attributed(row: EventRow): Attributed {
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
