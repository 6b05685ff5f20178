// Servers on one PostgreSQL: the cost of a call, the cost of one server's changes for the others, and the cost of a slow network for one
// server.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { farAway } from '../test/storage/far-away.ts'
import { type OwnServer, startAlone } from '../test/storage/postgresql-server.ts'
import { median, percent, ROUNDS_IN_TURN } from './figures.ts'
import type { Job, Measured } from './load.ts'
import { Pgbench } from './pgbench.ts'
import { callsOf, cpuMsOfAll, load, loadWatched, type Server, startBareServer, startStrongroom } from './processes.ts'

type Parameters = Readonly<Record<string, string>>

interface Run {
  readonly credentials: { readonly accountId: string; readonly accessKeyId: string; readonly accessKeySecret: string }
  readonly rounds: number
  readonly requests: number
  call(endpoint: string, parameters: Parameters): Promise<{ readonly KeyMetadata: { readonly KeyId: string } }>
  row(name: string, figures: string, budget?: string): void
}

/** The delay of the slow network. */
const DELAY_MS = 5
/** One call in this many changes one of the keys. */
const CHANGE_IN = 100
const KEYS = 10

type Pair = readonly [Server, Server]

/** Calls per second of CPU time. */
interface AloneAndBoth {
  readonly alone: number
  readonly both: number
}

/** Measures in `folder`, on its own PostgreSQL, which syncs every commit. */
export async function sharedDatabase(folder: string, run: Run): Promise<void> {
  await using postgresql = await startSyncing()
  await new SharedDatabase(folder, run, postgresql).all()
}

/** The same with two servers, each of which changes what the other reads. Each has served `warmUp` calls before. */
export async function changesOfOthers(folder: string, run: Run, warmUp: number): Promise<void> {
  await using postgresql = await startSyncing()
  await new SharedDatabase(folder, run, postgresql).changes(warmUp)
}

async function startSyncing(): Promise<OwnServer> {
  const postgresql = await startAlone()
  postgresql.set('fsync = on', 'full_page_writes = on')
  return postgresql
}

class SharedDatabase {
  readonly #folder: string
  readonly #run: Run
  readonly #postgresql: OwnServer
  #servers = 0

  constructor(folder: string, run: Run, postgresql: OwnServer) {
    this.#folder = folder
    this.#run = run
    this.#postgresql = postgresql
  }

  async all(): Promise<void> {
    await this.#againstSqlite()
    await this.#againstPgbench()
    await this.#slowWay()
    await this.#halfLoad()
  }

  /** CPU time of a call in the server alone, without the database's. */
  async #againstSqlite(): Promise<void> {
    const [shared, single] = [await this.#start(this.#postgresql.database()), await this.#start(null)]
    const jobs = [await this.#encrypting(shared, 64), await this.#encrypting(single, 64)] as const
    const answer = await this.#run.call(single.endpoint, jobs[1].parameters[0] ?? {})
    const bare = await startBareServer(Buffer.byteLength(JSON.stringify(answer)))
    const rounds: Readonly<Record<'shared' | 'database' | 'single' | 'bare', number>>[] = []
    for (let round = 0; round <= this.#run.rounds; round++) {
      const before = this.#databaseCpuMs()
      const { cpuUs } = await loadWatched(shared, jobs[0])
      const database = ((this.#databaseCpuMs() - before) * 1000) / callsOf(jobs[0])
      const others = [
        await loadWatched(single, jobs[1]),
        await loadWatched(bare, { ...jobs[1], endpoint: bare.endpoint }),
      ] as const
      const costs = { shared: cpuUs, database, single: others[0].cpuUs, bare: others[1].cpuUs }
      // The first round warms up.
      if (round > 0) rounds.push(costs)
    }
    const found = median(rounds, (costs) => costs.shared / costs.single)
    this.#run.row(
      'Encrypt, 64 connections: CPU a call on PostgreSQL',
      `${found.shared.toFixed(1)} µs, on SQLite ${found.single.toFixed(1)} µs: ${(found.shared / found.single).toFixed(2)} ×`,
      'budget ≤ 1.6 ×',
    )
    const { shared: cost, bare: limit } = median(rounds, (costs) => costs.shared / costs.bare)
    this.#run.row(
      '  against the bare server',
      `${cost.toFixed(1)} µs of ${limit.toFixed(1)} µs: ${(cost / limit).toFixed(1)} ×`,
      'budget ≤ 6.2 ×',
    )
    const inDatabase = median(rounds, (costs) => costs.database / costs.single)
    this.#run.row(
      '  of the database, on top',
      `${inDatabase.database.toFixed(1)} µs: ${(inDatabase.database / inDatabase.single).toFixed(2)} × a call on SQLite`,
    )
    await Promise.all([shared.stop(), single.stop(), bare.stop()])
  }

