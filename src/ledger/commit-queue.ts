// Group commit: calls that ask while a batch is under way wait for the next one, which commits them all.
import type { Runtime } from '../runtime/runtime.ts'

/** Calls that one transaction holds at the most. */
const BATCH = 512

export class CommitQueue<T> {
  readonly #atOnce: number
  readonly #commit: (batch: readonly T[]) => Promise<void>
  readonly #runtime: Pick<Runtime, 'soon'>
  #waiting: T[] = []
  #scheduled = false
  #underWay = 0

  /** Commits batches by `commit`, which never rejects, up to `atOnce` of them at the same time. */
  constructor(atOnce: number, commit: (batch: readonly T[]) => Promise<void>, runtime: Pick<Runtime, 'soon'>) {
    this.#atOnce = atOnce
    this.#commit = commit
    this.#runtime = runtime
  }

  /** Puts a call into the next batch, behind those that wait; with `first`, before them. */
  add(call: T, first: boolean): void {
    if (first) this.#waiting.unshift(call)
    else this.#waiting.push(call)
    this.#schedule()
  }

  /** Replies of a batch go out, and requests that came meanwhile are read, before the next batch is cut. */
  #schedule(): void {
    if (this.#scheduled || this.#waiting.length === 0 || this.#underWay >= this.#atOnce) return
    this.#scheduled = true
    this.#runtime.soon(() => {
      this.#scheduled = false
      this.#underWay++
      void this.#commit(this.#waiting.splice(0, BATCH)).then(() => {
        this.#underWay--
        this.#schedule()
      })
      this.#schedule()
    })
  }
}
