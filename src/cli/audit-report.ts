// The verdict on a trail, and the exit code that goes with it.
import type { Verified } from '../actiontrail/audit/verify.ts'
import type { Surroundings } from './surroundings.ts'

/** Prints what a walk along the chain found; returns the exit code. */
export function report({ events, head, fault }: Verified, started: number, around: Surroundings): number {
  around.status('')
  const seconds = (performance.now() - started) / 1000
  if (fault) {
    around.complain(`NOT INTACT: ${fault.message}`)
    around.complain(`${events} events before it are as they were recorded`)
    return 1
  }
  const rate = Math.round(events / Math.max(seconds, 0.001))
  around.print(
    `intact: ${events} events up to number ${head.seq}, in ${seconds.toFixed(1)} s (${rate}/s)\nhead ${head.hash}`,
  )
  return 0
}
