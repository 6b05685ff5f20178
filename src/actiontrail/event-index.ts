// The index of events, built part by part behind the calls that record them: no call waits for it, and lookups read the
// events that are not in it yet. Each part is authenticated, so that nobody without the root key hides an event from lookups.
import { hash } from 'node:crypto'
import type { RootKeys } from '../cryptography/seal.ts'
import type { ChainedEvent, EventStorage, IndexPart, IndexPosition } from '../storage/storage.ts'
import { type Attributed, attributed, type Condition } from './attributes.ts'
import { encodePart, offsetsAt, PART_EVENTS, placeOfTerm, termOf } from './index-part.ts'

const SCOPE = 'scope'
const EVERY_REGION = '*'
const PARTS_AT_ONCE = 20

/** What a lookup asks of events: those of one account that one region shows, and that meet all conditions. */
export interface Question {
  readonly account: string
  readonly region: string
  readonly conditions: readonly Condition[]
}

/** Whether an event answers the question. */
export function answers({ account, region, conditions }: Question, row: ChainedEvent, found: Attributed): boolean {
  if (row.account !== account || (row.region !== region && !found.isGlobal)) return false
  return conditions.every(([key, value]) => found.meets.some(([own, is]) => own === key && is === value))
}

export class EventIndex {
  readonly #events: EventStorage
  readonly #keys: RootKeys

  constructor(events: EventStorage, keys: RootKeys) {
    this.#events = events
    this.#keys = keys
  }

  /** Adds the next part when there are events enough for one; answers whether it did. */
  async extend(): Promise<boolean> {
    const rows = await this.#events.after(await this.#events.lastIndexed(), PART_EVENTS)
    if (rows.length < PART_EVENTS) return false
    const { part, postings } = this.#part(rows)
    await this.#events.addPart(part, postings)
    return true
  }

  #part(rows: readonly ChainedEvent[]): { part: IndexPart; postings: Buffer } {
    const { terms, postings } = encodePart(rows.map(termsOf))
    const place = {
      firstSeq: rows[0]?.seq ?? 0,
      lastSeq: rows.at(-1)?.seq ?? 0,
      fromAt: rows.reduce((least, { at }) => Math.min(least, at), Number.POSITIVE_INFINITY),
      toAt: rows.reduce((most, { at }) => Math.max(most, at), 0),
      terms,
      postingsHash: hash('sha256', postings, 'buffer'),
    }
    return { part: { ...place, mac: this.#keys.recordMac(canonical(place)) }, postings }
  }

  /** Authenticates all parts under the current root key; answers how many were not. A part that is not authentic is left. */
  async renew(giveWay: () => Promise<void>): Promise<number> {
    const range = { fromAt: 0, toAt: Number.MAX_SAFE_INTEGER }
    let renewed = 0
    for (let last: IndexPosition | null = null; ; ) {
      const parts: readonly IndexPart[] = await this.#events.parts(range, 'oldest', last, PARTS_AT_ONCE)
      for (const part of parts) {
        const text = canonical(part)
        if (this.#keys.current.macMatches(text, part.mac) || !this.isAuthentic(part)) continue
        await this.#events.renewPart(part, this.#keys.recordMac(text))
        renewed++
      }
      const end = parts.at(-1)
      if (!end || parts.length < PARTS_AT_ONCE) return renewed
      last = { at: end.fromAt, firstSeq: end.firstSeq }
      await giveWay()
    }
  }

  /** Whether the part is as it was made here. */
  isAuthentic(part: IndexPart): boolean {
    return this.#keys.recordMacMatches(canonical(part), part.mac)
  }

  /**
   * The numbers of the events of a part that may answer the question.
   * null: the part can't be trusted, or its postings can't: read its events instead.
   */
  async candidates(part: IndexPart, { account, region, conditions }: Question): Promise<readonly number[] | null> {
    if (!this.isAuthentic(part)) return null
    const terms = Buffer.from(part.terms.buffer, part.terms.byteOffset, part.terms.length)
    const place = (kind: string, value: string) => placeOfTerm(terms, termOf(account, kind, value))
    const scopes = [place(SCOPE, region), place(SCOPE, EVERY_REGION)].filter((found) => found >= 0)
    const wanted = conditions.map(([key, value]) => place(key, value))
    if (scopes.length === 0 || wanted.includes(-1)) return []
    const postings = await this.#events.postings(part.firstSeq)
    if (!postings || !hash('sha256', postings, 'buffer').equals(part.postingsHash)) return null
    const bytes = Buffer.from(postings.buffer, postings.byteOffset, postings.length)
    const offsets = (at: number) => offsetsAt(bytes, at, terms.length / 4)
    let left = [...new Set(scopes.flatMap(offsets))]
    for (const at of wanted) {
      const also = new Set(offsets(at))
      left = left.filter((offset) => also.has(offset))
    }
    return left.map((offset) => part.firstSeq + offset)
  }
}

function termsOf(row: ChainedEvent): number[] {
  const { isGlobal, meets } = attributed(row)
  const scope = termOf(row.account, SCOPE, isGlobal ? EVERY_REGION : row.region)
  return [scope, ...meets.map(([key, value]) => termOf(row.account, key, value))]
}

function canonical({ firstSeq, lastSeq, fromAt, toAt, terms, postingsHash }: Omit<IndexPart, 'mac'>): string {
  const [ofTerms, ofPostings] = [hash('sha256', terms, 'hex'), Buffer.from(postingsHash).toString('hex')]
  return JSON.stringify(['event-index', firstSeq, lastSeq, fromAt, toAt, ofTerms, ofPostings])
}
