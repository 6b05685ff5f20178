// The background work of a server: it sweeps, maintains and delivers the trail, sets passwords, and watches the other servers.
import type { TrailUpkeep } from '../actiontrail/audit/upkeep.ts'
import type { Verifier } from '../actiontrail/audit/verifier.ts'
import type { Delivery } from '../actiontrail/delivery/delivery.ts'
import type { House } from '../gateway/house.ts'
import type { KeyUsage } from '../kms/key-usage.ts'
import { setPendingPasswords } from '../kms/secrets/database-rotation.ts'
import type { LastUsed } from '../ram/last-used.ts'
import { recordDueEvents } from '../rootkeys/due-events.ts'
import type { Settings } from '../settings/settings.ts'
import { setPassword } from '../storage/postgresql-password.ts'
import { BEAT_MS, type LiveServers } from './live-servers.ts'
import type { OpenHouse } from './open.ts'
import { type Loop, repeat } from './repeat.ts'
import type { Sweeps } from './sweeps.ts'
import { Contradicted, type Witness } from './witness.ts'

const SWEEP_MS = 1000
/** How often trails are checked for due deliveries. */
const DELIVERY_MS = 500
const NONCES_AT_ONCE = 2000
/** How often the last use of AccessKeys, and the uses of keys, are stored. */
const LAST_USED_MS = 60_000
/** How often events older than the retention are dropped. */
const PRUNE_MS = 3_600_000

/** Sweeps, drops old nonces, and stores which AccessKeys and keys were used. Begins after a pause, because the start itself sweeps. */
export async function keepRecords(
  house: House,
  sweeps: Sweeps,
  { usage, lastUsed }: { readonly usage: KeyUsage; readonly lastUsed: LastUsed },
  loop: Loop,
): Promise<void> {
  const { runtime, stop } = loop
  let writeUseAt = runtime.monotonic() + LAST_USED_MS
  const work = async () => {
    await sweeps.run()
    while ((await house.ledger.dropNonces(house.wallNow(), NONCES_AT_ONCE)) === NONCES_AT_ONCE && !stop.aborted);
    if (runtime.monotonic() < writeUseAt) return
    await lastUsed.write(house.now())
    await usage.write()
    writeUseAt = runtime.monotonic() + LAST_USED_MS
  }
  await runtime.pause(SWEEP_MS, stop)
  return repeat(SWEEP_MS, loop, work, 'background work failed, and will be tried again')
}

/**
 * Runs two independent loops, because a witness can fail for a long time. One signs checkpoints and renews the witness. The other indexes
 * events and drops those older than the retention.
 */
export async function keepTrail(
  {
    upkeep,
    witness,
  }: {
    readonly upkeep: Pick<TrailUpkeep, 'stored' | 'checkpoint' | 'extendIndex' | 'prune'>
    readonly witness: Pick<Witness, 'renew'>
  },
  { retentionDays }: Pick<Settings, 'retentionDays'>,
  loop: Loop,
): Promise<void> {
  const { runtime } = loop
  // The first pruning waits: the operator can notice a wrong clock before it drops events.
  let pruneAt = runtime.monotonic() + PRUNE_MS
  let contradicted = false
  const renewWitness = async () => {
    try {
      await witness.renew(await upkeep.checkpoint(runtime.now()), upkeep.stored)
      contradicted = false
    } catch (error) {
      contradicted ||= error instanceof Contradicted
      throw error
    }
  }
  const maintain = async () => {
    await upkeep.extendIndex(runtime.now(), runtime.turn)
    // Keeps everything while the witness contradicts the trail: the trail is evidence.
    if (contradicted || runtime.monotonic() < pruneAt) return
    pruneAt = runtime.monotonic() + PRUNE_MS
    await upkeep.prune(runtime.now(), retentionDays, runtime.turn)
  }
  await Promise.all([
    repeat(SWEEP_MS, loop, renewWitness, 'the witness of the trail could not be renewed, and will be tried again'),
    repeat(SWEEP_MS, loop, maintain, 'the upkeep of the trail failed, and will be tried again'),
  ])
}

/** Delivers trails in a loop of its own: a bucket that hangs delays no other work. */
export function deliverTrails(delivery: Delivery, loop: Loop): Promise<void> {
  return repeat(DELIVERY_MS, loop, () => delivery.tick(), 'trails could not be delivered, and will be tried again')
}

/** Sets new passwords in the databases of secrets, in a loop of its own: a database that hangs delays no other work. */
export function setPasswords(house: House, loop: Loop): Promise<void> {
  const work = () => setPendingPasswords(house, setPassword)
  return repeat(SWEEP_MS, loop, work, 'passwords of secrets could not be set, and will be tried again')
}

/** Does the verifications of the trail that accounts request, one after the other. */
export function verifyOnDemand(verifier: Verifier, loop: Loop): Promise<void> {
  const failure = 'verifications of the trail could not be done, and will be tried again'
  return repeat(SWEEP_MS, loop, () => verifier.next(), failure)
}

/** Records the events about the root keys that are due because a process ended before it had recorded them. */
export function recordLeftEvents(
  rooms: Pick<OpenHouse, 'ring' | 'ledger' | 'accounts' | 'runtime'>,
  loop: Loop,
): Promise<void> {
  const failure = 'events about the root keys could not be recorded, and will be tried again'
  return repeat(SWEEP_MS, loop, () => recordDueEvents(rooms.ring, rooms), failure)
}

/** Announces this server to the other servers of the database, and looks at them, once per `BEAT_MS`. */
export function keepKnown(servers: LiveServers, loop: Loop): Promise<void> {
  const failure = 'the records of the other servers could not be read, and will be read again'
  return repeat(BEAT_MS, loop, () => servers.beat(), failure)
}
