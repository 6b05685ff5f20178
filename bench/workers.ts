// The cost of workers: CPU time per call of one process, and of a server with two workers and their owner. Two controls show the machine's
// part: two independent processes take turns on the same core, and share the same calls; and one worker has the core to itself, while its
// owner shares the core of the load.
import { median, ROUNDS_IN_TURN } from './figures.ts'
import type { Job } from './load.ts'
import { callsOf, load, type Server, startStrongroom } from './processes.ts'

interface Run {
  readonly credentials: { readonly accountId: string; readonly accessKeyId: string; readonly accessKeySecret: string }
  /** The calls that each process serves before the measurement. */
  readonly warmUp: number
  /** A server's job that encrypts over 64 connections. */
  job(server: Server): Promise<Job>
  row(name: string, figures: string, budget?: string): void
}

/** Servers that run a job together, each its share; and their CPU time per call in each round, in microseconds. */
interface Side {
  readonly parts: readonly { readonly server: Server; readonly job: Job }[]
  readonly all: number[]
  /** Of the process that owns the database. */
  readonly owner: number[]
}

/** Measures all sides in turn, in `folder`. */
export async function costOfWorkers(folder: string, { credentials, warmUp, job, row }: Run): Promise<void> {
  const started = async (name: string, workers: number) => {
    const server = await startStrongroom(`${folder}/${name}`, credentials, ['--workers', String(workers)])
    const asked = await job(server)
    await load({ ...asked, requests: warmUp * Math.max(workers, 1) })
    return { server, job: asked }
  }
  const one = await started('one', 0)
  const withWorkers = await started('with-workers', 2)
  const another = await started('another', 0)
  const withOneWorker = await started('with-one-worker', 1)
  withOneWorker.server.moveToLoadCore()
  const half = ({ server, job: whole }: Side['parts'][number]) => ({
    server,
    job: { ...whole, connections: whole.connections / 2, requests: whole.requests / 2 },
  })
  const side = (parts: Side['parts']): Side => ({ parts, all: [], owner: [] })
  const [alone, workers, worker] = [side([one]), side([withWorkers]), side([withOneWorker])]
  const two = side([half(one), half(another)])
  for (let round = 0; round < ROUNDS_IN_TURN; round++)
    for (const each of [alone, workers, two, worker]) await measure(each)
  for (const { server } of [one, withWorkers, another, withOneWorker]) await server.stop()
  const against = ({ all }: Side) => {
    const ratio = middle(all.map((us, i) => us / (alone.all[i] ?? 1)))
    return `one process ${middle(alone.all).toFixed(1)} µs: ${ratio.toFixed(3)} ×`
  }
  row(
    'Encrypt, 64 connections: CPU a call with 2 workers',
    `${middle(workers.all).toFixed(1)} µs, owner ${middle(workers.owner).toFixed(1)} µs; ${against(workers)}`,
    'budget ≤ 1.05 ×, aim ≤ 1 ×',
  )
  row('  two servers of one process, 32 connections each', `${middle(two.all).toFixed(1)} µs; ${against(two)}`)
  row(
    '  with 1 worker on a core of its own, the owner on the core of the load',
    `${middle(worker.all).toFixed(1)} µs, owner ${middle(worker.owner).toFixed(1)} µs; ${against(worker)}`,
  )
}

/** Runs the jobs of a side at the same time, and notes their costs. */
async function measure({ parts, all, owner }: Side): Promise<void> {
  const used = (of: 'cpuMs' | 'ownCpuMs') => parts.reduce((sum, { server }) => sum + server[of](), 0)
  const before = { all: used('cpuMs'), owner: used('ownCpuMs') }
  await Promise.all(parts.map((part) => load(part.job)))
  const calls = parts.reduce((sum, part) => sum + callsOf(part.job), 0)
  all.push(((used('cpuMs') - before.all) * 1000) / calls)
  owner.push(((used('ownCpuMs') - before.owner) * 1000) / calls)
}

function middle(figures: readonly number[]): number {
  return median(figures, (figure) => figure)
}
