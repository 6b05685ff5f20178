// What workers cost: CPU time a call of one process, and of a server with two workers, owner and workers together.
import type { Job } from './load.ts'
import { load, type Server, startStrongroom } from './processes.ts'

interface Run {
  readonly credentials: { readonly accountId: string; readonly accessKeyId: string; readonly accessKeySecret: string }
  readonly rounds: number
  /** A server's job that encrypts over 64 connections. */
  job(server: Server): Promise<Job>
  row(name: string, figures: string, budget?: string): void
}

interface Cost {
  /** Of all processes, and of the one that has the database, in microseconds. */
  readonly all: number
  readonly owner: number
  readonly perSecond: number
}

/** Measures both in turn, in `folder`. */
export async function costOfWorkers(folder: string, { credentials, rounds, job, row }: Run): Promise<void> {
  const servers: { server: Server; job: Job; costs: Cost[] }[] = []
  for (const workers of ['0', '2']) {
    const server = await startStrongroom(`${folder}/workers-${workers}`, credentials, ['--workers', workers])
    servers.push({ server, job: await job(server), costs: [] })
  }
  const [one, two] = servers
  if (!one || !two) return
  // The first round warms up.
  for (let round = 0; round <= rounds; round++)
    for (const { server, job: asked, costs } of servers) {
      const [all, owner] = [server.cpuMs(), server.ownCpuMs()]
      const { perSecond } = await load(asked)
      const calls = asked.requests + Math.floor(asked.requests / 5)
      const each = (since: number, now: number) => ((now - since) * 1000) / calls
      const cost = { all: each(all, server.cpuMs()), owner: each(owner, server.ownCpuMs()), perSecond }
      if (round > 0) costs.push(cost)
    }
  for (const { server } of servers) await server.stop()
  const ratios = two.costs.map(({ all }, i) => all / (one.costs[i]?.all ?? 1))
  const [single, many] = [middle(one.costs.map(({ all }) => all)), middle(two.costs.map(({ all }) => all))]
  const owner = middle(two.costs.map((cost) => cost.owner))
  row(
    'Encrypt, 64 connections: CPU a call with 2 workers',
    `${many.toFixed(1)} µs, owner ${owner.toFixed(1)} µs; one process ${single.toFixed(1)} µs: ${middle(ratios).toFixed(3)} ×`,
    'budget ≤ 1.05 ×, aim ≤ 1 ×',
  )
}

function middle(figures: readonly number[]): number {
  return figures.toSorted((a, b) => a - b)[Math.floor(figures.length / 2)] ?? 0
}
