// `strongroom serve`: opens the house, listens, sweeps, and stops in order.
import { randomUUID, randomUUIDv7 } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as pause } from 'node:timers/promises'
import pino, { type Logger } from 'pino'
import type { TrailSigner } from '../actiontrail/checkpoint.ts'
import { TrailUpkeep } from '../actiontrail/upkeep.ts'
import type { House } from '../gateway/call.ts'
import { listenMetrics, Metrics } from '../gateway/metrics.ts'
import { products } from '../gateway/products.ts'
import { listen, type Tls } from '../gateway/server.ts'
import { randomBytes } from '../keystore/random.ts'
import { sweep } from '../kms/sweep.ts'
import { type Accounts, type Credentials, newCredentials } from '../ram/account.ts'
import type { LiveRing } from '../rootkeys/live-ring.ts'
import type { Storage } from '../storage/storage.ts'
import { watchRing } from './root-key-watch.ts'
import type { Settings } from './settings.ts'
import type { Surroundings } from './surroundings.ts'
import { contradiction, readWitness, writeWitness } from './witness.ts'

const SWEEP_MS = 1000
const NONCES_AT_ONCE = 2000
/** How often the use of AccessKeys is written down. */
const LAST_USED_MS = 60_000
/** How often events that were kept long enough are dropped. */
const PRUNE_MS = 3_600_000
/** How long calls in flight may take to finish after SIGTERM. */
const STOP_MS = 30_000

type Rooms = Pick<
  House,
  'ledger' | 'keystore' | 'accessKeys' | 'securityTokens' | 'authorizer' | 'lastUsed' | 'eventIndex' | 'pageTokens'
> & {
  readonly storage: Storage
  readonly accounts: Accounts
  readonly trailSigner: TrailSigner
  readonly ring: LiveRing
}
type Open = (settings: Settings, alarm: House['failed'], now: number) => Promise<Rooms>

/** Serves until SIGTERM or SIGINT; answers the exit code. Throws when the start can't work. */
export async function serve(settings: Settings, open: Open, around: Surroundings): Promise<number> {
  const log = pino({ level: settings.logLevel, base: null }, pino.destination({ dest: 2, sync: true }))
  const alarm = (message: string, error: unknown) => log.error({ reason: reasonOf(error) }, message)
  const rooms = await open(settings, alarm, Date.now())
  using _lock = isShared(settings) ? null : onlyServer(settings.data)
  await heedWitness(rooms, settings)
  const upkeep = new TrailUpkeep(rooms)
  const metrics = metricsOf(rooms, log)
  const house: House = {
    products,
    settings,
    ...rooms,
    now: Date.now,
    newId: randomUUID,
    newRecordId: randomUUIDv7,
    randomBytes,
    observer: metrics,
    ready: async () => {
      const count = await rooms.accounts.count().catch(() => 0)
      return count > 0
    },
    failed: alarm,
  }
  // Listened for before anybody is told that the server is ready: whoever reads that may stop it at once.
  const signalled = stopSignal()
  const first = await firstCredentials(settings, rooms.accounts)
  await sweep(house)
  const tls = await tlsOf(settings, log)
  const listening = await listen(house, settings.host, settings.port, tls)
  const metricsListening =
    settings.metrics && (await listenMetrics(metrics, settings.metrics.host, settings.metrics.port))
  const console = `${listening.endpoint}/console`
  if (first) around.complain(welcome(first, listening.endpoint, console, settings))
  const more = metricsListening ? { metrics: metricsListening.endpoint } : {}
  around.print(JSON.stringify({ event: 'ready', endpoint: listening.endpoint, console, ...more }))
  const stopping = new AbortController()
  const work = background(house, stopping.signal, alarm)
  const trail = keepTrail(upkeep, settings, stopping.signal, alarm)
  const watch = watchRing(rooms, stopping.signal, alarm)
  const signal = await signalled
  log.info({ signal }, 'stopping: no new calls, those in flight finish')
  stopping.abort()
  await listening.stop(STOP_MS)
  await Promise.all([work, trail, watch])
  await metricsListening?.stop()
  await rooms.lastUsed
    .write(Date.now())
    .catch((error: unknown) => alarm('the use of AccessKeys could not be noted', error))
  await upkeep
    .checkpoint(Date.now(), true)
    .then((checkpoint) => writeWitness(settings.data, checkpoint))
    .catch((error: unknown) => alarm('the last checkpoint of the trail could not be stored', error))
  await rooms.storage.close()
  log.info('stopped')
  return 0
}

