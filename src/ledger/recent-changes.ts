// Which record changed last under which change number, as far as a call under way may ask.

/** Records and places of records that are remembered. Of what was forgotten, every record counts as changed. */
const REMEMBERED = 50_000

export class RecentChanges {
  /** By key (recordKey, placeKey); the oldest change first. */
  readonly #numbers = new Map<string, number>()
  /** Up to this number, everything counts as changed. */
  #floor = 0

  /** Notes that these have changed by the time of this number. */
  note(keys: Iterable<string>, number: number): void {
    for (const key of keys) {
      this.#numbers.delete(key)
      this.#numbers.set(key, number)
    }
    while (this.#numbers.size > REMEMBERED) {
      const oldest = this.#numbers.entries().next()
      if (oldest.done) return
      const [key, forgotten] = oldest.value
      this.#numbers.delete(key)
      this.#floor = Math.max(this.#floor, forgotten)
    }
  }

  /** Notes that everything may have changed by the time of this number. */
  noteAll(number: number): void {
    this.#numbers.clear()
    this.#floor = number
  }

  /** Whether one of these changed after the number was `number`. */
  since(number: number, keys: readonly string[]): boolean {
    if (number < this.#floor) return true
    for (const key of keys) if ((this.#numbers.get(key) ?? 0) > number) return true
    return false
  }
}
