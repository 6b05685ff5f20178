// Patterns: * matches any run of characters, ? exactly one (docs/reference/policy-language.md, "Wildcards"). Between stars without question
// marks, the leftmost match is always the best choice, so it never backtracks. A pattern with question marks takes at most pattern × value / 32
// steps: for each of its places, all positions in the value are followed at once, as bits.

export type Matcher = (value: string) => boolean

/** Returns a matcher of whole values. Characters are Unicode code points. */
export function compileWildcard(pattern: string): Matcher {
  if (!/[*?]/.test(pattern)) return (value) => value === pattern
  if (/^\*+$/.test(pattern)) return () => true
  return pattern.includes('?') ? withQuestionMarks(pattern) : withStars(pattern.split(/\*+/))
}

function withStars([first = '', ...rest]: readonly string[]): Matcher {
  const last = rest.pop() ?? ''
  if (rest.length === 0 && last === '') return (value) => value.startsWith(first)
  return (value) => {
    if (!value.startsWith(first)) return false
    let at = first.length
    for (const segment of rest) {
      const found = value.indexOf(segment, at)
      if (found < 0) return false
      at = found + segment.length
    }
    return value.length - last.length >= at && value.endsWith(last)
  }
}

/** Stand for ? and * among code points. */
const ANY = -1
const RUN = -2

/** The pattern is one array of small integers: a typed array, or an object for each segment, takes much more memory for a short text. */
function withQuestionMarks(pattern: string): Matcher {
  const places = Array.from(pattern.replace(/\*+/g, '*'), placeOf)
  return (text) => rememberedValue(text).isReachedBy(places)
}

function placeOf(character: string): number {
  return character === '?' ? ANY : character === '*' ? RUN : pointOf(character)
}

function pointOf(character: string): number {
  return character.codePointAt(0) ?? 0
}

/** The last value: a request's resource is matched against many patterns in a row. */
let remembered: Value | null = null

function rememberedValue(text: string): Value {
  if (remembered?.text !== text) remembered = new Value(text)
  return remembered
}

/** A value as code points. Sets of positions in it, from its begin to its end, are bits in words of 32. */
class Value {
  readonly text: string
  readonly #points: Uint32Array
  readonly #words: number
  /** Where each code point is, as far as it was asked for. */
  readonly #positions = new Map<number, Int32Array>()
  readonly #reached: Int32Array

  constructor(text: string) {
    this.text = text
    this.#points = Uint32Array.from(text, pointOf)
    this.#words = (this.#points.length >> 5) + 1
    this.#positions.set(ANY, new Int32Array(this.#words).fill(-1))
    this.#reached = new Int32Array(this.#words)
  }

  /** Whether the places match the value: whether, from its begin, they reach its end. */
  isReachedBy(places: readonly number[]): boolean {
    const reached = this.#reached.fill(0)
    reached[0] = 1
    // The words from `low` to `high` may have bits. Bits only move up.
    let [low, high] = [0, 0]
    for (const place of places) {
      while (low <= high && reached[low] === 0) low++
      if (low > high) return false
      if (place === RUN) {
        const word = reached[low] ?? 0
        // All positions from the lowest one on: a negated number has the lowest bit and all above it.
        reached[low] = word | -word
        reached.fill(-1, low + 1)
        high = this.#words - 1
        continue
      }
      const positions = this.#positionsOf(place)
      if (high + 1 < this.#words) high++
      let carry = 0
      for (let at = low; at <= high; at++) {
        const word = (reached[at] ?? 0) & (positions[at] ?? 0)
        reached[at] = (word << 1) | carry
        carry = word >>> 31
      }
      if (reached[high] === 0) high--
    }
    const end = this.#points.length
    return (((reached[end >> 5] ?? 0) >>> (end & 31)) & 1) === 1
  }

  #positionsOf(point: number): Int32Array {
    const known = this.#positions.get(point)
    if (known) return known
    const positions = new Int32Array(this.#words)
    for (let at = 0; at < this.#points.length; at++)
      if (this.#points[at] === point) positions[at >> 5] = (positions[at >> 5] ?? 0) | (1 << (at & 31))
    this.#positions.set(point, positions)
    return positions
  }
}
