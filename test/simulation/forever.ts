// `npm run test:simulation` plays one run after the other, until SIGINT or SIGTERM stops it or a run fails.
// `npm run test:simulation -- SEED` plays the run of that seed alone, `-- SEED on` that run and those of the seeds after it.
import { report } from './report.ts'
import { simulate } from './simulate.ts'

const SHOW_MS = 10_000

const [given, further] = process.argv.slice(2)
const first = Number(given ?? Date.now())
if (!Number.isSafeInteger(first) || first < 0) throw new Error('the seed must be a whole number')
let isStopped = false
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => (isStopped = true))
const isOne = given !== undefined && further === undefined
let shown = Date.now()
let [runs, steps, calls, undecided] = [0, 0, 0, 0]
console.log(`the first seed is ${first}`)
while (!isStopped) {
  const run = await simulate(first + runs)
  runs++
  steps += run.steps
  calls += run.calls
  if (!run.decided) undecided++
  if (run.failure) {
    console.log(report(run))
    process.exitCode = 1
    break
  }
  if (isOne) break
  if (Date.now() - shown < SHOW_MS) continue
  shown = Date.now()
  tell()
}
tell()

function tell(): void {
  console.log(`${runs} runs, ${calls} calls, ${steps} steps; ${undecided} runs with too many orders to search`)
}
