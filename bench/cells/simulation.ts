// A discrete-event simulation of calls through routers and cells, determined by a seed. Its input is service times; its output is
// latencies, loads and refusals. A cell is a row of stations, such as workers and the owner of their database. Each station serves in the
// order of arrival.
import { Random } from '../../test/simulation/random.ts'
import { Events } from './events.ts'

export interface Station {
  /** The number of calls served at the same time. */
  readonly servers: number
  /** The mean service time of a call, in microseconds. */
  readonly meanUs: number
  /** Whether all calls take this time, or times are exponentially distributed about it. */
  readonly spread: 'fixed' | 'exponential'
  /** The station refuses a call when this many wait. */
  readonly mostWaiting: number
}

export interface Model {
  readonly seed: number
  /** The simulated time during which calls arrive. Calls that are then in progress are still served. */
  readonly seconds: number
  readonly callsPerSecond: number
  /** Each shard's part of the calls; the sum is 1. */
  readonly shards: readonly number[]
  /** The number of each shard's cell. */
  readonly placement: readonly number[]
  readonly routers: number
  readonly router: Station
  readonly cells: number
  readonly cell: readonly Station[]
  /** The wait at the end of a call that occupies no station: the sync of its batch. */
  readonly syncUs: number
  /** The most calls a second of one shard that the routers let through, in bursts of 20 ms; null for no limit. */
  readonly shardLimit: number | null
  /** A cell that serves nothing during this time, in seconds. */
  readonly failure: { readonly cell: number; readonly from: number; readonly to: number } | null
}

export interface CellResult {
  readonly arrived: number
  readonly served: number
  /** Calls that found a full queue. */
  readonly full: number
  /** Calls whose cell had failed, or failed meanwhile. */
  readonly lost: number
  /** Calls over the limit of their shard. */
  readonly limited: number
  /** Milliseconds from the router to the answer. */
  readonly meanMs: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** The busy part of the time at each station. */
  readonly busy: readonly number[]
}

export interface Result {
  readonly cells: readonly CellResult[]
  readonly all: CellResult
  readonly routerBusy: number
}

interface Call {
  readonly shard: number
  readonly cell: number
  readonly arrivedAt: number
  /** The index of the station; -1 for the router. */
  stage: number
  readonly router: number
}

interface Tally {
  arrived: number
  full: number
  lost: number
  limited: number
  readonly latencies: number[]
}

const BURST_SECONDS = 0.02

/** Runs the model. The same seed gives the same result on every machine. */
export function simulate(model: Model): Result {
  return new Simulation(model).play()
}

class Simulation {
  readonly #model: Model
  readonly #random: Random
  readonly #events = new Events<Call>()
  readonly #routers: Queue[]
  readonly #cells: Queue[][]
  readonly #tallies: Tally[]
  readonly #buckets: { tokens: number; at: number }[]
  readonly #upTo: readonly number[]

