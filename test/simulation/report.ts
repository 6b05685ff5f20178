import type { Run } from './simulate.ts'

/** Says of a run that failed what went wrong, and how to repeat it. Its trace follows. */
export function report({ seed, mode, steps, lines, failure }: Run): string {
  return [
    `seed ${seed} (${mode}) failed after ${steps} steps: ${failure}`,
    `the same run again: npm run test:simulation -- ${seed}`,
    ...lines,
  ].join('\n')
}
