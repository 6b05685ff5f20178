// How often work begins to go through a map: each time, V8 passes over all that was deleted from it before.

const BEGINNINGS = ['keys', 'values', 'entries', Symbol.iterator] as const

/** Does the work, and returns how many times it began to go through some map. */
export function walksOf(work: () => void): number {
  const prototype = Map.prototype as unknown as Record<(typeof BEGINNINGS)[number], (this: unknown) => unknown>
  const own = BEGINNINGS.map((name) => [name, prototype[name]] as const)
  let walks = 0
  for (const [name, begin] of own)
    prototype[name] = function () {
      walks++
      return begin.call(this)
    }
  try {
    work()
  } finally {
    for (const [name, begin] of own) prototype[name] = begin
  }
  return walks
}
