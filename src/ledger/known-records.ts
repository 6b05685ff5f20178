// The records in memory, each as this server last read or wrote it, so that a warm call reads no row.
import type { RootKeys } from '../keystore/root-keys.ts'
import { type Row, type RowChange, recordKey } from '../storage/storage.ts'
import { RecordCache } from './cache.ts'
import type { Recorded, Scope } from './record.ts'

/** Some 100 MB at the most, in which the records of everyday calls take a fifth. */
const BOUNDS = { records: 50_000, characters: 50_000_000 }

/** A record that was read, and the length of its body as JSON. */
export interface Read<B> {
  readonly record: Recorded<B>
  readonly length: number
}

/** INVARIANT: all that is kept was read or decided under the root keys in use, since what others sealed may not open any more. */
export class KnownRecords {
  readonly #keys: RootKeys
  /** Moves with the root keys: see RootKeys.epoch. */
  #epoch: number
  #cache = new RecordCache(BOUNDS)
  /**
   * Reads under way, by record; who wants a record meanwhile shares its read. When the record or the root keys change, the result of a read
   * that was under way is not kept, and nobody shares it any more.
   */
  readonly #reads = new Map<string, Promise<Recorded<unknown> | null>>()

  constructor(keys: RootKeys) {
    this.#keys = keys
    this.#epoch = keys.epoch
  }

  /** The record if it is known. */
  get(key: string): Recorded<unknown> | undefined {
    this.#follow()
    return this.#cache.get(key)
  }

  /** All records that are known. */
  records(): Iterable<Recorded<unknown>> {
    return this.#cache.records()
  }

  /** Returns the record that `read` finds, or null, and keeps it unless it changed meanwhile. */
  learn<B>(key: string, read: () => Promise<Read<B> | null>): Promise<Recorded<B> | null> {
    this.#follow()
    const underWay = this.#reads.get(key)
    if (underWay) return underWay as Promise<Recorded<B> | null>
    const mine = read()
      .then((found) => {
        this.#follow()
        if (found && this.#reads.get(key) === mine) this.#cache.put(key, found.record, found.length)
        return found?.record ?? null
      })
      .finally(() => {
        if (this.#reads.get(key) === mine) this.#reads.delete(key)
      })
    this.#reads.set(key, mine)
    return mine
  }

  /** Takes over the changes of a call that was committed. */
  apply(changes: readonly RowChange[]): void {
    this.#follow()
    for (const { change, row } of changes) {
      const key = this.#changed(row)
      if (change === 'insert' || change === 'update') this.#cache.put(key, ownRecord(row), row.body.length)
      else if (change === 'delete') this.#cache.drop(key)
    }
  }

  /** Drops the records that a call changes or relies on, whatever became of them. */
  forget(changes: readonly RowChange[]): void {
    for (const { row } of changes) this.#cache.drop(this.#changed(row))
  }

  /** Drops the records with these keys, which others changed. */
  drop(keys: readonly string[]): void {
    for (const key of keys) {
      this.#reads.delete(key)
      this.#cache.drop(key)
    }
  }

  /** Drops all records, whatever others changed. */
  dropAll(): void {
    this.#cache = new RecordCache(BOUNDS)
    this.#reads.clear()
  }

  /** Notes that the record of a row moved; returns its key. */
  #changed(row: Row): string {
    const key = keyOf(row.kind, row, row.id)
    this.#reads.delete(key)
    return key
  }

  #follow(): void {
    if (this.#epoch === this.#keys.epoch) return
    this.#epoch = this.#keys.epoch
    this.dropAll()
  }
}

/** The key of a record in memory. */
export function keyOf(kind: string, { account, region }: Scope, id: string): string {
  return recordKey(kind, account, region, id)
}

/** The record of a row, with texts of its own. Those that a call took from its request are pieces of it, and would keep all of it in memory. */
function ownRecord({ body, mac: _, ...place }: Row): Recorded<unknown> {
  return { ...(JSON.parse(JSON.stringify(place)) as typeof place), body: JSON.parse(body) }
}
