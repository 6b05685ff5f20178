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

/** Stand for ? and * among code points. */
const ANY = -1
const RUN = -2

/** The pattern is one array of small integers: a typed array, or an object for each segment, takes much more memory for a short text. */
function withQuestionMarks(pattern: string): Matcher {
  const places = Array.from(pattern.replace(/\*+/g, '*'), placeOf)
  // Where the last segment begins, which stands at the end of the value.
  const last = places.lastIndexOf(RUN) + 1
  return (text) => {
    const value = rememberedCodePoints(text)
    const end = value.length - (places.length - last)
    if (end < 0) return false
    for (let i = last; i < places.length; i++)
      if (places[i] !== ANY && places[i] !== value[end + i - last]) return false
    return last === 0 ? end === 0 : begins(places, last, value, end)
  }
}

function placeOf(character: string): number {
  return character === '?' ? ANY : character === '*' ? RUN : pointOf(character)
}

/** Whether the places before `last`, which end in a star, match the value before `end`. */
function begins(places: readonly number[], last: number, value: Uint32Array, end: number): boolean {
  let [place, at] = [0, 0]
  // Where the segment after the last star begins, in the pattern and in the value: after a mismatch it is tried one character later.
  let [segment, start] = [-1, 0]
  for (;;) {
    if (places[place] === RUN) {
      ;[segment, start] = [++place, at]
      if (place === last) return true
    } else if (at === end) return false
    else if (places[place] === ANY || places[place] === value[at]) {
      place++
      at++
    } else if (segment < 0) return false
    else [place, at] = [segment, ++start]
  }
}

function pointOf(character: string): number {
  return character.codePointAt(0) ?? 0
}

/** The code points of the last value: a request's resource is matched against many patterns in a row. */
let remembered: { readonly text: string; readonly points: Uint32Array } = { text: '', points: new Uint32Array(0) }

function rememberedCodePoints(text: string): Uint32Array {
  if (remembered.text !== text) remembered = { text, points: Uint32Array.from(text, pointOf) }
  return remembered.points
}
