// The servers on one database, as one of them sees the others. Each server updates its own record every few seconds, and counts as live
// while the others see the record's revision change. Each server measures this by its own clock; no two clocks are compared. A mistake
// costs little: shares of rate limits, and lanes. A server that the others wrongly take for dead takes another lane and goes on.
import type { RateLimiter } from '../gateway/rate-limit.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { INSTALLATION, insert, type Kind, type Recorded, remove, update } from '../ledger/record.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { VERSION } from '../settings/version.ts'

interface ServerBody {
  readonly version: string
}

/** The record of a server, by the server's name. Its revision changes while the server lives. */
export const SERVER: Kind<ServerBody> = { name: 'server', counted: false }

/** How often a server updates its record and looks at the others. */
export const BEAT_MS = 5000
/** After this long without a change, a server no longer counts as live. After DEAD_MS, the others free its lanes and remove its record. */
const LIVE_MS = 15_000
const DEAD_MS = 60_000
const MOST_SERVERS = 10_000

/** The holder of a lane of a worker. A worker lives no longer than its server. */
export function laneHolder(node: string, pid: number | undefined): string {
  return `${node}/${pid}`
}

/** The server that holds the lane, or whose worker holds it. */
function serverOf(holder: string): string {
  return holder.split('/')[0] ?? ''
}

/** Removes all records of servers. For a database that was just restored or moved: none of the servers it names runs on it. */
export async function forgetServers(ledger: Pick<Ledger, 'between' | 'commit' | 'lane'>): Promise<void> {
  // The empty name stands for a lane that nobody holds.
  await ledger.lane.releaseOf((holder) => holder !== '')
  for (const record of await ledger.between(SERVER, INSTALLATION, { after: '', before: '~', limit: MOST_SERVERS }))
    await ledger.commit({ changes: [remove(SERVER, record)], nonce: null, event: null })
}

interface Sighting {
  readonly revision: number
  /** When this server last saw the revision change, and how often it has looked since. */
  readonly at: number
  readonly looks: number
}

interface Rooms {
  readonly ledger: Pick<Ledger, 'between' | 'commit' | 'lane'>
  readonly rateLimiter: RateLimiter
  /** The unique name of this server. */
  readonly node: string
  readonly runtime: Pick<Runtime, 'now' | 'monotonic'>
}

export class LiveServers {
  readonly #rooms: Rooms
  #sightings: ReadonlyMap<string, Sighting> = new Map()
  #live = 1

  constructor(rooms: Rooms) {
    this.#rooms = rooms
  }

  /** The number of live servers, this one included. */
  get live(): number {
    return this.#live
  }

  /** Announces this server to the others, and takes a lane for it. Throws Unavailable. */
  async join(): Promise<void> {
    const { ledger, node } = this.#rooms
    await this.beat()
    await ledger.lane.take(node)
  }

  /** Updates this server's record, looks at the others, and removes what dead servers left. */
  async beat(): Promise<void> {
    const { ledger, node, rateLimiter, runtime } = this.#rooms
    const records = await this.#records()
    await this.#move(records.find(({ id }) => id === node))
    // A server that died before the others saw it may hold a lane and have no record.
    const holders = [...(await ledger.lane.holders())].map((holder) => ({ id: serverOf(holder), revision: 0 }))
    const now = runtime.monotonic()
    const sightings = new Map<string, Sighting>()
    for (const { id, revision } of [...holders, ...records]) sightings.set(id, this.#sighting(id, revision, now))
    sightings.delete(node)
    this.#sightings = sightings
    const others = records.filter(({ id }) => now - (sightings.get(id)?.at ?? Number.NEGATIVE_INFINITY) < LIVE_MS)
    this.#live = 1 + others.length
    rateLimiter.servers = this.#live
    await this.#clearAway(records, now)
  }

  /** Removes this server's record, and releases its lanes. */
  async leave(): Promise<void> {
    const { ledger, node } = this.#rooms
    await ledger.lane.releaseOf((holder) => serverOf(holder) === node)
    const own = (await this.#records()).find(({ id }) => id === node)
    if (own) await ledger.commit({ changes: [remove(SERVER, own)], nonce: null, event: null })
  }

  async #move(own: Recorded<ServerBody> | undefined): Promise<void> {
    const { ledger, node, runtime } = this.#rooms
    const body = { version: VERSION }
    const change = own
      ? update(own, { body })
      : insert(SERVER, { ...INSTALLATION, id: node, createdAt: runtime.now(), body })
    // If another server changed the record meanwhile, the next beat updates it.
    await ledger.commit({ changes: [change], nonce: null, event: null })
  }

  #records(): Promise<readonly Recorded<ServerBody>[]> {
    return this.#rooms.ledger.between(SERVER, INSTALLATION, { after: '', before: '~', limit: MOST_SERVERS })
  }

  #sighting(id: string, revision: number, now: number): Sighting {
    const before = this.#sightings.get(id)
    if (before?.revision !== revision) return { revision, at: now, looks: 0 }
    return { ...before, looks: before.looks + 1 }
  }

  /**
   * Frees the lanes of dead servers, and removes their records. Counts the looks as well as the time: after a pause of this server itself,
   * all others would otherwise look dead.
   */
  async #clearAway(records: readonly Recorded<ServerBody>[], now: number): Promise<void> {
    const { ledger } = this.#rooms
    const dead = new Set<string>()
    for (const [id, { at, looks }] of this.#sightings)
      if (now - at >= DEAD_MS && looks >= DEAD_MS / BEAT_MS) dead.add(id)
    if (dead.size === 0) return
    await ledger.lane.releaseOf((holder) => dead.has(serverOf(holder)))
    const changes = records.filter(({ id }) => dead.has(id)).map((record) => remove(SERVER, record))
    await Promise.all(changes.map((change) => ledger.commit({ changes: [change], nonce: null, event: null })))
  }
}
