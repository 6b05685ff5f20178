// Metrics of the rooms, read when somebody asks for them.
import type { Delivery } from '../actiontrail/delivery/delivery.ts'
import { indexedEvents } from '../actiontrail/lookup/event-index.ts'
import type { Metrics } from '../gateway/metrics.ts'
import { VERSION } from '../settings/version.ts'
import { eventsUpTo } from '../storage/lane.ts'
import type { LiveServers } from './live-servers.ts'
import type { OpenHouse } from './open.ts'

/** Publishes the version, how long the trail is, how far the work behind the calls has come, how much keys were used, and how many servers there are. */
export function watch(
  metrics: Metrics,
  { ledger, eventIndex, usage }: Pick<OpenHouse, 'ledger' | 'eventIndex' | 'usage'>,
  delivery: Delivery,
  servers: LiveServers | null,
): void {
  metrics.gauge(
    'strongroom_live_servers',
    'How many servers share this database, as this one sees it; rate limits are divided by it.',
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
    'Messages encrypted under a key version, of the hundred that this server used most lately; the bound is 2^80, of SM4 and in an HSM 2^32.',
    ['key', 'version', 'level'],
    async () =>
      usage.busiest(100).map(({ keyId, versionId, protectionLevel, uses }) => ({
        labels: { key: keyId, version: versionId, level: protectionLevel },
        value: uses,
      })),
  )
  metrics.gauge('strongroom_trail_events', 'How many events the trail has had.', [], async () => [
    { labels: {}, value: eventsUpTo(await ledger.heads()) },
  ])
  metrics.gauge('strongroom_trail_indexed_events', 'How many of them lookups find by the index.', [], async () => [
    { labels: {}, value: indexedEvents(await eventIndex.indexed()) },
  ])
  metrics.gauge(
    'strongroom_delivery_lag_seconds',
    'How old the oldest event is that a trail has not delivered.',
    ['account', 'trail'],
    async () =>
      (await delivery.lags()).map(({ account, trail, seconds }) => ({ labels: { account, trail }, value: seconds })),
  )
}