/** Makes the account of the first start, or gives it the credentials of the environment. Answers what is new to print. */
async function firstCredentials(settings: Settings, accounts: Accounts): Promise<Credentials | null> {
  const file = join(settings.data, 'root-credentials.json')
  if (settings.root) {
    const accountId = settings.accountId ?? (await accounts.list())[0]?.id ?? newCredentials().accountId
    await accounts.provide({ accountId, ...settings.root }, 'root', Date.now())
    return null
  }
  if ((await accounts.count()) > 0) return null
  const credentials = newCredentials(settings.accountId)
  // The file comes first: a crash in between must not leave an account whose secret nobody has.
  writeFileSync(file, `${JSON.stringify(credentials, null, 2)}\n`, { mode: 0o600, flag: existsSync(file) ? 'w' : 'wx' })
  await accounts.provide(credentials, 'root', Date.now())
  return credentials
}

function welcome(credentials: Credentials, endpoint: string, console: string, { data }: Settings): string {
  return [
    'first start: here is your account, shown this once',
    `  endpoint         ${endpoint}`,
    `  console          ${console}`,
    `  account          ${credentials.accountId}`,
    `  AccessKeyId      ${credentials.accessKeyId}`,
    `  AccessKeySecret  ${credentials.accessKeySecret}`,
    `  (also in ${join(data, 'root-credentials.json')}, readable by you alone)`,
    '  try: bin/strongroom kms CreateKey --Description "my first key"',
  ].join('\n')
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

/** Sweeps and forgets old nonces, once a second, until told to stop. */
async function background(house: House, stop: AbortSignal, alarm: House['failed']): Promise<void> {
  let writeUseAt = house.now() + LAST_USED_MS
  while (!stop.aborted) {
    await pause(SWEEP_MS, undefined, { signal: stop }).catch(() => {})
    if (stop.aborted) return
    try {
      await sweep(house)
      while ((await house.ledger.dropNonces(house.now(), NONCES_AT_ONCE)) === NONCES_AT_ONCE && !stop.aborted);
      if (house.now() < writeUseAt) continue
      await house.lastUsed.write(house.now())
      writeUseAt = house.now() + LAST_USED_MS
    } catch (error) {
      alarm('background work failed, and will be tried again', error)
    }
  }
}

/** Metrics of the calls, and of the rooms behind them. */
function metricsOf({ ledger }: Rooms, log: Logger): Metrics {
  const metrics = new Metrics((fields, message) => log.warn(fields, message), Date.now)
  metrics.gauge('strongroom_trail_events', 'The number of the last event of the trail.', [], async () => [
    { labels: {}, value: (await ledger.head()).seq },
  ])
  metrics.gauge(
    'strongroom_trail_indexed_events',
    'The number of the last event that lookups find by the index.',
    [],
    async () => [{ labels: {}, value: await ledger.events.lastIndexed() }],
  )
  return metrics
}

/** Refuses to serve a trail that was cut, or put back to an older copy, until the operator says that it was meant. */
async function heedWitness({ ledger, trailSigner }: Rooms, { data }: Settings): Promise<void> {
  const witness = readWitness(data, trailSigner.publicKey)
  const why = witness && (await contradiction(witness, ledger))
  if (why)
    throw new Error(
      `${why}: its end was cut, or the database was put back to an older copy; when that was meant, say so with \`strongroom audit accept-restore\``,
    )
}

/** Indexes events, signs checkpoints, and drops what was kept long enough, once a second, until told to stop. */
async function keepTrail(
  upkeep: TrailUpkeep,
  { data, retentionDays }: Settings,
  stop: AbortSignal,
  alarm: House['failed'],
): Promise<void> {
  let pruneAt = 0
  let witnessed = 0
  while (!stop.aborted) {
    try {
      const checkpoint = await upkeep.checkpoint(Date.now())
      if (checkpoint.seq !== witnessed) writeWitness(data, checkpoint)
      witnessed = checkpoint.seq
      await upkeep.extendIndex(giveWay)
      if (Date.now() >= pruneAt) {
        await upkeep.prune(Date.now(), retentionDays, giveWay)
        pruneAt = Date.now() + PRUNE_MS
      }
    } catch (error) {
      alarm('the upkeep of the trail failed, and will be tried again', error)
    }
    await pause(SWEEP_MS, undefined, { signal: stop }).catch(() => {})
  }
}

const giveWay = () => new Promise<void>((resolve) => setImmediate(resolve))

function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve(signal))
  })
}

/** Whether several servers may use the database at once. */
function isShared({ database }: Settings): boolean {
  return database?.startsWith('postgres') ?? false
}

/** Whether a server may be running on this database. */
export function mayBeServed(settings: Settings): boolean {
  if (isShared(settings)) return true
  try {
    onlyServer(settings.data)[Symbol.dispose]()
    return false
  } catch {
    return true
  }
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
