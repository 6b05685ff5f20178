// The observers of requests. A server with a port for metrics counts and logs requests; any other server only logs them. With a collector
// of traces, each call sends a span. Libraries that are not needed are not loaded.
import type { Metrics } from '../gateway/metrics.ts'
import { type Log, RefusalLog } from '../gateway/observer.ts'
import type { Runtime } from '../runtime/runtime.ts'
import type { Settings } from '../settings/settings.ts'
import { errorsLogged, openLog } from './log.ts'
import type { Tracing } from './tracing.ts'

export interface Observing {
  readonly observer: RefusalLog
  /** The same object, or null without a port for metrics: the library of metrics is not loaded then. */
  readonly metrics: Metrics | null
}

export async function observing(
  { metrics: at }: Settings,
  log: Log,
  runtime: Pick<Runtime, 'monotonic' | 'after'>,
): Promise<Observing> {
  if (!at) return { observer: new RefusalLog(log, runtime), metrics: null }
  const { Metrics } = await import('../gateway/metrics.ts')
  const metrics = new Metrics(log, runtime)
  metrics.counter(
    'strongroom_errors_logged_total',
    'Lines of level error in the log; each tells of something that an operator should look at.',
    errorsLogged,
  )
  return { observer: metrics, metrics }
}

/** Follows calls and sends their spans; null without a collector of traces. */
export async function tracing({ traces, logLevel }: Settings, runtime: Runtime): Promise<Tracing | null> {
  if (!traces) return null
  const { Tracing } = await import('./tracing.ts')
  return new Tracing(traces, openLog(logLevel), runtime)
}
