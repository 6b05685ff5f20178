// Prints the hash of each run's trace: `node test/simulation/traces.ts SEED COUNT`. The same on every version of Node and every machine.
import { simulate } from './simulate.ts'

/** A line for each of `count` runs. */
export async function tracesOf(seed: number, count: number): Promise<string> {
  let lines = ''
  for (let i = 0; i < count; i++) {
    const { seed: played, steps, trace } = await simulate(seed + i)
    lines += `${played} ${steps} ${trace}\n`
  }
  return lines
}

if (import.meta.main) {
  const [seed = 1, count = 1] = process.argv.slice(2).map(Number)
  process.stdout.write(await tracesOf(seed, count))
}
