// A part of the index of events: each term that occurs in a run of events, and the events that it occurs in. Terms are 32-bit hashes of what
// lookups select by. A collision costs a lookup some reads and nothing else: it compares every event that it finds with its conditions.
//
//   terms      4 bytes a term, ascending
//   postings   2 bytes a term: how many offsets end with it; then the offsets of each term in turn, 2 bytes each
//
// All numbers are little-endian.

/** The most events of one part; fewer where they have many terms. */
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

/** Makes terms of one account: of a kind and a value, neither with a line break. */
export type Terms = (kind: string, value: string) => number

/**
 * Returns what makes the terms of an account. A term is the hash of `account LF kind LF value`: FNV-1a over UTF-16 units with a secret offset
 * basis, and a final mix of its bits. It is no cryptographic hash and need not be: without the basis nobody can choose terms that collide.
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

/** Encodes the terms of a run of events, given those of each event; an event may list a term more than once. */
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

/** The index of a term among the terms, or -1. */
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
