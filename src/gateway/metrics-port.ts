// The port for scrapers of metrics.
import type { RequestListener } from 'node:http'
import { createServer } from '../runtime/http.ts'
import type { Metrics } from './metrics.ts'
import { endpointOf, listening } from './ports.ts'
import type { ServerCertificate } from './server-certificate.ts'

/** More than scrapers need, and few enough to leave file descriptors for the service. */
const MAX_METRICS_CONNECTIONS = 100

interface MetricsListening {
  readonly endpoint: string
  stop(): Promise<void>
}

/** Serves the metrics on their own port. Without a certificate it uses plain HTTP. Rejects when it can't listen. */
export async function listenMetrics(
  metrics: Metrics,
  host: string,
  port: number,
  certificate: ServerCertificate | null,
): Promise<MetricsListening> {
  const serve: RequestListener = (request, response) => {
    if (request.url !== '/metrics' || request.method !== 'GET') return void response.writeHead(404).end()
    metrics.text().then(
      (text) => response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }).end(text),
      () => response.writeHead(503).end(),
    )
  }
  const server = certificate ? certificate.server({}, serve) : createServer(serve)
  server.maxConnections = MAX_METRICS_CONNECTIONS
  await listening(server, host, port)
  return {
    endpoint: `${endpointOf(server, host, certificate !== null)}/metrics`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
