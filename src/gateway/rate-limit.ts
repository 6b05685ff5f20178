// Rate limits: a token bucket for each account, region and group of operations. Each server has its own buckets in memory, with its share
// of the rate, so that all servers of a database together allow the configured rate. Pure: the time is passed in.

import type { RateGroup, Rates } from '../settings/rates.ts'
import { RefusedEvents } from './refused-events.ts'
import { refilled } from './token-bucket.ts'

/**
 * `throttled`: over the limit. At most as many throttled calls are recorded as calls are admitted; the others are `unrecorded`. So a throttled caller
 * writes events at no more than twice the limit, however fast it calls.
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

/**
 * The rates of calls without a signature: all calls of a source of connections, the calls of a source for one claimant, and the verified calls of a
 * claimant.
 */
export type AnonymousRate = 'source' | 'source for a claimant' | 'verified claimant'

/** The share of the configured rate for each of them. A single source can use only a part of it for one claimant. */
const PARTS: Readonly<Record<AnonymousRate, number>> = {
  source: 1,
  'source for a claimant': 1 / 5,
  'verified claimant': 1,
}

type AnonymousGroups = Readonly<Record<AnonymousRate, RateGroup>>

function anonymousGroups(perSecond: number): AnonymousGroups {
  const group = (rate: AnonymousRate): RateGroup => {
    return { product: '', operations: [], calls: perSecond * PARTS[rate], seconds: 1, perRegion: false }
  }
  return {
    source: group('source'),
    'source for a claimant': group('source for a claimant'),
    'verified claimant': group('verified claimant'),
  }
}

/** Above this number of buckets, full ones are dropped. A new bucket is full too, so nothing is lost. */
const BUCKETS = 10_000

export class RateLimiter {
  /** Limits what refused calls write, whatever their rate. */
  readonly refused = new RefusedEvents()
  #servers = 1
  readonly #anonymous = new Map<number, AnonymousGroups>()
  /** The buckets of each group, by account and region. */
  readonly #buckets = new Map<RateGroup, Map<string, Bucket>>()
  #count = 0

  /** How many servers share the rates, including this one. */
  set servers(servers: number) {
    this.#servers = servers
    this.refused.servers = servers
  }

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
    const share = this.#shareOf(group)
    if (taken(bucket.admitted, share, now)) return 'admitted'
    return taken(bucket.recorded, share, now) ? 'throttled' : 'throttled, unrecorded'
  }

  /** Whether a call without a signature is within a rate at `now`: PARTS of `perSecond` calls. */
  admitAnonymous(rate: AnonymousRate, whose: string, perSecond: number, now: number): boolean {
    const groups = this.#anonymous.get(perSecond) ?? anonymousGroups(perSecond)
    this.#anonymous.set(perSecond, groups)
    const group = groups[rate]
    return taken(this.#bucket(group, whose, now).admitted, this.#shareOf(group), now)
  }

  #bucket(group: RateGroup, whose: string, now: number): Bucket {
    const known = this.#buckets.get(group)?.get(whose)
    if (known) return known
    if (this.#count >= BUCKETS) this.#forgetFull(now)
    const { calls: left } = this.#shareOf(group)
    const bucket = { admitted: { left, at: now }, recorded: { left, at: now } }
    const own = this.#buckets.get(group) ?? new Map<string, Bucket>()
    this.#buckets.set(group, own.set(whose, bucket))
    this.#count++
    return bucket
  }

  /** Returns this server's share of a rate. A share of less than one call becomes one call in a longer time. */
  #shareOf({ calls, seconds }: RateGroup): Rate {
    const share = Math.max(1, calls / this.#servers)
    return { calls: share, seconds: (seconds * share * this.#servers) / calls }
  }

  #forgetFull(now: number): void {
    for (const [group, buckets] of this.#buckets) {
      const share = this.#shareOf(group)
      for (const [whose, { admitted, recorded }] of buckets) {
        const full = ({ left, at }: Tokens) => refilled(left, now - at, share) >= share.calls
        if (full(admitted) && full(recorded) && buckets.delete(whose)) this.#count--
      }
    }
  }
}

/** `calls` in `seconds`. */
type Rate = Pick<RateGroup, 'calls' | 'seconds'>

function taken(tokens: Tokens, rate: Rate, now: number): boolean {
  const left = refilled(tokens.left, now - tokens.at, rate)
  tokens.at = now
  tokens.left = left >= 1 ? left - 1 : left
  return left >= 1
}
