// Looks events up, page by page, in the order of their second, then of their number.
import { laneOf } from '../../storage/lane.ts'
import type { ChainedEvent, EventStorage, IndexPart } from '../../storage/storage.ts'
import { renderEvent } from '../events/event.ts'
import { attributesReader } from './attributes.ts'
import type { EventIndex } from './event-index.ts'
import { type Query, selects } from './query.ts'

const EVENTS_AT_ONCE = 1000
/** The longest value in an event: 1,024 characters, and the three dots that end a truncated value. */
const LONGEST_SHOWN = 1027
/** The most matches kept in memory. Beyond that, only those that fit the page stay. */
const KEPT = 4096

/** The last event of a page: its second since 1970, and its number. */
export interface Position {
  readonly second: number
  readonly seq: number
}

/** `from` and `to` are seconds since 1970, both included. `after` is null for the first page. */
export interface Lookup extends Query {
  readonly from: number
  readonly to: number
  readonly order: 'oldest' | 'newest'
  readonly after: Position | null
  readonly limit: number
}

export interface Page {
  readonly events: readonly Record<string, unknown>[]
  /** The position after which the next page begins; null on the last page. */
  readonly next: Position | null
}

interface Found extends Position {
  readonly row: ChainedEvent
}

/** The page of a lookup. Events recorded between two pages do not move the events of earlier pages. */
export async function lookUp(lookup: Lookup, events: EventStorage, index: EventIndex): Promise<Page> {
  const found = new Map<number, Found>()
  if (lookup.conditions.some(([, value]) => value.length > LONGEST_SHOWN)) return pageOf(found, lookup)
  const { lanes } = await index.indexed()
  const collect = (rows: readonly ChainedEvent[]) => {
    const attributes = attributesReader()
    for (const row of rows) {
      const second = Math.floor(row.at / 1000)
      const position = { second, seq: row.seq }
      if (
        row.seq <= (lanes[laneOf(row.seq)]?.floor ?? row.seq) ||
        second < lookup.from ||
        second > lookup.to ||
        !isBeyond(position, lookup)
      )
        continue
      if (selects(lookup, row, attributes(row))) found.set(row.seq, { ...position, row })
    }
    if (found.size > KEPT) for (const { seq } of sorted(found, lookup).slice(lookup.limit + 1)) found.delete(seq)
  }
  for (const { lastSeq } of lanes) await collectUnindexed(lastSeq, events, collect, () => index.turn())
  const parts = lanes.flatMap((lane) => lane.parts)
  for (const part of partsOf(lookup, parts)) {
    if (isEnough(found, part, lookup)) break
    const candidates = await index.candidates(part, lookup)
    if (candidates?.length === 0) continue
    collect(
      candidates
        ? await events.at(candidates)
        : await events.after(part.firstSeq - 1, part.lastSeq - part.firstSeq + 1),
    )
    await index.turn()
  }
  return pageOf(found, lookup)
}

async function collectUnindexed(
  from: number,
  events: EventStorage,
  collect: (rows: readonly ChainedEvent[]) => void,
  turn: () => Promise<void>,
): Promise<void> {
  for (let seq = from; ; await turn()) {
    const rows = await events.after(seq, EVENTS_AT_ONCE)
    collect(rows)
    if (rows.length < EVENTS_AT_ONCE) return
    seq = rows.at(-1)?.seq ?? seq
  }
}

/** The parts that may have events in the range, in the order of the lookup. */
function partsOf({ from, to, order, after }: Lookup, parts: readonly IndexPart[]): IndexPart[] {
  const fromAt = (order === 'oldest' && after ? after.second : from) * 1000
  const toAt = (order === 'newest' && after ? after.second : to) * 1000 + 999
  const within = parts.filter((part) => part.toAt >= fromAt && part.fromAt <= toAt)
  return order === 'newest'
    ? within.sort((a, b) => b.toAt - a.toAt || b.firstSeq - a.firstSeq)
    : within.sort((a, b) => a.fromAt - b.fromAt || a.firstSeq - b.firstSeq)
}

/** Whether the matches before all events of this part and of the later parts fill a page. */
function isEnough(found: ReadonlyMap<number, Found>, part: IndexPart, { order, limit }: Lookup): boolean {
  const edge = Math.floor((order === 'newest' ? part.toAt : part.fromAt) / 1000)
  let settled = 0
  for (const { second } of found.values()) if (order === 'newest' ? second > edge : second < edge) settled++
  return settled > limit
}

/** Whether a position comes after the end of the previous page. */
function isBeyond(position: Position, { after, order }: Lookup): boolean {
  if (!after) return true
  return order === 'newest' ? compare(position, after) < 0 : compare(position, after) > 0
}

function compare(a: Position, b: Position): number {
  return a.second - b.second || a.seq - b.seq
}

function sorted(found: ReadonlyMap<number, Found>, { order }: Lookup): Found[] {
  return [...found.values()].sort((a, b) => (order === 'newest' ? compare(b, a) : compare(a, b)))
}

function pageOf(found: ReadonlyMap<number, Found>, lookup: Lookup): Page {
  const all = sorted(found, lookup)
  const shown = all.slice(0, lookup.limit)
  const end = shown.at(-1)
  return {
    events: shown.map(({ row }) => renderEvent(row)),
    next: end && all.length > lookup.limit ? { second: end.second, seq: end.seq } : null,
  }
}
