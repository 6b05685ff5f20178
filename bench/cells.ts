// Cells: the cost of a router, and a simulation of a million calls a second (docs/scale.md).
import { SYSTEM } from '../src/runtime/system.ts'
import { hintedAccessKeyId, SHARDS } from './cells/hint.ts'
import { CELL_MOST, needed, scenarios } from './cells/scenarios.ts'
import { type CellResult, simulate } from './cells/simulation.ts'
import { median, percent } from './figures.ts'
import { loadWatched, startBareServer, startRouter } from './processes.ts'

interface Run {
  readonly rounds: number
  readonly requests: number
  /** Simulated seconds of each scenario. */
  readonly seconds: number
  row(name: string, figures: string, budget?: string): void
}

const CALLS_PER_SECOND = 1_000_000
/** The length of an answer to Encrypt. */
const ANSWER_BYTES = 300

export async function routerAndCells(run: Run): Promise<void> {
  await costOfRouter(run)
  const { cells, routers, cores } = needed(CALLS_PER_SECOND)
  run.row('A cell makes at most', `${Math.round(CELL_MOST)} calls/s`)
  run.row(
    `${CALLS_PER_SECOND} calls/s, all stations busy 60 % at most`,
    `${cells} cells of 4 cores, ${routers} routers of one: ${cores} cores`,
  )
  for (const { name, model, watched, imbalance } of scenarios(CALLS_PER_SECOND, run.seconds)) {
    const { all, cells: each, routerBusy } = simulate(model)
    const [busyWorkers = 0, busyOwner = 0] = all.busy
    const busy = `busy: routers ${percent(routerBusy, 1)}, workers ${percent(busyWorkers, 1)}, owners ${percent(busyOwner, 1)}`
    run.row(name, `fullest cell ${imbalance.toFixed(2)} × the mean; ${busy}`)
    run.row('  all cells', figures(all, model.seconds))
    run.row('  the cell in question', figures(each[watched] ?? all, model.seconds))
    const worst = each.filter((_, cell) => cell !== watched).toSorted((a, b) => b.p99Ms - a.p99Ms)[0]
    if (worst) run.row('  the slowest of the other cells', figures(worst, model.seconds))
  }
}

function figures({ arrived, served, full, lost, limited, p50Ms, p99Ms }: CellResult, seconds: number): string {
  const refused = `${percent(full, arrived)} found no room, ${percent(lost, arrived)} were lost, ${percent(limited, arrived)} over the limit`
  return `${Math.round(served / seconds)}/s of ${Math.round(arrived / seconds)}/s served: ${refused}; p50 ${p50Ms.toFixed(2)} ms, p99 ${p99Ms.toFixed(2)} ms`
}

/** CPU time of a request in a router, against that of a bare server. */
async function costOfRouter({ rounds, requests, row }: Run): Promise<void> {
  const bare = await startBareServer(ANSWER_BYTES)
  const router = await startRouter(bare.endpoint)
  const accessKeyId = hintedAccessKeyId(SHARDS - 1, Buffer.alloc(32, 7), SYSTEM)
  const job = (endpoint: string) => ({
    ...{ endpoint, requests, connections: 64 },
    callers: [{ accessKeyId, accessKeySecret: 'secret' }],
    parameters: [{ Action: 'Encrypt', KeyId: 'alias/bench', Plaintext: Buffer.alloc(32, 7).toString('base64') }],
  })
  const costs: { readonly router: number; readonly bare: number }[] = []
  for (let round = 0; round <= rounds; round++) {
    const cost = {
      router: (await loadWatched(router, job(router.endpoint))).cpuUs,
      bare: (await loadWatched(bare, job(bare.endpoint))).cpuUs,
    }
    // The first round warms up.
    if (round > 0) costs.push(cost)
  }
  await Promise.all([router.stop(), bare.stop()])
  const found = median(costs, (cost) => cost.router / cost.bare)
  row(
    'A request in a router, against a bare server',
    `${found.router.toFixed(1)} µs, ${found.bare.toFixed(1)} µs: ${(found.router / found.bare).toFixed(2)} ×`,
  )
}
