/** Returns the tokens of a bucket that had `left` tokens `passedMs` ago. Negative `passedMs`, after the clock was set back, changes nothing. */
export function refilled(
  left: number,
  passedMs: number,
  { calls, seconds }: { readonly calls: number; readonly seconds: number },
): number {
  return Math.min(calls, left + (Math.max(0, passedMs) * calls) / (seconds * 1000))
}
