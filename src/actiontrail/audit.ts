// What the operator asks of the whole trail: is it what was recorded, and a copy of it that others can verify without us.
import type { KeyObject } from 'node:crypto'
import type { Ledger } from '../ledger/ledger.ts'
import type { ChainedEvent, Head } from '../storage/storage.ts'
import type { Checkpoint } from './checkpoint.ts'
import type { EventIndex } from './event-index.ts'
import { checkpointsBetween, floorOf } from './upkeep.ts'
import { ChainWalk, type Fault, type Verified } from './verify.ts'

const ROWS_AT_ONCE = 5000
const PARTS_AT_ONCE = 100
/** How often the end is looked for again while a server goes on recording. */
const ROUNDS = 5

type Reads = Pick<Ledger, 'get' | 'between' | 'events' | 'head'>

/** Told how far a long walk is: events seen, and how many there are. */
export type Progress = (seen: number, total: number) => void

/** Milliseconds since 1970, both included; null for an open end. */
export interface Period {
  readonly from: number | null
  readonly to: number | null
}

/**
 * Verifies the events of a period, or all: from the last checkpoint before it to the first after it.
 * `witnesses` are checkpoints that were kept outside the database; all of them must be met.
 */
export async function verifyTrail(
  ledger: Reads,
  period: Period,
  publicKey: KeyObject,
  witnesses: readonly Checkpoint[],
  progress: Progress,
): Promise<Verified> {
  const { start, end, checkpoints } = await rangeOf(ledger, period)
  const walk = new ChainWalk(start, [...checkpoints, ...witnesses], publicKey)
  let fault = await walkTo(end, ledger, walk, (seen) => progress(seen, end.seq - start.seq))
  if (period.to === null) fault ??= (await nothingBehind(ledger, walk)) ?? walk.unmet()
  return { events: walk.events, head: walk.head, fault }
}

/** Walks up to a head, and holds the walk against it. */
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

/** The events from the walk's head on, up to `last` or as far as there are any. */
async function* eventsTo(last: number, ledger: Reads, walk: ChainWalk) {
  while (walk.head.seq < last) {
    const rows = await ledger.events.after(walk.head.seq, Math.min(ROWS_AT_ONCE, last - walk.head.seq))
    if (rows.length === 0) return
    yield rows
  }
}

/** Behind the head there must be no event; a server may go on recording meanwhile. */
async function nothingBehind(ledger: Reads, walk: ChainWalk): Promise<Fault | null> {
  for (let round = 0; round < ROUNDS; round++) {
    const [stray] = await ledger.events.after(walk.head.seq, 1)
    if (!stray) return null
    const head = await ledger.head()
    if (head.seq < stray.seq)
      return {
        seq: stray.seq,
        message: `event ${stray.seq} (${stray.eventId}) stands behind the end of the trail: it was inserted`,
      }
    const fault = await walkTo(head, ledger, walk, () => {})
    if (fault) return fault
  }
  return null
}

/** The walk that covers a period, with the checkpoints on its way. */
async function rangeOf(ledger: Reads, { from, to }: Period) {
  const [floor, head] = [await floorOf(ledger), await ledger.head()]
  const checkpoints = await checkpointsBetween(ledger, floor.seq, head.seq + 1)
  const first = from === null ? floor.seq + 1 : await firstAt(ledger, from)
  const last = to === null ? head.seq : await lastAt(ledger, to)
  const start: Head = checkpoints.findLast(({ seq }) => seq < first) ?? floor
  const end: Head = (to === null ? undefined : checkpoints.find(({ seq }) => seq >= Math.max(last, first))) ?? head
  return { start, end, checkpoints, first, last }
}

/** The first event that may be at or after a moment; the index tells to within a part. */
async function firstAt(ledger: Reads, at: number): Promise<number> {
  const range = { fromAt: at, toAt: Number.MAX_SAFE_INTEGER }
  const [part] = await ledger.events.parts(range, 'oldest', null, 1)
  return part?.firstSeq ?? (await ledger.events.lastIndexed()) + 1
}

async function lastAt(ledger: Reads, at: number): Promise<number> {
  const [later] = await ledger.events.parts({ fromAt: at + 1, toAt: Number.MAX_SAFE_INTEGER }, 'oldest', null, 1)
  return later ? later.lastSeq : (await ledger.head()).seq
}

/** Verifies the index, which lookups rely on; null when it is whole. */
export async function indexFault(ledger: Reads, index: EventIndex): Promise<string | null> {
  const seen: { firstSeq: number; lastSeq: number }[] = []
  const range = { fromAt: 0, toAt: Number.MAX_SAFE_INTEGER }
  for (let last = null as { at: number; firstSeq: number } | null; ; ) {
    const parts = await ledger.events.parts(range, 'oldest', last, PARTS_AT_ONCE)
    const forged = parts.find((part) => !index.isAuthentic(part))
    if (forged) return `the index of events ${forged.firstSeq} to ${forged.lastSeq} was altered`
    seen.push(...parts.map(({ firstSeq, lastSeq }) => ({ firstSeq, lastSeq })))
    const end = parts.at(-1)
    if (!end || parts.length < PARTS_AT_ONCE) break
    last = { at: end.fromAt, firstSeq: end.firstSeq }
  }
  seen.sort((a, b) => a.firstSeq - b.firstSeq)
  const floor = await floorOf(ledger)
  for (const [i, { firstSeq }] of seen.entries()) {
    const expected = (seen[i - 1]?.lastSeq ?? floor.seq) + 1
    if (firstSeq > expected) return `the index of events ${expected} to ${firstSeq - 1} is missing`
  }
  return null
}

/** What an export hands out: where it starts, events that proved right, and where it ends. */
export type Exported = { readonly start: Head } | { readonly row: ChainedEvent } | { readonly end: Head }

/** Walks a period as `verifyTrail` does, and hands its events out. Throws at the first that is not as it was recorded. */
export async function* exportTrail(
  ledger: Reads,
  period: Period,
  publicKey: KeyObject,
  progress: Progress,
): AsyncGenerator<Exported> {
  const { start, end, checkpoints, first, last } = await rangeOf(ledger, period)
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
