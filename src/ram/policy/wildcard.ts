// Patterns: * matches any run of characters, ? exactly one (docs/reference/policy-language.md, "Wildcards"). Matching takes at most
// pattern × value steps: for each segment between stars the leftmost match is always the best choice, so it never backtracks.

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

/** Stand for ? and * among code points. No code point is as large. */
const ANY = 0xffff_ffff
const RUN = 0xffff_fffe
const STAR = 0x2a
const QUESTION_MARK = 0x3f

/** The pattern is one array: an object for each segment would take a hundred times the bytes of a segment of one character. */
function withQuestionMarks(pattern: string): Matcher {
  const places = codePoints(pattern.replace(/\*+/g, '*')).map((point) =>
    point === QUESTION_MARK ? ANY : point === STAR ? RUN : point,
  )
  // The last segment stands at the end of the value; `before` ends in a star.
  const split = places.lastIndexOf(RUN) + 1
  const [before, last] = [places.subarray(0, split), places.subarray(split)]
  return (text) => {
    const value = rememberedCodePoints(text)
    const end = value.length - last.length
    if (end < 0 || !last.every((place, i) => place === ANY || place === value[end + i])) return false
    return split === 0 ? end === 0 : begins(before, value, end)
  }
}

/** Whether a pattern that ends in a star matches the value before `end`. */
function begins(places: Uint32Array, value: Uint32Array, end: number): boolean {
  let [place, at] = [0, 0]
  // Where the segment after the last star begins, in the pattern and in the value: after a mismatch it is tried one character later.
  let [segment, start] = [-1, 0]
  for (;;) {
    if (places[place] === RUN) {
      ;[segment, start] = [++place, at]
      if (place === places.length) return true
    } else if (at === end) return false
    else if (places[place] === ANY || places[place] === value[at]) {
      place++
      at++
    } else if (segment < 0) return false
    else [place, at] = [segment, ++start]
  }
}

function codePoints(text: string): Uint32Array {
  return Uint32Array.from(text, (character) => character.codePointAt(0) ?? 0)
}

/** The code points of the last value: a request's resource is matched against many patterns in a row. */
let remembered: { readonly text: string; readonly points: Uint32Array } = { text: '', points: new Uint32Array(0) }

function rememberedCodePoints(text: string): Uint32Array {
  if (remembered.text !== text) remembered = { text, points: codePoints(text) }
  return remembered.points
}
