// Whether calls can be committed, for the server's readiness. After a failed batch a trial answers this: a server that is not ready gets no
// calls that would.
import type { Committer } from './committer.ts'
import type { TrailHead } from './trail-head.ts'

/** The shortest time between two trials. */
const TRIAL_MS = 1000

export class Trial {
  readonly #committer: Pick<Committer, 'refused' | 'passed'>
  readonly #trailHead: Pick<TrailHead, 'move'>
  #running: Promise<boolean> | null = null
  /** When the last trial began. */
  #at = Number.NEGATIVE_INFINITY

  constructor(committer: Pick<Committer, 'refused' | 'passed'>, trailHead: Pick<TrailHead, 'move'>) {
    this.#committer = committer
    this.#trailHead = trailHead
  }

  /** See Ledger.canCommit. */
  async passes(now: number): Promise<boolean> {
    if (!this.#committer.refused) return true
    if (!this.#running && Math.abs(now - this.#at) >= TRIAL_MS) {
      this.#at = now
      this.#running = this.#run().finally(() => {
        this.#running = null
      })
    }
    return this.#running ?? false
  }

  async #run(): Promise<boolean> {
    try {
      await this.#trailHead.move()
      this.#committer.passed()
      return true
    } catch {
      return false
    }
  }
}
