// Rate limits: a token bucket for each account, region and group of operations. Each server has its own, in memory. Pure: the time is passed in.

import type { RateGroup, Rates } from '../settings/rates.ts'
import { RefusedEvents } from './refused-events.ts'
import { refilled } from './token-bucket.ts'

/**
 * `throttled`: over the limit. Events are recorded for as many throttled calls as calls are admitted; the others are `unrecorded`. So a
 * throttled caller fills the disk at twice the limit at most, however fast it calls.
 */
export type Admission = 'admitted' | 'throttled' | 'throttled, unrecorded'

interface Bucket {
  admitted: Tokens
  recorded: Tokens
}

/** The tokens left at a time, in milliseconds since 1970. */
interface Tokens {
  left: number
  at: number
}

/** Above this number of buckets, full ones are dropped: a new bucket is full too. */
const BUCKETS = 10_000

export class RateLimiter {
  /** Limits what refused calls write, whatever their rate. */
  readonly refused = new RefusedEvents()
  /** The buckets of each group, by account and region. */
  readonly #buckets = new Map<RateGroup, Map<string, Bucket>>()
  #count = 0

  /** Whether a call at `now` is within its account's rates. */
  admit(
    rates: Rates,
    { account, region }: { readonly account: string; readonly region: string },
    { product, name }: { readonly product: { readonly name: string }; readonly name: string },
    now: number,
  ): Admission {
    if (rates.size === 0) return 'admitted'
    const group = rates.get(`${product.name}.${name}`)
    if (!group) return 'admitted'
    const bucket = this.#bucket(group, group.perRegion ? `${account}/${region}` : account, now)
    if (taken(bucket.admitted, group, now)) return 'admitted'
    return taken(bucket.recorded, group, now) ? 'throttled' : 'throttled, unrecorded'
  }

  #bucket(group: RateGroup, whose: string, now: number): Bucket {
    const known = this.#buckets.get(group)?.get(whose)
    if (known) return known
    if (this.#count >= BUCKETS) this.#forgetFull(now)
    const bucket = { admitted: { left: group.calls, at: now }, recorded: { left: group.calls, at: now } }
    const own = this.#buckets.get(group) ?? new Map<string, Bucket>()
    this.#buckets.set(group, own.set(whose, bucket))
    this.#count++
    return bucket
  }

  #forgetFull(now: number): void {
    for (const [group, buckets] of this.#buckets)
      for (const [whose, { admitted, recorded }] of buckets) {
        const full = ({ left, at }: Tokens) => refilled(left, now - at, group) >= group.calls
        if (full(admitted) && full(recorded) && buckets.delete(whose)) this.#count--
      }
  }
}

function taken(tokens: Tokens, group: RateGroup, now: number): boolean {
  const left = refilled(tokens.left, now - tokens.at, group)
  tokens.at = now
  tokens.left = left >= 1 ? left - 1 : left
  return left >= 1
}
