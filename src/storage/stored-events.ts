// Recorded events and their index, as both databases store them.
import { toEvent, toPart } from './rows.ts'
import type { Bound } from './statement.ts'
import type { Statements } from './statements.ts'
import type { ChainedEvent, EventStorage, IndexPart } from './storage.ts'

/** Runs a statement; returns all of its rows. Throws Unavailable. */
type All = (bound: Bound) => Promise<readonly Record<string, unknown>[]>

export class StoredEvents implements EventStorage {
  readonly #statements: Statements
  readonly #all: All

  constructor(statements: Statements, all: All) {
    this.#statements = statements
    this.#all = all
  }

  async after(seq: number, limit: number): Promise<readonly ChainedEvent[]> {
    return (await this.#all(this.#statements.events({ seq, limit }))).map(toEvent)
  }

  async at(seqs: readonly number[]): Promise<readonly ChainedEvent[]> {
    return (await this.#all(this.#statements.eventsAt(seqs))).map(toEvent)
  }

  async drop(seq: number, limit: number): Promise<number> {
    return (await this.#all(this.#statements.dropEvents({ seq, limit }))).length
  }

  async addPart(part: IndexPart, terms: Uint8Array, postings: Uint8Array): Promise<void> {
    await this.#all(this.#statements.addPart({ ...part, terms, postings }))
  }

  async renewPart({ firstSeq, mac: former }: IndexPart, mac: Uint8Array): Promise<void> {
    await this.#all(this.#statements.renewPart({ firstSeq, former, mac }))
  }

  async parts(firstSeq: number, limit: number): Promise<readonly IndexPart[]> {
    return (await this.#all(this.#statements.parts({ firstSeq, limit }))).map(toPart)
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
    await this.#all(this.#statements.dropParts({ seq: Math.min(seq, Number.MAX_SAFE_INTEGER) }))
  }
}