  constructor(model: Model) {
    this.#model = model
    this.#random = new Random(model.seed)
    const queue = (station: Station) => new Queue(station, this.#random)
    this.#routers = Array.from({ length: model.routers }, () => queue(model.router))
    this.#cells = Array.from({ length: model.cells }, () => model.cell.map(queue))
    this.#tallies = Array.from({ length: model.cells }, () => ({
      ...{ arrived: 0, full: 0, lost: 0, limited: 0 },
      latencies: [],
    }))
    const tokens = (model.shardLimit ?? 0) * BURST_SECONDS
    this.#buckets = model.shards.map(() => ({ tokens, at: 0 }))
    let sum = 0
    this.#upTo = model.shards.map((part) => {
      sum += part
      return sum
    })
  }

  play(): Result {
    let arrival = 0
    const { seconds, callsPerSecond } = this.#model
    for (;;) {
      arrival += exponential(this.#random) / callsPerSecond
      if (arrival >= seconds) break
      this.#finishUntil(arrival)
      this.#arrive(arrival)
    }
    this.#finishUntil(Number.POSITIVE_INFINITY)
    return this.#result()
  }

  #arrive(now: number): void {
    const shard = this.#drawShard()
    const cell = this.#model.placement[shard] ?? 0
    this.#tallyOf(cell).arrived++
    const router = this.#random.below(this.#routers.length)
    this.#enter({ shard, cell, arrivedAt: now, stage: -1, router }, now)
  }

  #finishUntil(time: number): void {
    for (let next = this.#events.takeBefore(time); next; next = this.#events.takeBefore(time)) {
      const { at, what: call } = next
      this.#queueOf(call).leave()
      call.stage++
      if (call.stage === 0 && !this.#isWithinLimit(call.shard, at)) this.#tallyOf(call.cell).limited++
      else if (call.stage < this.#model.cell.length) this.#enter(call, at)
      else this.#answer(call, at + this.#model.syncUs / 1e6)
    }
  }

  #enter(call: Call, now: number): void {
    const tally = this.#tallyOf(call.cell)
    if (call.stage >= 0 && this.#isDown(call.cell, now)) {
      tally.lost++
      return
    }
    const end = this.#queueOf(call).enter(now)
    if (end === null) tally.full++
    else this.#events.add(end, call)
  }

  #answer(call: Call, now: number): void {
    const tally = this.#tallyOf(call.cell)
    if (this.#isDown(call.cell, now)) tally.lost++
    else tally.latencies.push((now - call.arrivedAt) * 1000)
  }

  #tallyOf(cell: number): Tally {
    const tally = this.#tallies[cell]
    if (!tally) throw new RangeError(`there is no cell ${cell}`)
    return tally
  }

  #queueOf({ stage, router, cell }: Call): Queue {
    const queue = stage < 0 ? this.#routers[router] : this.#cells[cell]?.[stage]
    if (!queue) throw new RangeError('a call is at no station')
    return queue
  }

  #isDown(cell: number, now: number): boolean {
    const { failure } = this.#model
    return failure !== null && failure.cell === cell && now >= failure.from && now < failure.to
  }

  #isWithinLimit(shard: number, now: number): boolean {
    const { shardLimit } = this.#model
    const bucket = this.#buckets[shard]
    if (shardLimit === null || !bucket) return true
    bucket.tokens = Math.min(shardLimit * BURST_SECONDS, bucket.tokens + (now - bucket.at) * shardLimit)
    bucket.at = now
    if (bucket.tokens < 1) return false
    bucket.tokens--
    return true
  }

  #drawShard(): number {
    const point = this.#random.fraction() * (this.#upTo.at(-1) ?? 1)
    let [low, high] = [0, this.#upTo.length - 1]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#upTo[middle] ?? 1) > point) high = middle
      else low = middle + 1
    }
    return low
  }

  #result(): Result {
    const { seconds, cell: stations } = this.#model
    const cells = this.#tallies.map((tally, i) =>
      summed(
        [tally],
        (this.#cells[i] ?? []).map((queue) => queue.busy(seconds)),
      ),
    )
    const means = stations.map((_, stage) => mean(cells.map(({ busy }) => busy[stage] ?? 0)))
    return {
      cells,
      all: summed(this.#tallies, means),
      routerBusy: mean(this.#routers.map((queue) => queue.busy(seconds))),
    }
  }
}

/** The queue in front of a station's servers, in the order of arrival. */
class Queue {
  readonly #station: Station
  readonly #random: Random
  /** When each server is free. */
  readonly #free: number[]
  #present = 0
  #busySeconds = 0

  constructor(station: Station, random: Random) {
    this.#station = station
    this.#random = random
    this.#free = new Array(station.servers).fill(0)
  }

  /** When the service of a call that arrives now will end; null without room. */
  enter(now: number): number | null {
    const { servers, meanUs, spread, mostWaiting } = this.#station
    if (this.#present >= servers + mostWaiting) return null
    this.#present++
    const service = (meanUs / 1e6) * (spread === 'fixed' ? 1 : exponential(this.#random))
    const first = this.#free.reduce((best, free, i) => (free < (this.#free[best] ?? 0) ? i : best), 0)
    const end = Math.max(now, this.#free[first] ?? 0) + service
    this.#free[first] = end
    this.#busySeconds += service
    return end
  }

  leave(): void {
    this.#present--
  }

  busy(seconds: number): number {
    return this.#busySeconds / (seconds * this.#station.servers)
  }
}

/** An exponentially distributed number with mean 1. */
function exponential(random: Random): number {
  return -Math.log(1 - random.fraction())
}

function summed(tallies: readonly Tally[], busy: readonly number[]): CellResult {
  const sum = (name: 'arrived' | 'full' | 'lost' | 'limited') => tallies.reduce((all, tally) => all + tally[name], 0)
  const latencies = Float64Array.from(tallies.flatMap((tally) => tally.latencies)).sort()
  const at = (part: number) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * part))] ?? 0
  return {
    ...{ arrived: sum('arrived'), served: latencies.length, full: sum('full'), lost: sum('lost') },
    ...{ limited: sum('limited'), meanMs: mean(latencies), p50Ms: at(0.5), p99Ms: at(0.99), busy },
  }
}

function mean(numbers: readonly number[] | Float64Array): number {
  let sum = 0
  for (const number of numbers) sum += number
  return sum / (numbers.length || 1)
}
