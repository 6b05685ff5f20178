/** A range of time that ends now, as LookupEvents takes it. Without an end, the service looks no further than 30 days after the start. */
export function lastSeconds(seconds: number): readonly [start: string, end: string] {
  return [utcSeconds(new Date(Date.now() - seconds * 1000)), utcSeconds(new Date())]
}

/** A moment as operations take it: in UTC, to the second. */
export function utcSeconds(date: Date): string {
  return date.toISOString().replace(/\.\d+/, '')
}
