// The events that a lookup selects.
import type { ChainedEvent } from '../../storage/storage.ts'
import type { Attributed, Condition } from './attributes.ts'

/** Selects the events of one account that one region shows and that meet all conditions. */
export interface Query {
  readonly account: string
  readonly region: string
  readonly conditions: readonly Condition[]
}

/** Whether the query selects the event. */
export function selects({ account, region, conditions }: Query, row: ChainedEvent, found: Attributed): boolean {
  if (row.account !== account || (row.region !== region && !found.isGlobal)) return false
  return conditions.every(([key, value]) =>
    key === 'EventId' ? row.eventId === value : found.meets.some(([own, is]) => own === key && is === value),
  )
}
