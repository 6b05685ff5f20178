// Compares clocks.
import { type Finding, findingsOf } from './finding.ts'

/** The server refuses requests whose time differs by more. */
const REFUSED_MS = 15 * 60_000
const APART_MS = 30_000

/** Judges another clock by this machine's clock; both in milliseconds since 1970. */
export function checkOffset(whose: string, theirs: number, ours: number): Finding {
  const { ok, warning, error } = findingsOf('clock')
  const apart = Math.round(Math.abs(theirs - ours) / 1000)
  const says = `the clock of ${whose} is ${apart} s ${theirs > ours ? 'ahead of' : 'behind'} this machine's`
  const remedy = 'run NTP on both: the server refuses requests that are off by more than 15 minutes'
  if (apart * 1000 >= REFUSED_MS) return error(says, remedy)
  if (apart * 1000 >= APART_MS) return warning(says, remedy)
  return ok(apart < 2 ? `the clock of ${whose} agrees with this machine's` : says)
}
