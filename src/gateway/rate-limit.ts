// Rate limits: a token bucket for each account, region and group of operations. In memory, of this node alone; pure, its clock is passed in.

import type { RateGroup, Rates } from '../settings/rates.ts'
import { RefusedEvents } from './refused-events.ts'

/**
 * `throttled`: over the limit. Its event is recorded, unless it says `unrecorded`: as many refusals are recorded as calls are admitted,
 * so that a caller who is throttled fills the disk at twice the limit at the most, however fast he calls.
 */
export type Admission = 'admitted' | 'throttled' | 'throttled, unrecorded'

interface Bucket {
  admitted: Tokens
  recorded: Tokens
}

/** What was left at a moment, in milliseconds since 1970. */
interface Tokens {
  left: number
  at: number
}

/** Beyond so many buckets, those that are full again are forgotten: a new one is the same. */
const BUCKETS = 10_000

export class RateLimiter {
  /** What refused calls may write, whatever their rate. */
  readonly refused = new RefusedEvents()
  /** Of each group, by account and region. */
  readonly #buckets = new Map<RateGroup, Map<string, Bucket>>()
  #count = 0

  /** Whether a call may go on at `now`, by the rates of its account. */
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

/** What a bucket holds when it held `left` so many milliseconds ago. A clock that is set back gives nothing, and takes nothing. */
export function refilled(
  left: number,
  passedMs: number,
  { calls, seconds }: Pick<RateGroup, 'calls' | 'seconds'>,
): number {
  return Math.min(calls, left + (Math.max(0, passedMs) * calls) / (seconds * 1000))
}
