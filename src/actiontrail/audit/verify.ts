// Verifies the chain of a lane: every event must agree with its hash, with all hashes before it, and with the signed checkpoints.
import type { KeyObject } from 'node:crypto'
import { headIn, link, named } from '../../ledger/chain.ts'
import { laneOf } from '../../storage/lane.ts'
import type { ChainedEvent, Head, Heads } from '../../storage/storage.ts'
import { type Checkpoint, checkpointMatches, headsOf } from './checkpoint.ts'

/** The first event that is not what was recorded; `seq` is its number. */
export interface Fault {
  readonly seq: number
  readonly message: string
}

/** What is wrong with a stored trail; docs/audit.md explains each kind. */
export type FaultKind =
  | 'Altered'
  | 'Missing'
  | 'Moved'
  | 'Inserted'
  | 'Rewritten'
  | 'Cut'
  | 'LaneMissing'
  | 'CheckpointForged'
  | 'CheckpointMissing'
  | 'IndexAltered'

/** A fault of the stored trail. `event` is the event whose id the message names. */
export interface TrailFault extends Fault {
  readonly kind: FaultKind
  readonly event?: { readonly id: string; readonly account: string }
}

/** How far a walk came, and the fault that ended it. */
export interface Verified<F extends Fault = Fault> {
  /** The number of events whose hashes link up to the heads. */
  readonly events: number
  /** How many of these events a signed checkpoint or the authentic end of a chain confirms as recorded. */
  readonly confirmed: number
  readonly heads: Heads
  readonly fault: F | null
}

/** Checkpoints. Each signature is verified once, however many lanes the checkpoint covers. */
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

/** A checkpoint's head of one lane. */
interface Mark {
  readonly head: Head
  readonly checkpoint: Checkpoint
  readonly checkpoints: Checkpoints
}

/** Walks the chain of a lane from a trusted head. Takes events in order; the first fault ends the walk. */
export class ChainWalk {
  readonly #start: Head
  #marks: readonly Mark[] = []
  #next = 0
  #trusted: Head
  #head: Head
  #events = 0

  constructor(start: Head, checkpoints: Checkpoints) {
    this.#start = start
    this.#head = start
    this.#trusted = start
    this.know(checkpoints)
  }

  /**
   * Adds checkpoints ahead of the walk, and drops those that it has passed. Returns the fault when a checkpoint at the walk's head
   * contradicts it.
   */
  know(checkpoints: Checkpoints): TrailFault | null {
    const lane = laneOf(this.#start.seq)
    const marks = checkpoints.all
      .map((checkpoint) => ({ head: headIn(headsOf(checkpoint), lane), checkpoint, checkpoints }))
      .filter(({ head }) => head.seq > this.#start.seq)
    const here = marks.filter(({ head }) => head.seq === this.#head.seq)
    for (const mark of here) {
      const fault = this.#met(mark)
      if (fault) return fault
    }
    const ahead = marks.filter(({ head }) => head.seq > this.#head.seq)
    this.#marks = [...this.#marks.slice(this.#next), ...ahead].sort((a, b) => a.head.seq - b.head.seq)
    this.#next = 0
    return null
  }

  get head(): Head {
    return this.#head
  }

  get events(): number {
    return this.#events
  }

  /** How many events come up to the last trusted head. No signature covers the later events, whose hashes an attacker can recompute. */
  get confirmed(): number {
    return this.#events - (this.#head.seq - this.#trusted.seq)
  }

  /** Takes the next events. Returns the first fault. */
  take(rows: readonly ChainedEvent[]): TrailFault | null {
    for (const row of rows) {
      const expected = this.#head.seq + 1
      if (row.seq !== expected) return outOfOrder(expected, row)
      const hash = link(this.#head.hash, row.seq, row, row.change)
      if (hash !== row.hash)
        return {
          kind: 'Altered',
          seq: row.seq,
          message: `event ${withId(row)} is not what was recorded: it was altered, inserted, or moved here`,
          event: ofRow(row),
        }
      this.#head = { seq: row.seq, hash }
      this.#events++
      const fault = this.#atCheckpoint()
      if (fault) return fault
    }
    return null
  }

  #atCheckpoint(): TrailFault | null {
    for (;;) {
      const mark = this.#marks[this.#next]
      if (mark?.head.seq !== this.#head.seq) return null
      const fault = this.#met(mark)
      if (fault) return fault
      this.#next++
    }
  }

  #met({ head, checkpoint, checkpoints }: Mark): TrailFault | null {
    if (checkpoints.isSigned(checkpoint)) return this.expect(head)
    const message = `the checkpoint at event ${named(head.seq)} does not bear the signature of the trail's key`
    return { kind: 'CheckpointForged', seq: head.seq, message }
  }

  /** The fault of the checkpoints that the walk did not reach: all events up to the last of them are missing. Null when there are none. */
  unmet(): TrailFault | null {
    const last = this.#marks.at(-1)
    return last && this.#next < this.#marks.length ? this.#met(last) : null
  }

  /** Compares the walk with a known head. Returns the fault when they differ. */
  expect(known: Head): TrailFault | null {
    if (this.#head.seq < known.seq) {
      const first = this.#head.seq + 1
      return {
        kind: 'Cut',
        seq: first,
        message: `${missing(first, known.seq)} at the end: the trail was cut, or an older copy was put in its place`,
      }
    }
    const next = known.seq + 1
    if (this.#head.seq > known.seq)
      return { kind: 'Inserted', seq: next, message: `event ${named(next)} comes after the end` }
    if (this.#head.hash !== known.hash) return this.#rewritten()
    this.#trusted = known
    return null
  }

  /** The fault of the events since the last trusted head. They form a chain, but not the recorded one; so the walk returns to that head. */
  #rewritten(): TrailFault {
    const [first, last] = [this.#trusted.seq + 1, this.#head.seq]
    this.#events -= last - this.#trusted.seq
    this.#head = this.#trusted
    return {
      kind: 'Rewritten',
      seq: first,
      message: `the events from ${named(first)} to ${named(last)} were rewritten: they are not those that were recorded`,
    }
  }
}

function outOfOrder(expected: number, row: ChainedEvent): TrailFault {
  const event = ofRow(row)
  if (row.seq < expected)
    return {
      kind: 'Moved',
      seq: row.seq,
      message: `event ${withId(row)} is in the place of event ${named(expected)}: it was moved or inserted`,
      event,
    }
  const message = `${missing(expected, row.seq - 1)} before event ${withId(row)}: dropped, or moved`
  return { kind: 'Missing', seq: expected, message, event }
}

function missing(first: number, last: number): string {
  return first === last ? `event ${named(last)} is missing` : `events ${named(first)} to ${named(last)} are missing`
}

/** An event's number and id, for the message of a fault. */
export function withId({ seq, eventId }: ChainedEvent): string {
  return `${named(seq)} (${eventId})`
}

export function ofRow({ eventId: id, account }: ChainedEvent): TrailFault['event'] & object {
  return { id, account }
}

/** The fault without the id of an event of another account. */
export function seenBy(account: string, { event, message, ...fault }: TrailFault): TrailFault {
  const shown = !event || event.account === account ? message : message.replace(` (${event.id})`, '')
  return { ...fault, message: shown }
}
