// Metrics of the rooms, read at each scrape.
import { X509Certificate } from 'node:crypto'
import type { Delivery } from '../actiontrail/delivery/delivery.ts'
import { indexedEvents } from '../actiontrail/lookup/event-index.ts'
import type { Metrics } from '../gateway/metrics.ts'
import type { ServerCertificate } from '../gateway/server-certificate.ts'
import { VERSION } from '../settings/version.ts'
import { eventsUpTo } from '../storage/lane.ts'
import type { LiveServers } from './live-servers.ts'
import type { OpenHouse } from './open.ts'

interface Ports {
  readonly ready: () => Promise<boolean>
  readonly connections: () => number
}

interface Watched {
  readonly delivery: Delivery
  readonly servers: LiveServers | null
}

/** Publishes the state of the server, its HSM, its trail and deliveries, the uses of its keys, and the number of servers. */
export function watch(
  metrics: Metrics,
  { ledger, eventIndex, usage, hsm }: Pick<OpenHouse, 'ledger' | 'eventIndex' | 'usage' | 'hsm'>,
  { delivery, servers }: Watched,
): void {
  metrics.gauge(
    'strongroom_hsm_up',
    'Whether a token of the HSM is usable: 1 or 0; absent without an HSM.',
    [],
    async () => (hsm ? [{ labels: {}, value: hsm.trouble === null ? 1 : 0 }] : []),
  )
  metrics.gauge(
    'strongroom_live_servers',
    'Number of live servers on this database, from the view of this server; rate limits are divided by it.',
    [],
    async () => [{ labels: {}, value: servers?.live ?? 1 }],
  )
  metrics.gauge(
    'strongroom_build_info',
    'The version of this server; the value is always 1.',
    ['version'],
    async () => [{ labels: { version: VERSION }, value: 1 }],
  )
  metrics.gauge(
    'strongroom_key_version_uses',
    'Messages encrypted under a key version, for the hundred most used versions that this server has used; the limit is 2^80, or 2^32 for SM4 and HSM keys.',
    ['key', 'version', 'level'],
    async () =>
      usage.busiest(100).map(({ keyId, versionId, protectionLevel, uses }) => ({
        labels: { key: keyId, version: versionId, level: protectionLevel },
        value: uses,
      })),
  )
  metrics.gauge('strongroom_trail_events', 'Number of events that the trail has ever recorded.', [], async () => [
    { labels: {}, value: eventsUpTo(await ledger.heads()) },
  ])
  metrics.gauge('strongroom_trail_indexed_events', 'Number of these events that are in the index.', [], async () => [
    { labels: {}, value: indexedEvents(await eventIndex.indexed()) },
  ])
  metrics.gauge(
    'strongroom_delivery_lag_seconds',
    'Age of the oldest event that a trail has not delivered.',
    ['account', 'trail'],
    async () =>
      (await delivery.lags()).map(({ account, trail, seconds }) => ({ labels: { account, trail }, value: seconds })),
  )
}

/** Publishes what the ports hold: open connections, and when the certificate expires. */
export function watchPorts(
  metrics: Metrics,
  { ready, connections }: Ports,
  certificate: ServerCertificate | null,
): void {
  metrics.gauge('strongroom_ready', 'Whether the server is ready, as in /readyz: 1 or 0.', [], async () => [
    { labels: {}, value: (await ready()) ? 1 : 0 },
  ])
  metrics.gauge('strongroom_connections', 'Open connections to the addresses of `listen`.', [], async () => [
    { labels: {}, value: connections() },
  ])
  metrics.gauge(
    'strongroom_certificate_expiry_timestamp_seconds',
    'Expiry of the server certificate in use, in seconds since 1970; absent without HTTPS.',
    [],
    async () =>
      certificate
        ? [{ labels: {}, value: new X509Certificate(certificate.tls.cert).validToDate.getTime() / 1000 }]
        : [],
  )
}
