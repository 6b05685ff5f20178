// A trail: what it delivers and where to, when it logged, and how far its delivery has come (docs/trails.md).
// Each change of a trail is a pure function of the trail before.
import type { Kind, Recorded } from '../../ledger/record.ts'

/** The events that the trail logs: after number `from`, up to number `to`; `to` is null while the trail is logging. */
export interface Interval {
  readonly from: number
  readonly to: number | null
}

/** A batch whose boundaries are fixed, so that each attempt to deliver it writes the same objects. */
export interface PendingBatch {
  /** The batch covers the events after this number, */
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
  /** Every event up to this number is delivered, or the trail does not select it. */
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
  /** What remains to be delivered, oldest first. */
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

/** Starts logging with the events after number `head`. */
export function started(body: TrailBody, head: number, now: number): TrailBody {
  if (body.status === 'Enable') return body
  return { ...body, status: 'Enable', startedAt: now, intervals: [...body.intervals, { from: head, to: null }] }
}

/** Stops logging after event number `head`; earlier events are still delivered. */
export function stopped(body: TrailBody, head: number, now: number): TrailBody {
  if (body.status === 'Disable') return body
  const intervals = body.intervals.map(({ from, to }) => ({ from, to: to ?? head })).filter(({ from, to }) => to > from)
  return { ...body, status: 'Disable', stoppedAt: now, intervals }
}

/** Begins a new chain of digests when the trail delivers to another place after event number `head`. */
export function moved(before: TrailBody, after: TrailBody, head: number, chain: string): TrailBody {
  const { ossBucketName, ossKeyPrefix, intervals, delivery } = before
  if (after.ossBucketName === ossBucketName && after.ossKeyPrefix === ossKeyPrefix) return after
  return {
    ...after,
    // Events from before the trail had a bucket are not delivered.
    intervals:
      ossBucketName === '' ? intervals.flatMap(({ to }) => (to === null ? [{ from: head, to }] : [])) : intervals,
    delivery: { ...delivery, chain, digest: null, lease: null, failures: 0, bucketOk: true },
  }
}

/** A trail that delivers nowhere yet. `chain` names its chain of digests. */
export function newTrail(homeRegion: string, chain: string): TrailBody {
  return {
    homeRegion,
    trailRegion: 'All',
    eventRw: 'All',
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

/** The next events to consider, after `from` up to `to`; `open` when more will come. null when there are none. */
export function nextRange(body: TrailBody, head: number): { from: number; to: number; open: boolean } | null {
  for (const { from, to } of body.intervals) {
    const range = { from: Math.max(from, body.delivery.cursor), to: to ?? head, open: to === null }
    if (range.to > range.from) return range
  }
  return null
}

/** The trail after every event up to `cursor` is delivered or passed over. */
export function advanced(body: TrailBody, cursor: number, delivery: Partial<DeliveryState> = {}): TrailBody {
  return {
    ...body,
    intervals: body.intervals.filter(({ to }) => to === null || to > cursor),
    delivery: { ...body.delivery, ...delivery, cursor },
  }
}
