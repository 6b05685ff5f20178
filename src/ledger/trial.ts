// Whether calls can be committed, for the readiness of the server: after a failed batch it is tried, since no call may come to find out.
import type { Committer } from './committer.ts'

/** How often the database is tried. */
const TRIAL_MS = 1000

export class Trial {
  readonly #committer: Pick<Committer, 'commit' | 'refused'>
  #running: Promise<boolean> | null = null
  /** When the last one began. */
  #at = Number.NEGATIVE_INFINITY

  constructor(committer: Pick<Committer, 'commit' | 'refused'>) {
    this.#committer = committer
  }

  /** See Ledger.canCommit. */
  async passes(now: number, id: string): Promise<boolean> {
    if (!this.#committer.refused) return true
    if (!this.#running && Math.abs(now - this.#at) >= TRIAL_MS) {
      this.#at = now
      this.#running = this.#run(now, id).finally(() => {
        this.#running = null
      })
    }
    return this.#running ?? false
  }

  async #run(now: number, id: string): Promise<boolean> {
    const nonce = { accessKeyId: '', nonce: `trial ${id}`, expiresAt: now }
    try {
      return (await this.#committer.commit({ changes: [], nonce, event: null })) === 'committed'
    } catch {
      return false
    }
  }
}
