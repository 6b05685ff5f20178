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
  return (text) => rememberedValue(text).isMatchedBy(places)
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

  /** Whether the places match the value. */
  isMatchedBy(places: readonly number[]): boolean {
    const [first, last] = [places.indexOf(RUN), places.lastIndexOf(RUN)]
    const length = this.#points.length
    if (first < 0) return places.length === length && this.#hasAt(0, places, 0, length)
    const end = length - (places.length - last - 1)
    if (end < first || !this.#hasAt(0, places, 0, first)) return false
    return this.#hasAt(end, places, last + 1, places.length) && this.#reaches(end, places, first, last)
  }

  /** Whether the places from `from` to `to`, without a run, match the code points at a position. */
  #hasAt(position: number, places: readonly number[], from: number, to: number): boolean {
    for (let at = from; at < to; at++)
      if (places[at] !== ANY && places[at] !== this.#points[position + at - from]) return false
    return true
  }

  /** Whether the places from the run `first` to the run `last` lead from the position `first` to `end`. */
  #reaches(end: number, places: readonly number[], first: number, last: number): boolean {
    const reached = this.#reached.fill(0)
    // The words from `low` to `high` may have bits. Bits only move up.
    let [low, high] = [first >> 5, first >> 5]
    reached[low] = 1 << (first & 31)
    for (let at = first; at < last; at++) {
      const place = places[at] ?? RUN
      if (place === RUN) {
        const word = reached[low] ?? 0
        // All positions from the lowest one on: a negated number has the lowest bit and all above it.
        reached[low] = word | -word
        reached.fill(-1, low + 1)
        high = this.#words - 1
      } else {
        const positions = this.#positionsOf(place)
        if (!positions) return false
        high = this.#step(positions, low, high)
      }
      while (low <= high && reached[low] === 0) low++
      if (low > high) return false
    }
    const lowest = reached[low] ?? 0
    return low * 32 + 31 - Math.clz32(lowest & -lowest) <= end
  }

  /** Moves what was reached at one of the positions by one. Returns the highest word that may have bits. */
  #step(positions: Int32Array, low: number, high: number): number {
    const reached = this.#reached
    const top = Math.min(high + 1, this.#words - 1)
    let carry = 0
    for (let at = low; at <= top; at++) {
      const word = (reached[at] ?? 0) & (positions[at] ?? 0)
      reached[at] = (word << 1) | carry
      carry = word >>> 31
    }
    return reached[top] === 0 ? top - 1 : top
  }

  /** Null where the value lacks the code point: patterns may have any number of such ones, and each would take a pass and an array. */
  #positionsOf(point: number): Int32Array | null {
    const known = this.#positions.get(point)
    if (known) return known
    if (!this.text.includes(String.fromCodePoint(point))) return null
    const positions = new Int32Array(this.#words)
    for (let at = 0; at < this.#points.length; at++)
      if (this.#points[at] === point) positions[at >> 5] = (positions[at >> 5] ?? 0) | (1 << (at & 31))
    this.#positions.set(point, positions)
    return positions
  }
}
