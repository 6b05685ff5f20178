// A collector of OpenTelemetry traces, by OTLP over HTTP in JSON.
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

interface Attribute {
  readonly key: string
  readonly value: { readonly stringValue?: string; readonly doubleValue?: number; readonly intValue?: number }
}

export interface SentSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly kind: number
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly attributes: readonly Attribute[]
  readonly status: { readonly code?: number }
}

/** The kind of a span that answers a call. */
export const SERVER = 2

/** Takes what exporters send. */
export class Collector implements Disposable {
  readonly #server: Server
  readonly bodies: string[] = []
  /** What it answers. */
  status = 200

  constructor() {
    this.#server = createServer((request, response) => {
      let body = ''
      request.on('data', (chunk) => {
        body += chunk
      })
      request.on('end', () => {
        if (this.status === 200) this.bodies.push(body)
        response.writeHead(this.status, { 'content-type': 'application/json' }).end('{}')
      })
    })
  }

  /** Returns the URL to send to. */
  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1/traces`
  }

  /** The spans that came. */
  get spans(): readonly SentSpan[] {
    return this.bodies.flatMap((body) =>
      JSON.parse(body).resourceSpans.flatMap(({ scopeSpans }: { scopeSpans: readonly { spans: SentSpan[] }[] }) =>
        scopeSpans.flatMap(({ spans }) => spans),
      ),
    )
  }

  [Symbol.dispose](): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }
}
