// Spans of calls for an OpenTelemetry collector. A server without a collector does not load this file.
// A span is made when its call is over, and only for an authenticated caller: a stranger can neither make spans nor continue traces.
import { AsyncLocalStorage } from 'node:async_hooks'
import { ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { type ExportResult, ExportResultCode, parseTraceParent } from '@opentelemetry/core'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources'
import { BatchSpanProcessor, type ReadableSpan, type SpanExporter, TracerProvider } from '@opentelemetry/sdk-trace'
import type { Traced, Tracer } from '../gateway/tracer.ts'
import type { Keystore } from '../keystore/keystore.ts'
import type { VersionPlace } from '../keystore/version-place.ts'
import type { Runtime } from '../runtime/runtime.ts'
import type { TraceSettings } from '../settings/traces.ts'
import { VERSION } from '../settings/version.ts'
import type { EventStorage, Storage } from '../storage/storage.ts'

/** A call that waits more often has child spans for its first waits alone. The sums count all waits. */
const MOST_WAITS = 32
/** How long sending the last spans may take when the server stops. */
const STOP_MS = 3000

type Awaited = 'database' | 'hsm'
type Machine = Pick<Runtime, 'now' | 'monotonic' | 'pause' | 'newId'>

interface Wait {
  readonly name: string
  /** By the monotonic clock. */
  readonly from: number
  readonly to: number
}

/** The notes about a call in progress. */
interface Call {
  /** By the monotonic clock. */
  readonly began: number
  readonly waits: Wait[]
  readonly waitedMs: Record<Awaited, number>
}

/** Logs the first failure to send spans, and the first success after it. */
interface TroubleLog {
  warn(fields: Readonly<Record<string, unknown>>, message: string): void
  info(fields: Readonly<Record<string, unknown>>, message: string): void
}

export class Tracing implements Tracer {
  readonly #calls = new AsyncLocalStorage<Call>()
  readonly #machine: Machine
  readonly #provider: TracerProvider
  readonly #tracer

  constructor({ url }: TraceSettings, log: TroubleLog, machine: Machine) {
    this.#machine = machine
    const exporter = new LoggedExporter(new OTLPTraceExporter({ url }), new URL(url).origin, log)
    this.#provider = new TracerProvider({
      resource: resourceFromAttributes({
        'service.name': 'strongroom',
        'service.version': VERSION,
        'service.instance.id': machine.newId(),
      }).merge(detectResources({ detectors: [envDetector] })),
      spanProcessors: [new BatchSpanProcessor({ exporter })],
    })
    this.#tracer = this.#provider.getTracer('strongroom', VERSION)
  }

  following<T>(call: () => Promise<T>): Promise<T> {
    const noted = { began: this.#machine.monotonic(), waits: [], waitedMs: { database: 0, hsm: 0 } }
    return this.#calls.run(noted, call)
  }

  committing<T>(commit: Promise<T>): Promise<T> {
    return this.#waiting('database', 'commit', commit)
  }

  traced({ operation, outcome, requestId, account, traceparent }: Traced): void {
    const call = this.#calls.getStore()
    if (!call) return
    const end = this.#machine.monotonic()
    // Spans have the time of day. All times of a call derive from one reading of that clock.
    const epoch = this.#machine.now() - end
    const parent = parseTraceParent(traceparent)
    const context = parent ? trace.setSpanContext(ROOT_CONTEXT, { ...parent, isRemote: true }) : ROOT_CONTEXT
    const span = this.#tracer.startSpan(
      `${operation.product.name}/${operation.name}`,
      {
        kind: SpanKind.SERVER,
        startTime: epoch + call.began,
        attributes: {
          'rpc.service': operation.product.name,
          'rpc.method': operation.name,
          'strongroom.outcome': outcome,
          'strongroom.request_id': requestId,
          'strongroom.account': account,
          'strongroom.database.ms': call.waitedMs.database,
          'strongroom.hsm.ms': call.waitedMs.hsm,
        },
      },
      context,
    )
    if (isFault(outcome)) span.setStatus({ code: SpanStatusCode.ERROR })
    this.#addWaits(span, call, epoch)
    span.end(epoch + end)
  }

  #addWaits(span: Span, { waits }: Call, epoch: number): void {
    const context = trace.setSpan(ROOT_CONTEXT, span)
    for (const { name, from, to } of waits)
      this.#tracer.startSpan(name, { kind: SpanKind.CLIENT, startTime: epoch + from }, context).end(epoch + to)
  }

  /** The same storage. Each read notes in its call how long it waits. */
  storage(storage: Storage): Storage {
    const events = this.#timed<EventStorage>(storage.events, 'database', () => true)
    const timed = this.#timed<Storage>(storage, 'database', (name) => READS.has(name))
    return new Proxy(timed, { get: (target, name) => (name === 'events' ? events : Reflect.get(target, name)) })
  }

  /** The same key store. Work in the HSM notes in its call how long it waits. */
  keystore(keystore: Keystore): Keystore {
    return this.#timed<Keystore>(keystore, 'hsm', (_, [place]) => isInHsm(place))
  }

  #timed<T extends object>(room: T, what: Awaited, counts: (name: string, args: readonly unknown[]) => boolean): T {
    return new Proxy(room, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name, target)
        if (typeof member !== 'function' || typeof name !== 'string') return member
        return (...args: unknown[]) => {
          const result: unknown = member.apply(target, args)
          return result instanceof Promise && counts(name, args) ? this.#waiting(what, name, result) : result
        }
      },
    })
  }

  #waiting<T>(what: Awaited, name: string, work: Promise<T>): Promise<T> {
    const call = this.#calls.getStore()
    if (!call) return work
    const from = this.#machine.monotonic()
    return work.finally(() => {
      const to = this.#machine.monotonic()
      call.waitedMs[what] += to - from
      if (call.waits.length < MOST_WAITS) call.waits.push({ name: `${what} ${name}`, from, to })
    })
  }

  /** Sends the remaining spans. Rejects when the collector does not take them. */
  flush(): Promise<void> {
    return this.#provider.forceFlush()
  }

  /** Sends the remaining spans, within STOP_MS. */
  async stop(): Promise<void> {
    const late = new AbortController()
    // The exporter logs the failure.
    await Promise.race([this.#provider.shutdown().catch(() => {}), this.#machine.pause(STOP_MS, late.signal)])
    late.abort()
  }
}

/** The reads of calls. All other methods are the commit, or work of the service. */
const READS: ReadonlySet<string> = new Set(['get', 'page', 'pageAfter', 'between', 'search', 'searchById', 'count'])

function isInHsm(place: unknown): boolean {
  return typeof place === 'object' && (place as Partial<VersionPlace> | null)?.protectionLevel === 'HSM'
}

/** Whether the service, not the caller, is at fault. */
function isFault(outcome: string): boolean {
  return outcome === 'InternalFailure' || outcome.startsWith('ServiceUnavailable')
}

/** An exporter that logs its first failure, and then the first success after it. */
class LoggedExporter implements SpanExporter {
  readonly #exporter: SpanExporter
  readonly #origin: string
  readonly #log: TroubleLog
  #troubled = false

  constructor(exporter: SpanExporter, origin: string, log: TroubleLog) {
    this.#exporter = exporter
    this.#origin = origin
    this.#log = log
  }

  export(spans: ReadableSpan[], done: (result: ExportResult) => void): void {
    this.#exporter.export(spans, (result) => {
      this.#note(result)
      done(result)
    })
  }

  #note({ code, error }: ExportResult): void {
    const failed = code !== ExportResultCode.SUCCESS
    if (failed === this.#troubled) return
    this.#troubled = failed
    const fields = { collector: this.#origin }
    if (failed)
      this.#log.warn({ ...fields, reason: error?.message ?? '' }, 'spans are lost: the collector does not accept them')
    else this.#log.info(fields, 'the collector accepts spans again')
  }

  shutdown(): Promise<void> {
    return this.#exporter.shutdown()
  }
}
