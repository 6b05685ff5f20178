// The latencies of calls, from a server's metrics (docs/running.md, "Watch it"). Events do not record them.

/** For each product, the number of calls that took at most so many seconds, by that limit: the cumulative buckets of a histogram. */
export type Buckets = ReadonlyMap<string, ReadonlyMap<number, number>>

const LINE = /^strongroom_call_seconds_bucket\{([^}]*)\} (\d+(?:\.\d+)?(?:e\+?\d+)?)$/

/** The buckets in a Prometheus text. */
export function bucketsIn(text: string): Buckets {
  const products = new Map<string, Map<number, number>>()
  for (const line of text.split('\n')) {
    const [, labels = '', count = ''] = LINE.exec(line) ?? []
    const [, product] = /\bproduct="(\w+)"/.exec(labels) ?? []
    const [, limit] = /\ble="([^"]+)"/.exec(labels) ?? []
    if (product === undefined || limit === undefined) continue
    const buckets = products.get(product) ?? new Map<number, number>()
    products.set(product, buckets.set(limit === '+Inf' ? Number.POSITIVE_INFINITY : Number(limit), Number(count)))
  }
  return products
}

/** The median and the 99th percentile, as upper limits, of the calls since `before`, by product; '' without calls. */
export function latencyLine(now: Buckets, before: Buckets): string {
  const said = [...now].flatMap(([product, buckets]) => {
    const since = [...buckets].map(([limit, count]) => [limit, count - (before.get(product)?.get(limit) ?? 0)] as const)
    const sorted = since.toSorted(([a], [b]) => a - b)
    const total = sorted.at(-1)?.[1] ?? 0
    if (total <= 0) return []
    const within = (share: number) => shown(sorted.find(([, count]) => count >= share * total)?.[0] ?? Number.NaN)
    return [`${product} half ${within(0.5)}, 99 % ${within(0.99)}`]
  })
  return said.length === 0 ? '' : `latency: ${said.join('; ')}`
}

function shown(seconds: number): string {
  return Number.isFinite(seconds) ? `≤ ${Number((seconds * 1000).toPrecision(3))} ms` : '> 5 s'
}
