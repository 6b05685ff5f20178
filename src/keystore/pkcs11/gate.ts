// Limits how many works run at once; the others queue.
import { Late } from './faults.ts'
import { monotonicMs } from './protocol.ts'

export class Gate {
  readonly #most: () => number
  #inside = 0
  readonly #waiting: (() => void)[] = []

  /** `most`: how many may be inside, asked whenever one wants in. */
  constructor(most: () => number) {
    this.#most = most
  }

  /** Does the work when its turn comes. Throws Late when that is not before `expiresAt` (monotonicMs). */
  async through<T>(work: () => Promise<T>, expiresAt: number): Promise<T> {
    while (this.#inside >= this.#most()) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
      if (monotonicMs() < expiresAt) continue
      this.#waiting.shift()?.()
      throw new Late()
    }
    this.#inside++
    try {
      return await work()
    } finally {
      this.#inside--
      this.#waiting.shift()?.()
    }
  }
}
