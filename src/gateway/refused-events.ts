// How much the refused calls of an account may write: a token bucket of bytes for each account. In memory, of this server alone; pure, its
// clock is passed in. An admitted call costs a right, and its caller answers for it; a refused one costs nothing, and would fill the disk.
import { refilled } from './rate-limit.ts'

/** After a pause, so many seconds' worth may be written at once. */
const BURST_SECONDS = 256
/** Beyond so many accounts, those that wrote nothing for long are forgotten: a new bucket is the same. */
const ACCOUNTS = 10_000
/** What an event takes beside its body: its columns, its hash, its nonce. */
const OVERHEAD_BYTES = 512

interface Bucket {
  left: number
  at: number
  /** Refused calls that were not recorded since the last one that was. */
  unrecorded: number
}

export class RefusedEvents {
  readonly #buckets = new Map<string, Bucket>()

  /**
   * Whether an event of `bytes` may be written for the account at `now`, at `perSecond` bytes a second on average. Then returns how many refused
   * calls went unrecorded since the last one that was recorded, for this event to tell; else counts one more, and returns null.
   */
  admit(account: string, bytes: number, perSecond: number, now: number): number | null {
    const bucket = this.#bucket(account, perSecond, now)
    const left = refilled(bucket.left, now - bucket.at, { calls: perSecond * BURST_SECONDS, seconds: BURST_SECONDS })
    bucket.at = now
    const cost = bytes + OVERHEAD_BYTES
    bucket.left = left >= cost ? left - cost : left
    if (left < cost) {
      bucket.unrecorded++
      return null
    }
    const { unrecorded } = bucket
    bucket.unrecorded = 0
    return unrecorded
  }

  /** The event that was to tell of so many was not committed. */
  untold(account: string, unrecorded: number): void {
    const bucket = this.#buckets.get(account)
    if (bucket) bucket.unrecorded += unrecorded
  }

  /** Counts a refused call that is not to be recorded for another reason. */
  skip(account: string, perSecond: number, now: number): void {
    this.#bucket(account, perSecond, now).unrecorded++
  }

  #bucket(account: string, perSecond: number, now: number): Bucket {
    const known = this.#buckets.get(account)
    if (known) return known
    if (this.#buckets.size >= ACCOUNTS)
      for (const [whose, { at, unrecorded }] of this.#buckets)
        if (unrecorded === 0 && now - at > BURST_SECONDS * 1000) this.#buckets.delete(whose)
    const bucket = { left: perSecond * BURST_SECONDS, at: now, unrecorded: 0 }
    this.#buckets.set(account, bucket)
    return bucket
  }
}
