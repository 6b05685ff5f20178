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

/** Values that follow from two texts, as Memo keeps those of one: a text that is asked for again and again costs no new one. */
export class PairMemo<T> {
  readonly #values = new Map<string, Map<string, T>>()
  readonly #bound: number
  #size = 0

  /** Keeps up to `bound` values, and begins again with none when they are more. */
  constructor(bound: number) {
    this.#bound = bound
  }

  /** The value of a pair; `make` makes it unless it is kept. */
  get(first: string, second: string, make: () => T): T {
    const kept = this.#values.get(first)?.get(second)
    if (kept !== undefined) return kept
    const made = make()
    if (this.#size >= this.#bound) {
      this.#values.clear()
      this.#size = 0
    }
    const inner = this.#values.get(first) ?? new Map<string, T>()
    this.#values.set(ownText(first), inner.set(ownText(second), made))
    this.#size++
    return made
  }
}

/** The same text, in memory of its own. A text that a call took from its request is a piece of it, and would keep all of it in memory. */
export function ownText(text: string): string {
  return JSON.parse(JSON.stringify(text)) as string
}
