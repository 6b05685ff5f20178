// Statistics of several rounds.

/** The element with the median figure. Throws for an empty list. */
export function median<T>(all: readonly T[], figure: (one: T) => number): T {
  const sorted = all.toSorted((a, b) => figure(a) - figure(b))
  const middle = sorted[Math.floor(sorted.length / 2)]
  if (middle === undefined) throw new Error('nothing was measured')
  return middle
}

export function percent(part: number, whole: number): string {
  return `${((part / whole) * 100).toFixed(1)} %`
}

/**
 * The number of rounds in which figures are compared in turn, since the machine drifts within seconds. Each round has its full length: a short
 * round begins with cold caches, which slow several processes more than one.
 */
export const ROUNDS_IN_TURN = 12
