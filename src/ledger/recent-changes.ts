// Which record changed last under which change number, as far as a call under way may ask.

/** The most records and places of records that are remembered. Of what was forgotten, every record counts as changed. */
const REMEMBERED = 50_000
/** How many are forgotten at once: each look for the oldest passes over all that was deleted before, so one look serves many. */
const FORGOTTEN_AT_ONCE = REMEMBERED / 16

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
    if (this.#numbers.size <= REMEMBERED) return
    for (const [key, forgotten] of this.#numbers) {
      this.#numbers.delete(key)
      this.#floor = Math.max(this.#floor, forgotten)
      if (this.#numbers.size <= REMEMBERED - FORGOTTEN_AT_ONCE) return
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
