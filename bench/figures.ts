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
 * The rounds of figures that are compared in turn: the machine drifts within seconds. Their length is that of other rounds: shorter ones begin
 * with cold caches, which several processes feel more than one.
 */
export const ROUNDS_IN_TURN = 12
