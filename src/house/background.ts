// What `serve` does beside answering calls: sweeping, keeping the trail, delivering it, and telling metrics of all that.
import { setTimeout as pause } from 'node:timers/promises'
import type { TrailUpkeep } from '../actiontrail/audit/upkeep.ts'
import type { Delivery } from '../actiontrail/delivery/delivery.ts'
import type { EventIndex } from '../actiontrail/lookup/event-index.ts'
import type { House } from '../gateway/call.ts'
import type { Metrics } from '../gateway/metrics.ts'
import type { KeyUsage } from '../kms/key-usage.ts'
import { sweep } from '../kms/sweep.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Settings } from '../settings/settings.ts'
import type { Witness } from './witness.ts'

const SWEEP_MS = 1000
/** How often trails are asked whether something is due. */
const DELIVERY_MS = 500
const NONCES_AT_ONCE = 2000
/** How often the use of AccessKeys is written down. */
const LAST_USED_MS = 60_000
/** How often events that were kept long enough are dropped. */
const PRUNE_MS = 3_600_000

/** Sweeps and forgets old nonces, once a second, until told to stop. */
export async function background(
  house: House,
  usage: KeyUsage,
  stop: AbortSignal,
  alarm: House['failed'],
): Promise<void> {
  let writeUseAt = house.now() + LAST_USED_MS
  while (!stop.aborted) {
    await pause(SWEEP_MS, undefined, { signal: stop }).catch(() => {})
    if (stop.aborted) return
    try {
      await sweep(house)
      while ((await house.ledger.dropNonces(house.wallNow(), NONCES_AT_ONCE)) === NONCES_AT_ONCE && !stop.aborted);
      if (house.now() < writeUseAt) continue
      await house.lastUsed.write(house.now())
      await usage.write()
      writeUseAt = house.now() + LAST_USED_MS
    } catch (error) {
      alarm('background work failed, and will be tried again', error)
    }
  }
}

/** Indexes events, signs checkpoints, and drops what was kept long enough, once a second, until told to stop. */
export async function keepTrail(
  { upkeep, witness }: { readonly upkeep: TrailUpkeep; readonly witness: Witness },
  { retentionDays }: Settings,
  stop: AbortSignal,
  alarm: House['failed'],
): Promise<void> {
  // Not at once: a clock that is set wrong at the start is noticed before it drops anything.
  let pruneAt = Date.now() + PRUNE_MS
  while (!stop.aborted) {
    try {
      await witness.renew(await upkeep.checkpoint(Date.now()), upkeep.stored)
      await upkeep.extendIndex(giveWay)
      if (Date.now() >= pruneAt) {
        pruneAt = Date.now() + PRUNE_MS
        await upkeep.prune(Date.now(), retentionDays, giveWay)
      }
    } catch (error) {
      alarm('the upkeep of the trail failed, and will be tried again', error)
    }
    await pause(SWEEP_MS, undefined, { signal: stop }).catch(() => {})
  }
}

const giveWay = () => new Promise<void>((resolve) => setImmediate(resolve))

/** Delivers what trails have, beside all other work: a bucket that hangs holds up nothing else. */
export async function deliverTrails(delivery: Delivery, stop: AbortSignal, alarm: House['failed']): Promise<void> {
  while (!stop.aborted) {
    await delivery.tick().catch((error: unknown) => alarm('trails could not be delivered, and will be again', error))
    await pause(DELIVERY_MS, undefined, { signal: stop }).catch(() => {})
  }
}

/** Metrics of the rooms: how long the trail is, how far the work behind the calls has come, how much keys were used. */
export function watch(
  metrics: Metrics,
  { ledger, eventIndex, usage }: { readonly ledger: Ledger; readonly eventIndex: EventIndex; readonly usage: KeyUsage },
  delivery: Delivery,
): void {
  metrics.gauge(
    'strongroom_key_version_uses',
    'Messages encrypted under a key version, of the hundred that this server used most lately; the bound is 2^80, in an HSM 2^32.',
    ['key', 'version', 'level'],
    async () =>
      usage.busiest(100).map(({ keyId, versionId, protectionLevel, uses }) => ({
        labels: { key: keyId, version: versionId, level: protectionLevel },
        value: uses,
      })),
  )
  metrics.gauge('strongroom_trail_events', 'The number of the last event of the trail.', [], async () => [
    { labels: {}, value: (await ledger.head()).seq },
  ])
  metrics.gauge(
    'strongroom_trail_indexed_events',
    'The number of the last event that lookups find by the index.',
    [],
    async () => [{ labels: {}, value: (await eventIndex.indexed()).lastSeq }],
  )
  metrics.gauge(
    'strongroom_delivery_lag_seconds',
    'How old the oldest event is that a trail has not delivered.',
    ['account', 'trail'],
    async () =>
      (await delivery.lags()).map(({ account, trail, seconds }) => ({ labels: { account, trail }, value: seconds })),
  )
}
