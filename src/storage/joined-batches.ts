// Joins batches: those that arrive while others become durable wait, and are committed together, with one transaction and one sync,
// whichever processes sent them.
import { setImmediate as turn } from 'node:timers/promises'
import { type Basis, type Chaining, type Commit, HEAD_PLACE, type Stale, type Stored } from './storage.ts'

export interface Batch {
  readonly commits: readonly Commit[]
  readonly chaining: Chaining
  readonly basis: Basis | null
}

interface Waiting extends Batch {
  resolve(stored: Stored): void
  reject(error: unknown): void
}

/** Commits batches in order, in one transaction. Returns how each ended. Rejects when it stored nothing of any batch. */
type CommitTogether = (batches: readonly Batch[]) => Promise<readonly (Stored | Stale)[]>

export class JoinedBatches {
  readonly #commit: CommitTogether
  readonly #waiting: Waiting[] = []
  #busy = false

  constructor(commit: CommitTogether) {
    this.#commit = commit
  }

  /** Commits a batch; at once when no other is in progress. */
  add(batch: Batch): Promise<Stored> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ ...batch, resolve, reject })
      if (!this.#busy) void this.#work()
    })
  }

  async #work(): Promise<void> {
    this.#busy = true
    while (this.#waiting.length > 0) {
      const together = this.#waiting.splice(0, this.#joinable())
      try {
        const ended = await this.#commit(together)
        for (const [i, { resolve, reject }] of together.entries()) {
          const result = ended[i]
          if (result && 'outcomes' in result) resolve(result)
          else reject(result)
        }
      } catch (error) {
        for (const { reject } of together) reject(error)
      }
      // Replies go out first. Batches that arrived meanwhile join the next transaction.
      if (this.#waiting.length > 0) await turn()
    }
    this.#busy = false
  }

  /**
   * The number of waiting batches that one transaction can hold: all of them add to the same chain, and none changes its head's row by
   * itself.
   */
  #joinable(): number {
    const [first] = this.#waiting
    if (!first || changesHead(first)) return 1
    const apart = this.#waiting.findIndex(
      (batch) => changesHead(batch) || batch.chaining.place.id !== first.chaining.place.id,
    )
    return apart === -1 ? this.#waiting.length : apart
  }
}

function changesHead({ commits }: Batch): boolean {
  return commits.some(({ changes }) => changes.some(({ row }) => row.kind === HEAD_PLACE.kind))
}
