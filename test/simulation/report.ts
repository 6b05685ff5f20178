import type { Run } from './simulate.ts'

/** The report of a failed run: what went wrong, how to repeat the run, and its trace. */
export function report({ seed, mode, steps, lines, failure }: Run): string {
  return [
    `seed ${seed} (${mode}) failed after ${steps} steps: ${failure}`,
    `the same run again: npm run test:simulation -- ${seed}`,
    ...lines,
  ].join('\n')
}
