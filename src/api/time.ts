/** A moment, in milliseconds since 1970, as ISO 8601 in UTC with seconds, which is how every answer writes it. */
export function isoSeconds(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`
}
