// The time range of a lookup (docs/compatibility.md, "LookupEvents"), in seconds since 1970.
import { refuse } from '../../api/errors.ts'
import { fromIsoSeconds } from '../../api/time.ts'

const DAY = 86_400
const DEFAULT_SPAN = 7 * DAY
const LONGEST_GUESS = 30 * DAY

interface TimeRange {
  readonly from: number
  readonly to: number
}

/** Reads a time in UTC to the second, such as 2026-03-01T00:00:00Z; null for any other text. */
export function secondOf(text: string): number | null {
  const ms = fromIsoSeconds(text)
  return ms === null ? null : ms / 1000
}

/**
 * The range to search, both ends included. Without `start`, it is the 7 days before `end`. Without `end`, it ends now, but at most 30 days
 * after `start`. A start before the retention moves to the retention. Refuses with InvalidParameterCombination.
 */
export function timeRange(
  { start, end }: { readonly start: number | null; readonly end: number | null },
  now: number,
  { retentionDays, lookupMaxSpanDays }: { readonly retentionDays: number; readonly lookupMaxSpanDays: number },
): TimeRange {
  if (start !== null && end !== null && start >= end) throw refuse('InvalidParameterCombination')
  const to = Math.min(now, end ?? (start === null ? now : Math.min(now, start + LONGEST_GUESS)))
  const asked = start ?? to - DEFAULT_SPAN
  if (asked >= to) throw refuse('InvalidParameterCombination')
  const from = Math.max(asked, now - retentionDays * DAY)
  // The span counts after the start has moved to the retention: a client whose clock differs asks for some seconds more than the last 90
  // days.
  if (to - from > lookupMaxSpanDays * DAY) throw refuse('InvalidParameterCombination')
  return { from: Math.min(from, to), to }
}
