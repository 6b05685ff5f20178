// Verifies the chain: every event must agree with its hash, with all hashes before it and with the signed checkpoints.
import type { KeyObject } from 'node:crypto'
import { link } from '../../ledger/chain.ts'
import type { ChainedEvent, Head } from '../../storage/storage.ts'
import { type Checkpoint, checkpointMatches } from './checkpoint.ts'

/** Describes the first event that is not what was recorded; `seq` is its number. */
export interface Fault {
  readonly seq: number
  readonly message: string
}

/** How many events are what was recorded, up to which head, and the fault after that. */
export interface Verified {
  readonly events: number
  readonly head: Head
  readonly fault: Fault | null
}

/** Walks the chain from a trusted head. It takes events in order; the first fault ends the walk. */
export class ChainWalk {
  readonly #publicKey: KeyObject
  readonly #checkpoints: readonly Checkpoint[]
  #next = 0
  #trusted: Head
  #head: Head
  #events = 0

  constructor(start: Head, checkpoints: readonly Checkpoint[], publicKey: KeyObject) {
    this.#head = start
    this.#trusted = start
    this.#checkpoints = checkpoints.filter(({ seq }) => seq > start.seq).sort((a, b) => a.seq - b.seq)
    this.#publicKey = publicKey
  }

  get head(): Head {
    return this.#head
  }

  /** The last checkpoint, or other known head, that the walk agrees with. */
  get trusted(): Head {
    return this.#trusted
  }

  get events(): number {
    return this.#events
  }

  /** Takes the next events. Returns the first fault. */
  take(rows: readonly ChainedEvent[]): Fault | null {
    for (const row of rows) {
      const expected = this.#head.seq + 1
      if (row.seq !== expected) return outOfOrder(expected, row)
      const hash = link(this.#head.hash, row.seq, row, row.change)
      if (hash !== row.hash)
        return {
          seq: row.seq,
          message: `event ${named(row)} is not what was recorded: it was altered, inserted, or moved here`,
        }
      this.#head = { seq: row.seq, hash }
      this.#events++
      const fault = this.#atCheckpoint()
      if (fault) return fault
    }
    return null
  }

  #atCheckpoint(): Fault | null {
    for (;;) {
      const checkpoint = this.#checkpoints[this.#next]
      if (checkpoint?.seq !== this.#head.seq) return null
      const fault = this.#met(checkpoint)
      if (fault) return fault
      this.#next++
    }
  }

  #met(checkpoint: Checkpoint): Fault | null {
    if (checkpointMatches(checkpoint, this.#publicKey)) return this.expect(checkpoint)
    const message = `the checkpoint at event ${checkpoint.seq} does not bear the signature of the trail's key`
    return { seq: checkpoint.seq, message }
  }

  /** The fault about the first checkpoint that the walk did not reach. */
  unmet(): Fault | null {
    const checkpoint = this.#checkpoints[this.#next]
    return checkpoint ? this.#met(checkpoint) : null
  }

  /** Compares the walk with a known head. Returns the fault when they disagree. */
  expect(known: Head): Fault | null {
    if (this.#head.seq < known.seq) {
      const [first, last] = [this.#head.seq + 1, known.seq]
      const which = first === last ? `event ${last} is` : `events ${first} to ${last} are`
      return {
        seq: first,
        message: `${which} missing at the end: the trail was cut, or an older copy was put in its place`,
      }
    }
    if (this.#head.seq > known.seq) return { seq: known.seq + 1, message: `event ${known.seq + 1} comes after the end` }
    if (this.#head.seq !== known.seq || this.#head.hash !== known.hash)
      return {
        seq: this.#trusted.seq + 1,
        message: `the events from ${this.#trusted.seq + 1} to ${known.seq} were rewritten: they are not those that were recorded`,
      }
    this.#trusted = known
    return null
  }
}

function outOfOrder(expected: number, row: ChainedEvent): Fault {
  if (row.seq < expected)
    return {
      seq: row.seq,
      message: `event ${named(row)} is in the place of event ${expected}: it was moved or inserted`,
    }
  const which = row.seq - 1 === expected ? `event ${expected} is` : `events ${expected} to ${row.seq - 1} are`
  return { seq: expected, message: `${which} missing before event ${named(row)}: dropped, or moved` }
}

function named({ seq, eventId }: ChainedEvent): string {
  return `${seq} (${eventId})`
}
