// Prometheus metrics. A server without a metrics port does not load this file. Labels contain names of operations and codes of the catalogue, never
// content of a request.
import { AggregatorRegistry, Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Code } from '../api/errors/catalogue.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { type Disconnection, type Log, type Observed, RefusalLog } from './observer.ts'

/** The metrics of one process, in the form in which they are sent to another. */
export type Counted = Awaited<ReturnType<Registry['getMetricsAsJSON']>>

export class Metrics extends RefusalLog {
  readonly #registry = new Registry()
  readonly #calls = new Map<Observed, Map<string, number>>()
  readonly #unauthenticated: Counter<'code'>
  /** The same counter under its former name. */
  readonly #strangers: Counter<'code'>
  readonly #disconnections: Counter<'reason'>
  readonly #logOns: Counter<'outcome'>
  readonly #unrecorded: Counter
  readonly #seconds: Histogram<'product'>
  #others: () => Promise<readonly Counted[]> = async () => []

  constructor(log: Log, runtime: Pick<Runtime, 'monotonic' | 'after'>) {
    super(log, runtime)
    const registers = [this.#registry]
    collectDefaultMetrics({ register: this.#registry })
    const calls = this.#calls
    new Counter({
      name: 'strongroom_calls_total',
      help: 'Calls of authenticated callers, by outcome: OK, or the code of the refusal.',
      labelNames: ['product', 'operation', 'outcome'],
      registers,
      // Each call counts in plain maps; a scrape copies them.
      collect() {
        this.reset()
        for (const [{ product, name: operation }, outcomes] of calls)
          for (const [outcome, count] of outcomes) this.inc({ product: product.name, operation, outcome }, count)
      },
    })
    this.#seconds = new Histogram({
      name: 'strongroom_call_seconds',
      help: 'Time from the request of a call to its answer.',
      labelNames: ['product'],
      buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
      registers,
    })
    this.#disconnections = new Counter({
      name: 'strongroom_disconnections_total',
      help: 'Connections that the server closed without an answer, by reason.',
      labelNames: ['reason'],
      registers,
    })
    this.#unauthenticated = new Counter({
      name: 'strongroom_unauthenticated_requests_total',
      help: 'Requests refused before their caller was authenticated, by code.',
      labelNames: ['code'],
      registers,
    })
    this.#strangers = new Counter({
      name: 'strongroom_strangers_total',
      help: 'Deprecated: use strongroom_unauthenticated_requests_total. The next release drops this name.',
      labelNames: ['code'],
      registers,
    })
    this.#logOns = new Counter({
      name: 'strongroom_log_ons_total',
      help: 'Log-ons to the console, by outcome: OK for each new session, or the code of the refusal.',
      labelNames: ['outcome'],
      registers,
    })
    this.#unrecorded = new Counter({
      name: 'strongroom_unrecorded_refusals_total',
      help: 'Refused calls without an event, because the account exceeded its limit of recorded refusals.',
      registers,
    })
  }

  override answered(operation: Observed, outcome: 'OK' | Code, ms: number): void {
    let outcomes = this.#calls.get(operation)
    if (!outcomes) {
      outcomes = new Map()
      this.#calls.set(operation, outcomes)
    }
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    this.#seconds.observe({ product: operation.product.name }, ms / 1000)
  }

  override turnedAway(code: Code, sourceAddress: string): void {
    this.#unauthenticated.inc({ code })
    this.#strangers.inc({ code })
    super.turnedAway(code, sourceAddress)
  }

  override loggedOn(outcome: 'OK' | Code): void {
    this.#logOns.inc({ outcome })
  }

  override disconnected(reason: Disconnection, sourceAddress: string): void {
    this.#disconnections.inc({ reason })
    super.disconnected(reason, sourceAddress)
  }

  override unrecorded(account: string): void {
    this.#unrecorded.inc()
    super.unrecorded(account)
  }

  /** Adds a gauge. Each scrape calls `read`, which returns the values with their labels. */
  gauge<L extends string>(
    name: `strongroom_${string}`,
    help: string,
    labelNames: readonly L[],
    read: () => Promise<readonly { readonly labels: Readonly<Record<L, string>>; readonly value: number }[]>,
  ): void {
    new Gauge<L>({
      name,
      help,
      labelNames: [...labelNames],
      registers: [this.#registry],
      async collect() {
        this.reset()
        // Without labels, the library sets it to 0.
        if (labelNames.length === 0) this.remove()
        // A gauge that can't be read is omitted; all other metrics remain.
        const values = await read().catch(() => [])
        for (const { labels, value } of values) this.set(labels, value)
      },
    })
  }

  /** Adds a counter. Each scrape calls `read`, which returns the count since the start of the process. */
  counter(name: `strongroom_${string}_total`, help: string, read: () => number): void {
    new Counter({
      name,
      help,
      registers: [this.#registry],
      collect() {
        this.reset()
        this.inc(read())
      },
    })
  }

  /** Returns the metrics of this process. */
  counted(): Promise<Counted> {
    return this.#registry.getMetricsAsJSON()
  }

  /** Adds the metrics of the server's other processes to the output. Each scrape calls `others`. */
  adding(others: () => Promise<readonly Counted[]>): void {
    this.#others = others
  }

  /** All metrics as Prometheus text, summed over the processes of the server. */
  async text(): Promise<string> {
    const others = await this.#others()
    if (others.length === 0) return this.#registry.metrics()
    return AggregatorRegistry.aggregate([await this.counted(), ...others]).metrics()
  }
}

/** Returns the sum of the counters and histograms of ended processes, since counters must not decrease. Gauges of ended processes are dropped. */
export function lasting(all: readonly Counted[]): Promise<Counted> {
  const kept = all.map((metrics) => metrics.filter(({ type }) => ['counter', 'histogram'].includes(`${type}`)))
  return AggregatorRegistry.aggregate(kept).getMetricsAsJSON()
}
