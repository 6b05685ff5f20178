// Verifies the whole trail for the operator, and exports it as a copy that others can verify by themselves. Each lane is a chain of its own.
import type { KeyObject } from 'node:crypto'
import { headIn, named } from '../../ledger/chain.ts'
import { floorsNow } from '../../ledger/floor.ts'
import type { Ledger } from '../../ledger/ledger.ts'
import { eventsUpTo, laneEnd, laneOf } from '../../storage/lane.ts'
import type { ChainedEvent, Head, Heads } from '../../storage/storage.ts'
import type { EventIndex, IndexedLane } from '../lookup/event-index.ts'
import { type Checkpoint, headsOf } from './checkpoint.ts'
import { checkpointsBetween } from './checkpoint-chain.ts'
import { ChainWalk, Checkpoints, type Fault, type Verified } from './verify.ts'

const ROWS_AT_ONCE = 5000
/** However many lanes are read at the same time, fewer of one would only take longer. */
const FEWEST_ROWS_OF_A_LANE = 100
/** How many times the end is read again while a server records events. */
const ROUNDS = 5

type Reads = Pick<Ledger, 'get' | 'between' | 'events' | 'heads'>

export interface TrailRooms {
  readonly ledger: Reads
  readonly eventIndex: EventIndex
}

/** Called during a long walk with the number of events seen and of all events. */
export type Progress = (seen: number, total: number) => void

/** Milliseconds since 1970, both ends included; null for an open end. */
export interface Period {
  readonly from: number | null
  readonly to: number | null
}

/**
 * Verifies the events from the last checkpoint before the period to the first one after it, lane by lane.
 * `witnesses` are checkpoints that were kept outside the database; the chains must agree with all of them.
 */
export async function verifyTrail(
  rooms: TrailRooms,
  period: Period,
  publicKey: KeyObject,
  witnesses: readonly Checkpoint[],
  progress: Progress,
): Promise<Verified> {
  const { ledger } = rooms
  for (let round = 1; ; round++) {
    const { lanes, stored } = await rangeOf(rooms, period)
    const checkpoints = new Checkpoints([...stored, ...witnesses], publicKey)
    const vanished = lanesMissing(lanes.length, checkpoints)
    const verified = vanished ? none(lanes, vanished) : await verifyLanes(ledger, lanes, checkpoints, period, progress)
    // Events that a server dropped meanwhile, after the retention, are not missing: walk again from the new floor.
    const floor = eventsUpTo(await floorsNow(ledger))
    const dropped = verified.fault !== null && floor > eventsUpTo(lanes.map((lane) => lane.floor))
    if (!dropped || round === ROUNDS) return verified
  }
}

function none(lanes: readonly Range[], fault: Fault): Verified {
  return { events: 0, heads: lanes.map(({ start }) => start), fault }
}

/** The fault about a lane that a checkpoint names and the trail does not have. */
function lanesMissing(lanes: number, { all }: Checkpoints): Fault | null {
  const heads = all.map(headsOf).find(({ length }) => length > lanes)
  const last = heads?.[lanes]
  if (!last) return null
  return {
    seq: last.seq,
    message: `lane ${lanes} is missing, and a checkpoint knows its event ${named(last.seq)}: the lane was removed, or an older copy was put in the place of the trail`,
  }
}

async function verifyLanes(
  ledger: Reads,
  lanes: readonly Range[],
  checkpoints: Checkpoints,
  period: Period,
  progress: Progress,
): Promise<Verified> {
  const total = totalOf(lanes)
  const heads: Head[] = []
  let events = 0
  for (const [lane, { start, end }] of lanes.entries()) {
    const walk = new ChainWalk(start, checkpoints)
    const before = events
    let fault = await walkTo(end, ledger, walk, (seen) => progress(before + seen, total))
    // What is stored behind all lanes counts to the last one.
    const behind = lane === lanes.length - 1 ? Number.MAX_SAFE_INTEGER : laneEnd(lane)
    if (period.to === null) fault ??= (await nothingBehind(ledger, walk, behind)) ?? walk.unmet()
    events += walk.events
    heads.push(walk.head)
    if (fault) return { events, heads, fault }
  }
  return { events, heads, fault: null }
}

/** Walks up to a head, and compares the walk with it. */
async function walkTo(
  end: Head,
  ledger: Reads,
  walk: ChainWalk,
  progress: (seen: number) => void,
): Promise<Fault | null> {
  for await (const rows of eventsTo(end.seq, ledger, walk)) {
    const fault = walk.take(rows)
    if (fault) return fault
    progress(walk.events)
  }
  return walk.expect(end)
}

/** The events after the walk's head up to number `last`, or to the last one there is; `atOnce` at a time. */
async function* eventsTo(last: number, ledger: Reads, walk: ChainWalk, atOnce = ROWS_AT_ONCE) {
  while (walk.head.seq < last) {
    const rows = await ledger.events.after(walk.head.seq, Math.min(atOnce, last - walk.head.seq))
    if (rows.length === 0) return
    yield rows
  }
}

