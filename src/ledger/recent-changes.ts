// The change number of each record's last change, as far back as a call in progress may ask.

/** The most records and places to remember. A forgotten one counts as changed. */
const REMEMBERED = 50_000
/** How many to forget at once: an iteration from the oldest passes over all deleted entries, so one iteration should serve many. */
const FORGOTTEN_AT_ONCE = REMEMBERED / 16

export class RecentChanges {
  /** Change numbers by key (recordKey, placeKey), the oldest change first. */
  readonly #numbers = new Map<string, number>()
  /** Up to this number, everything counts as changed. */
  #floor = 0

  /** Notes that these keys changed, at this number or before. */
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

  /** Notes that anything may have changed, at this number or before. */
  noteAll(number: number): void {
    this.#numbers.clear()
    this.#floor = number
  }

  /** Whether one of these keys changed after `number`. */
  since(number: number, keys: readonly string[]): boolean {
    if (number < this.#floor) return true
    for (const key of keys) if ((this.#numbers.get(key) ?? 0) > number) return true
    return false
  }
}
