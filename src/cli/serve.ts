// `strongroom serve`: opens the house, listens, sweeps, and stops in order.
import { randomUUID, randomUUIDv7 } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as pause } from 'node:timers/promises'
import pino, { type Logger } from 'pino'
import type { House } from '../gateway/call.ts'
import { products } from '../gateway/products.ts'
import { listen, type Tls } from '../gateway/server.ts'
import type { HsmKeystore } from '../keystore/pkcs11/hsm.ts'
import { randomBytes } from '../keystore/random.ts'
import type { KeyUsage } from '../kms/key-usage.ts'
import { sweep } from '../kms/sweep.ts'
import { type Accounts, type Credentials, newCredentials } from '../ram/account.ts'
import type { Storage } from '../storage/storage.ts'
import type { Settings } from './settings.ts'
import type { Surroundings } from './surroundings.ts'

const SWEEP_MS = 1000
const NONCES_AT_ONCE = 2000
/** How often the use of AccessKeys is written down. */
const LAST_USED_MS = 60_000
/** How long calls in flight may take to finish after SIGTERM. */
const STOP_MS = 30_000

type Rooms = Pick<House, 'ledger' | 'keystore' | 'accessKeys' | 'securityTokens' | 'authorizer' | 'lastUsed'> & {
  readonly storage: Storage
  readonly accounts: Accounts
  readonly hsm: HsmKeystore | null
  readonly usage: KeyUsage
}
type Open = (settings: Settings, alarm: House['failed'], now: number) => Promise<Rooms>

/** Serves until SIGTERM or SIGINT; answers the exit code. Throws when the start can't work. */
export async function serve(settings: Settings, open: Open, around: Surroundings): Promise<number> {
  const log = pino({ level: settings.logLevel, base: null }, pino.destination({ dest: 2, sync: true }))
  const alarm = (message: string, error: unknown) => log.error({ reason: reasonOf(error) }, message)
  const rooms = await open(settings, alarm, Date.now())
  using _lock = settings.database?.startsWith('postgres') ? null : onlyServer(settings.data)
  const house: House = {
    products,
    settings,
    ...rooms,
    now: Date.now,
    newId: randomUUID,
    newRecordId: randomUUIDv7,
    randomBytes,
    ready: async () => {
      const count = await rooms.accounts.count().catch(() => 0)
      return count > 0
    },
    failed: alarm,
  }
  // Listened for before anybody is told that the server is ready: whoever reads that may stop it at once.
  const signalled = stopSignal()
  const first = await firstCredentials(settings, rooms.accounts)
  await rooms.hsm?.start()
  if (rooms.hsm?.trouble && rooms.hsm.setupFailed) throw new Error(rooms.hsm.trouble)
  await sweep(house)
  const tls = await tlsOf(settings, log)
  const listening = await listen(house, settings.host, settings.port, tls)
  const console = `${listening.endpoint}/console`
  if (first) around.complain(welcome(first, listening.endpoint, console, settings))
  around.print(JSON.stringify({ event: 'ready', endpoint: listening.endpoint, console }))
  const stopping = new AbortController()
  const work = background(house, rooms.usage, stopping.signal, alarm)
  const signal = await signalled
  log.info({ signal }, 'stopping: no new calls, those in flight finish')
  stopping.abort()
  await listening.stop(STOP_MS)
  await work
  await rooms.lastUsed
    .write(Date.now())
    .catch((error: unknown) => alarm('the use of AccessKeys could not be noted', error))
  await rooms.usage.write().catch((error: unknown) => alarm('the uses of keys could not be noted', error))
  await rooms.hsm?.stop()
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
async function background(house: House, usage: KeyUsage, stop: AbortSignal, alarm: House['failed']): Promise<void> {
  let writeUseAt = house.now() + LAST_USED_MS
  while (!stop.aborted) {
    await pause(SWEEP_MS, undefined, { signal: stop }).catch(() => {})
    if (stop.aborted) return
    try {
      await sweep(house)
      while ((await house.ledger.dropNonces(house.now(), NONCES_AT_ONCE)) === NONCES_AT_ONCE && !stop.aborted);
      if (house.now() < writeUseAt) continue
      await house.lastUsed.write(house.now())
      await usage.write()
      writeUseAt = house.now() + LAST_USED_MS
    } catch (error) {
      alarm('background work failed, and will be tried again', error)
    }
  }
}

function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve(signal))
  })
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
