// What events can be looked up by (contract/actiontrail.md 4.2).
import type { ChainedEvent } from '../storage/storage.ts'
import { eventOf } from './event.ts'

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

/** Those members of an event that lookups go by. */
interface Members {
  readonly eventId: string
  readonly eventName: string
  readonly eventRW: string
  readonly eventType: string
  readonly serviceName: string
  readonly isGlobal: boolean
  readonly sourceIpAddress?: string
  readonly referencedResources?: Readonly<Record<string, readonly string[]>>
  readonly userIdentity: {
    readonly type: string
    readonly userName: string
    readonly principalId: string
    readonly accessKeyId?: string
  }
}

/** An event as lookups see it: in the cloud's shape, with all the conditions that it meets. */
export interface Attributed {
  readonly event: Record<string, unknown>
  /** Whether every region's lookups show it. */
  readonly isGlobal: boolean
  readonly meets: readonly Condition[]
}

/** No event is sensitive: contract/actiontrail.md section 8, question 11. */
export function attributed(row: ChainedEvent): Attributed {
  const event = eventOf(row)
  const { userIdentity, referencedResources = {}, ...members } = event as unknown as Members
  const { type, userName, principalId, accessKeyId } = userIdentity
  const meets: Condition[] = [
    ['EventId', members.eventId],
    ['EventName', members.eventName],
    ['EventRW', members.eventRW],
    ['EventType', members.eventType],
    ['ServiceName', members.serviceName],
    ['User', userName],
    ['PrincipalId', principalId],
  ]
  if (accessKeyId !== undefined) meets.push(['EventAccessKeyId', accessKeyId])
  if (members.sourceIpAddress !== undefined) meets.push(['SourceIpAddress', members.sourceIpAddress])
  if (type === 'assumed-role') meets.push(['RoleName', userName.slice(0, userName.indexOf(':'))])
  for (const [resourceType, names] of Object.entries(referencedResources)) {
    meets.push(['ResourceType', resourceType])
    for (const name of names) meets.push(['ResourceName', name])
  }
  return { event, isGlobal: members.isGlobal, meets }
}
