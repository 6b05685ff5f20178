// The records that were read or written lately, so that a warm call reads no row. Bounded by count, oldest out first.
import type { Recorded } from './record.ts'

export class RecordCache {
  readonly #records = new Map<string, Recorded<unknown>>()
  readonly #capacity: number

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  get(key: string): Recorded<unknown> | undefined {
    return this.#records.get(key)
  }

  put(key: string, record: Recorded<unknown>): void {
    this.#records.delete(key)
    this.#records.set(key, record)
    if (this.#records.size <= this.#capacity) return
    const oldest = this.#records.keys().next()
    if (!oldest.done) this.#records.delete(oldest.value)
  }

  drop(key: string): void {
    this.#records.delete(key)
  }
}
