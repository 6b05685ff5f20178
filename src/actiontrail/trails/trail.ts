// A trail: what it delivers and where to, when it logged, and how far its delivery has come (contract/actiontrail.md section 5).
// Pure: each change of a trail is a function from what it was.
import type { Kind, Recorded } from '../../ledger/record.ts'

/** Events that are logged: after number `from` up to number `to`; null while the trail is logging. */
export interface Interval {
  readonly from: number
  readonly to: number | null
}

/** A batch whose boundaries are fixed, so that each try to deliver it writes the same objects. */
export interface PendingBatch {
  /** Events after this number, */
  readonly from: number
  /** up to this one, are looked through. */
  readonly to: number
  /** When it was cut, in milliseconds since 1970. */
  readonly at: number
  readonly eventRw: EventRw
  readonly trailRegion: string
}

/** How far the delivery to a bucket has come. Times are milliseconds since 1970. */
export interface DeliveryState {
  /** All events up to this number are delivered, or are none of this trail's. */
  readonly cursor: number
  readonly pending: PendingBatch | null
  /** The server that delivers the pending batch, and until when no other may. */
  readonly lease: { readonly node: string; readonly until: number } | null
  /** Names the chain of digests: a new one begins with each new place. */
  readonly chain: string
  /** The last digest of the chain. */
  readonly digest: { readonly number: number; readonly name: string; readonly sha256: string } | null
  /** Failures since the last success. */
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
  /** What is yet to be delivered, the oldest first. */
  readonly intervals: readonly Interval[]
  readonly delivery: DeliveryState
}

/** Trails by name; they belong to the account as a whole, since a name is unique in it. */
export const TRAIL: Kind<TrailBody> = { name: 'trail', counted: false }
export type Trail = Recorded<TrailBody>

/** Moves with every trail that is made or deleted, so that the rules about all of an account's trails hold exactly. */
export const TRAIL_LIST: Kind<Record<string, never>> = { name: 'trail-list', counted: false }
export const TRAIL_LIST_ID = 'list'

/** Holds a bucket for one trail; of the installation, since accounts may share buckets. */
export const TRAIL_BUCKET: Kind<{ readonly account: string; readonly trail: string }> = {
  name: 'trail-bucket',
  counted: false,
}

/** Where an account's trails are. */
export function trailScope(account: string): { account: string; region: string } {
  return { account, region: '' }
}

/** Stretches of logging that may wait for a bucket at the same time. */
export const MOST_INTERVALS = 1000

/** Whether anything is, or will be, to deliver. */
export function delivers({ ossBucketName, intervals, delivery }: TrailBody): boolean {
  return ossBucketName !== '' && (intervals.length > 0 || delivery.pending !== null)
}

/** When work is due on a trail that changed at `now`. */
export function dueFrom(body: TrailBody, now: number): number | null {
  return delivers(body) ? now : null
}

/** The trail logs from now on what comes after event number `head`. */
export function started(body: TrailBody, head: number, now: number): TrailBody {
  if (body.status === 'Enable') return body
  return { ...body, status: 'Enable', startedAt: now, intervals: [...body.intervals, { from: head, to: null }] }
}

/** The trail logs nothing that comes after event number `head`; what came before is still delivered. */
export function stopped(body: TrailBody, head: number, now: number): TrailBody {
  if (body.status === 'Disable') return body
  const intervals = body.intervals.map(({ from, to }) => ({ from, to: to ?? head })).filter(({ from, to }) => to > from)
  return { ...body, status: 'Disable', stoppedAt: now, intervals }
}

/** A trail that delivers to another place from event number `head` on begins a new chain of digests there. */
export function moved(before: TrailBody, after: TrailBody, head: number, chain: string): TrailBody {
  const { ossBucketName, ossKeyPrefix, intervals, delivery } = before
  if (after.ossBucketName === ossBucketName && after.ossKeyPrefix === ossKeyPrefix) return after
  return {
    ...after,
    // A trail that had no bucket until now owes none what came before.
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

/** What is to be looked through next, events after `from` up to `to`; `open`: more will come. null: nothing. */
export function nextRange(body: TrailBody, head: number): { from: number; to: number; open: boolean } | null {
  for (const { from, to } of body.intervals) {
    const range = { from: Math.max(from, body.delivery.cursor), to: to ?? head, open: to === null }
    if (range.to > range.from) return range
  }
  return null
}

/** The trail after all events up to `cursor` are dealt with. */
export function advanced(body: TrailBody, cursor: number, delivery: Partial<DeliveryState> = {}): TrailBody {
  return {
    ...body,
    intervals: body.intervals.filter(({ to }) => to === null || to > cursor),
    delivery: { ...body.delivery, ...delivery, cursor },
  }
}
