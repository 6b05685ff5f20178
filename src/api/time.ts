// Times and durations as texts.

/** A cache of formatted seconds: most requests need the present second, or those of records that are read often. */
const texts = new Map<number, string>()
const MOST_TEXTS = 1024

/** Formats milliseconds since 1970 for replies: ISO 8601 in UTC, to the second. */
export function isoSeconds(ms: number): string {
  const second = Math.floor(ms / 1000)
  const known = texts.get(second)
  if (known !== undefined) return known
  const text = `${new Date(ms).toISOString().slice(0, 19)}Z`
  if (texts.size === MOST_TEXTS) texts.clear()
  texts.set(second, text)
  return text
}

/** Reads a time in the form of isoSeconds, in milliseconds since 1970; null for any other text. */
export function fromIsoSeconds(text: string): number | null {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text)) return null
  const ms = Date.parse(text)
  // Date.parse turns February 30 and 24:00:00 into times of a later day.
  return new Date(ms).getUTCDate() === Number(text.slice(8, 10)) ? ms : null
}

/** The earliest of these moments; null where none is set. */
export function earliest(...moments: readonly (number | null)[]): number | null {
  const set = moments.filter((moment) => moment !== null)
  return set.length === 0 ? null : Math.min(...set)
}

const UNITS_MS: Readonly<Record<string, number>> = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000 }

/** Reads a duration, a whole number with its unit such as 7d, 12h, 15m or 30s, in milliseconds; null for any other text. */
export function durationMs(text: string): number | null {
  const [, number = '', unit = ''] = /^(\d{1,10})([dhms])$/.exec(text) ?? []
  return number === '' ? null : Number(number) * (UNITS_MS[unit] ?? 0)
}
