// A bounded cache of values that depend only on a text.

export class Memo<T> {
  readonly #values = new Map<string, T>()
  readonly #bound: number

  /** Keeps up to `bound` values. One more value clears them all. */
  constructor(bound: number) {
    this.#bound = bound
  }

  /** Returns the value of `key`, which `make` computes unless it is cached. */
  get(key: string, make: () => T): T {
    const kept = this.#values.get(key)
    if (kept !== undefined) return kept
    const value = make()
    if (this.#values.size >= this.#bound) this.#values.clear()
    this.#values.set(key, value)
    return value
  }
}
