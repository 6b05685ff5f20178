// The servers on one database, as one of them sees the others. Each moves a record of its own every few seconds, and counts as live while
// others see it move. Nobody compares clocks: each measures by its own. What is at stake is small, since a server that was held dead
// by mistake takes another lane and goes on: shares of rate limits, and lanes that nobody would use again.
import type { RateLimiter } from '../gateway/rate-limit.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { INSTALLATION, insert, type Kind, type Recorded, remove, update } from '../ledger/record.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { VERSION } from '../settings/version.ts'

interface ServerBody {
  readonly version: string
}

/** A server by its name. Its revision moves while it lives. */
export const SERVER: Kind<ServerBody> = { name: 'server', counted: false }

/** How often a server moves its record and looks at the others. */
export const BEAT_MS = 5000
/** A server that has not moved for so long counts no more; its lanes are freed, and its record removed, after longer. */
const LIVE_MS = 15_000
const DEAD_MS = 60_000
const MOST_SERVERS = 10_000

/** Who holds a lane for a worker of a server, which lives no longer than the server does. */
export function laneHolder(node: string, pid: number | undefined): string {
  return `${node}/${pid}`
}

/** The server that a holder of a lane is, or belongs to. */
function serverOf(holder: string): string {
  return holder.split('/')[0] ?? ''
}

/** Forgets the servers that ran on a database before it was put here: none of them runs on this one. */
export async function forgetServers(ledger: Pick<Ledger, 'between' | 'commit' | 'lane'>): Promise<void> {
  // A lane that nobody holds is not released.
  await ledger.lane.releaseOf((holder) => holder !== '')
  for (const record of await ledger.between(SERVER, INSTALLATION, { after: '', before: '~', limit: MOST_SERVERS }))
    await ledger.commit({ changes: [remove(SERVER, record)], nonce: null, event: null })
}

interface Sighting {
  readonly revision: number
  /** When this server saw it move last, and how often it has looked since. */
  readonly at: number
  readonly looks: number
}

interface Rooms {
  readonly ledger: Pick<Ledger, 'between' | 'commit' | 'lane'>
  readonly rateLimiter: RateLimiter
  /** The name of this server, unlike that of any other. */
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

  /** How many servers there are, with this one. */
  get live(): number {
    return this.#live
  }

  /** Makes this server known to the others, and takes a lane for it. Throws Unavailable. */
  async join(): Promise<void> {
    const { ledger, node } = this.#rooms
    await this.beat()
    await ledger.lane.take(node)
  }

  /** Moves this server's record, looks at the others, and clears away what dead ones left. */
  async beat(): Promise<void> {
    const { ledger, node, rateLimiter, runtime } = this.#rooms
    const records = await this.#records()
    await this.#move(records.find(({ id }) => id === node))
    // A server that died before it was seen may hold a lane and have no record.
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

  /** Removes this server's record, and gives its lanes back. */
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
    // One that others changed meanwhile moves with the next beat.
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

  /** Frees the lanes of dead servers, and removes their records. A pause of this server itself makes nobody look dead: it must have looked. */
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
