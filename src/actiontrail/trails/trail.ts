// A trail: what it delivers and where, when it logged, and how far its delivery has come (docs/trails.md). Each transition is a pure
// function of the trail.
import { headIn } from '../../ledger/chain.ts'
import type { Kind, Recorded } from '../../ledger/record.ts'
import { type Heads, laneOf, laneStart } from '../../storage/lane.ts'

/** The events of one lane that the trail logs: after number `from`, up to number `to`. While the trail logs, `to` is null. */
export interface Interval {
  readonly from: number
  readonly to: number | null
}

/** A batch whose boundaries are fixed, so that each attempt to deliver it writes the same objects. */
export interface PendingBatch {
  /** The batch covers the events of a lane after `from`, up to and including `to`. */
  readonly from: number
  readonly to: number
  /** When the boundaries were fixed, in milliseconds since 1970. */
  readonly at: number
  readonly eventRw: EventRw
  readonly trailRegion: string
}

/** How far the delivery to a bucket has come. Times are milliseconds since 1970. */
interface DeliveryState {
  /**
   * All events of lane 0 up to this number are delivered, or the trail does not select them. In the other lanes the intervals themselves
   * move on.
   */
  readonly cursor: number
  readonly pending: PendingBatch | null
  /** The server that delivers the pending batch. No other server may do so before `until`. */
  readonly lease: { readonly node: string; readonly until: number } | null
  /** The name of the chain of digests. A new chain begins when the trail moves to another place. */
  readonly chain: string
  /** The last digest of the chain. */
  readonly digest: { readonly number: number; readonly name: string; readonly sha256: string } | null
  /** How many attempts failed since the last success. */
  readonly failures: number
  readonly deliveredAt: number | null
  readonly error: string | null
  readonly bucketOk: boolean
}

export type EventRw = 'Write' | 'Read' | 'All'

/** Absent texts are ''. Times are milliseconds since 1970. */
export interface TrailBody {
  readonly homeRegion: string
  /** All, or region IDs with commas between. */
  readonly trailRegion: string
  readonly eventRw: EventRw
  readonly ossBucketName: string
  readonly ossKeyPrefix: string
  readonly ossWriteRoleArn: string
  readonly slsProjectArn: string
  readonly slsWriteRoleArn: string
  readonly maxComputeProjectArn: string
  readonly maxComputeWriteRoleArn: string
  /** The id of the record that holds the bucket for this trail; '' without a bucket. */
  readonly bucketClaim: string
  readonly status: 'Fresh' | 'Enable' | 'Disable'
  readonly updatedAt: number
  readonly startedAt: number | null
  readonly stoppedAt: number | null
  /**
   * The events that remain to be delivered, oldest first within each lane. A trail that is logging also logs all of each lane that no
   * interval names.
   */
  readonly intervals: readonly Interval[]
  readonly delivery: DeliveryState
}

/** Trails by name. Their scope is the account in all regions, where a name is unique. */
export const TRAIL: Kind<TrailBody> = { name: 'trail', counted: false }
export type Trail = Recorded<TrailBody>

/** Changes with every trail that is created or deleted, so that limits on the trails of an account hold exactly. */
export const TRAIL_LIST: Kind<Record<string, never>> = { name: 'trail-list', counted: false }
export const TRAIL_LIST_ID = 'list'

/** The claim of one trail on a bucket. Its scope is the installation, because accounts may share buckets. */
export const TRAIL_BUCKET: Kind<{ readonly account: string; readonly trail: string }> = {
  name: 'trail-bucket',
  counted: false,
}

/** The scope of an account's trails. */
export function trailScope(account: string): { account: string; region: string } {
  return { account, region: '' }
}

/** The most intervals that may wait for a bucket. */
export const MOST_INTERVALS = 1000

/** Whether the trail has events to deliver, or is logging, to a bucket. */
export function delivers({ ossBucketName, intervals, delivery }: TrailBody): boolean {
  return ossBucketName !== '' && (intervals.length > 0 || delivery.pending !== null)
}

/** When the delivery looks at a trail that changed at `now`; null for never. */
export function dueFrom(body: TrailBody, now: number): number | null {
  return delivers(body) ? now : null
}

/** Starts logging with the events after the heads. */
export function started(body: TrailBody, heads: Heads, now: number): TrailBody {
  if (body.status === 'Enable') return body
  return { ...body, status: 'Enable', startedAt: now, intervals: [...body.intervals, ...openAfter(heads)] }
}

