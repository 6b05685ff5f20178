// The time range of a lookup (contract/actiontrail.md 4.3). Pure: seconds since 1970 in, seconds since 1970 out.
import { refuse } from '../../api/errors.ts'

const DAY = 86_400
const DEFAULT_SPAN = 7 * DAY
const LONGEST_GUESS = 30 * DAY

export interface TimeRange {
  readonly from: number
  readonly to: number
}

/** A moment as clients write it: UTC to the second. */
export function secondOf(text: string): number | null {
  const ms = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(ms) ? null : ms / 1000
}

/**
 * The range searched, both ends included. What is not given is guessed: the last 7 days, or at most 30 from the start.
 * A start before the retention is moved to it. Refuses with InvalidParameterCombination.
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
  // Clocks differ: who asks for the last 90 days means no second more.
  if (to - from > lookupMaxSpanDays * DAY) throw refuse('InvalidParameterCombination')
  return { from: Math.min(from, to), to }
}
