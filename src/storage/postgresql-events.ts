// Recorded events in PostgreSQL.
import type { Statements } from './queries.ts'
import { partValues, toEvent, toPart, type Value } from './rows.ts'
import type { ChainedEvent, EventStorage, IndexPart } from './storage.ts'

type Rows = readonly Record<string, unknown>[]

export class PostgresqlEvents implements EventStorage {
  readonly #all: (statement: keyof Statements, values: Value[]) => Promise<Rows>

  constructor(all: (statement: keyof Statements, values: Value[]) => Promise<Rows>) {
    this.#all = all
  }

  async after(seq: number, limit: number): Promise<readonly ChainedEvent[]> {
    return (await this.#all('events', [seq, limit])).map(toEvent)
  }

  async at(seqs: readonly number[]): Promise<readonly ChainedEvent[]> {
    return (await this.#all('eventsAt', [`{${seqs.join(',')}}`])).map(toEvent)
  }

  async drop(seq: number, limit: number): Promise<number> {
    return (await this.#all('dropEvents', [seq, limit])).length
  }

  async addPart(part: IndexPart, terms: Uint8Array, postings: Uint8Array): Promise<void> {
    await this.#all('addPart', partValues(part, terms, postings))
  }

  async parts(firstSeq: number, limit: number): Promise<readonly IndexPart[]> {
    return (await this.#all('parts', [firstSeq, limit])).map(toPart)
  }

  async terms(firstSeq: number): Promise<Uint8Array | null> {
    const [row] = await this.#all('terms', [firstSeq])
    return row ? (row['terms'] as Uint8Array) : null
  }

  async renewPart({ firstSeq, mac: before }: IndexPart, mac: Uint8Array): Promise<void> {
    await this.#all('renewPart', [mac, firstSeq, before])
  }

  async postings(firstSeq: number): Promise<Uint8Array | null> {
    const [row] = await this.#all('postings', [firstSeq])
    return row ? (row['postings'] as Uint8Array) : null
  }

  async dropParts(seq: number): Promise<void> {
    await this.#all('dropParts', [Math.min(seq, Number.MAX_SAFE_INTEGER)])
  }
}
