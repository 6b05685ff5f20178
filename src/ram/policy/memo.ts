// Values that follow from a text, each made once.

export class Memo<T> {
  readonly #values = new Map<string, T>()
  readonly #bound: number

  /** Keeps up to `bound` values, and begins again with none when they are more. */
  constructor(bound: number) {
    this.#bound = bound
  }

  /** The value of `key`; `make` makes it unless it is kept. */
  get(key: string, make: () => T): T {
    const kept = this.#values.get(key)
    if (kept !== undefined) return kept
    const made = make()
    if (this.#values.size >= this.#bound) this.#values.clear()
    this.#values.set(key, made)
    return made
  }
}
