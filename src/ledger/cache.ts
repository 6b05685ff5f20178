// A bounded map of records. When it holds too many records or too many characters, it drops the oldest sixteenth at once: an iteration from
// the oldest passes over all deleted entries, so one iteration should serve many drops.
import type { Recorded } from './record.ts'

/** The most records, and the most characters of all their bodies as JSON. */
interface CacheBounds {
  readonly records: number
  readonly characters: number
}

export class RecordCache {
  readonly #records = new Map<string, Recorded<unknown>>()
  /** The length of each record's body. */
  readonly #lengths = new Map<string, number>()
  readonly #bounds: CacheBounds
  #characters = 0

  constructor(bounds: CacheBounds) {
    this.#bounds = bounds
  }

  /** The characters of all bodies in the map. */
  get characters(): number {
    return this.#characters
  }

  /** All records in the map. */
  records(): Iterable<Recorded<unknown>> {
    return this.#records.values()
  }

  get(key: string): Recorded<unknown> | undefined {
    return this.#records.get(key)
  }

  /** Stores a record whose body has `length` characters as JSON. Replaces the record with the same key. */
  put(key: string, record: Recorded<unknown>, length: number): void {
    this.drop(key)
    this.#records.set(key, record)
    this.#lengths.set(key, length)
    this.#characters += length
    if (this.#isWithin(1)) return
    for (const oldest of this.#records.keys()) {
      this.drop(oldest)
      if (this.#isWithin(15 / 16)) return
    }
  }

  /** Whether the contents are within this part of the bounds; the number of records is rounded up. */
  #isWithin(part: number): boolean {
    const { records, characters } = this.#bounds
    return this.#records.size <= Math.ceil(records * part) && this.#characters <= characters * part
  }

  drop(key: string): void {
    if (!this.#records.delete(key)) return
    this.#characters -= this.#lengths.get(key) ?? 0
    this.#lengths.delete(key)
  }
}
