// A server from its start to its end: connects the open house to ports, background work and metrics.
import { availableParallelism } from 'node:os'
import { TrailUpkeep } from '../actiontrail/audit/upkeep.ts'
import { Verifier } from '../actiontrail/audit/verifier.ts'
import { Delivery } from '../actiontrail/delivery/delivery.ts'
import { DevClock } from '../dev/clock.ts'
import type { House } from '../gateway/house.ts'
import { listenMetrics } from '../gateway/metrics-port.ts'
import { products } from '../gateway/products.ts'
import { listen } from '../gateway/server.ts'
import type { ServerCertificate } from '../gateway/server-certificate.ts'
import { sweep } from '../kms/sweep.ts'
import { type Alarm, ofCalls } from '../ledger/alarm.ts'
import type { Credentials } from '../ram/account.ts'
import { bindFormerRoles } from '../ram/trusted-ids.ts'
import { SYSTEM } from '../runtime/system.ts'
import { isShared } from '../settings/root-key.ts'
import type { Settings } from '../settings/settings.ts'
import {
  deliverTrails,
  keepKnown,
  keepRecords,
  keepTrail,
  recordLeftEvents,
  setPasswords,
  verifyOnDemand,
} from './background.ts'
import { renewCertificate } from './certificate-renewal.ts'
import { startCredentials } from './first-start.ts'
import { watch, watchPorts } from './gauges.ts'
import { LiveServers } from './live-servers.ts'
import type { Log } from './log.ts'
import { type Observing, observing } from './observing.ts'
import { onlyServer } from './only-server.ts'
import { closeHouse, type Open } from './open.ts'
import { certificateOf, connectionLimits, endpointsByRegion } from './ports.ts'
import { watchRing } from './root-key-watch.ts'
import { Sweeps } from './sweeps.ts'
import { readWitness, removeUnfinished } from './witness.ts'
import type { WitnessedHouse } from './witnessed.ts'
import { listenWithWorkers, workerCount } from './workers/listen.ts'

/** How long a delivery in progress may take when the server stops; the next start continues an unfinished one. */
const DELIVERY_STOP_MS = 5000
/** How long calls in flight may take when the server stops. */
const STOP_MS = 30_000

/** Where a server reports: its log, its alarms, and texts for the operator. */
interface Voice {
  readonly log: Log
  readonly alarm: Alarm
  readonly say: (text: string) => void
}

/** A server that calls can reach. */
export interface Serving {
  readonly endpoint: string
  /** The first address of each region; null where the server listens on one address. */
  readonly endpoints: Readonly<Record<string, string>> | null
  /** The address of the metrics, or null. */
  readonly metrics: string | null
  /** The credentials of the account that this start made, or null. */
  readonly first: Credentials | null
  /** Finishes the calls in flight, stores the uses that are noted in memory, and closes the house. */
  stop(): Promise<void>
}

interface Wired {
  readonly rooms: WitnessedHouse
  readonly house: House
  readonly sweeps: Sweeps
  readonly observing: Observing
  readonly delivery: Delivery
  readonly upkeep: TrailUpkeep
  /** The servers of a shared database, or null where only one server can use it. */
  readonly servers: LiveServers | null
  /** Closes what was opened, in reverse order. */
  readonly opened: AsyncDisposableStack
}

/** Opens the house for serving. The server takes calls when `start` resolves. Both reject with an error that says what to change. */
export async function openServer(settings: Settings, open: Open<WitnessedHouse>, voice: Voice) {
  const wired = await wire(settings, open, voice)
  return { start: () => start(wired, settings, voice) }
}

async function wire(settings: Settings, open: Open<WitnessedHouse>, { log, alarm }: Voice): Promise<Wired> {
  await using opened = new AsyncDisposableStack()
  const lock = opened.use(new DisposableStack())
  const rooms = await open(settings, alarm, SYSTEM.now())
  opened.defer(() => closeHouse(rooms))
  if (!isShared(settings)) lock.use(onlyServer(settings))
  const { runtime } = rooms
  const clock = settings.dev ? await DevClock.open(rooms.ledger, runtime.now) : null
  removeUnfinished(settings.data)
  if (rooms.unwitnessed) log.warn({ reason: rooms.unwitnessed }, 'THE TRAIL HAS NO WITNESS')
  for (const risk of rooms.storage.risks) log.warn({ risk }, 'the database could lose acknowledged calls')
  const observed = await observing(settings, (fields, message) => log.warn(fields, message), runtime)
  const sweeps = new Sweeps(() => sweep(house))
  const house: House = {
    products,
    settings,
    ...rooms,
    now: clock ? () => clock.now() : runtime.now,
    wallNow: runtime.now,
    dev: clock && { advance: (ms) => sweeps.runAfter(() => clock.advance(ms)) },
    observer: observed.observer,
    ready: async () => {
      const count = await rooms.accounts.count().catch(() => 0)
      return count > 0 && rooms.ledger.canCommit(runtime.now())
    },
    failed: ofCalls(alarm, runtime),
  }
  const delivery = new Delivery({ ...house, ...rooms, intervalMs: settings.deliveryIntervalMs })
  const servers = isShared(settings) ? new LiveServers(rooms) : null
  if (observed.metrics) watch(observed.metrics, rooms, { delivery, servers })
  const upkeep = new TrailUpkeep(rooms)
  return { rooms, house, sweeps, observing: observed, delivery, upkeep, servers, opened: opened.move() }
}

