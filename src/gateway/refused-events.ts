// How much the refused calls of an account may write: a token bucket of bytes for each account and each of its callers, so that no caller
// alone hides the refused calls of the others. A call that is admitted takes a right; one that is refused takes none, and would fill the
// disk. In memory, with this server's share of the rate; pure, its clock is passed in.
import { refilled } from './token-bucket.ts'

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
  /** How many servers, with this one, share the rates. */
  servers = 1

  /**
   * Whether an event of `bytes` may be written for a caller of the account at `now`, at `perSecond` bytes a second on average for the account,
   * of which one caller has half. Then returns how many refused calls of the account went unrecorded since the last one that was recorded, for this
   * event to tell; else counts one more, and returns null.
   */
  admit(account: string, caller: string, bytes: number, perSecond: number, now: number): number | null {
    const whole = this.#refilled(account, perSecond, now)
    return taken([whole, this.#refilled(`${account}/${caller}`, perSecond / 2, now)], bytes, whole)
  }

  /**
   * The same for the copy of such an event that goes to `owner`, where the call of the account `payer` was about a resource of `owner`.
   * What copies take is no part of what `admit` allows: whether a copy is written depends on what exists over there, and the caller must
   * not learn that.
   */
  admitCopy(payer: string, owner: string, bytes: number, perSecond: number, now: number): number | null {
    const own = this.#refilled(copiesFor(payer, owner), perSecond / 2, now)
    return taken([this.#refilled(copiesFor(payer, ''), perSecond, now), own], bytes, own)
  }

  /** The event that was to tell of so many was not committed. */
  untold(account: string, unrecorded: number): void {
    this.#countBack(account, unrecorded)
  }

  /** The copy that was to tell of so many was not committed. */
  untoldCopy(payer: string, owner: string, unrecorded: number): void {
    this.#countBack(copiesFor(payer, owner), unrecorded)
  }

  #countBack(whose: string, unrecorded: number): void {
    const bucket = this.#buckets.get(whose)
    if (bucket) bucket.unrecorded += unrecorded
  }

  /** Counts a refused call that is not to be recorded for another reason. */
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

/** The bucket of what the calls of `payer` write for the owner of another account's resources; for all owners where `owner` is empty. */
function copiesFor(payer: string, owner: string): string {
  return `copies ${payer}/${owner}`
}

/** Takes an event from each bucket, or from none and counts it in `counted`. See admit. */
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
