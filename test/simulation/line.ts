// How servers reach the simulated database: over a network that is slow and loses messages, or on a disk that has to be synced and may
// be full.
import { type Changes, Unavailable } from '../../src/storage/storage.ts'
import type { Database } from './database.ts'
import { type Faults, latency } from './faults.ts'
import type { Random } from './random.ts'
import type { SimulatedProcess } from './runtime.ts'
import type { Owner, Scheduler } from './scheduler.ts'
import type { Line, Turns } from './storage.ts'

/** The adapter gives up on a request, and on its connection, after this long: a fraction of what it waits in fact, and longer than outages, pauses and turns. */
const PATIENCE_MS = 4000
/** How long a turn lasts at the most that nobody ends. */
const TURN_MS = 2000
/** How often a transaction that waits for another one looks whether that has ended. */
const LOOK_MS = 0.5

/** Where the database runs. */
export interface Host {
  readonly scheduler: Scheduler
  readonly random: Random
  readonly database: Database
  readonly owner: Owner
  /** The present faults: they change when the run comes to its end. */
  faults: Faults
  /** The server that alone may change rows, and until when. An outage ends its turn. */
  turn: { readonly of: object; readonly until: number; readonly outages: number } | null
  /** Moves with every outage: requests that were sent before one and have not been done are lost. */
  outages: number
  isDown: boolean
  /** How many transactions a crash leaves. */
  durable: number
  /** Planted: a sync that does nothing. */
  readonly answersBeforeSync: boolean
  /** Planted: servers do not see one in so many of the changes of others; null for none. */
  readonly hidesOneIn: number | null
}

const lost = () => new Unavailable('simulated: the connection was lost')

/** The line of one server to a database that many share, which shows nothing before it is durable. `isFar`: see Faults.far. */
export function networkLine(host: Host, server: SimulatedProcess, isFar: boolean): Line {
  const { scheduler, random, owner } = host
  const delay = () => latency(host.faults, random, isFar ? host.faults.far : 1)
  const ask: Line['ask'] = <T>(what: string, work: () => T, before?: () => void, waits?: () => boolean): Promise<T> =>
    new Promise((resolve, reject) => {
      const fail = () => reject(lost())
      const { outages } = host
      const faults = server.isSpared ? { ...host.faults, lostRequest: 0, lostReply: 0, hang: 0 } : host.faults
      if (host.isDown || random.chance(faults.lostRequest)) {
        scheduler.after(delay(), `${what}: lost`, server, fail)
        return
      }
      const hangs = random.chance(faults.hang)
      if (hangs) scheduler.after(PATIENCE_MS, `${what}: given up`, server, fail)
      const handBack = (reply: () => void) => {
        if (hangs) return
        const isLost = random.chance(faults.lostReply)
        scheduler.after(delay(), `${what}: reply${isLost ? ' lost' : ''}`, server, isLost ? fail : reply)
      }
      const end = () => {
        if (host.outages !== outages) return handBack(fail)
        if (waits?.()) return void scheduler.after(LOOK_MS, `${what}: waits`, owner, end)
        const reply = done(work, resolve, reject)
        host.durable = host.database.committed
        handBack(reply)
      }
      scheduler.after(delay() + (hangs ? 2 * PATIENCE_MS * random.fraction() : 0), what, owner, () => {
        if (!before || host.outages !== outages) return end()
        const failed = failure(before)
        if (failed) handBack(() => reject(failed))
        else scheduler.after(delay(), `${what}: end`, owner, end)
      })
    })
  return {
    ask,
    sync: async () => {},
    failure: null,
    isShared: true,
    seen: seenOf(host),
    turns: turnsOn(host),
    step: () => scheduler.steps,
  }
}

function turnsOn(host: Host): Turns {
  const present = () => {
    const { turn, outages, scheduler } = host
    return turn && turn.outages === outages && scheduler.now < turn.until ? turn.of : null
  }
  return {
    isFree(mine) {
      const now = present()
      return now === null || now === mine
    },
    begin(of) {
      host.turn = { of, until: host.scheduler.now + TURN_MS, outages: host.outages }
    },
    end(mine) {
      if (present() === mine) host.turn = null
    },
  }
}

/** The line of the one server of an embedded database: work is done at once, and durable after a sync. */
export function diskLine(host: Host, server: Owner): Line {
  const { scheduler, random, database } = host
  let failure: Unavailable | null = null
  let fullUntil = 0
  const ask = async <T>(what: string, work: () => T): Promise<T> => {
    const changes = what === 'commit'
    if (changes && random.chance(host.faults.disk)) fullUntil = scheduler.now + 500 * random.fraction()
    if (changes && scheduler.now < fullUntil) throw new Unavailable('simulated: ENOSPC')
    if (random.chance(host.faults.disk / 10)) throw new Unavailable('simulated: EIO')
    return work()
  }
  const sync = async () => {
    if (failure) throw failure
    const { committed } = database
    if (committed <= host.durable || host.answersBeforeSync) return
    await scheduler.pause(latency(host.faults, random), 'sync', server)
    if (random.chance(host.faults.disk / 5)) failure = new Unavailable('simulated: the sync failed')
    if (failure) throw failure
    host.durable = Math.max(host.durable, committed)
  }
  return {
    ask,
    sync,
    get failure() {
      return failure
    },
    isShared: false,
    seen: seenOf(host),
    turns: null,
    step: () => scheduler.steps,
  }
}

const seenOf =
  ({ hidesOneIn }: Host) =>
  (changes: Changes): Changes =>
    hidesOneIn !== null && changes.number % hidesOneIn === 0 ? { ...changes, keys: [] } : changes

function failure(work: () => void): Error | null {
  try {
    work()
    return null
  } catch (error) {
    return error as Error
  }
}

/** Does the work; returns how to hand on what came of it. */
function done<T>(work: () => T, resolve: (value: T) => void, reject: (error: unknown) => void): () => void {
  try {
    const value = work()
    return () => resolve(value)
  } catch (error) {
    return () => reject(error)
  }
}
