// Rate limits: a token bucket for each account, region and group of operations. Each server has its own, in memory, with its share of
// the rate, so that all servers of a database together give the rate. Pure: the time is passed in.

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

/**
 * What calls that nobody signs are counted by: all of a source of connections, those of a source for one claimant, and those for a claimant
 * whose token was verified.
 */
export type AnonymousRate = 'source' | 'source for a claimant' | 'verified claimant'

/** The part of the rate that each of them has. No source alone takes much of a claimant's. */
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

/** Above this number of buckets, full ones are dropped: a new bucket is full too. */
const BUCKETS = 10_000

export class RateLimiter {
  /** Limits what refused calls write, whatever their rate. */
  readonly refused = new RefusedEvents()
  #servers = 1
  readonly #anonymous = new Map<number, AnonymousGroups>()
  /** The buckets of each group, by account and region. */
  readonly #buckets = new Map<RateGroup, Map<string, Bucket>>()
  #count = 0

  /** How many servers, with this one, share the rates. */
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

  /** Whether a call that nobody signed may go on at `now`: `perSecond` of them, or the part of it that the rate has. */
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

  /** This server's share of a rate. Where it is less than one call at once, one call takes longer. */
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

/** So many calls in so many seconds. */
type Rate = Pick<RateGroup, 'calls' | 'seconds'>

function taken(tokens: Tokens, rate: Rate, now: number): boolean {
  const left = refilled(tokens.left, now - tokens.at, rate)
  tokens.at = now
  tokens.left = left >= 1 ? left - 1 : left
  return left >= 1
}
