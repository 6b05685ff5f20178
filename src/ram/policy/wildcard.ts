// Patterns: * matches any run of characters, ? exactly one (docs/reference/policy-language.md, "Wildcards"). Matching takes at most
// pattern × value steps: for each segment between stars the leftmost match is always the best choice, so it never backtracks.

export type Matcher = (value: string) => boolean

/** Returns a matcher of whole values. Characters are Unicode code points. */
export function compileWildcard(pattern: string): Matcher {
  if (!/[*?]/.test(pattern)) return (value) => value === pattern
  if (/^\*+$/.test(pattern)) return () => true
  const segments = pattern.split(/\*+/)
  return pattern.includes('?') ? withQuestionMarks(segments) : withStars(segments)
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

/** Stands for ? among code points. No code point is as large. */
const ANY = 0xffff_ffff
const QUESTION_MARK = 0x3f

function withQuestionMarks(segments: readonly string[]): Matcher {
  const [first = new Uint32Array(0), ...rest] = segments.map((segment) =>
    codePoints(segment).map((point) => (point === QUESTION_MARK ? ANY : point)),
  )
  const last = rest.pop()
  return (text) => {
    const value = rememberedCodePoints(text)
    if (!standsAt(first, value, 0)) return false
    if (!last) return first.length === value.length
    let at = first.length
    for (const segment of rest) {
      while (!standsAt(segment, value, at)) if (++at + segment.length > value.length) return false
      at += segment.length
    }
    const start = value.length - last.length
    return start >= at && standsAt(last, value, start)
  }
}

function standsAt(segment: Uint32Array, value: Uint32Array, at: number): boolean {
  if (at + segment.length > value.length) return false
  for (let i = 0; i < segment.length; i++) if (segment[i] !== ANY && segment[i] !== value[at + i]) return false
  return true
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
