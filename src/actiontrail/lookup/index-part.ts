// A part of the index of events: for each term that occurs in a run of events, where. Terms are 32-bit hashes of what a lookup
// can ask; two that share a hash cost a lookup some reads, and no answer, since every event found is held against the question.
//
//   terms      4 bytes a term, ascending
//   postings   2 bytes a term: where its offsets end; then 2 bytes an offset, for each term in turn
//
// All numbers are little-endian.

/** Events of one part at the most; fewer, where their terms are many. */
export const PART_EVENTS = 1024
/** Ends are 16-bit numbers. */
const MOST_TERMS = 0xffff

/** How many of the events, from the first on, fit into one part. */
export function fitting(termsOfEvents: readonly (readonly number[])[]): number {
  let [terms, events] = [0, 0]
  for (const { length } of termsOfEvents) {
    terms += length
    if (terms > MOST_TERMS) break
    events++
  }
  return events
}

/**
 * The hash of a term: FNV-1a over UTF-16 units from a secret start, its bits mixed once more. Not a cryptographic hash, and need
 * not be one: the start keeps strangers from making terms that collide on purpose.
 */
export function termOf(seed: number, text: string): number {
  let hash = 0x811c9dc5 ^ seed
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  return (hash ^ (hash >>> 13)) >>> 0
}

/** Terms and postings of a run of events, given the terms of each; a term may come more than once in an event. */
export function encodePart(termsOfEvents: readonly (readonly number[])[]): { terms: Buffer; postings: Buffer } {
  const offsets = new Map<number, number[]>()
  for (const [offset, terms] of termsOfEvents.entries())
    for (const term of terms) {
      const known = offsets.get(term)
      if (!known) offsets.set(term, [offset])
      else if (known.at(-1) !== offset) known.push(offset)
    }
  const sorted = [...offsets].sort(([a], [b]) => a - b)
  const total = sorted.reduce((sum, [, found]) => sum + found.length, 0)
  const terms = Buffer.alloc(sorted.length * 4)
  const postings = Buffer.alloc((sorted.length + total) * 2)
  let end = 0
  for (const [i, [term, found]] of sorted.entries()) {
    terms.writeUInt32LE(term, i * 4)
    for (const offset of found) postings.writeUInt16LE(offset, (sorted.length + end++) * 2)
    postings.writeUInt16LE(end, i * 2)
  }
  return { terms, postings }
}

/** The place of a term among the terms, or -1. */
export function placeOfTerm(terms: Buffer, term: number): number {
  let [low, high] = [0, terms.length / 4 - 1]
  while (low <= high) {
    const middle = (low + high) >> 1
    const found = terms.readUInt32LE(middle * 4)
    if (found === term) return middle
    if (found < term) low = middle + 1
    else high = middle - 1
  }
  return -1
}

/** Offsets of the events that have the term at `place`, ascending; `count` is how many terms the part has. */
export function offsetsAt(postings: Buffer, place: number, count: number): number[] {
  const begin = place === 0 ? 0 : postings.readUInt16LE((place - 1) * 2)
  const end = postings.readUInt16LE(place * 2)
  return Array.from({ length: end - begin }, (_, i) => postings.readUInt16LE((count + begin + i) * 2))
}
