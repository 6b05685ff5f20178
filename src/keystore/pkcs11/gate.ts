// Limits how many tasks run at once; further tasks queue.
import { Late } from './faults.ts'
import { monotonicMs } from './protocol.ts'

export class Gate {
  readonly #most: () => number
  #inside = 0
  readonly #waiting: (() => void)[] = []

  /** `most` returns how many tasks may run at once. It is called whenever a task is about to begin. */
  constructor(most: () => number) {
    this.#most = most
  }

  /** Does the work when its turn comes. Throws Late if its turn does not come before `expiresAt` (monotonicMs). */
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
