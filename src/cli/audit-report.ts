// The verdict on a trail, and its exit code.
import type { Verified } from '../actiontrail/audit/verify.ts'
import { countIn, eventsUpTo } from '../storage/lane.ts'
import type { Heads } from '../storage/storage.ts'
import type { Surroundings } from './surroundings.ts'

/** Prints the result of a walk along the chain; returns the exit code. */
export function report({ events, confirmed, heads, fault }: Verified, started: number, around: Surroundings): number {
  around.status('')
  const seconds = (performance.now() - started) / 1000
  if (fault) {
    around.complain(`NOT INTACT: ${fault.message}`)
    around.complain(`${confirmed} events before it are as they were recorded`)
    if (events > confirmed)
      around.complain(`${events - confirmed} more are consistent with each other, but no signature confirms them`)
    return 1
  }
  const rate = Math.round(events / Math.max(seconds, 0.001))
  around.print(
    `intact: ${events} events up to number ${eventsUpTo(heads)}, in ${seconds.toFixed(1)} s (${rate}/s)\n${headLines(heads)}`,
  )
  return 0
}

/** The heads, for the operator to write down. */
function headLines(heads: Heads): string {
  const [first] = heads
  if (heads.length === 1) return `head ${first?.hash}`
  return heads.map(({ seq, hash }, lane) => `head of lane ${lane}: event ${countIn(seq)}, ${hash}`).join('\n')
}
