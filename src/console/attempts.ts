// How fast log-ons may fail. Each source address and each name has a bucket of attempts; an attempt that succeeds is given back. A source
// that a name logged on from has a bucket of its own for it, so that failures elsewhere do not keep this user out. In memory, each process
// by itself.
import { hash } from 'node:crypto'
import { refilled } from '../gateway/token-bucket.ts'

/** Attempts at once, and on average. */
const OF_SOURCE = { calls: 30, seconds: 60 }
const OF_NAME = { calls: 10, seconds: 30 }
/** Beyond so many buckets or known sources, the oldest are forgotten. */
const KEPT = 10_000
/** How many passwords are hashed at once (each takes 19 MiB), and how many wait for it. */
const AT_ONCE = 2
const WAITING = 32

interface Bucket {
  left: number
  at: number
}

/** One attempt that was admitted. */
export interface Attempt {
  succeeded(): void
}

export class Attempts {
  readonly #buckets = new Map<string, Bucket>()
  readonly #known = new Set<string>()
  #working = 0
  readonly #waiting: { readonly source: string; readonly go: (mine: boolean) => void }[] = []

  /** Admits an attempt of a source on a name, or returns null where too many failed. `now` is in milliseconds. */
  admit(source: string, name: string, now: number): Attempt | null {
    const whose = hash('sha256', name, 'base64url')
    const pair = `${source} ${whose}`
    const named = this.#known.has(pair) ? `pair ${pair}` : `name ${whose}`
    const buckets = [this.#bucket(`source ${source}`, OF_SOURCE, now), this.#bucket(named, OF_NAME, now)]
    if (buckets.some(({ left }) => left < 1)) return null
    for (const bucket of buckets) bucket.left--
    return {
      succeeded: () => {
        for (const bucket of buckets) bucket.left++
        if (this.#known.size >= KEPT) this.#known.delete(this.#known.values().next().value ?? '')
        this.#known.add(pair)
      },
    }
  }

  /**
   * Does work that takes much memory, or returns null where too much of it waits already. Of those that wait, the source that has most
   * gives way to others.
   */
  async hashing<T>(source: string, work: () => Promise<T>): Promise<T | null> {
    if (this.#working < AT_ONCE) this.#working++
    else if (!(await this.#turn(source))) return null
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      if (next) next.go(true)
      else this.#working--
    }
  }

  /** Waits for a turn; false when it gave way, or found no place. */
  #turn(source: string): Promise<boolean> {
    if (this.#waiting.length >= WAITING) {
      const bySource = Map.groupBy(this.#waiting, (one) => one.source)
      const [most = []] = [...bySource.values()].toSorted((one, other) => other.length - one.length)
      const last = most.at(-1)
      if (!last || most.length <= (bySource.get(source)?.length ?? 0) + 1) return Promise.resolve(false)
      this.#waiting.splice(this.#waiting.indexOf(last), 1)
      last.go(false)
    }
    return new Promise((go) => this.#waiting.push({ source, go }))
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
