// Verifies the whole trail for the operator, and exports it as a copy that others can verify by themselves.
import type { KeyObject } from 'node:crypto'
import { floorNow } from '../../ledger/floor.ts'
import type { Ledger } from '../../ledger/ledger.ts'
import type { ChainedEvent, Head } from '../../storage/storage.ts'
import type { EventIndex, Indexed } from '../lookup/event-index.ts'
import type { Checkpoint } from './checkpoint.ts'
import { checkpointsBetween } from './checkpoint-chain.ts'
import { ChainWalk, type Fault, type Verified } from './verify.ts'

const ROWS_AT_ONCE = 5000
/** How many times the end is read again while a server records events. */
const ROUNDS = 5

type Reads = Pick<Ledger, 'get' | 'between' | 'events' | 'head'>

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
 * Verifies the events from the last checkpoint before the period to the first one after it.
 * `witnesses` are checkpoints that were kept outside the database; the chain must agree with all of them.
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
    const { start, end, checkpoints } = await rangeOf(rooms, period)
    const walk = new ChainWalk(start, [...checkpoints, ...witnesses], publicKey)
    let fault = await walkTo(end, ledger, walk, (seen) => progress(seen, end.seq - start.seq))
    if (period.to === null) fault ??= (await nothingBehind(ledger, walk)) ?? walk.unmet()
    // Events that a server dropped meanwhile, after the retention, are not missing: walk again from the new floor.
    const dropped = fault !== null && (await floorNow(ledger)).seq > start.seq
    if (!dropped || round === ROUNDS) return { events: walk.events, head: walk.head, fault }
  }
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

/** The events after the walk's head up to number `last`, or to the last one there is. */
async function* eventsTo(last: number, ledger: Reads, walk: ChainWalk) {
  while (walk.head.seq < last) {
    const rows = await ledger.events.after(walk.head.seq, Math.min(ROWS_AT_ONCE, last - walk.head.seq))
    if (rows.length === 0) return
    yield rows
  }
}

/** A fault when an event comes after the head of the chain. A server may record events meanwhile. */
async function nothingBehind(ledger: Reads, walk: ChainWalk): Promise<Fault | null> {
  for (let round = 0; round < ROUNDS; round++) {
    const [stray] = await ledger.events.after(walk.head.seq, 1)
    if (!stray) return null
    const head = await ledger.head()
    if (head.seq < stray.seq)
      return {
        seq: stray.seq,
        message: `event ${stray.seq} (${stray.eventId}) comes after the end of the trail: it was inserted`,
      }
    const fault = await walkTo(head, ledger, walk, () => {})
    if (fault) return fault
  }
  return null
}

/** The heads between which a period lies, the checkpoints between them, and the first and last event that may belong to it. */
async function rangeOf({ ledger, eventIndex }: TrailRooms, { from, to }: Period) {
  const [floor, head, indexed] = [await floorNow(ledger), await ledger.head(), await eventIndex.indexed()]
  const checkpoints = await checkpointsBetween(ledger, floor.seq, head.seq + 1)
  const first = from === null ? floor.seq + 1 : firstAt(indexed, from)
  const last = to === null ? head.seq : lastAt(indexed, to, head.seq)
  const start: Head = checkpoints.findLast(({ seq }) => seq < first) ?? floor
  const end: Head = (to === null ? undefined : checkpoints.find(({ seq }) => seq >= Math.max(last, first))) ?? head
  return { start, end, checkpoints, first, last }
}

/** The first event that may be at or after a moment; the index is exact to a part. */
function firstAt({ parts, lastSeq }: Indexed, at: number): number {
  return parts.find(({ toAt }) => toAt >= at)?.firstSeq ?? lastSeq + 1
}

/** The last event that may be at or before a moment. Any event that is not indexed yet may be. */
function lastAt({ parts, lastSeq }: Indexed, at: number, head: number): number {
  return head > lastSeq ? head : (parts.findLast(({ fromAt }) => fromAt <= at)?.lastSeq ?? 0)
}

/** A piece of an export: its start, a verified event, or its end. */
export type Exported = { readonly start: Head } | { readonly row: ChainedEvent } | { readonly end: Head }

/** Verifies a period as `verifyTrail` does, and yields its events. Throws at the first that is not what was recorded. */
export async function* exportTrail(
  rooms: TrailRooms,
  period: Period,
  publicKey: KeyObject,
  progress: Progress,
): AsyncGenerator<Exported> {
  const { ledger } = rooms
  const { start, end, checkpoints, first, last } = await rangeOf(rooms, period)
  const walk = new ChainWalk(start, checkpoints, publicKey)
  const demand = (fault: Fault | null) => {
    if (fault) throw new Error(`the trail can't be exported: ${fault.message}`)
  }
  let [before, closing]: [Head, Head | null] = [start, null]
  for await (const rows of eventsTo(end.seq, ledger, walk)) {
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
    progress(walk.events, end.seq - start.seq)
  }
  demand(walk.expect(end))
  if (!closing) yield { start: before }
  yield { end: closing ?? before }
}
