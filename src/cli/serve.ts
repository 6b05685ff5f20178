// `strongroom serve`: opens the house, listens, sweeps, delivers, and stops in order.
import { randomUUID, randomUUIDv7 } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import pino, { type Logger } from 'pino'
import { TrailUpkeep } from '../actiontrail/audit/upkeep.ts'
import { Delivery, type DeliveryHouse } from '../actiontrail/delivery/delivery.ts'
import { DevClock } from '../dev/clock.ts'
import { seed } from '../dev/seed.ts'
import { readSeed } from '../dev/seed-file.ts'
import type { House } from '../gateway/call.ts'
import type { Limits } from '../gateway/limits.ts'
import { listenMetrics, Metrics } from '../gateway/metrics.ts'
import { products } from '../gateway/products.ts'
import { listen, type Tls } from '../gateway/server.ts'
import { background, deliverTrails, keepTrail, watch } from '../house/background.ts'
import { affordableConnections } from '../house/open-files.ts'
import { watchRing } from '../house/root-key-watch.ts'
import { removeUnfinished, type Witness } from '../house/witness.ts'
import type { HsmKeystore } from '../keystore/pkcs11/hsm.ts'
import { randomBytes } from '../keystore/random.ts'
import type { KeyUsage } from '../kms/key-usage.ts'
import { sweep } from '../kms/sweep.ts'
import type { Accounts } from '../ram/account.ts'
import type { LiveRing } from '../rootkeys/live-ring.ts'
import { endpointsByRegion } from '../settings/listen.ts'
import type { Settings } from '../settings/settings.ts'
import type { Storage } from '../storage/storage.ts'
import { configuredCredentials, credentialsFile, firstCredentials, welcome } from './first-start.ts'
import { writeNewFile } from './new-file.ts'
import type { Surroundings } from './surroundings.ts'

/** How long a delivery under way may take to finish after SIGTERM; the next start goes on with it otherwise. */
const DELIVERY_STOP_MS = 5000
/** How long calls in flight may take to finish after SIGTERM. */
const STOP_MS = 30_000

type Rooms = Pick<
  House,
  | 'ledger'
  | 'keystore'
  | 'accessKeys'
  | 'securityTokens'
  | 'authorizer'
  | 'lastUsed'
  | 'rateLimiter'
  | 'eventIndex'
  | 'pageTokens'
  | 'deliveryTarget'
> &
  Pick<DeliveryHouse, 'trailSigner' | 'node'> & {
    readonly storage: Storage
    readonly accounts: Accounts
    readonly hsm: HsmKeystore | null
    readonly usage: KeyUsage
    readonly ring: LiveRing
    readonly witness: Witness
    readonly unwitnessed: string | null
  }
type Open = (settings: Settings, alarm: House['failed'], now: number) => Promise<Rooms>

/** Serves until SIGTERM or SIGINT; answers the exit code. Throws when the start can't work. */
export async function serve(settings: Settings, open: Open, around: Surroundings): Promise<number> {
  const log = pino({ level: settings.logLevel, base: null }, pino.destination({ dest: 2, sync: true }))
  const alarm = (message: string, error: unknown) => log.error({ reason: reasonOf(error) }, message)
  // A library that drops a failure on the floor must not end the service: it is told, and the rest goes on.
  process.on('unhandledRejection', (error) => alarm('a failure that nobody waited for', error))
  const rooms = await open(settings, alarm, Date.now())
  using _lock = isShared(settings) ? null : onlyServer(settings.data)
  const clock = settings.dev ? await DevClock.open(rooms.ledger, Date.now) : null
  const { witness } = rooms
  removeUnfinished(settings.data)
  if (rooms.unwitnessed) log.warn({ reason: rooms.unwitnessed }, 'THE TRAIL HAS NO WITNESS')
  const upkeep = new TrailUpkeep(rooms)
  const metrics = new Metrics(
    (fields, message) => log.warn(fields, message),
    () => performance.now(),
  )
  const house: House = {
    products,
    settings,
    ...rooms,
    now: clock ? () => clock.now() : Date.now,
    wallNow: Date.now,
    dev: clock && { advance: (ms) => clock.advance(ms).then(() => sweep(house)) },
    newId: randomUUID,
    newRecordId: randomUUIDv7,
    randomBytes,
    observer: metrics,
    ready: async () => {
      const count = await rooms.accounts.count().catch(() => 0)
      return count > 0 && rooms.ledger.canCommit(Date.now(), randomUUID())
    },
    failed: alarm,
  }
  const delivery = new Delivery({ ...house, ...rooms, intervalMs: settings.deliveryIntervalMs, random: Math.random })
  watch(metrics, rooms, delivery)
  // Listened for before anybody is told that the server is ready: whoever reads that may stop it at once.
  const signalled = stopSignal()
  if (clock) around.complain(DEV_WARNING)
  const first = await credentials(settings, house, rooms.accounts, around)
  await rooms.hsm?.start()
  if (rooms.hsm?.trouble && rooms.hsm.setupFailed) throw new Error(rooms.hsm.trouble)
  await sweep(house)
  const tls = await tlsOf(settings, log)
  const listening = await listen(house, settings.listen, tls, connectionLimits(settings, log))
  const [endpoint = ''] = listening.endpoints
  const connections = async () => [{ labels: {}, value: listening.connections() }]
  metrics.gauge('strongroom_connections', 'Open connections to the addresses of `listen`.', [], connections)
  const at = settings.metrics
  const metricsListening = at && (await listenMetrics(metrics, at.host, at.port, at.plain ? null : tls))
  const console = `${endpoint}/console`
  if (first) around.complain(welcome(first, endpoint, console, settings, around.terminal))
  const more = {
    ...(settings.listen.length > 1 && {
      endpoints: endpointsByRegion(settings.listen, listening.endpoints, settings.regions[0] ?? ''),
    }),
    ...(metricsListening && { metrics: metricsListening.endpoint }),
  }
  around.print(JSON.stringify({ event: 'ready', endpoint, console, ...more }))
  const stopping = new AbortController()
  const work = background(house, rooms.usage, stopping.signal, alarm)
  const trail = keepTrail({ upkeep, witness }, settings, stopping.signal, alarm)
  const delivering = deliverTrails(delivery, stopping.signal, alarm)
  const watching = watchRing(rooms, stopping.signal, alarm)
  const signal = await signalled
  log.info({ signal }, 'stopping: no new calls, those in flight finish')
  stopping.abort()
  await Promise.all([listening.stop(STOP_MS), delivery.stop(DELIVERY_STOP_MS), delivering, work, trail, watching])
  await metricsListening?.stop()
  await rooms.lastUsed
    .write(house.now())
    .catch((error: unknown) => alarm('the use of AccessKeys could not be noted', error))
  await rooms.usage.write().catch((error: unknown) => alarm('the uses of keys could not be noted', error))
  await rooms.hsm?.stop()
  await upkeep
    .checkpoint(Date.now(), true)
    .then((checkpoint) => witness.renew(checkpoint, upkeep.stored))
    .catch((error: unknown) => alarm('the last checkpoint of the trail could not be stored', error))
  await rooms.storage.close()
  log.info('stopped')
  return 0
}

