// Where a period lies in the lanes of the stored trail.
import { headIn, named } from '../../ledger/chain.ts'
import { floorsNow } from '../../ledger/floor.ts'
import type { Ledger } from '../../ledger/ledger.ts'
import { eventsUpTo } from '../../storage/lane.ts'
import type { Head } from '../../storage/storage.ts'
import type { EventIndex, IndexedLane } from '../lookup/event-index.ts'
import { type Checkpoint, headsOf } from './checkpoint.ts'
import { checkpointsByPage } from './checkpoint-chain.ts'
import type { TrailFault } from './verify.ts'

export type Reads = Pick<Ledger, 'between' | 'events' | 'heads'>

/** Lets other work run between two steps of long work. */
export type GiveWay = () => Promise<void>

export interface TrailRooms {
  readonly ledger: Reads
  readonly eventIndex: EventIndex
}

/** Milliseconds since 1970, both ends included; null for an open end. */
export interface Period {
  readonly from: number | null
  readonly to: number | null
}

/** Where a period lies in one lane. */
export interface Lane {
  /** The head before the lane's first event that has not been dropped. */
  readonly floor: Head
  /** The heads between which the period lies. */
  readonly start: Head
  readonly end: Head
  /** The first and the last event that may belong to the period. */
  readonly first: number
  readonly last: number
}

/** Where a period lies in each lane. The stored checkpoints of the period are those with `after` < `seq` < `before`. */
export interface Range {
  readonly lanes: readonly Lane[]
  readonly after: number
  readonly before: number
  /** The fault of a lane that a checkpoint names and the trail lacks, or null. */
  readonly vanished: TrailFault | null
}

export function totalOf(lanes: readonly Lane[]): number {
  return lanes.reduce((sum, { start, end }) => sum + end.seq - start.seq, 0)
}

/** Where the period lies. Waits for `giveWay` after each page of checkpoints. */
export async function rangeOf(
  { ledger, eventIndex }: TrailRooms,
  { from, to }: Period,
  witnesses: readonly Checkpoint[],
  giveWay: GiveWay,
): Promise<Range> {
  const [floors, heads, indexed] = [await floorsNow(ledger), await ledger.heads(), await eventIndex.indexed()]
  const [after, before] = [eventsUpTo(floors), eventsUpTo(heads) + 1]
  const spans = heads.map((head, lane) => {
    const floor = headIn(floors, lane)
    const parts = indexed.lanes[lane] ?? { floor: floor.seq, parts: [], lastSeq: floor.seq }
    const first = from === null ? floor.seq + 1 : firstAt(parts, from)
    const last = to === null ? head.seq : lastAt(parts, to, head.seq)
    return { floor, head, first, last }
  })
  const starts = spans.map(({ floor }) => floor)
  const ends: (Head | undefined)[] = spans.map(() => undefined)
  let vanished = laneMissing(heads.length, witnesses)
  for await (const page of checkpointsByPage(ledger, after, before)) {
    vanished = laneMissing(heads.length, page) ?? vanished
    for (const checkpoint of page)
      for (const [lane, { floor, first, last }] of spans.entries()) {
        const mark = headIn(headsOf(checkpoint), lane)
        if (mark.seq >= floor.seq && mark.seq < first) starts[lane] = mark
        if (to !== null && mark.seq >= Math.max(last, first)) ends[lane] ??= mark
      }
    await giveWay()
  }
  const lanes = spans.map(({ floor, head, first, last }, lane) => {
    return { floor, start: starts[lane] ?? floor, end: ends[lane] ?? head, first, last }
  })
  return { lanes, after, before, vanished }
}

function laneMissing(lanes: number, checkpoints: readonly Checkpoint[]): TrailFault | null {
  const heads = checkpoints.map(headsOf).find(({ length }) => length > lanes)
  const last = heads?.[lanes]
  if (!last) return null
  return {
    kind: 'LaneMissing',
    seq: last.seq,
    message: `lane ${lanes} is missing, and a checkpoint names its event ${named(last.seq)}: the lane was removed, or an older copy was put in the place of the trail`,
  }
}

/** The first event that may be at or after a moment. The index is exact to a part. */
function firstAt({ parts, lastSeq }: IndexedLane, at: number): number {
  return parts.find(({ toAt }) => toAt >= at)?.firstSeq ?? lastSeq + 1
}

/** The last event that may be at or before a moment. Events without an index may be at any moment. */
function lastAt({ parts, lastSeq }: IndexedLane, at: number, head: number): number {
  return head > lastSeq ? head : (parts.findLast(({ fromAt }) => fromAt <= at)?.lastSeq ?? 0)
}
