// Recorded events in PostgreSQL.
import type { Statements } from './queries.ts'
import { partValues, toEvent, toPart, type Value } from './rows.ts'
import type { ChainedEvent, EventStorage, IndexPart, IndexPosition } from './storage.ts'

type Rows = readonly Record<string, unknown>[]

export class PostgresqlEvents implements EventStorage {
  readonly #all: (statement: keyof Statements, values: (Value | readonly number[])[]) => Promise<Rows>

  constructor(all: (statement: keyof Statements, values: (Value | readonly number[])[]) => Promise<Rows>) {
    this.#all = all
  }

  async after(seq: number, limit: number): Promise<readonly ChainedEvent[]> {
    return (await this.#all('events', [seq, limit])).map(toEvent)
  }

  async at(seqs: readonly number[]): Promise<readonly ChainedEvent[]> {
    return (await this.#all('eventsAt', [seqs])).map(toEvent)
  }

  async last(): Promise<number> {
    return lastOf(await this.#all('lastEvent', []))
  }

  async drop(seq: number, limit: number): Promise<number> {
    return (await this.#all('dropEvents', [seq, limit])).length
  }

  async addPart(part: IndexPart, postings: Uint8Array): Promise<void> {
    await this.#all('addPart', partValues(part, postings))
  }

  async parts(
    { fromAt, toAt }: { fromAt: number; toAt: number },
    order: 'oldest' | 'newest',
    after: IndexPosition | null,
    limit: number,
  ): Promise<readonly IndexPart[]> {
    const begin = after ?? { at: order === 'newest' ? Number.MAX_SAFE_INTEGER : -1, firstSeq: 0 }
    const statement = order === 'newest' ? 'partsNewest' : 'partsOldest'
    return (await this.#all(statement, [fromAt, toAt, begin.at, begin.at, begin.firstSeq, limit])).map(toPart)
  }

  async renewPart({ firstSeq, mac: before }: IndexPart, mac: Uint8Array): Promise<void> {
    await this.#all('renewPart', [mac, firstSeq, before])
  }

  async postings(firstSeq: number): Promise<Uint8Array | null> {
    const [row] = await this.#all('postings', [firstSeq])
    return row ? (row['postings'] as Uint8Array) : null
  }

  async lastIndexed(): Promise<number> {
    return lastOf(await this.#all('lastIndexed', []))
  }

  async dropParts(seq: number): Promise<void> {
    await this.#all('dropParts', [Math.min(seq, Number.MAX_SAFE_INTEGER)])
  }
}

function lastOf([row]: Rows): number {
  return Number(row?.['seq'] ?? 0)
}
