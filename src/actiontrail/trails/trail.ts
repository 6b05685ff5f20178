// A trail: what it delivers and where to, when it logged, and how far its delivery has come (docs/trails.md).
// Each change of a trail is a pure function of the trail before.
import { headIn } from '../../ledger/chain.ts'
import type { Kind, Recorded } from '../../ledger/record.ts'
import { type Heads, laneOf, laneStart } from '../../storage/lane.ts'

/** The events of one lane that the trail logs: after number `from`, up to number `to`; `to` is null while the trail is logging. */
export interface Interval {
  readonly from: number
  readonly to: number | null
}

/** A batch whose boundaries are fixed, so that each attempt to deliver it writes the same objects. */
export interface PendingBatch {
  /** The batch covers the events of a lane after this number, */
  readonly from: number
  /** up to this one. */
  readonly to: number
  /** When the boundaries were fixed, in milliseconds since 1970. */
  readonly at: number
  readonly eventRw: EventRw
  readonly trailRegion: string
}

/** How far the delivery to a bucket has come. Times are milliseconds since 1970. */
export interface DeliveryState {
  /** Every event of lane 0 up to this number is delivered, or the trail does not select it. In other lanes the intervals begin behind those. */
  readonly cursor: number
  readonly pending: PendingBatch | null
  /** The server that delivers the pending batch; no other may before `until`. */
  readonly lease: { readonly node: string; readonly until: number } | null
  /** The name of the chain of digests; a new chain begins when the trail moves to another place. */
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
  /** What remains to be delivered, oldest first within each lane. A trail that is logging logs all of a lane that they do not name. */
  readonly intervals: readonly Interval[]
  readonly delivery: DeliveryState
}

/** Trails by name. Their scope is the account in all regions, where a name is unique. */
export const TRAIL: Kind<TrailBody> = { name: 'trail', counted: false }
export type Trail = Recorded<TrailBody>

/** Changes with every trail that is made or deleted, so that limits on the trails of an account hold exactly. */
export const TRAIL_LIST: Kind<Record<string, never>> = { name: 'trail-list', counted: false }
export const TRAIL_LIST_ID = 'list'

/** The claim of one trail on a bucket. Its scope is the installation, since accounts may share buckets. */
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

/** Whether the trail has something to deliver, or will have. */
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

/** The trail with an interval for each lane that began while it was logging: all that the lane has happened since. */
export function withLanes(body: TrailBody, heads: Heads): TrailBody {
  const open = new Set(body.intervals.filter(({ to }) => to === null).map(({ from }) => laneOf(from)))
  if (open.size === 0 || open.size === heads.length) return body
  const begun = heads.flatMap((_, lane) => (open.has(lane) ? [] : [{ from: laneStart(lane), to: null }]))
  return { ...body, intervals: [...body.intervals, ...begun] }
}

/** Begins a new chain of digests when the trail delivers to another place after the heads. */
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

/** Events of one lane to consider, after `from` up to `to`; `open` when more will come. */
export interface EventRange {
  readonly from: number
  readonly to: number
  readonly open: boolean
}

/** The next events to consider in each lane that has some. */
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

/** The trail after every event up to `position`, in the lane of that number, is delivered or passed over. */
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
