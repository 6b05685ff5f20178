import type { Run } from './simulate.ts'

/** Says of a run that failed what happened, and how to repeat it. */
export function report({ seed, mode, steps, lines, failure }: Run): string {
  return [
    ...lines,
    '',
    `seed ${seed} (${mode}) failed after ${steps} steps: ${failure}`,
    `the same run again: npm run test:simulation -- ${seed}`,
  ].join('\n')
}