/** A fault when an event comes after the head of the lane, up to number `last`. A server may record events meanwhile. */
async function nothingBehind(ledger: Reads, walk: ChainWalk, last: number): Promise<Fault | null> {
  for (let round = 0; round < ROUNDS; round++) {
    const [stray] = await ledger.events.after(walk.head.seq, 1, last)
    if (!stray) return null
    const heads = await ledger.heads()
    const head = headIn(heads, laneOf(walk.head.seq))
    if (head.seq < stray.seq) {
      // Another server may have begun a lane.
      if (laneOf(stray.seq) < heads.length && laneOf(stray.seq) > laneOf(head.seq)) return null
      return {
        seq: stray.seq,
        message: `event ${named(stray.seq)} (${stray.eventId}) comes after the end of the trail: it was inserted`,
      }
    }
    const fault = await walkTo(head, ledger, walk, () => {})
    if (fault) return fault
  }
  return null
}

/** What a period is about in one lane. */
interface Range {
  /** The lane's first event that is left comes after it. */
  readonly floor: Head
  /** The heads between which the period lies. */
  readonly start: Head
  readonly end: Head
  /** The first and the last event that may belong to the period. */
  readonly first: number
  readonly last: number
}

function totalOf(lanes: readonly Range[]): number {
  return lanes.reduce((sum, { start, end }) => sum + end.seq - start.seq, 0)
}

/** Where a period lies in each lane, and the stored checkpoints. */
async function rangeOf({ ledger, eventIndex }: TrailRooms, { from, to }: Period) {
  const [floors, heads, indexed] = [await floorsNow(ledger), await ledger.heads(), await eventIndex.indexed()]
  const stored = await checkpointsBetween(ledger, eventsUpTo(floors), eventsUpTo(heads) + 1)
  const lanes = heads.map((head, lane): Range => {
    const floor = headIn(floors, lane)
    const parts = indexed.lanes[lane] ?? { floor: floor.seq, parts: [], lastSeq: floor.seq }
    const marks = stored.map((checkpoint) => headIn(headsOf(checkpoint), lane))
    const first = from === null ? floor.seq + 1 : firstAt(parts, from)
    const last = to === null ? head.seq : lastAt(parts, to, head.seq)
    const start = marks.findLast(({ seq }) => seq >= floor.seq && seq < first) ?? floor
    const end = (to === null ? undefined : marks.find(({ seq }) => seq >= Math.max(last, first))) ?? head
    return { floor, start, end, first, last }
  })
  return { lanes, stored }
}

/** The first event that may be at or after a moment; the index is exact to a part. */
function firstAt({ parts, lastSeq }: IndexedLane, at: number): number {
  return parts.find(({ toAt }) => toAt >= at)?.firstSeq ?? lastSeq + 1
}

/** The last event that may be at or before a moment. Any event that is not indexed yet may be. */
function lastAt({ parts, lastSeq }: IndexedLane, at: number, head: number): number {
  return head > lastSeq ? head : (parts.findLast(({ fromAt }) => fromAt <= at)?.lastSeq ?? 0)
}

/** A piece of an export: its start, a verified event, or its end. */
export type Exported = { readonly start: Heads } | { readonly row: ChainedEvent } | { readonly end: Heads }

/** Verifies a period as `verifyTrail` does, and yields its events, lane by lane. Throws at the first that is not what was recorded. */
export async function* exportTrail(
  rooms: TrailRooms,
  period: Period,
  publicKey: KeyObject,
  progress: Progress,
): AsyncGenerator<Exported> {
  const { lanes, stored } = await rangeOf(rooms, period)
  const checkpoints = new Checkpoints(stored, publicKey)
  const [total, seen] = [totalOf(lanes), lanes.map(() => 0)]
  // All lanes are begun before the first event is handed out.
  const atOnce = Math.max(FEWEST_ROWS_OF_A_LANE, Math.floor(ROWS_AT_ONCE / lanes.length))
  const pieces = lanes.map((range, lane) =>
    exportLane(rooms.ledger, range, period, checkpoints, atOnce, (events) => {
      seen[lane] = events
      progress(
        seen.reduce((sum, some) => sum + some, 0),
        total,
      )
    }),
  )
  const start: Head[] = []
  for (const lane of pieces) {
    const { value } = await lane.next()
    if (value && 'start' in value) start.push(value.start)
  }
  yield { start }
  const end: Head[] = []
  for (const lane of pieces)
    for await (const piece of lane)
      if ('row' in piece) yield piece
      else if ('end' in piece) end.push(piece.end)
  yield { end }
}

type LanePiece = { readonly start: Head } | { readonly row: ChainedEvent } | { readonly end: Head }

async function* exportLane(
  ledger: Reads,
  { start, end, first, last }: Range,
  period: Period,
  checkpoints: Checkpoints,
  atOnce: number,
  progress: (seen: number) => void,
): AsyncGenerator<LanePiece> {
  const walk = new ChainWalk(start, checkpoints)
  const demand = (fault: Fault | null) => {
    if (fault) throw new Error(`the trail can't be exported: ${fault.message}`)
  }
  let [before, closing]: [Head, Head | null] = [start, null]
  for await (const rows of eventsTo(end.seq, ledger, walk, atOnce)) {
    demand(walk.take(rows))
    for (const row of rows) {
      const within = row.seq >= first && row.seq <= last
      if (within && (closing || period.from === null || row.at >= period.from)) {
        if (!closing) yield { start: before }
        closing = row
        yield { row }
      }
      before = row
    }
    progress(walk.events)
  }
  demand(walk.expect(end))
  if (!closing) yield { start: before }
  yield { end: closing ?? before }
}
