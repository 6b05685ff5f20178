// The terms by which the index finds events: one for the region that shows the event, and one for each condition that the event meets.
import type { ChainedEvent } from '../../storage/storage.ts'
import { attributed } from './attributes.ts'
import { type Terms, termsOf } from './index-part.ts'
import type { Query } from './query.ts'

/** The kind of the term for the region whose lookups show the event. */
const SCOPE = 'scope'
const EVERY_REGION = '*'

/** The terms that events with the same account, region and body share: all but the term of the EventId. */
interface SharedTerms {
  readonly account: string
  readonly region: string
  readonly terms: Terms
  readonly shared: readonly number[]
}

/** The terms of each event. Most events of a busy server differ only in ids and times, so each distinct body is parsed once. */
export function termsOfEach(rows: readonly ChainedEvent[], seed: number): (readonly number[])[] {
  const known = new Map<string, SharedTerms>()
  return rows.map((row) => {
    let facts = known.get(row.body)
    if (!facts || facts.account !== row.account || facts.region !== row.region) {
      facts = sharedTerms(row, seed)
      known.set(row.body, facts)
    }
    return [...facts.shared, facts.terms('EventId', row.eventId)]
  })
}

function sharedTerms(row: ChainedEvent, seed: number): SharedTerms {
  const { account, region } = row
  const { isGlobal, meets } = attributed(row)
  const terms = termsOf(seed, account)
  const shared = [terms(SCOPE, isGlobal ? EVERY_REGION : region), ...meets.map(([key, value]) => terms(key, value))]
  return { account, region, terms, shared }
}

/** The terms of a query: a selected event has one of `scopes`, and all of `conditions`. */
export function termsOfQuery({ account, region, conditions }: Query, seed: number) {
  const terms = termsOf(seed, account)
  return {
    scopes: [terms(SCOPE, region), terms(SCOPE, EVERY_REGION)],
    conditions: conditions.map(([key, value]) => terms(key, value)),
  }
}
