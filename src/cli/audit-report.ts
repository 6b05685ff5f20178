// How long work on the trail shows how far it is, and how it ends.
import type { Verified } from '../actiontrail/verify.ts'
import type { Surroundings } from './surroundings.ts'

/** A progress bar, drawn ten times a second at the most. */
export function bar(around: Surroundings): (seen: number, total: number) => void {
  const start = performance.now()
  let drawn = start
  return (seen, total) => {
    const now = performance.now()
    if (now - drawn < 100) return
    drawn = now
    const part = total > 0 ? Math.min(1, seen / total) : 0
    const rate = Math.round(seen / ((now - start) / 1000))
    const filled = Math.round(part * 30)
    around.status(
      `[${'#'.repeat(filled)}${'.'.repeat(30 - filled)}] ${Math.floor(part * 100)} %  ${seen} events, ${rate}/s`,
    )
  }
}

/** Prints what a walk along the chain found; answers the exit code. */
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
