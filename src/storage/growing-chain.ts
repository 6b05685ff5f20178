// The chain of events during one transaction that adds to it.
import { countIn, laneEnd, laneOf } from './lane.ts'
import { type ChainedEvent, type Chaining, type EventRow, type Head, type Row, Unavailable } from './storage.ts'

export class GrowingChain {
  #chaining: Chaining
  readonly #before: Row
  #change: number | null
  #head: Head
  #hasGrown = false

  /**
   * Begins at the head in this row. The events to add are decided under the change number `change`. Throws Unavailable without a row, and
   * what `chaining.headOf` throws.
   */
  constructor(row: Row | null, chaining: Chaining, change: number | null) {
    if (!row) throw new Unavailable('the head of the event chain is missing from the database: restore a backup')
    this.#chaining = chaining
    this.#before = row
    this.#change = change
    this.#head = chaining.headOf(row)
  }

  /** Continues with the events of another batch. */
  goOn(chaining: Chaining, change: number | null): void {
    this.#chaining = chaining
    this.#change = change
  }

  /** Chains the event as the next one. Throws Unavailable at the end of the lane: the following numbers belong to the next lane. */
  add(event: EventRow): ChainedEvent {
    const lane = laneOf(this.#head.seq)
    if (this.#head.seq >= laneEnd(lane))
      throw new Unavailable(`lane ${lane} of the trail is full: it has ${countIn(laneEnd(lane))} events`)
    const seq = this.#head.seq + 1
    const change = this.#change
    const hash = this.#chaining.link(this.#head.hash, seq, event, change)
    this.#head = { seq, hash }
    this.#hasGrown = true
    return { ...event, seq, hash, change }
  }

  /** The present end of the chain. */
  get head(): Head {
    return this.#head
  }

  /** Whether an event was added. */
  get hasGrown(): boolean {
    return this.#hasGrown
  }

  /** The head's row that the transaction began with. */
  get before(): Row {
    return this.#before
  }

  /** The head's row after what was added. */
  row(): Row {
    return this.#chaining.moved(this.#before, this.#head)
  }
}
