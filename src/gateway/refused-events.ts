// How much the refused calls of an account may write: a token bucket of bytes for each account and each of its callers, so that no caller
// alone hides the refused calls of the others. A call that is admitted takes a right; one that is refused takes none, and would fill the
// disk. In memory, of this server alone; pure, its clock is passed in.
import { refilled } from './rate-limit.ts'

/** After a pause, so many seconds' worth may be written at once. */
const BURST_SECONDS = 256
/** Beyond so many buckets, those that nobody drew on for long are forgotten: a new one is the same. */
const BUCKETS = 10_000
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
   * Whether an event of `bytes` may be written for a caller of the account at `now`, at `perSecond` bytes a second on average for the account,
   * of which one caller has half. Then returns how many refused calls of the account went unrecorded since the last one that was recorded, for this
   * event to tell; else counts one more, and returns null.
   */
  admit(account: string, caller: string, bytes: number, perSecond: number, now: number): number | null {
    const whole = this.#refilled(account, perSecond, now)
    const own = this.#refilled(`${account}/${caller}`, perSecond / 2, now)
    const cost = bytes + OVERHEAD_BYTES
    if (whole.left < cost || own.left < cost) {
      whole.unrecorded++
      return null
    }
    whole.left -= cost
    own.left -= cost
    const { unrecorded } = whole
    whole.unrecorded = 0
    return unrecorded
  }

  /** The event that was to tell of so many was not committed. */
  untold(account: string, unrecorded: number): void {
    const bucket = this.#buckets.get(account)
    if (bucket) bucket.unrecorded += unrecorded
  }

  /** Counts a refused call that is not to be recorded for another reason. */
  skip(account: string, perSecond: number, now: number): void {
    this.#refilled(account, perSecond, now).unrecorded++
  }

  #refilled(whose: string, perSecond: number, now: number): Bucket {
    const most = perSecond * BURST_SECONDS
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
