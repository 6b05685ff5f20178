// Verifies the whole trail for the operator, and exports a copy that others can verify by themselves. Each lane is a chain of its own.
import type { KeyObject } from 'node:crypto'
import { headIn } from '../../ledger/chain.ts'
import { floorsNow } from '../../ledger/floor.ts'
import { eventsUpTo, laneEnd, laneOf } from '../../storage/lane.ts'
import type { ChainedEvent, Head, Heads } from '../../storage/storage.ts'
import type { Checkpoint } from './checkpoint.ts'
import { missingCheckpoint } from './checkpoint-chain.ts'
import { type GiveWay, type Lane, type Period, type Reads, rangeOf, type TrailRooms, totalOf } from './range.ts'
import { StoredWalk, type Walking } from './stored-walk.ts'
import { ofRow, type TrailFault, type Verified, withId } from './verify.ts'

const ROWS_AT_ONCE = 5000
/** The fewest rows of a lane per read, however many lanes there are: fewer rows mean more reads, which slow the export. */
const FEWEST_ROWS_OF_A_LANE = 100
/** How many times the end is read again while a server records events. */
const ROUNDS = 5

/** Called during a long walk with the number of events seen and of all events. The walk waits for it, and ends when it throws. */
export type Progress = (seen: number, total: number) => void | Promise<void>

/**
 * Verifies the events from the last checkpoint before the period to the first one after it, lane by lane. `witnesses` are checkpoints that
 * were kept outside the database; the chains must agree with all of them. Repeats the walk when a server drops events meanwhile.
 */
export async function verifyTrail(
  rooms: TrailRooms,
  period: Period,
  publicKey: KeyObject,
  witnesses: readonly Checkpoint[],
  progress: Progress,
  rowsAtOnce: number = ROWS_AT_ONCE,
): Promise<Verified<TrailFault>> {
  const { ledger } = rooms
  for (let round = 1; ; round++) {
    const range = await rangeOf(rooms, period, witnesses, async () => progress(0, 0))
    const { lanes, vanished } = range
    const walking = { ledger, publicKey, witnesses, range, rowsAtOnce }
    const verified = vanished ? none(lanes, vanished) : await verifyLanes(walking, period, progress)
    // Another server may have dropped events after their retention during the walk. These are not missing: the next round starts from the
    // new floor.
    const floor = eventsUpTo(await floorsNow(ledger))
    const dropped = verified.fault !== null && floor > eventsUpTo(lanes.map((lane) => lane.floor))
    if (!dropped || round === ROUNDS) return verified
  }
}

function none(lanes: readonly Lane[], fault: TrailFault): Verified<TrailFault> {
  return { events: 0, confirmed: 0, heads: lanes.map(({ start }) => start), fault }
}

async function verifyLanes(walking: Walking, period: Period, progress: Progress): Promise<Verified<TrailFault>> {
  const { ledger, range } = walking
  const total = totalOf(range.lanes)
  const heads: Head[] = []
  let [events, confirmed] = [0, 0]
  for (const [lane, { end }] of range.lanes.entries()) {
    const walk = new StoredWalk(walking, lane)
    const before = events
    const step = (seen: number) => progress(before + seen, Math.max(total, before + seen))
    let fault = await walk.to(end, step)
    // Events beyond the last lane are faults of the last lane.
    const behind = lane === range.lanes.length - 1 ? Number.MAX_SAFE_INTEGER : laneEnd(lane)
    if (period.to === null) fault ??= (await nothingBehind(ledger, walk, behind, step)) ?? (await walk.unmet())
    events += walk.events
    confirmed += walk.confirmed
    heads.push(walk.head)
    if (fault) return { events, confirmed, heads, fault }
  }
  return { events, confirmed, heads, fault: null }
}

/**
 * The fault of an event after the lane's head, up to number `last`; null when there is none. A server may record events meanwhile: the walk
 * follows the head then.
 */
async function nothingBehind(
  ledger: Reads,
  walk: StoredWalk,
  last: number,
  step: (seen: number) => void | Promise<void>,
): Promise<TrailFault | null> {
  for (let round = 0; round < ROUNDS; round++) {
    const [stray] = await ledger.events.after(walk.head.seq, 1, last)
    if (!stray) return null
    const heads = await ledger.heads()
    const head = headIn(heads, laneOf(walk.head.seq))
    if (head.seq < stray.seq) {
      // An event in a later lane is no fault where another server has begun that lane.
      if (laneOf(stray.seq) < heads.length && laneOf(stray.seq) > laneOf(head.seq)) return null
      return {
        kind: 'Inserted',
        seq: stray.seq,
        message: `event ${withId(stray)} comes after the end of the trail: it was inserted`,
        event: ofRow(stray),
      }
    }
    const fault = await walk.to(head, step)
    if (fault) return fault
  }
  return null
}

/**
 * The fault beside an intact chain: in the stored checkpoints, or in the index of lookups. `known` is the `seq` of a checkpoint that was
 * seen in the database, or 0. Waits for `giveWay` after each step, and ends when that throws.
 */
export async function faultBeside(
  { ledger, eventIndex }: TrailRooms,
  known: number,
  giveWay: GiveWay,
): Promise<TrailFault | null> {
  const gap = await missingCheckpoint(ledger, known, giveWay)
  if (gap) return { kind: 'CheckpointMissing', seq: 0, message: gap }
  const fault = await eventIndex.fault(giveWay)
  if (!fault) return null
  const message = `${fault}: lookups may miss events; \`strongroom audit reindex\` rebuilds it`
  return { kind: 'IndexAltered', seq: 0, message }
}

/** A piece of an export: its start, a verified event, or its end. */
type Exported = { readonly start: Heads } | { readonly row: ChainedEvent } | { readonly end: Heads }

/**
 * Verifies a period as `verifyTrail` does, and yields its events, lane by lane. Throws at the first event that is not what was recorded.
 */
export async function* exportTrail(
  rooms: TrailRooms,
  period: Period,
  publicKey: KeyObject,
  progress: Progress,
): AsyncGenerator<Exported> {
  const { ledger, eventIndex } = rooms
  const range = await rangeOf(rooms, period, [], () => eventIndex.turn())
  const { lanes } = range
  // The first line holds the start of every lane. So all lanes begin, with one page of rows each, before the first event goes out.
  const rowsAtOnce = Math.max(FEWEST_ROWS_OF_A_LANE, Math.floor(ROWS_AT_ONCE / lanes.length))
  const walking = { ledger, publicKey, witnesses: [], range, rowsAtOnce }
  const [total, seen] = [totalOf(lanes), lanes.map(() => 0)]
  const pieces = lanes.map((bounds, lane) =>
    exportLane(new StoredWalk(walking, lane), bounds, period, (events) => {
      seen[lane] = events
      return progress(
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
  walk: StoredWalk,
  { start, end, first, last }: Lane,
  period: Period,
  progress: (seen: number) => void | Promise<void>,
): AsyncGenerator<LanePiece> {
  const demand = (fault: TrailFault | null) => {
    if (fault) throw new Error(`the trail can't be exported: ${fault.message}`)
  }
  let [before, closing]: [Head, Head | null] = [start, null]
  for await (const rows of walk.rowsTo(end)) {
    demand(await walk.take(rows))
    for (const row of rows) {
      const within = row.seq >= first && row.seq <= last
      if (within && (closing || period.from === null || row.at >= period.from)) {
        if (!closing) yield { start: before }
        closing = row
        yield { row }
      }
      before = row
    }
    await progress(walk.events)
  }
  demand(walk.expect(end))
  if (!closing) yield { start: before }
  yield { end: closing ?? before }
}
