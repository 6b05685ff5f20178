// Settings of traces: the address for spans of calls, from a flag or from OpenTelemetry's standard variables.
import { type Rows, reading, type Told, text } from './row.ts'
import type { Env } from './sources.ts'
import { UsageError } from './usage-error.ts'

export const TRACES = {
  'traces-endpoint': {
    reader: text('URL'),
    help: 'send an OpenTelemetry span of each call to this URL (OTLP over HTTP), such as http://127.0.0.1:4318/v1/traces; the default is OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, then OTEL_EXPORTER_OTLP_ENDPOINT',
  },
} as const satisfies Rows

export interface TraceSettings {
  /** The URL for spans. It may contain credentials. */
  readonly url: string
}

export interface Traces {
  readonly traces: TraceSettings | null
}

/** Throws UsageError. */
export function tracesOf(told: Told, env: Env): Traces {
  const own = reading(TRACES, told)('traces-endpoint')
  if (own !== null) return { traces: { url: urlIn('`traces-endpoint`', own) } }
  if (env['OTEL_SDK_DISABLED']?.toLowerCase() === 'true' || env['OTEL_TRACES_EXPORTER'] === 'none')
    return { traces: null }
  for (const [name, path] of [
    ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', ''],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', '/v1/traces'],
  ] as const) {
    const given = env[name]
    if (given) return { traces: { url: urlIn(name, given.replace(/\/$/, '') + path) } }
  }
  return { traces: null }
}

function urlIn(name: string, given: string): string {
  const url = URL.parse(given)
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return given
  throw new UsageError(`${name} must be a URL that begins with http:// or https://`)
}
