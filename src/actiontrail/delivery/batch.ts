// The delivery of a range of events: which events a trail selects, in which objects, under which names (docs/trails.md). The same range
// always gives the same objects, byte for byte.
import { hash } from 'node:crypto'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { inFipsMode } from '../../runtime/fips.ts'
import { laneOf } from '../../storage/lane.ts'
import type { ChainedEvent, EventStorage, Heads } from '../../storage/storage.ts'
import { renderEvent } from '../events/event.ts'
import { type EventRw, nextRanges, type Trail } from '../trails/trail.ts'

/** The limits of one batch, over all of its regions. */
export interface Limits {
  readonly events: number
  /** Bytes of uncompressed JSON. */
  readonly bytes: number
}

export const BATCH_LIMITS: Limits = { events: 10_000, bytes: 16 * 1024 * 1024 }
export const NO_LIMITS: Limits = { events: Number.POSITIVE_INFINITY, bytes: Number.POSITIVE_INFINITY }

const ROWS_AT_ONCE = 1000
/** The most rows read in one step. Ranges with few events of this account would otherwise take one very long step. */
const MOST_ROWS = 100_000

interface Filter {
  readonly account: string
  readonly eventRw: EventRw
  readonly trailRegion: string
}

/** An event that the trail delivers. */
interface Picked {
  readonly seq: number
  readonly at: number
  readonly region: string
  readonly json: string
}

/** The events found in a range. */
export interface Collected {
  /** The last event that was read. */
  readonly to: number
  readonly events: readonly Picked[]
  /** The first and the last number of the events that were dropped. Some events between them may still exist. */
  readonly missing: readonly [first: number, last: number] | null
}

/** The recorded events, and the way to let other calls run between steps of long work. */
export interface Trailing {
  readonly events: Pick<EventStorage, 'after'>
  turn(): Promise<void>
}

/** The event's JSON when the trail selects it, otherwise null. A trail selects global events of every region. */
export function wanted(event: ChainedEvent, filter: Filter): string | null {
  if (event.account !== filter.account) return null
  const shown = renderEvent(event)
  if (filter.eventRw !== 'All' && shown['eventRW'] !== filter.eventRw) return null
  const everywhere = filter.trailRegion === 'All' || shown['isGlobal'] === true
  return everywhere || filter.trailRegion.split(',').includes(event.region) ? JSON.stringify(shown) : null
}

/** Reads the events after `from` until a limit, or up to `to`. Throws Unavailable. */
export async function collect(
  trail: Trailing,
  { from, to }: { readonly from: number; readonly to: number },
  filter: Filter,
  limits: Limits,
): Promise<Collected> {
  const found: Picked[] = []
  let missing: [number, number] | null = null
  let [position, bytes] = [from, 0]
  const gap = (last: number) => {
    missing = [missing?.[0] ?? position + 1, last]
  }
  while (position < to && (limits === NO_LIMITS || position - from < MOST_ROWS)) {
    const rows = await trail.events.after(position, Math.min(ROWS_AT_ONCE, to - position))
    for (const row of rows) {
      if (row.seq > to) break
      const json = wanted(row, filter)
      const size = json === null ? 0 : Buffer.byteLength(json) + 1
      if (bytes > 0 && bytes + size > limits.bytes) return { to: position, events: found, missing }
      if (row.seq > position + 1) gap(row.seq - 1)
      position = row.seq
      if (json === null) continue
      found.push({ seq: row.seq, at: row.at, region: row.region, json })
      bytes += size
      if (found.length >= limits.events) return { to: position, events: found, missing }
    }
    const last = rows.at(-1)?.seq ?? Number.POSITIVE_INFINITY
    if (last > to && position < to) {
      gap(to)
      position = to
    }
    // SQLite reads synchronously: without a pause, a long range would block calls.
    await trail.turn()
  }
  return { to: position, events: found, missing }
}

/** An object to write. Times are milliseconds since 1970. */
export interface DeliveryObject {
  readonly key: string
  readonly bytes: Uint8Array
  readonly sha256: string
  readonly events: number
  readonly firstAt: number
  readonly lastAt: number
  readonly firstSeq: number
  readonly lastSeq: number
}

const compress = promisify(gzip)

/** The objects of a batch, one for each region, sorted by key. */
export async function objectsOf(events: readonly Picked[], prefix: string): Promise<readonly DeliveryObject[]> {
  const regions = Map.groupBy(events, ({ region }) => region)
  const objects: DeliveryObject[] = []
  for (const [region, some] of regions) objects.push(await objectOf(region, some, prefix))
  return objects.toSorted((a, b) => (a.key < b.key ? -1 : 1))
}

async function objectOf(region: string, events: readonly Picked[], prefix: string): Promise<DeliveryObject> {
  const ordered = events.toSorted((a, b) => a.at - b.at || a.seq - b.seq)
  const text = Buffer.from(`[${ordered.map(({ json }) => json).join(',')}]`, 'utf8')
  const bytes = await compress(text, { level: 6 })
  // INVARIANT: the gzip header is the same on every machine. zlib writes no time; 255 stands for an unknown operating system (RFC 1952,
  // section 2.3).
  bytes[9] = 255
  const [firstAt, lastAt] = [ordered[0]?.at ?? 0, ordered.at(-1)?.at ?? 0]
  const time = compactTime(firstAt)
  const sha256 = hash('sha256', bytes, 'hex')
  // FIPS mode has no MD5. The hash only distinguishes names here.
  const md5 = inFipsMode() ? sha256.slice(0, 32) : hash('md5', bytes, 'hex')
  const name = `Actiontrail_${region}_${time}_1002_${events.length}_${text.length}_${md5}.gz`
  return {
    key: `${rootOf(prefix)}AliyunLogs/Actiontrail/${region}/${dayFolder(firstAt)}/${name}`,
    bytes,
    sha256,
    events: events.length,
    firstAt,
    lastAt,
    firstSeq: events[0]?.seq ?? 0,
    lastSeq: events.at(-1)?.seq ?? 0,
  }
}

/** The prefix that all keys of a trail begin with. */
export function rootOf(prefix: string): string {
  return prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`
}

/** YYYYMMDDHHMMSS, in UTC. */
export function compactTime(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace(/\D/g, '')
}

/** YYYY/MM/DD, in UTC. */
export function dayFolder(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10).replaceAll('-', '/')
}

/** The age in seconds of the oldest event that the trail has yet to deliver; 0 when there is none. */
export async function lagSeconds(trail: Trail, trailing: Trailing, heads: Heads, now: number): Promise<number> {
  const { body, account } = trail
  const { pending } = body.delivery
  const ranges = nextRanges(body, heads).filter(({ from }) => pending === null || laneOf(from) !== laneOf(pending.from))
  const waiting = ranges.map((range) => ({ ...range, eventRw: body.eventRw, trailRegion: body.trailRegion }))
  const limits = { events: 1, bytes: Number.POSITIVE_INFINITY }
  let since = now
  for (const { from, to, ...filter } of [...(pending ? [pending] : []), ...waiting]) {
    const [oldest] = (await collect(trailing, { from, to }, { account, ...filter }, limits)).events
    if (oldest) since = Math.min(since, oldest.at)
  }
  return Math.floor((now - since) / 1000)
}
