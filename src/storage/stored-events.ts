// Recorded events and their index: what both databases share.
import { laneEnd, laneOf, laneStart } from './lane.ts'
import { toEvent, toPart } from './rows.ts'
import type { Bound } from './statement.ts'
import type { Statements } from './statements.ts'
import type { ChainedEvent, EventStorage, IndexPart } from './storage.ts'

/** Runs a statement. Returns all of its rows. Throws Unavailable. */
type All = (bound: Bound) => Promise<readonly Record<string, unknown>[]>

export class StoredEvents implements EventStorage {
  readonly #statements: Statements
  readonly #all: All

  constructor(statements: Statements, all: All) {
    this.#statements = statements
    this.#all = all
  }

  async after(seq: number, limit: number, last = laneEnd(laneOf(seq))): Promise<readonly ChainedEvent[]> {
    return (await this.#all(this.#statements.events({ seq, last, limit }))).map(toEvent)
  }

  async at(seqs: readonly number[]): Promise<readonly ChainedEvent[]> {
    return (await this.#all(this.#statements.eventsAt(seqs))).map(toEvent)
  }

  async drop(seq: number, limit: number): Promise<number> {
    return (await this.#all(this.#statements.dropEvents({ from: lowest(seq), seq, limit }))).length
  }

  async addPart(part: IndexPart, terms: Uint8Array, postings: Uint8Array, former: Uint8Array | null): Promise<void> {
    await this.#all(this.#statements.addPart({ ...part, terms, postings, former: former ?? NO_MAC }))
  }

  async renewPart({ firstSeq, mac: former }: IndexPart, mac: Uint8Array): Promise<void> {
    await this.#all(this.#statements.renewPart({ firstSeq, former, mac }))
  }

  async parts(after: number, last: number, limit: number): Promise<readonly IndexPart[]> {
    return (await this.#all(this.#statements.parts({ after, last, limit }))).map(toPart)
  }

  async terms(firstSeq: number): Promise<Uint8Array | null> {
    const [row] = await this.#all(this.#statements.terms({ firstSeq }))
    return row ? (row['terms'] as Uint8Array) : null
  }

  async postings(firstSeq: number): Promise<Uint8Array | null> {
    const [row] = await this.#all(this.#statements.postings({ firstSeq }))
    return row ? (row['postings'] as Uint8Array) : null
  }

  async dropParts(seq: number): Promise<void> {
    await this.#all(this.#statements.dropParts({ from: lowest(seq), seq }))
  }

  async dropIndex(): Promise<void> {
    await this.#all(this.#statements.dropParts({ from: Number.MIN_SAFE_INTEGER, seq: Number.MAX_SAFE_INTEGER }))
  }
}

/** A MAC that no part has. */
const NO_MAC = new Uint8Array(0)

/** The lowest number of a row in the same lane. Lane 0 also takes the rows that an attacker stores below the numbers of all lanes. */
function lowest(seq: number): number {
  const lane = laneOf(seq)
  return lane <= 0 ? Number.MIN_SAFE_INTEGER : laneStart(lane)
}
