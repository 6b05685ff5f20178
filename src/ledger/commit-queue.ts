// Group commit: calls that ask while a batch is under way wait for the next one, which commits them all.
import type { Runtime } from '../runtime/runtime.ts'
import type { Storage } from '../storage/storage.ts'

/** Calls that one transaction holds at the most. */
const BATCH = 512
/** For so many turns of the event loop a batch waits for more calls at the most, however many each of them brings. */
const TURNS = 4

export class CommitQueue<T> {
  readonly #storage: Pick<Storage, 'commitsAtOnce' | 'enough'>
  readonly #commit: (batch: readonly T[]) => Promise<void>
  readonly #runtime: Pick<Runtime, 'soon'>
  #waiting: T[] = []
  #scheduled = false
  #underWay = 0

  /** Commits batches, as they suit the storage, by `commit`, which never rejects. */
  constructor(
    storage: Pick<Storage, 'commitsAtOnce' | 'enough'>,
    commit: (batch: readonly T[]) => Promise<void>,
    runtime: Pick<Runtime, 'soon'>,
  ) {
    this.#storage = storage
    this.#commit = commit
    this.#runtime = runtime
  }

  /** Puts a call into the next batch, behind those that wait; with `first`, before them. */
  add(call: T, first: boolean): void {
    if (first) this.#waiting.unshift(call)
    else this.#waiting.push(call)
    this.#schedule()
  }

  #schedule(): void {
    if (this.#scheduled || this.#waiting.length === 0 || this.#underWay >= this.#storage.commitsAtOnce) return
    this.#scheduled = true
    this.#cutSoon(0, TURNS)
  }

  /**
   * Replies of a batch go out, and requests that came meanwhile are read, before the next batch is cut. One that has not enough calls waits
   * for as long as each turn brings more than the `before` that there were: the process is busy with calls then, and no time is lost.
   */
  #cutSoon(before: number, turns: number): void {
    this.#runtime.soon(() => {
      const { length } = this.#waiting
      if (before < length && length < this.#storage.enough && turns > 0) this.#cutSoon(length, turns - 1)
      else this.#cut()
    })
  }

  #cut(): void {
    this.#scheduled = false
    this.#underWay++
    void this.#commit(this.#waiting.splice(0, BATCH)).then(() => {
      this.#underWay--
      this.#schedule()
    })
    this.#schedule()
  }
}
