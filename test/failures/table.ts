// Failures as their table shows them.
import { inCell } from './cell.ts'
import type { Failure } from './failures.ts'
import type { Shown } from './run.ts'

export const HEAD =
  '| failure | runs | calls | errors that clients saw | service resumed after | longest time without an answer | verdict |\n| --- | --- | --- | --- | --- | --- | --- |'

/** Runs a failure so often. */
export async function repeated({ name, beginsFormer }: Failure, runs: number): Promise<readonly Shown[]> {
  const shown: Shown[] = []
  const deployments = beginsFormer ? runs : 1
  for (let n = 0; n < deployments; n++)
    for await (const line of inCell([name], runs / deployments, n)) shown.push(JSON.parse(line) as Shown)
  return shown
}

export function row(name: string, shown: readonly Shown[]): string {
  const errors = new Map<string, number>()
  for (const one of shown)
    for (const [code, count] of Object.entries(one.errors)) errors.set(code, (errors.get(code) ?? 0) + count)
  const seen = [...errors].map(([code, count]) => `${count} ${code}`).join(', ') || 'none'
  const calls = shown.reduce((sum, one) => sum + one.calls, 0)
  const wrong = shown.filter(({ wrongs }) => wrongs.length > 0).length
  const verdict = wrong === 0 ? 'all well' : `wrong in ${wrong}`
  const times = (of: (one: Shown) => number) => {
    const sorted = shown.map(of).sort((a, b) => a - b)
    return `${(sorted[Math.floor(sorted.length / 2)] ?? 0).toFixed(1)} s, at most ${(sorted.at(-1) ?? 0).toFixed(1)} s`
  }
  const columns = [name, shown.length, calls, seen, times(({ resumed }) => resumed), times(({ gap }) => gap), verdict]
  return `| ${columns.join(' | ')} |`
}
