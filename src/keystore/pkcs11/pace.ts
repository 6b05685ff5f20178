// How fast the device is: calls to a slow one leave the thread, so that others go on meanwhile; with a fast one that would cost more
// than it gains.

const SLOW_MS = 0.3

export class Pace {
  /** Moving average. */
  #ms = 0

  /** How long a call of the device takes, in milliseconds. */
  get ms(): number {
    return this.#ms
  }

  /** Does a call here, or aside. */
  of<T>(here: () => T, aside: () => Promise<T>): T | Promise<T> {
    const start = performance.now()
    const note = () => {
      this.#ms = 0.9 * this.#ms + 0.1 * (performance.now() - start)
    }
    if (this.#ms > SLOW_MS) return aside().finally(note)
    try {
      return here()
    } finally {
      note()
    }
  }
}