async function start(wired: Wired, settings: Settings, voice: Voice): Promise<Serving> {
  const { rooms, house, sweeps, servers, observing } = wired
  const { metrics } = observing
  const { log, alarm } = voice
  await using opened = wired.opened.move()
  await bindFormerRoles(rooms, alarm)
  const first = await startCredentials(settings, house, rooms, voice.say)
  await rooms.hsm?.start()
  if (rooms.hsm?.trouble && rooms.hsm.setupFailed) throw new Error(rooms.hsm.trouble)
  await sweeps.run()
  const certificate = await certificateOf(settings, log)
  const workers = workerCount(settings, availableParallelism())
  const limits = connectionLimits(settings, log, Math.max(1, workers))
  if (servers) {
    opened.defer(() => leave(servers, alarm))
    await servers.join()
  }
  const listening = await (workers === 0
    ? listen(house, settings.listen, certificate, limits).then((one) => ({ ...one, ready: house.ready }))
    : listenWithWorkers({ rooms, house }, { workers, settings, certificate, limits, observing, log }))
  const [endpoint = ''] = listening.endpoints
  if (metrics) watchPorts(metrics, listening, certificate)
  const at = settings.metrics
  const metricsListening =
    at &&
    metrics &&
    (await listenMetrics(metrics, at.host, at.port, at.plain ? null : certificate).catch(async (error: unknown) => {
      await listening.stop(0)
      throw error
    }))
  const endWork = work(wired, certificate, settings, voice)
  const open = opened.move()
  return {
    endpoint,
    endpoints:
      settings.listen.length > 1
        ? endpointsByRegion(settings.listen, listening.endpoints, settings.regions[0] ?? '')
        : null,
    metrics: metricsListening?.endpoint ?? null,
    first,
    stop: async () => {
      await Promise.all([listening.stop(STOP_MS), endWork()])
      await metricsListening?.stop()
      await storeNotes(wired, alarm)
      await open.disposeAsync()
    },
  }
}

/** Begins the background work. The returned function stops it, and resolves when all of it has ended. */
function work(wired: Wired, certificate: ServerCertificate | null, settings: Settings, { log, alarm }: Voice) {
  const { rooms, house, sweeps, delivery, upkeep, servers } = wired
  const stopping = new AbortController()
  const { signal: stop } = stopping
  const loop = { runtime: rooms.runtime, stop, alarm }
  const all = [
    keepRecords(house, sweeps, rooms, loop),
    keepTrail({ upkeep, witness: rooms.witness }, settings, loop),
    deliverTrails(delivery, loop),
    setPasswords(house, loop),
    verifyOnDemand(verifierOf(rooms, house, settings, stop), loop),
    watchRing(rooms, loop),
    recordLeftEvents(rooms, loop),
    renewCertificate(certificate, settings, log, loop),
    ...(servers ? [keepKnown(servers, loop)] : []),
  ]
  return async () => {
    stopping.abort()
    await Promise.all([delivery.stop(DELIVERY_STOP_MS), ...all])
  }
}

function verifierOf(rooms: WitnessedHouse, house: House, { data }: Settings, stop: AbortSignal): Verifier {
  const witness = () => readWitness(data, rooms.trailSigner.publicKey)
  return new Verifier({ ...house, ...rooms, witness }, stop)
}

/** Stores what is noted in memory, and the last checkpoint. */
async function storeNotes({ rooms, house, upkeep }: Wired, alarm: Alarm): Promise<void> {
  await rooms.lastUsed
    .write(house.now())
    .catch((error: unknown) => alarm('the last use of AccessKeys could not be written', error))
  await rooms.usage.write().catch((error: unknown) => alarm('the uses of keys could not be written', error))
  const checkpoint = await upkeep
    .checkpoint(rooms.runtime.now(), true)
    .catch((error: unknown) => alarm('the last checkpoint of the trail could not be stored', error))
  if (checkpoint)
    await rooms.witness
      .renew(checkpoint, upkeep.stored)
      .catch((error: unknown) => alarm('the witness of the trail could not be renewed', error))
}

function leave(servers: LiveServers, alarm: Alarm): Promise<void> {
  return servers
    .leave()
    .catch((error: unknown) =>
      alarm('the other servers could not be informed that this server stops, and will detect it themselves', error),
    )
}
