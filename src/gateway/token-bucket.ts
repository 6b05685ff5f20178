/** Returns the tokens of a bucket that held `left` some milliseconds ago. A clock that is set back adds and removes nothing. */
export function refilled(
  left: number,
  passedMs: number,
  { calls, seconds }: { readonly calls: number; readonly seconds: number },
): number {
  return Math.min(calls, left + (Math.max(0, passedMs) * calls) / (seconds * 1000))
}