function openAfter(heads: Heads): readonly Interval[] {
  return heads.map(({ seq }) => ({ from: seq, to: null }))
}

/** Stops logging after the heads; earlier events are still delivered. */
export function stopped(body: TrailBody, heads: Heads, now: number): TrailBody {
  if (body.status === 'Disable') return body
  const intervals = withLanes(body, heads)
    .intervals.map(({ from, to }) => ({ from, to: to ?? headIn(heads, laneOf(from)).seq }))
    .filter(({ from, to }) => to > from)
  return { ...body, status: 'Disable', stoppedAt: now, intervals }
}

/** The trail with an interval for each lane that began while the trail was logging. The interval covers the whole lane. */
export function withLanes(body: TrailBody, heads: Heads): TrailBody {
  const open = new Set(body.intervals.filter(({ to }) => to === null).map(({ from }) => laneOf(from)))
  if (open.size === 0 || open.size === heads.length) return body
  const begun = heads.flatMap((_, lane) => (open.has(lane) ? [] : [{ from: laneStart(lane), to: null }]))
  return { ...body, intervals: [...body.intervals, ...begun] }
}

/**
 * Begins a new chain of digests when the trail moves to another place. A trail that had no bucket delivers only the events after the heads.
 */
export function moved(before: TrailBody, after: TrailBody, heads: Heads, chain: string): TrailBody {
  const { ossBucketName, ossKeyPrefix, intervals, delivery } = before
  if (after.ossBucketName === ossBucketName && after.ossKeyPrefix === ossKeyPrefix) return after
  const isLogging = intervals.some(({ to }) => to === null)
  const fresh = { ...delivery, chain, digest: null, lease: null, failures: 0, bucketOk: true }
  if (ossBucketName !== '') return { ...after, delivery: fresh }
  // Events from before the trail had a bucket are not delivered.
  return { ...after, intervals: isLogging ? openAfter(heads) : [], delivery: { ...fresh, pending: null } }
}

/** A trail that delivers nowhere yet. `chain` names its chain of digests. */
export function newTrail(homeRegion: string, chain: string): TrailBody {
  return {
    homeRegion,
    trailRegion: 'All',
    eventRw: 'Write',
    ossBucketName: '',
    ossKeyPrefix: '',
    ossWriteRoleArn: '',
    slsProjectArn: '',
    slsWriteRoleArn: '',
    maxComputeProjectArn: '',
    maxComputeWriteRoleArn: '',
    bucketClaim: '',
    status: 'Fresh',
    updatedAt: 0,
    startedAt: null,
    stoppedAt: null,
    intervals: [],
    delivery: {
      cursor: 0,
      pending: null,
      lease: null,
      chain,
      digest: null,
      failures: 0,
      deliveredAt: null,
      error: null,
      bucketOk: true,
    },
  }
}

/** The events of one lane to consider next, after `from` up to `to`. `open`: the trail logs later events, too. */
export interface EventRange {
  readonly from: number
  readonly to: number
  readonly open: boolean
}

/** The next events to consider, for each lane that has some. */
export function nextRanges(body: TrailBody, heads: Heads): readonly EventRange[] {
  const ranges = new Map<number, EventRange>()
  for (const { from, to } of withLanes(body, heads).intervals) {
    const lane = laneOf(from)
    const begin = lane === 0 ? Math.max(from, body.delivery.cursor) : from
    const range = { from: begin, to: to ?? headIn(heads, lane).seq, open: to === null }
    if (range.to > range.from && !ranges.has(lane)) ranges.set(lane, range)
  }
  return [...ranges.values()]
}

/** The trail after all events up to `position`, in that number's lane, are delivered or passed over. */
export function advanced(body: TrailBody, position: number, delivery: Partial<DeliveryState> = {}): TrailBody {
  const lane = laneOf(position)
  const intervals = body.intervals.flatMap((interval): readonly Interval[] => {
    const { from, to } = interval
    if (laneOf(from) !== lane) return [interval]
    if (to !== null && to <= position) return []
    return [lane === 0 ? interval : { from: Math.max(from, position), to }]
  })
  const cursor = lane === 0 ? position : body.delivery.cursor
  return { ...body, intervals, delivery: { ...body.delivery, ...delivery, cursor } }
}
