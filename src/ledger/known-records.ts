// The records in memory, each as this server last read or wrote it, so that a warm call reads no row.
import type { RootKeys } from '../keystore/root-keys.ts'
import { withOwnTexts } from '../runtime/own-texts.ts'
import { type FormerRow, type Row, type RowChange, recordKey } from '../storage/storage.ts'
import { RecordCache } from './cache.ts'
import type { Recorded } from './record.ts'

/** At most some 100 MB. The records of everyday calls take a fifth of this. */
const BOUNDS = { records: 50_000, characters: 50_000_000 }

/** A record as read, and the length of its body as JSON. */
export interface Read<B> {
  readonly record: Recorded<B>
  readonly length: number
}

/** INVARIANT: all records in memory were read or decided under the root keys in use: values sealed under other keys may no longer open. */
export class KnownRecords {
  readonly #keys: RootKeys
  /** Follows RootKeys.epoch. */
  #epoch: number
  #cache = new RecordCache(BOUNDS)
  /**
   * The reads in progress, by record; callers share them. When the record or the root keys change during a read, later callers no longer
   * share it, and its result is not kept.
   */
  readonly #reads = new Map<string, Promise<Recorded<unknown> | null>>()

  constructor(keys: RootKeys) {
    this.#keys = keys
    this.#epoch = keys.epoch
  }

  /** The record if it is in memory. */
  get(key: string): Recorded<unknown> | undefined {
    this.#follow()
    return this.#cache.get(key)
  }

  /** All records in memory. */
  records(): Iterable<Recorded<unknown>> {
    return this.#cache.records()
  }

  /** Returns the record that `read` finds, or null. Keeps the record unless it changed during the read. */
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

  /** Takes over the changes of a committed call. */
  apply(changes: readonly RowChange[]): void {
    this.#follow()
    for (const { change, row } of changes) {
      const key = this.#changed(row)
      if (change === 'insert' || change === 'update') this.#cache.put(key, ownRecord(row), row.body.length)
      else if (change === 'delete') this.#cache.drop(key)
    }
  }

  /** Drops the records that a call changes or expects, whatever its outcome. */
  forget(changes: readonly RowChange[]): void {
    for (const { row } of changes) this.#cache.drop(this.#changed(row))
  }

  /** Drops the records with these keys, which other servers changed. */
  drop(keys: readonly string[]): void {
    for (const key of keys) {
      this.#reads.delete(key)
      this.#cache.drop(key)
    }
  }

  /** Drops all records, for changes by others that are not listed. */
  dropAll(): void {
    this.#cache = new RecordCache(BOUNDS)
    this.#reads.clear()
  }

  /** Notes that the record of a row moved; returns its key. */
  #changed({ kind, account, region, id }: FormerRow): string {
    const key = recordKey(kind, account, region, id)
    this.#reads.delete(key)
    return key
  }

  #follow(): void {
    if (this.#epoch === this.#keys.epoch) return
    this.#epoch = this.#keys.epoch
    this.dropAll()
  }
}

/** The record of a row that a request has made. */
function ownRecord({ body, mac: _, ...place }: Row): Recorded<unknown> {
  return { ...withOwnTexts(place), body: JSON.parse(body) }
}
