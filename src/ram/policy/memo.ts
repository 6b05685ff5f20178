// Bounded caches of values that depend only on texts.
import { withOwnTexts } from '../../runtime/own-texts.ts'

/** Called with each value that is kept, and the number of characters of its key. */
type Kept<T> = (value: T, characters: number) => void

export class Memo<T> {
  readonly #values = new Map<string, T>()
  readonly #bound: number
  readonly #kept: Kept<T>

  /** Keeps up to `bound` values. One more value clears them all. */
  constructor(bound: number, kept: Kept<T>) {
    this.#bound = bound
    this.#kept = kept
  }

  /** Returns the value of `key`, which `make` computes unless it is cached. */
  get(key: string, make: () => T): T {
    const known = this.#values.get(key)
    if (known !== undefined) return known
    const value = make()
    if (this.#values.size >= this.#bound) this.#values.clear()
    this.#values.set(key, value)
    this.#kept(value, key.length)
    return value
  }
}

/** A cache of values that depend only on two texts. A look-up builds no joined text. */
export class PairMemo<T> {
  readonly #values = new Map<string, Map<string, T>>()
  readonly #bound: number
  readonly #kept: Kept<T>
  #size = 0

  /** Keeps up to `bound` values. One more value clears them all. */
  constructor(bound: number, kept: Kept<T>) {
    this.#bound = bound
    this.#kept = kept
  }

  /** Returns the value of a pair, which `make` computes unless it is cached. */
  get(first: string, second: string, make: () => T): T {
    const known = this.#values.get(first)?.get(second)
    if (known !== undefined) return known
    const value = make()
    if (this.#size >= this.#bound) {
      this.#values.clear()
      this.#size = 0
    }
    const inner = this.#values.get(first) ?? new Map<string, T>()
    this.#values.set(withOwnTexts(first), inner.set(withOwnTexts(second), value))
    this.#size++
    this.#kept(value, first.length + second.length)
    return value
  }
}