  /** CPU time of all processes of PostgreSQL so far. */
  #databaseCpuMs(): number {
    return cpuMsOfAll(
      Number.parseInt(readFileSync(join(this.#postgresql.folder, 'data', 'postmaster.pid'), 'utf8'), 10),
    )
  }

  async #againstPgbench(): Promise<void> {
    const server = await this.#start(this.#postgresql.database())
    const job = this.#job(server, 64, [{ Action: 'CreateKey' }])
    const bench = new Pgbench(this.#folder, this.#postgresql.database())
    const rounds: { readonly ours: number; readonly ordered: number; readonly inserts: number }[] = []
    for (let round = 0; round <= this.#run.rounds; round++) {
      const ours = (await load(job)).perSecond
      const rates = { ours, ordered: bench.perSecond('ordered'), inserts: bench.perSecond('inserts') }
      if (round > 0) rounds.push(rates)
    }
    const name = { ordered: 'that moves the change number', inserts: 'of the inserts alone' }
    for (const kind of ['ordered', 'inserts'] as const) {
      const found = median(rounds, (rates) => rates.ours / rates[kind])
      this.#run.row(
        `CreateKey, 64 connections, pgbench's transaction ${name[kind]}`,
        `${Math.round(found.ours)}/s of ${Math.round(found[kind])}/s: ${percent(found.ours, found[kind])}`,
        kind === 'ordered' ? 'budget ≥ 50 %' : '',
      )
    }
    await server.stop()
  }

  /**
   * Calls per second of CPU time: two servers against one, with as many connections in total. Two controls show the machine's part: without
   * changes, two processes take turns on the same core; and with changes, one of the two has the core to itself.
   */
  async changes(warmUp: number): Promise<void> {
    const database = this.#postgresql.database()
    const servers: Pair = [await this.#start(database), await this.#start(database)]
    const keys: string[] = []
    for (let i = 0; i < KEYS; i++) keys.push(await this.#key(servers[0]))
    const plain = keys.map(encrypt)
    const mixed = keys.flatMap((changed) =>
      Array.from({ length: CHANGE_IN }, (_, i) => (i === 0 ? described(changed) : encrypt(keys[i % KEYS] ?? ''))),
    )
    for (const server of servers) await load({ ...this.#job(server, 64, mixed), requests: warmUp })
    const [together, control]: [AloneAndBoth[], AloneAndBoth[]] = [[], []]
    for (let round = 0; round < ROUNDS_IN_TURN; round++) {
      together.push(await this.#aloneAndBoth(servers, mixed))
      control.push(await this.#aloneAndBoth(servers, plain))
    }
    const [one, other] = servers
    other.moveToLoadCore()
    const apart: AloneAndBoth[] = []
    for (let round = 0; round < ROUNDS_IN_TURN; round++)
      apart.push({
        alone: await this.#perCpuSecond([one], 128, mixed),
        both: await this.#perCpuSecond(servers, 64, mixed, [one]),
      })
    const row = (name: string, rounds: readonly AloneAndBoth[], budget = '') => {
      const { alone, both } = median(rounds, (figures) => figures.both / figures.alone)
      const figures = `${Math.round(both)} calls a CPU second, one server ${Math.round(alone)}: ${percent(both, alone)}`
      this.#run.row(name, figures, budget)
    }
    row(`Encrypt with ${KEYS} keys and 1 % of changes, two servers`, together, 'budget ≥ 90 %')
    row('  the same without changes', control)
    row('  with changes, a server on a core of its own beside the other', apart)
    await Promise.all(servers.map((server) => server.stop()))
  }

  /** Each of the two serves alone, too, so that both have served as many calls: more calls compile more of the code. */
  async #aloneAndBoth(servers: Pair, calls: readonly Parameters[]): Promise<AloneAndBoth> {
    const [one, other] = servers
    const alone = [await this.#perCpuSecond([one], 128, calls), await this.#perCpuSecond([other], 128, calls)] as const
    return { alone: (alone[0] + alone[1]) / 2, both: await this.#perCpuSecond(servers, 64, calls) }
  }

  /** The calls per second of CPU time of some servers, while all loaded ones serve as many calls. */
  async #perCpuSecond(
    loaded: readonly Server[],
    connections: number,
    calls: readonly Parameters[],
    counted = loaded,
  ): Promise<number> {
    const used = () => counted.reduce((sum, server) => sum + server.cpuMs(), 0)
    const before = used()
    const loads = loaded.map(async (server) => {
      const job = this.#job(server, connections, calls)
      await load(job)
      return counted.includes(server) ? callsOf(job) : 0
    })
    const served = (await Promise.all(loads)).reduce((sum, count) => sum + count, 0)
    return (served * 1000) / (used() - before)
  }

  async #slowWay(): Promise<void> {
    const database = this.#postgresql.database()
    await using way = await farAway(database, DELAY_MS)
    const servers: Server[] = []
    for (const url of [database, database, database, way.url]) servers.push(await this.#start(url))
    const [first, second, near, slow] = servers
    if (!first || !second || !near || !slow) return
    const key = await this.#key(first)
    const rateBeside = async (third: Server) => {
      const jobs = [first, second, third].map((server) => this.#job(server, 16, [encrypt(key)]))
      const [a, b] = await Promise.all(jobs.map(load))
      return (a?.perSecond ?? 0) + (b?.perSecond ?? 0)
    }
    const rounds: { readonly beside: number; readonly besideSlow: number }[] = []
    for (let round = 0; round <= this.#run.rounds; round++) {
      const rates = { beside: await rateBeside(near), besideSlow: await rateBeside(slow) }
      if (round > 0) rounds.push(rates)
    }
    const { beside, besideSlow } = median(rounds, (rates) => rates.besideSlow / rates.beside)
    this.#run.row(
      `Encrypt on two servers, a third ${DELAY_MS} ms from the database`,
      `${Math.round(besideSlow)}/s; with a third as near ${Math.round(beside)}/s: ${percent(besideSlow, beside)}`,
      'budget ≥ 90 %',
    )
    await Promise.all(servers.map((server) => server.stop()))
  }

  /** An open loop at half of one server's throughput, on one and on two servers. */
  async #halfLoad(): Promise<void> {
    const database = this.#postgresql.database()
    const [one, other] = [await this.#start(database), await this.#start(database)]
    const key = await this.#key(one)
    const job = (server: Server, connections: number) => this.#job(server, connections, [encrypt(key)])
    for (const server of [one, other]) await load(job(server, 64))
    const half = (await load(job(one, 64))).perSecond / 2
    const rounds: { readonly alone: number; readonly both: number }[] = []
    for (let round = 0; round < this.#run.rounds; round++) {
      const alone = await load({ ...job(one, 64), duePerSecond: half })
      const both = await Promise.all([one, other].map((server) => load({ ...job(server, 32), duePerSecond: half / 2 })))
      rounds.push({ alone: alone.p99Ms, both: Math.max(...both.map((measured: Measured) => measured.p99Ms)) })
    }
    const { alone, both } = median(rounds, (figures) => figures.both / figures.alone)
    this.#run.row(
      `p99 at half load, ${Math.round(half)} calls/s, two servers`,
      `${both.toFixed(1)} ms, one server ${alone.toFixed(1)} ms: ${(both / alone).toFixed(2)} ×`,
      'budget ≤ 3 ×',
    )
    await Promise.all([one.stop(), other.stop()])
  }

  async #start(database: string | null): Promise<Server> {
    const data = join(this.#folder, `server-${this.#servers++}`)
    const rootKey = ['--root-key-file', join(this.#folder, 'shared-root-key')]
    const flags = database === null ? [] : ['--database', database, ...rootKey]
    return startStrongroom(data, this.#run.credentials, flags)
  }

  async #key({ endpoint }: Server): Promise<string> {
    return (await this.#run.call(endpoint, { Action: 'CreateKey' })).KeyMetadata.KeyId
  }

  async #encrypting(server: Server, connections: number): Promise<Job> {
    return this.#job(server, connections, [encrypt(await this.#key(server))])
  }

  #job({ endpoint }: Server, connections: number, parameters: readonly Parameters[]): Job {
    const { credentials, requests } = this.#run
    return { endpoint, callers: [credentials], connections, requests, parameters }
  }
}

const Plaintext = Buffer.alloc(32, 7).toString('base64')
const encrypt = (KeyId: string): Parameters => ({ Action: 'Encrypt', KeyId, Plaintext })
const described = (KeyId: string): Parameters => ({ Action: 'UpdateKeyDescription', KeyId, Description: 'changed' })
