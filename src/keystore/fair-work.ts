// Work that takes tens of milliseconds of a core, some of it on the few threads that also write SQLite's log to disk. Little of it runs at once,
// and those who ask for it take turns; otherwise one caller's work would delay the calls of everybody.
import { FairQueue } from './fair-queue.ts'

export class FairWork {
  readonly #waiting: FairQueue<(mine: boolean) => void>
  #free: number

  /** How much work runs at once, and how much waits at most. */
  constructor(atOnce: number, mostWaiting: number) {
    this.#free = atOnce
    this.#waiting = new FairQueue(mostWaiting)
  }

  /** Runs the work, or returns null if too much work waits. When the queue is full, the one with the most waiting work loses a place to others. */
  async run<T>(who: string, work: () => Promise<T>): Promise<T | null> {
    if (this.#free > 0) this.#free--
    else if (!(await this.#turn(who))) return null
    try {
      return await work()
    } finally {
      const next = this.#waiting.next()
      if (next) next(true)
      else this.#free++
    }
  }

  /** Waits for a turn; false if it lost its place or found none. */
  #turn(who: string): Promise<boolean> {
    return new Promise((go) => this.#waiting.add(who, go)?.(false))
  }
}
