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

/** Figures in turn come from this many times as many rounds, each this many times shorter: the machine drifts within seconds. */
export const SHORTER = 4
