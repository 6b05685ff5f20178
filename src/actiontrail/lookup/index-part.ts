// A part of the index of events: the terms that occur in a run of events, and the events of each term. A term is a 32-bit hash of a value
// that lookups select by. A collision only costs a lookup some reads, because the lookup compares every event with its conditions.
//
//   terms      4 bytes for each term, ascending
//   postings   2 bytes for each term: the end of its offsets; then the offsets of each term in turn, 2 bytes each
//
// All numbers are little-endian.

/** The most events of one part. A part has fewer when its events have many terms. */
export const PART_EVENTS = 1024
/** The ends in the postings are 16-bit numbers. */
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

/** Makes the terms of one account from a kind and a value; neither may contain a line feed. */
export type Terms = (kind: string, value: string) => number

/**
 * Returns the maker of an account's terms. A term is the hash of `account LF kind LF value`: FNV-1a over UTF-16 units with a secret offset
 * basis, and a final mix of its bits. A cryptographic hash is not needed: without the basis, nobody can choose terms that collide.
 */
export function termsOf(seed: number, account: string): Terms {
  const begun = absorbed(absorbed(0x811c9dc5 ^ seed, account), '\n')
  return (kind, value) => {
    let hash = absorbed(absorbed(absorbed(begun, kind), '\n'), value)
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
    return (hash ^ (hash >>> 13)) >>> 0
  }
}

function absorbed(state: number, text: string): number {
  let hash = state
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash
}

/** Encodes the terms of a run of events. An event may list a term more than once. */
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

/** The position of a term among the terms, or -1. */
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

/** The offsets of the events that have the term at `place`, ascending; `count` is the number of terms in the part. */
export function offsetsAt(postings: Buffer, place: number, count: number): number[] {
  const begin = place === 0 ? 0 : postings.readUInt16LE((place - 1) * 2)
  const end = postings.readUInt16LE(place * 2)
  return Array.from({ length: end - begin }, (_, i) => postings.readUInt16LE((count + begin + i) * 2))
}
