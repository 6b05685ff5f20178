// How fast log-ons may fail. Each source address and each name has a bucket of attempts; an attempt that succeeds is given back. A source
// that a name logged on from has a bucket of its own for it, so that failures elsewhere do not keep this user out. In memory: the owner of
// the database counts for all workers of a server.
import { hash } from 'node:crypto'
import { refilled } from '../gateway/token-bucket.ts'

/** Attempts at once, and on average. */
const OF_SOURCE = { calls: 30, seconds: 60 }
const OF_NAME = { calls: 10, seconds: 30 }
/** Beyond so many buckets or known sources, the oldest are forgotten. */
const KEPT = 10_000

interface Bucket {
  left: number
  at: number
}

/** One attempt that was admitted: the buckets that it took from, and the source with the name. It travels between processes. */
export interface Attempt {
  readonly buckets: readonly string[]
  readonly pair: string
  /** Whether the name logged on from the source before. */
  readonly known: boolean
}

/** Who counts attempts: this process, or the one that counts for all of the server. */
export interface AttemptLimits {
  /** Admits an attempt of a source on a name, or returns null where too many failed. `now` is in milliseconds. */
  admit(source: string, name: string, now: number): Attempt | null | Promise<Attempt | null>
  /** Gives the attempt back, and remembers that the name logged on from the source. */
  succeeded(attempt: Attempt): void
}

export class Attempts implements AttemptLimits {
  readonly #buckets = new Map<string, Bucket>()
  readonly #known = new Set<string>()

  admit(source: string, name: string, now: number): Attempt | null {
    const whose = hash('sha256', name, 'base64url')
    const pair = `${source} ${whose}`
    const ofSource = `source ${source}`
    const known = this.#known.has(pair)
    const ofName = known ? `pair ${pair}` : `name ${whose}`
    const sourceBucket = this.#bucket(ofSource, OF_SOURCE, now)
    // A source without attempts makes no bucket: with many names, it would make this forget the failures of all others.
    if (sourceBucket.left < 1) return null
    const nameBucket = this.#bucket(ofName, OF_NAME, now)
    if (nameBucket.left < 1) return null
    sourceBucket.left--
    nameBucket.left--
    return { buckets: [ofSource, ofName], pair, known }
  }

  succeeded({ buckets, pair }: Attempt): void {
    for (const name of buckets) {
      const bucket = this.#buckets.get(name)
      if (bucket) bucket.left++
    }
    if (this.#known.size >= KEPT) this.#known.delete(this.#known.values().next().value ?? '')
    this.#known.add(pair)
  }

  #bucket(whose: string, rate: { readonly calls: number; readonly seconds: number }, now: number): Bucket {
    const known = this.#buckets.get(whose)
    // The map keeps the order of the last use.
    this.#buckets.delete(whose)
    const bucket = { left: known ? refilled(known.left, now - known.at, rate) : rate.calls, at: now }
    if (this.#buckets.size >= KEPT) this.#buckets.delete(this.#buckets.keys().next().value ?? '')
    this.#buckets.set(whose, bucket)
    return bucket
  }
}
