// What an ActionTrail operation gets: the records and events of its account, the time of the call, the settings.
import type { Caller } from '../api/caller.ts'
import { type AnyOperation, operationsOf } from '../api/operation.ts'
import { ACTIONTRAIL } from '../api/product.ts'
import type { Change, Scope } from '../ledger/record.ts'
import type { LedgerView } from '../ledger/view.ts'
import type { DeliveryTarget } from './delivery/targets/target.ts'
import type { EventIndex } from './lookup/event-index.ts'
import type { PageTokens } from './lookup/page-token.ts'

/** What the operator sets. */
export interface TrailSettings {
  /** The regions served, the default one first. */
  readonly regions: readonly string[]
  readonly retentionDays: number
  readonly lookupMaxSpanDays: number
}

/** What a call may use. `now` is milliseconds since 1970 and stays the same during the call. */
export interface ActionTrailContext {
  readonly caller: Caller
  readonly scope: Scope
  readonly now: number
  /** Whether the caller's account is the installation's first one, which belongs to the operator. */
  readonly ofOperator: boolean
  /** The records as this attempt of the call sees them; each is read once. */
  readonly ledger: LedgerView
  readonly eventIndex: EventIndex
  readonly pageTokens: PageTokens
  readonly settings: TrailSettings
  /** The target to which trails deliver. */
  readonly deliveryTarget: Pick<DeliveryTarget, 'shared' | 'check'>
  randomBytes(length: number): Uint8Array
}

export type ActionTrailOperation = AnyOperation<ActionTrailContext, Change>

export const operation = operationsOf<ActionTrailContext, Change>(ACTIONTRAIL)
