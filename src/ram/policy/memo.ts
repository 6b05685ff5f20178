// A bounded cache of values that depend only on a text.
import { withOwnTexts } from '../../runtime/own-texts.ts'

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

/** A bounded cache of values that depend only on two texts. A look-up builds no joined text. */
export class PairMemo<T> {
  readonly #values = new Map<string, Map<string, T>>()
  readonly #bound: number
  #size = 0

  /** Keeps up to `bound` values. One more value clears them all. */
  constructor(bound: number) {
    this.#bound = bound
  }

  /** Returns the value of a pair, which `make` computes unless it is cached. */
  get(first: string, second: string, make: () => T): T {
    const kept = this.#values.get(first)?.get(second)
    if (kept !== undefined) return kept
    const value = make()
    if (this.#size >= this.#bound) {
      this.#values.clear()
      this.#size = 0
    }
    const inner = this.#values.get(first) ?? new Map<string, T>()
    this.#values.set(withOwnTexts(first), inner.set(withOwnTexts(second), value))
    this.#size++
    return value
  }
}
