// Measures the device's speed. Calls to a slow device run in another thread, so that this thread can do other work meanwhile. With a fast device
// that costs more than it gains.

const SLOW_MS = 0.3

export class Pace {
  /** Moving average. */
  #ms = 0

  /** The average time of a call to the device, in milliseconds. */
  get ms(): number {
    return this.#ms
  }

  /** Makes a call in this thread (`here`), or in another one (`aside`). */
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
