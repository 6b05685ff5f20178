// Limits what the refused calls of an account write: a token bucket of bytes for each account and each of its callers, so that one caller
// can't suppress the events of the others. A limit is needed because refused calls need no permission, and could otherwise fill the disk.
// In memory, with this server's share of the rate. Pure: the time is passed in.
import { refilled } from './token-bucket.ts'

/** The capacity of a bucket: so many seconds of its rate can be written at once after a pause. */
const BURST_SECONDS = 256
/** Above this number of buckets, those that have refilled are dropped. A new bucket is full too, so nothing is lost. */
const BUCKETS = 10_000
/** The size of an event without its body: its columns, its hash, its nonce. */
const OVERHEAD_BYTES = 512

interface Bucket {
  left: number
  at: number
  /** How many refused calls were not recorded since the last recorded one. */
  unrecorded: number
}

export class RefusedEvents {
  readonly #buckets = new Map<string, Bucket>()
  /** How many servers share the rates, including this one. */
  servers = 1

  /**
   * Whether an event of `bytes` may be written for a caller of the account at `now`. The account may write `perSecond` bytes a second on average, and
   * one caller half of that. If it may, returns how many refused calls of the account were not recorded since the last recorded one; the event states
   * this count. Otherwise counts one more, and returns null.
   */
  admit(account: string, caller: string, bytes: number, perSecond: number, now: number): number | null {
    const whole = this.#refilled(account, perSecond, now)
    return taken([whole, this.#refilled(`${account}/${caller}`, perSecond / 2, now)], bytes, whole)
  }

  /**
   * The same for the copy of an event that `owner` gets, because a call of the account `payer` named a resource of `owner`. Copies do not
   * count against the limits of `admit`: whether a copy is written depends on what exists in the owner's account, and the caller must not
   * learn that.
   */
  admitCopy(payer: string, owner: string, bytes: number, perSecond: number, now: number): number | null {
    const own = this.#refilled(copiesFor(payer, owner), perSecond / 2, now)
    return taken([this.#refilled(copiesFor(payer, ''), perSecond, now), own], bytes, own)
  }

  /** Restores a count of unrecorded calls, because the event with it was not committed. */
  untold(account: string, unrecorded: number): void {
    this.#countBack(account, unrecorded)
  }

  /** Restores a count of unrecorded calls, because the copy with it was not committed. */
  untoldCopy(payer: string, owner: string, unrecorded: number): void {
    this.#countBack(copiesFor(payer, owner), unrecorded)
  }

  #countBack(whose: string, unrecorded: number): void {
    const bucket = this.#buckets.get(whose)
    if (bucket) bucket.unrecorded += unrecorded
  }

  /** Counts a refused call that is not recorded for another reason. */
  skip(account: string, perSecond: number, now: number): void {
    this.#refilled(account, perSecond, now).unrecorded++
  }

  #refilled(whose: string, perSecond: number, now: number): Bucket {
    const most = (perSecond * BURST_SECONDS) / this.servers
    const known = this.#buckets.get(whose)
    if (known) {
      known.left = refilled(known.left, now - known.at, { calls: most, seconds: BURST_SECONDS })
      known.at = now
      return known
    }
    if (this.#buckets.size >= BUCKETS)
      for (const [other, { at, unrecorded }] of this.#buckets)
        if (unrecorded === 0 && now - at > BURST_SECONDS * 1000) this.#buckets.delete(other)
    const bucket = { left: most, at: now, unrecorded: 0 }
    this.#buckets.set(whose, bucket)
    return bucket
  }
}

/** The name of the bucket for copies that calls of `payer` write for `owner`; for all owners together where `owner` is empty. */
function copiesFor(payer: string, owner: string): string {
  return `copies ${payer}/${owner}`
}

/** Takes an event's bytes from every bucket. If one has too few, takes none and counts the event in `counted`. See admit. */
function taken(buckets: readonly Bucket[], bytes: number, counted: Bucket): number | null {
  const cost = bytes + OVERHEAD_BYTES
  if (buckets.some(({ left }) => left < cost)) {
    counted.unrecorded++
    return null
  }
  for (const bucket of buckets) bucket.left -= cost
  const { unrecorded } = counted
  counted.unrecorded = 0
  return unrecorded
}
