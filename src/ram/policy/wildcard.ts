// Patterns: * is any run of characters, ? exactly one (contract/ram.md 2.2). No pattern takes more than pattern × value steps.

export type Matcher = (value: string) => boolean

/** Whether a whole value matches. Characters are Unicode code points. */
export function compileWildcard(pattern: string): Matcher {
  if (!/[*?]/.test(pattern)) return (value) => value === pattern
  if (/^\*+$/.test(pattern)) return () => true
  const segments = pattern.split(/\*+/)
  const [first = '', ...rest] = segments
  const last = rest.pop()
  if (last === undefined) return (value) => endOf(first, value, 0) === value.length
  if (rest.length === 0 && last === '' && !first.includes('?')) return (value) => value.startsWith(first)
  return (value) => {
    let at = endOf(first, value, 0)
    // Of the segments between stars, the leftmost place is always the best one: nothing is ever tried again.
    for (const segment of rest) {
      if (at < 0) return false
      at = endOfNext(segment, value, at)
    }
    return at >= 0 && endsWith(last, value, at)
  }
}

/** Where the segment ends when it stands at `at`, or -1. */
function endOf(segment: string, value: string, at: number): number {
  if (!segment.includes('?')) return value.startsWith(segment, at) ? at + segment.length : -1
  let end = at
  for (const character of segment) {
    if (end >= value.length) return -1
    const length = (value.codePointAt(end) ?? 0) > 0xffff ? 2 : 1
    if (character !== '?' && !value.startsWith(character, end)) return -1
    end += length
  }
  return end
}

/** Where the segment ends at its first place from `at` on, or -1. */
function endOfNext(segment: string, value: string, at: number): number {
  if (!segment.includes('?')) {
    const found = value.indexOf(segment, at)
    return found < 0 ? -1 : found + segment.length
  }
  for (let start = at; start < value.length; start++) {
    const end = isInside(value, start) ? -1 : endOf(segment, value, start)
    if (end >= 0) return end
  }
  return -1
}

/** Whether the segment stands at the value's end, not before `at`. */
function endsWith(segment: string, value: string, at: number): boolean {
  if (!segment.includes('?')) return value.length - segment.length >= at && value.endsWith(segment)
  let start = value.length
  for (const _ of segment) {
    start--
    if (isInside(value, start)) start--
  }
  return start >= at && endOf(segment, value, start) === value.length
}

/** Whether a position falls between the halves of one character. */
function isInside(value: string, at: number): boolean {
  return /[\udc00-\udfff]/.test(value[at] ?? '') && /[\ud800-\udbff]/.test(value[at - 1] ?? '')
}
