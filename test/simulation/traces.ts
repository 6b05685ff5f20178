// Prints the hash of each run's trace: `node test/simulation/traces.ts SEED COUNT`. The same on every version of Node and every machine.
import { simulate } from './simulate.ts'

const [seed = 1, count = 1] = process.argv.slice(2).map(Number)
for (let i = 0; i < count; i++) {
  const { seed: played, steps, trace } = await simulate(seed + i)
  console.log(`${played} ${steps} ${trace}`)
}
