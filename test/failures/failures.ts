// What is done to a deployment under load, and how it ends. Each failure begins and ends with everything in order.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { until } from '../until.ts'
import { type Deployment, formerProgram, hasWorkers, type Options, type Server } from './deployment.ts'

/** Harm that was done. */
export interface Harm {
  /** Ends what does not end by itself. The service must resume then, once the database commits. */
  end?(): Promise<void>
  /** Brings back what is not needed for that, such as a second machine. */
  repair?(): Promise<void>
}

export interface Failure {
  readonly name: string
  readonly options?: Options
  readonly needsToken?: boolean
  /** Whether each run takes a deployment of its own, which begins with one server of the former release. */
  readonly beginsFormer?: boolean
  /** Why it can not be had here, or null. */
  missing?(): string | null
  /** Does harm in run `n`, which counts from 0. */
  strike(rig: Deployment, n: number): Promise<Harm>
}

/** How long a harm lasts that somebody must end. */
const LASTS_MS = 8000
/** Longer than the database waits for a server in the middle of a transaction. */
const PAUSES_MS = 12_000

/** The server whose turn it is. */
function turn({ servers }: Deployment, n: number): Server {
  return one(servers, n)
}

function one<T>(some: readonly T[], n: number): T {
  const found = some[n % some.length]
  if (found === undefined) throw new Error('there is none')
  return found
}

/** When a rotation is disturbed, in milliseconds after it began: at another moment in each run. */
function moment(n: number): number {
  return 1000 + 200 * (n % 10)
}

/** The processes that a process started, and those that these started. */
function descendantsOf(pid: number): readonly number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
  const children = text.split(' ').filter(Boolean).map(Number)
  return children.flatMap((child) => [child, ...descendantsOf(child)])
}

/** Finishes a rotation that was disturbed, once the database commits again. */
async function finished(rig: Deployment, server: Server, rotation: Promise<unknown>): Promise<void> {
  await rotation
  await rig.cluster.writable()
  const { code, out, err } = await server.verb('root-key', 'rotate', '--resume')
  if (code !== 0) throw new Error(`the rotation can not be finished: ${out}${err}`)
}

export const FAILURES: readonly Failure[] = [
  {
    name: 'kill -9 of a server',
    async strike(rig, n) {
      const server = turn(rig, n)
      await server.stop('SIGKILL')
      await rig.answers()
      return { end: () => server.begin() }
    },
  },
  {
    name: 'kill -9 of a worker',
    options: { flags: ['--workers', '2'] },
    missing: () => (hasWorkers() ? null : 'servers have no workers'),
    async strike(rig, n) {
      const { pid } = turn(rig, n)
      const workers = descendantsOf(pid)
      const killed = one(workers, n)
      process.kill(killed, 'SIGKILL')
      await until(() => {
        const now = descendantsOf(pid)
        return !now.includes(killed) && now.length === workers.length
      })
      return {}
    },
  },
  {
    name: 'pause of a server for 12 seconds',
    async strike(rig, n) {
      const { pid } = turn(rig, n)
      process.kill(pid, 'SIGSTOP')
      await pause(PAUSES_MS)
      return { end: async () => void process.kill(pid, 'SIGCONT') }
    },
  },
  {
    name: 'kill -9 of the primary',
    async strike({ cluster }) {
      const [primary] = await cluster.roles()
      process.kill(primary.postmaster, 'SIGKILL')
      await until(async () => !(await primary.writes()))
      return {}
    },
  },
  {
    name: 'loss of the machine of the primary',
    async strike({ cluster }) {
      const [primary] = await cluster.roles()
      await primary.crash()
      return { repair: async () => primary.begin() }
    },
  },
  {
    name: 'partition of a server and the database',
    async strike(rig, n) {
      const { host } = turn(rig, n)
      host.cutFrom(...rig.cluster.databases.map((database) => database.host))
      await pause(LASTS_MS)
      return { end: async () => host.heal() }
    },
  },
  {
    name: 'partition of primary and standby',
    async strike({ cluster }) {
      const [primary, standby] = await cluster.roles()
      primary.host.cutFrom(standby.host)
      await pause(LASTS_MS)
      return { end: async () => primary.host.heal() }
    },
  },
  {
    name: 'partition of the primary from standby and etcd',
    async strike({ cluster }) {
      const [primary, standby] = await cluster.roles()
      primary.host.cutFrom(standby.host, cluster.etcd)
      await pause(LASTS_MS)
      return { repair: async () => primary.host.heal() }
    },
  },
  {
    name: 'slow link of a server',
    async strike(rig, n) {
      const { host } = turn(rig, n)
      host.slow()
      await pause(LASTS_MS)
      return { end: async () => host.heal() }
    },
  },
  {
    name: 'full disk of the primary',
    async strike({ cluster }) {
      const [primary] = await cluster.roles()
      primary.fillDisk()
      await pause(LASTS_MS)
      return { end: async () => primary.emptyDisk() }
    },
  },
  {
    name: 'jump of the clock of a server by 10 minutes',
    options: { movesClock: true },
    async strike(rig, n) {
      const server = turn(rig, n)
      server.moveClock(n % 2 === 0 ? 600 : -600)
      await pause(LASTS_MS)
      return { end: async () => server.moveClock(0) }
    },
  },
  {
    name: 'no time of the processor',
    async strike() {
      const stress = spawn('stress-ng', ['--quiet', '--cpu', '16', '--timeout', `${LASTS_MS / 1000}s`])
      await once(stress, 'close')
      return {}
    },
  },
  {
    name: 'rotation of the root key in an HSM that is lost meanwhile',
    needsToken: true,
    async strike(rig, n) {
      const token = rig.options.token
      if (!token) throw new Error('no token')
      const [tokens, away] = [join(token.folder, 'tokens'), join(token.folder, 'unplugged')]
      const server = turn(rig, n)
      const rotation = server.verb('root-key', 'rotate', '--settle-seconds', '2')
      await pause(moment(n))
      renameSync(tokens, away)
      await pause(LASTS_MS / 2)
      return {
        async end() {
          renameSync(away, tokens)
          await finished(rig, server, rotation)
        },
      }
    },
  },
  {
    name: 'rotation of the root key, and kill -9 of the primary meanwhile',
    async strike(rig, n) {
      const server = turn(rig, n)
      const rotation = server.verb('root-key', 'rotate', '--settle-seconds', '2')
      await pause(moment(n))
      const [primary] = await rig.cluster.roles()
      process.kill(primary.postmaster, 'SIGKILL')
      return { end: () => finished(rig, server, rotation) }
    },
  },
  {
    name: 'rolling upgrade',
    beginsFormer: true,
    missing: () => (formerProgram() === null ? 'the history of the repository is not here' : null),
    async strike({ servers }) {
      const [former, ...others] = servers
      // The first of them migrates the database, beside the former release.
      for (const server of others) {
        await server.begin()
        await until(() => server.isReady())
      }
      await former?.stop()
      return { end: async () => former?.begin() }
    },
  },
]
