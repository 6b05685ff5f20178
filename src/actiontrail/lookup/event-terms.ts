// The terms by which the index finds events: where an event shows, and each condition that it meets.
import type { ChainedEvent } from '../../storage/storage.ts'
import { attributed } from './attributes.ts'
import { type Terms, termsOf } from './index-part.ts'
import type { Query } from './query.ts'

/** The kind of the term that says in which region's lookups an event shows. */
const SCOPE = 'scope'
const EVERY_REGION = '*'

/** What events with the same account, region and body share: all terms but those of their ids. */
interface Alike {
  readonly account: string
  readonly region: string
  readonly terms: Terms
  readonly shared: readonly number[]
}

/** The terms of each event. Most events of a busy server are alike but for their ids and times: the body of these is read once. */
export function termsOfEach(rows: readonly ChainedEvent[], seed: number): (readonly number[])[] {
  const known = new Map<string, Alike>()
  return rows.map((row) => {
    let alike = known.get(row.body)
    if (!alike || alike.account !== row.account || alike.region !== row.region) {
      alike = alikeOf(row, seed)
      known.set(row.body, alike)
    }
    return [...alike.shared, alike.terms('EventId', row.eventId)]
  })
}

function alikeOf(row: ChainedEvent, seed: number): Alike {
  const { account, region } = row
  const { isGlobal, meets } = attributed(row)
  const terms = termsOf(seed, account)
  const shared = [terms(SCOPE, isGlobal ? EVERY_REGION : region), ...meets.map(([key, value]) => terms(key, value))]
  return { account, region, terms, shared }
}

/** The terms of the events that a query selects: one of `scopes`, and all of `conditions`. */
export function termsOfQuery({ account, region, conditions }: Query, seed: number) {
  const terms = termsOf(seed, account)
  return {
    scopes: [terms(SCOPE, region), terms(SCOPE, EVERY_REGION)],
    conditions: conditions.map(([key, value]) => terms(key, value)),
  }
}
