/** ` (did you mean …?)` with the known name that is fewest edits away, or '' where none is near. */
export function didYouMean(name: string, known: Iterable<string>): string {
  const wanted = name.toLowerCase()
  // A third of the letters may be wrong: further away is another word.
  let [best, fewest] = ['', Math.floor(wanted.length / 3) + 1]
  for (const one of known) {
    const changes = distance(wanted, one.toLowerCase())
    if (changes < fewest) [best, fewest] = [one, changes]
  }
  return best === '' ? '' : ` (did you mean ${best}?)`
}

/** How many letters must be inserted, removed, replaced or swapped with their neighbour (optimal string alignment). */
function distance(from: string, to: string): number {
  let [before, last]: [number[], number[]] = [[], Array.from({ length: to.length + 1 }, (_, j) => j)]
  for (let i = 1; i <= from.length; i++) {
    const row = [i]
    for (let j = 1; j <= to.length; j++) {
      const same = from[i - 1] === to[j - 1] ? 0 : 1
      const steps = [(last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + same]
      if (i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]) steps.push((before[j - 2] ?? 0) + 1)
      row.push(Math.min(...steps))
    }
    ;[before, last] = [last, row]
  }
  return last[to.length] ?? 0
}
