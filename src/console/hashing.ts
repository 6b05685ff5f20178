// How many passwords a process hashes at once: each takes 19 MiB.

/** How many are hashed at once, and how many wait for it. */
const AT_ONCE = 2
const WAITING = 32

export class Hashing {
  #working = 0
  readonly #waiting: { readonly source: string; readonly go: (mine: boolean) => void }[] = []

  /**
   * Does work that takes much memory, or returns null if too much work waits. When the queue is full, the source with the most waiting work
   * loses a place to others.
   */
  async run<T>(source: string, work: () => Promise<T>): Promise<T | null> {
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

  /** Waits for a turn; false if it lost its place or found none. */
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
}
