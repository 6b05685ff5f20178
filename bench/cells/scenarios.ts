// The scenarios of docs/scale.md as models: service times with their sources, and the questions for the simulation.
import { Random } from '../../test/simulation/random.ts'
import { SHARDS } from './hint.ts'
import { imbalance, inTurn, packed, shardsOf } from './placement.ts'
import type { Model, Station } from './simulation.ts'

/** Service times in microseconds of CPU time, each measured in this repository. */
const MEASURED = {
  /** Encrypt by a RAM user with a tag condition and a durable event, 64 connections, one process: docs/scale.md, "What was measured". */
  callUs: 69,
  /** Parts of that call with an owner and workers: the same table. */
  ownerPart: 0.31,
  workerPart: 0.76,
  /** "a sync for a call that is alone": docs/performance.md, "Where the time of a call goes". */
  syncUs: 128,
  /** A bare node:http server at 64 connections on the idle machine: docs/performance.md, "Signed calls". */
  bareUs: 14.5,
  /** The router against that server: docs/scale.md, "What was measured"; `npm run bench -- --only cells` repeats it. */
  routerRatio: 5.6,
} as const

const WORKERS = 3
/** Cores of a cell: its owner and its workers. */
const CELL_CORES = WORKERS + 1
/** The most load of a station in normal operation. The rest is for a lost router, moves of shards, and peaks. */
const MOST_BUSY = 0.6
/** The longest queue: as many calls as wait for about 10 ms at the owner. */
const MOST_WAITING = 512

const ROUTER_US = MEASURED.bareUs * MEASURED.routerRatio
const OWNER_US = MEASURED.callUs * MEASURED.ownerPart
const WORKER_US = MEASURED.callUs * MEASURED.workerPart

const station = (servers: number, meanUs: number): Station => ({
  servers,
  meanUs,
  spread: 'exponential',
  mostWaiting: MOST_WAITING,
})
const CELL: readonly Station[] = [station(WORKERS, WORKER_US), station(1, OWNER_US)]
const ROUTER: Station = station(1, ROUTER_US)

/** The most calls a second of a cell: one of its stations is always busy. */
export const CELL_MOST = Math.min(...CELL.map(({ servers, meanUs }) => (servers * 1e6) / meanUs))

/** The cells and one-core router processes that this many calls a second need. */
export function needed(callsPerSecond: number): {
  readonly cells: number
  readonly routers: number
  readonly cores: number
} {
  const cells = Math.ceil(callsPerSecond / (CELL_MOST * MOST_BUSY))
  const routers = Math.ceil((callsPerSecond * ROUTER_US) / 1e6 / MOST_BUSY)
  return { cells, routers, cores: cells * CELL_CORES + routers }
}

const ACCOUNTS = 1_000_000
/** Zipf's exponent: the largest of a million accounts makes 1.3 % of all calls, the largest thousand a fifth. */
const EXPONENT = 0.8
const SEED = 33
/** The shard of the hot account. In the scenario of a failure, its cell fails. */
const HOT = 0
/** The part of a cell's capacity that one shard may use: a little more than the largest account needs. */
const SHARD_LIMIT = 0.3

interface Scenario {
  readonly name: string
  readonly model: Model
  /** The cell that the scenario is about. */
  readonly watched: number
  /** The load of the fullest cell as a multiple of the mean. */
  readonly imbalance: number
}

/** All scenarios with this load and this simulated time. */
export function scenarios(callsPerSecond: number, seconds: number): readonly Scenario[] {
  const { cells, routers } = needed(callsPerSecond)
  const shards = shardsOf(ACCOUNTS, EXPONENT, SHARDS, new Random(SEED))
  const placement = packed(shards, cells)
  const model: Model = {
    ...{ seed: SEED, seconds, callsPerSecond, shards, placement, routers, router: ROUTER, cells, cell: CELL },
    ...{ syncUs: MEASURED.syncUs, shardLimit: null, failure: null },
  }
  const named = (name: string, change: Partial<Model>): Scenario => {
    const made = { ...model, ...change }
    return { name, model: made, watched: placement[HOT] ?? 0, imbalance: imbalance(made.shards, made.placement, cells) }
  }
  const hot = withHot(shards, callsPerSecond)
  return [
    named('normal operation', {}),
    named('shards are placed in turn, not the largest first', { placement: inTurn(SHARDS, cells) }),
    named('a cell is lost for the middle half of the time', {
      failure: { cell: placement[HOT] ?? 0, from: seconds / 4, to: (seconds * 3) / 4 },
    }),
    named('an account calls as much as two cells can serve', hot),
    named('the same, and routers admit 0.3 of a cell for each shard', { ...hot, shardLimit: CELL_MOST * SHARD_LIMIT }),
    named('a router in ten is lost', { routers: Math.floor(routers * 0.9) }),
  ]
}

/** Adds to one shard as many calls as two cells can serve. */
function withHot(shards: readonly number[], callsPerSecond: number): Pick<Model, 'shards' | 'callsPerSecond'> {
  const more = (2 * CELL_MOST) / callsPerSecond
  const grown = shards.map((part, shard) => (part + (shard === HOT ? more : 0)) / (1 + more))
  return { shards: grown, callsPerSecond: callsPerSecond * (1 + more) }
}
