// Prometheus metrics, and a log of unauthenticated requests that no number of them can flood.
// Labels hold names of operations and codes of the catalogue, never anything a request says.
import { createServer, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { AggregatorRegistry, Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Code } from '../api/errors/catalogue.ts'

/** Why the server closed a connection without an answer. */
export type Disconnection =
  | 'too many connections'
  | 'gave way to another'
  | 'no TLS handshake'
  | 'no request came'
  | 'answer was not read'

/** What the gateway reports of each request. */
export interface Observer {
  /** A call of an authenticated caller got its answer after `ms` milliseconds. */
  answered(operation: Observed, outcome: 'OK' | Code, ms: number): void
  /** A request was refused before its caller was authenticated. */
  turnedAway(code: Code, sourceAddress: string): void
  /** A log-on to the console began a session, or was refused. */
  loggedOn(outcome: 'OK' | Code): void
  /** The server closed a connection without an answer. */
  disconnected(why: Disconnection, sourceAddress: string): void
  /** A refused call of this account left no event: too many come too fast. */
  unrecorded(account: string): void
}

interface Observed {
  readonly product: { readonly name: string }
  readonly name: string
}

/** What one process counted and measured, as it travels to another. */
export type Counted = Awaited<ReturnType<Registry['getMetricsAsJSON']>>

type Log = (fields: Readonly<Record<string, unknown>>, message: string) => void

/** How many unauthenticated requests are logged within a period; the others are only counted. */
const LOGGED = 10
const PERIOD_MS = 10_000

export class Metrics implements Observer {
  readonly #registry = new Registry()
  readonly #calls = new Map<Observed, Map<string, number>>()
  readonly #unauthenticated: Counter<'code'>
  /** The same under its former name. */
  readonly #strangers: Counter<'code'>
  readonly #disconnections: Counter<'reason'>
  readonly #logOns: Counter<'outcome'>
  readonly #unrecorded: Counter
  readonly #silenced = new Map<string, { began: number; hidden: number }>()
  readonly #seconds: Histogram<'product'>
  readonly #log: Log
  readonly #now: () => number
  #period = { began: 0, logged: 0, hidden: 0 }
  #others: () => Promise<readonly Counted[]> = async () => []

  constructor(log: Log, now: () => number) {
    this.#log = log
    this.#now = now
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
      help: 'Time from a request to its answer.',
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
      help: 'Log-ons to the console, by outcome: OK for each session that began, or the code of the refusal.',
      labelNames: ['outcome'],
      registers,
    })
    this.#unrecorded = new Counter({
      name: 'strongroom_unrecorded_refusals_total',
      help: 'Refused calls that left no event because too many came too fast.',
      registers,
    })
  }

  answered(operation: Observed, outcome: 'OK' | Code, ms: number): void {
    let outcomes = this.#calls.get(operation)
    if (!outcomes) {
      outcomes = new Map()
      this.#calls.set(operation, outcomes)
    }
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    this.#seconds.observe({ product: operation.product.name }, ms / 1000)
  }

  turnedAway(code: Code, sourceAddress: string): void {
    this.#unauthenticated.inc({ code })
    this.#strangers.inc({ code })
    this.#tell({ code, sourceAddress }, 'unauthenticated request refused')
  }

  loggedOn(outcome: 'OK' | Code): void {
    this.#logOns.inc({ outcome })
  }

  disconnected(reason: Disconnection, sourceAddress: string): void {
    this.#disconnections.inc({ reason })
    this.#tell({ reason, sourceAddress }, 'connection closed without an answer')
  }

  #tell(fields: Readonly<Record<string, unknown>>, message: string): void {
    const now = this.#now()
    if (now - this.#period.began >= PERIOD_MS) {
      if (this.#period.hidden > 0)
        this.#log({ count: this.#period.hidden }, 'more unauthenticated requests refused or connections closed')
      this.#period = { began: now, logged: 0, hidden: 0 }
    }
    if (this.#period.logged >= LOGGED) {
      this.#period.hidden++
      return
    }
    this.#period.logged++
    this.#log(fields, message)
  }

  unrecorded(account: string): void {
    this.#unrecorded.inc()
    const now = this.#now()
    const silenced = this.#silenced.get(account)
    if (silenced && now - silenced.began < PERIOD_MS) {
      silenced.hidden++
      return
    }
    this.#silenced.set(account, { began: now, hidden: 0 })
    const count = (silenced?.hidden ?? 0) + 1
    this.#log({ account, count }, 'refused calls left no event: the account exceeds its rate of recorded refusals')
  }

  /** Adds a gauge; each scrape calls `read`, which returns the values by their labels. */
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
        // A gauge that can't be read is left out; all other metrics stay.
        const values = await read().catch(() => [])
        for (const { labels, value } of values) this.set(labels, value)
      },
    })
  }

  /** Logs what another process of the server would log, within the same bounds. */
  relay(fields: Readonly<Record<string, unknown>>, message: string): void {
    if ('account' in fields) this.#log(fields, message)
    else if (typeof fields['count'] === 'number') this.#period.hidden += fields['count']
    else this.#tell(fields, message)
  }

  /** What this process counted and measured. */
  counted(): Promise<Counted> {
    return this.#registry.getMetricsAsJSON()
  }

  /** Adds what other processes of the server counted to what is shown; each scrape asks for it. */
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

/** The sum of what ended processes counted, which must not go back; what they measured is gone with them. */
export function lasting(all: readonly Counted[]): Promise<Counted> {
  const kept = all.map((one) => one.filter(({ type }) => ['counter', 'histogram'].includes(`${type}`)))
  return AggregatorRegistry.aggregate(kept).getMetricsAsJSON()
}

/** More than scrapers need, and few enough to leave file descriptors to the service. */
const MAX_METRICS_CONNECTIONS = 100

export interface MetricsListening {
  readonly endpoint: string
  stop(): Promise<void>
}

/** Serves the metrics on their own port; `tls` holds PEM texts, or null for plain HTTP. Rejects when it can't listen. */
export async function listenMetrics(
  metrics: Metrics,
  host: string,
  port: number,
  tls: { readonly cert: string; readonly key: string } | null,
): Promise<MetricsListening> {
  const serve: RequestListener = (request, response) => {
    if (request.url !== '/metrics' || request.method !== 'GET') return void response.writeHead(404).end()
    metrics.text().then(
      (text) => response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }).end(text),
      () => response.writeHead(503).end(),
    )
  }
  const server = tls ? createTlsServer({ ...tls, minVersion: 'TLSv1.2' }, serve) : createServer(serve)
  server.maxConnections = MAX_METRICS_CONNECTIONS
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  const name = host.includes(':') ? `[${host}]` : host
  return {
    endpoint: `${tls ? 'https' : 'http'}://${name}:${(server.address() as AddressInfo).port}/metrics`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
