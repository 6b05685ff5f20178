// Recorded events in SQLite. Rows come as arrays where there may be millions of them.
import type { StatementSync } from 'node:sqlite'
import type { Statements } from './queries.ts'
import { partValues, toEvent, toPart } from './rows.ts'
import type { ChainedEvent, EventStorage, IndexPart } from './storage.ts'

type EventColumns = readonly [
  seq: number,
  eventId: string,
  account: string,
  region: string,
  at: number,
  body: string,
  hash: string,
]

export class SqliteEvents implements EventStorage {
  readonly #statement: (name: keyof Statements) => StatementSync
  readonly #guarded: <T>(work: () => T) => T

  constructor(statement: (name: keyof Statements) => StatementSync, guarded: <T>(work: () => T) => T) {
    this.#statement = statement
    this.#guarded = guarded
  }

  async after(seq: number, limit: number): Promise<readonly ChainedEvent[]> {
    const statement = this.#statement('events')
    statement.setReturnArrays(true)
    const rows = this.#guarded(() => statement.all(seq, limit)) as unknown as readonly EventColumns[]
    return rows.map(([at0, eventId, account, region, at, body, hash]) => ({
      seq: at0,
      eventId,
      account,
      region,
      at,
      body,
      hash,
    }))
  }

  async at(seqs: readonly number[]): Promise<readonly ChainedEvent[]> {
    return this.#guarded(() => this.#statement('eventsAt').all(JSON.stringify(seqs))).map(toEvent)
  }

  async drop(seq: number, limit: number): Promise<number> {
    return this.#guarded(() => this.#statement('dropEvents').all(seq, limit)).length
  }

  async addPart(part: IndexPart, terms: Uint8Array, postings: Uint8Array): Promise<void> {
    this.#guarded(() => this.#statement('addPart').run(...partValues(part, terms, postings)))
  }

  async parts(firstSeq: number, limit: number): Promise<readonly IndexPart[]> {
    return this.#guarded(() => this.#statement('parts').all(firstSeq, limit)).map(toPart)
  }

  async terms(firstSeq: number): Promise<Uint8Array | null> {
    const row = this.#guarded(() => this.#statement('terms').get(firstSeq))
    return row ? (row['terms'] as Uint8Array) : null
  }

  async renewPart({ firstSeq, mac: before }: IndexPart, mac: Uint8Array): Promise<void> {
    this.#guarded(() => this.#statement('renewPart').run(mac, firstSeq, before))
  }

  async postings(firstSeq: number): Promise<Uint8Array | null> {
    const row = this.#guarded(() => this.#statement('postings').get(firstSeq))
    return row ? (row['postings'] as Uint8Array) : null
  }

  async dropParts(seq: number): Promise<void> {
    this.#guarded(() => this.#statement('dropParts').run(Math.min(seq, Number.MAX_SAFE_INTEGER)))
  }
}
