// Verifies the chain of a lane: every event must agree with its hash, with all hashes before it and with the signed checkpoints.
import type { KeyObject } from 'node:crypto'
import { headIn, link, named } from '../../ledger/chain.ts'
import { laneOf } from '../../storage/lane.ts'
import type { ChainedEvent, Head, Heads } from '../../storage/storage.ts'
import { type Checkpoint, checkpointMatches, headsOf } from './checkpoint.ts'

/** Describes the first event that is not what was recorded; `seq` is its number. */
export interface Fault {
  readonly seq: number
  readonly message: string
}

/** How many events are what was recorded, up to which heads, and the fault after that. */
export interface Verified {
  readonly events: number
  readonly heads: Heads
  readonly fault: Fault | null
}

/** Checkpoints whose signatures are held against the trail's key once, however many lanes they are about. */
export class Checkpoints {
  readonly all: readonly Checkpoint[]
  readonly #publicKey: KeyObject
  readonly #signed = new Map<Checkpoint, boolean>()

  constructor(all: readonly Checkpoint[], publicKey: KeyObject) {
    this.all = all
    this.#publicKey = publicKey
  }

  isSigned(checkpoint: Checkpoint): boolean {
    const known = this.#signed.get(checkpoint) ?? checkpointMatches(checkpoint, this.#publicKey)
    this.#signed.set(checkpoint, known)
    return known
  }
}

/** What a checkpoint says of one lane. */
interface Mark {
  readonly head: Head
  readonly checkpoint: Checkpoint
}

/** Walks the chain of a lane from a trusted head. It takes events in order; the first fault ends the walk. */
export class ChainWalk {
  readonly #checkpoints: Checkpoints
  readonly #marks: readonly Mark[]
  #next = 0
  #trusted: Head
  #head: Head
  #events = 0

  constructor(start: Head, checkpoints: Checkpoints) {
    this.#head = start
    this.#trusted = start
    this.#checkpoints = checkpoints
    const lane = laneOf(start.seq)
    this.#marks = checkpoints.all
      .map((checkpoint) => ({ head: headIn(headsOf(checkpoint), lane), checkpoint }))
      .filter(({ head }) => head.seq > start.seq)
      .sort((a, b) => a.head.seq - b.head.seq)
  }

  get head(): Head {
    return this.#head
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
          message: `event ${withId(row)} is not what was recorded: it was altered, inserted, or moved here`,
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
      const mark = this.#marks[this.#next]
      if (mark?.head.seq !== this.#head.seq) return null
      const fault = this.#met(mark)
      if (fault) return fault
      this.#next++
    }
  }

  #met({ head, checkpoint }: Mark): Fault | null {
    if (this.#checkpoints.isSigned(checkpoint)) return this.expect(head)
    const message = `the checkpoint at event ${named(head.seq)} does not bear the signature of the trail's key`
    return { seq: head.seq, message }
  }

  /** The fault about the checkpoints that the walk did not reach: all that is missing up to the last of them. */
  unmet(): Fault | null {
    const last = this.#marks.at(-1)
    return last && this.#next < this.#marks.length ? this.#met(last) : null
  }

  /** Compares the walk with a known head. Returns the fault when they disagree. */
  expect(known: Head): Fault | null {
    if (this.#head.seq < known.seq) {
      const first = this.#head.seq + 1
      return {
        seq: first,
        message: `${missing(first, known.seq)} at the end: the trail was cut, or an older copy was put in its place`,
      }
    }
    const next = known.seq + 1
    if (this.#head.seq > known.seq) return { seq: next, message: `event ${named(next)} comes after the end` }
    if (this.#head.hash !== known.hash) return this.#rewritten()
    this.#trusted = known
    return null
  }

  /** The events since the last trusted head agree with each other alone: the walk takes them back. */
  #rewritten(): Fault {
    const [first, last] = [this.#trusted.seq + 1, this.#head.seq]
    this.#events -= last - this.#trusted.seq
    this.#head = this.#trusted
    return {
      seq: first,
      message: `the events from ${named(first)} to ${named(last)} were rewritten: they are not those that were recorded`,
    }
  }
}

function outOfOrder(expected: number, row: ChainedEvent): Fault {
  if (row.seq < expected)
    return {
      seq: row.seq,
      message: `event ${withId(row)} is in the place of event ${named(expected)}: it was moved or inserted`,
    }
  return { seq: expected, message: `${missing(expected, row.seq - 1)} before event ${withId(row)}: dropped, or moved` }
}

function missing(first: number, last: number): string {
  return first === last ? `event ${named(last)} is missing` : `events ${named(first)} to ${named(last)} are missing`
}

function withId({ seq, eventId }: ChainedEvent): string {
  return `${named(seq)} (${eventId})`
}
