// Decides the next step of a trail's delivery: wait, pass over events that the trail does not select, or deliver a batch. A batch covers
// one lane. The lane whose oldest event has waited longest comes first.

import type { Heads } from '../../storage/storage.ts'
import {
  advanced,
  type EventRange,
  nextRanges,
  type PendingBatch,
  type Trail,
  type TrailBody,
  withLanes,
} from '../trails/trail.ts'
import { collect, type Limits, type Trailing } from './batch.ts'

const FIRST_PAUSE_MS = 1000
export const LONGEST_PAUSE_MS = 300_000
const SHORTEST_LOOK_MS = 500

interface Moment {
  /** The last recorded event of each lane. */
  readonly heads: Heads
  readonly now: number
  /** This server. */
  readonly node: string
  /** How long events are gathered for a batch. */
  readonly intervalMs: number
  readonly limits: Limits
  readonly trailing: Trailing
}

export type Step =
  /** Look again at `dueAt`. Without a body, another server holds the batch and the trail stays as it is. */
  | { readonly do: 'wait'; readonly body: TrailBody | null; readonly dueAt: number | null }
  | { readonly do: 'advance'; readonly body: TrailBody }
  | { readonly do: 'deliver'; readonly body: TrailBody; readonly batch: PendingBatch }

/** Whether another server holds the batch. A lease that ends later than any is renewed is of a server whose clock was ahead. */
function isHeld(lease: TrailBody['delivery']['lease'], { node, now }: Moment): boolean {
  return lease !== null && lease.node !== node && lease.until > now && lease.until <= now + LONGEST_PAUSE_MS
}

/** The next step of a trail's delivery. Throws Unavailable. */
export async function nextStep(trail: Trail, moment: Moment): Promise<Step> {
  const { body, account } = trail
  const { heads, now, intervalMs, limits, trailing } = moment
  const { pending, lease } = body.delivery
  if (body.ossBucketName === '') return { do: 'wait', body, dueAt: null }
  if (pending !== null) {
    return isHeld(lease, moment) ? { do: 'wait', body: null, dueAt: null } : { do: 'deliver', body, batch: pending }
  }
  const look = now + Math.max(SHORTEST_LOOK_MS, intervalMs / 2)
  const ranges = nextRanges(body, heads)
  if (ranges.length === 0) return { do: 'wait', body, dueAt: body.intervals.length > 0 ? look : null }
  const { eventRw, trailRegion } = body
  const filter = { account, eventRw, trailRegion }
  let after = withLanes(body, heads)
  let isBehind = false
  let next: { readonly range: EventRange; readonly ripe: number } | null = null
  for (const range of ranges) {
    const first = await collect(trailing, range, filter, { ...limits, events: 1 })
    const [oldest] = first.events
    if (!oldest && first.missing === null) {
      // Moves the trail past these events, so that they are not read again. A trail that is up to date then waits.
      after = advanced(after, first.to)
      isBehind ||= !range.open || first.to < range.to
      continue
    }
    // An event far in the future is of a server whose clock was ahead. Later events of its lane, and other lanes, do not wait for that time.
    const gathers = range.open && oldest && oldest.at <= now + intervalMs
    const ripe = gathers ? oldest.at + intervalMs : now
    if (!next || ripe < next.ripe) next = { range, ripe }
  }
  if (next && next.ripe <= now) {
    const { from } = next.range
    const { to } = await collect(trailing, next.range, filter, limits)
    return { do: 'deliver', body: after, batch: { from, to, at: now, eventRw, trailRegion } }
  }
  if (isBehind) return { do: 'advance', body: after }
  return { do: 'wait', body: after, dueAt: next?.ripe ?? look }
}

/** The pause in milliseconds after this many failures in a row: exponential up to five minutes, with jitter. 0 ≤ `random` < 1. */
export function retryPauseMs(failures: number, random: number): number {
  const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures - 1, 20))
  return Math.round(pause * (0.5 + random / 2))
}
