// Group commit: calls that arrive during a batch wait for the next batch, which commits all of them. A second batch at the same time would only
// wait for the head of the lane, which each batch moves; larger batches cost less per call.
import type { Runtime } from '../runtime/runtime.ts'
import type { Storage } from '../storage/storage.ts'

/** The most calls of one transaction. */
const BATCH = 512
/** The most turns of the event loop that a batch waits for further calls, however many each turn adds. */
const TURNS = 4

export class CommitQueue<T> {
  readonly #storage: Pick<Storage, 'enough'>
  readonly #commit: (batch: readonly T[]) => Promise<void>
  readonly #runtime: Pick<Runtime, 'soon'>
  #waiting: T[] = []
  #scheduled = false
  #committing = false

  /** `commit` commits a batch and never rejects. */
  constructor(
    storage: Pick<Storage, 'enough'>,
    commit: (batch: readonly T[]) => Promise<void>,
    runtime: Pick<Runtime, 'soon'>,
  ) {
    this.#storage = storage
    this.#commit = commit
    this.#runtime = runtime
  }

  /** Adds a call to the next batch, after the waiting calls; with `first`, before them. */
  add(call: T, first: boolean): void {
    if (first) this.#waiting.unshift(call)
    else this.#waiting.push(call)
    // A call that comes alone waits for no further turn.
    this.#schedule(this.#waiting.length)
  }

  /**
   * Cuts the next batch soon, unless a batch is in progress. `before` is the number of calls that count as waiting before this turn:
   * 0 after a batch, so that its callers get a turn for their next calls.
   */
  #schedule(before: number): void {
    if (this.#scheduled || this.#waiting.length === 0 || this.#committing) return
    this.#scheduled = true
    this.#cutSoon(before, TURNS)
  }

  /**
   * Cuts the next batch after the event loop has sent the replies of the last batch and read new requests. A batch smaller than `enough`
   * waits another turn whenever the last turn added calls to the `before` that waited: the process is busy with calls then, so waiting
   * costs no time.
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
    this.#committing = true
    void this.#commit(this.#waiting.splice(0, BATCH)).then(() => {
      this.#committing = false
      this.#schedule(0)
    })
  }
}
