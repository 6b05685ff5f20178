/** A range of time that ends now, as LookupEvents takes it. Without an end, the service looks no further than 30 days after the start. */
export function lastSeconds(seconds: number): readonly [start: string, end: string] {
  const at = (ms: number) => new Date(ms).toISOString().replace(/\.\d+/, '')
  return [at(Date.now() - seconds * 1000), at(Date.now())]
}