const DEV_WARNING = [
  '*** DEVELOPMENT MODE (--dev): the clock of this server can be moved, and its keys may be known from a seed file.',
  '*** Never keep a key here that protects anything.',
].join('\n')

/** The credentials of the environment, those of the seed, or those of a first start, which are returned. */
async function credentials(settings: Settings, house: House, accounts: Accounts, around: Surroundings) {
  const seeded = settings.seed === null ? [] : readSeed(settings.seed, around.readFile(settings.seed))
  await configuredCredentials(settings, seeded[0]?.accountId ?? null, accounts, around)
  if (settings.seed !== null) await seed(seeded, house, accounts)
  const file = credentialsFile(settings)
  if (!seeded[0] || existsSync(file)) return firstCredentials(settings, accounts)
  // The first account of the seed becomes that of the command line, unless there is one.
  const { accountId, accessKeyId, accessKeySecret } = seeded[0]
  writeNewFile(file, `${JSON.stringify({ accountId, accessKeyId, accessKeySecret }, null, 2)}\n`)
  return null
}

async function tlsOf({ tls, data }: Settings, log: Logger): Promise<Tls | null> {
  if (!tls) return null
  if ('cert' in tls) {
    return { cert: readFileSync(tls.cert, 'utf8'), key: readFileSync(tls.key, 'utf8') }
  }
  // Loaded only where it is needed: the certificate library takes longer than the rest of the start.
  const { selfSigned } = await import('../gateway/certificates.ts')
  const made = await selfSigned(join(data, 'tls'), [...tls.selfSignedFor, hostname()], Date.now())
  log.info({ ca: made.caFile }, 'serving HTTPS with a certificate of the local CA: hand this file to clients')
  return made
}

function connectionLimits({ maxConnections: wanted, maxConnectionsPerSource }: Settings, log: Logger): Partial<Limits> {
  const maxConnections = affordableConnections(wanted, () => readFileSync('/proc/self/limits', 'utf8'))
  if (maxConnections < wanted)
    log.warn(
      { maxConnections, wanted },
      'fewer connections than set: the system limits open files (ulimit -n, LimitNOFILE)',
    )
  return { maxConnections, maxConnectionsPerSource }
}

function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve(signal))
  })
}

/** Whether several servers may use the database at once. */
function isShared({ database }: Settings): boolean {
  return database?.startsWith('postgres') ?? false
}

/** Holds the data folder for this server; the lock ends with the process, however it ends. */
function onlyServer(data: string): Disposable {
  const lock = new DatabaseSync(join(data, 'serving.lock'))
  try {
    lock.exec('PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE')
  } catch {
    lock.close()
    throw new Error(`another strongroom serves \`${data}\`: stop it, or choose another folder with --data`)
  }
  return { [Symbol.dispose]: () => lock.close() }
}

/** What a log line may say of an error: its own text and those of its causes, never a request's. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? `${error.stack}; ${reasonOf(error.cause)}` : (error.stack ?? error.message)
}
