// A worker: a process that serves connections accepted by the owner of the database. It decodes, authenticates, authorizes and encrypts. It
// reads and commits through the owner, or on PostgreSQL by itself. It ends with the owner.
import { Socket } from 'node:net'
import { availableParallelism } from 'node:os'
import { openTarget } from '../../actiontrail/delivery/targets/open.ts'
import { EventIndex } from '../../actiontrail/lookup/event-index.ts'
import { PageTokens } from '../../actiontrail/lookup/page-token.ts'
import { Console } from '../../console/console.ts'
import { BUILDS } from '../../console/files.ts'
import { Adopting } from '../../gateway/adopting.ts'
import type { House } from '../../gateway/house.ts'
import type { Metrics } from '../../gateway/metrics.ts'
import { products } from '../../gateway/products.ts'
import { ServerCertificate } from '../../gateway/server-certificate.ts'
import { KeystoreRouter } from '../../keystore/router.ts'
import { KMS_INDEX } from '../../kms/record-index.ts'
import { type Alarm, ofCalls } from '../../ledger/alarm.ts'
import { Ledger } from '../../ledger/ledger.ts'
import { AccessKeys } from '../../ram/access-key.ts'
import { Authorizer } from '../../ram/authorize.ts'
import { HeavyWork } from '../../ram/heavy-work.ts'
import { MfaSeeds } from '../../ram/mfa-device.ts'
import { readInstallation } from '../../rootkeys/installation-record.ts'
import { LiveRing } from '../../rootkeys/live-ring.ts'
import { SYSTEM } from '../../runtime/system.ts'
import { isShared } from '../../settings/root-key.ts'
import { openStorage } from '../../storage/open.ts'
import { Channel } from '../../storage/remote/channel.ts'
import { RemoteStorage } from '../../storage/remote/remote-storage.ts'
import { ENOUGH, type Storage } from '../../storage/storage.ts'
import { OidcTokens } from '../../sts/oidc/verify.ts'
import { SecurityTokens } from '../../sts/security-token.ts'
import { renewCertificate } from '../certificate-renewal.ts'
import { laneHolder } from '../live-servers.ts'
import { alarmOf, openLog } from '../log.ts'
import { observing, tracing } from '../observing.ts'
import { openedKeys } from '../opened-keys.ts'
import { repeat } from '../repeat.ts'
import { Notes } from './notes.ts'
import { type Beginning, CHANNEL_FD, ERRORS, type OwnerMethods, type Sent, type WorkerMethods } from './protocol.ts'
import { RemoteHsm } from './remote-hsm.ts'
import { OwnersProvider, remoteAttempts, remoteIssuers, remoteLimits } from './remote-rooms.ts'

/** How often a worker reports uses of keys to the owner, and follows the changes of other servers. */
const REPORT_MS = 1000

interface Serving {
  readonly adopting: Adopting
  readonly metrics: Metrics | null
  canCommit(): Promise<boolean>
  /** Reports the notes to the owner, and closes. */
  close(): Promise<void>
}

let serving: Serving | null = null

const methods: WorkerMethods = {
  begin: async (beginning) => {
    serving = await begin(beginning)
  },
  beat: () => {},
  counted: async () => (await serving?.metrics?.counted()) ?? [],
  canCommit: async () => serving?.canCommit() ?? true,
}

// A worker ends when its owner is gone: a supervisor then starts all processes again.
const owner = new Channel<OwnerMethods>(new Socket({ fd: CHANNEL_FD }), {
  methods,
  errors: ERRORS,
  closed: (why) => {
    if (why) alarmOf(openLog('error'))('a worker can not read a message from the owner of the database, and ends', why)
    process.exit(1)
  },
})
process.on('disconnect', () => process.exit(1))
// A terminal and a supervisor signal all processes. Workers ignore signals: the owner tells them when to stop.
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => {})

process.on('message', (sent: Sent, socket: Socket | undefined) => {
  if ('stopWithinMs' in sent) void stop(sent.stopWithinMs)
  else if ('giveWay' in sent) serving?.adopting.giveWay(sent.giveWay)
  else if (socket) {
    if (serving) serving.adopting.take(sent.number, sent.address, socket)
    else socket.destroy()
  }
})

async function stop(withinMs: number): Promise<void> {
  await serving?.adopting.stop(withinMs)
  await serving?.close()
  process.exit(0)
}

async function begin({ settings, tls, limits, workers, node }: Beginning): Promise<Serving> {
  const log = openLog(settings.logLevel)
  const alarm = alarmOf(log)
  process.on('unhandledRejection', (error) => alarm('unhandled promise rejection', error))
  const notes = new Notes(owner)
  const tracer = await tracing(settings, SYSTEM)
  const opened = isShared(settings)
    ? await openStorage(settings.database ?? '', { indexing: KMS_INDEX, notice: (message) => log.info(message) })
    : new RemoteStorage(owner, enoughFor(workers), () => notes.tellLastUsed())
  const storage = tracer ? tracer.storage(opened) : opened
  const ring = await ringOf(storage)
  const { keys } = ring
  const ledger = new Ledger(storage, keys, alarm, ring, SYSTEM)
  await ledger.begin()
  // On SQLite the owner chains the events of all workers.
  if (isShared(settings)) await ledger.lane.take(laneHolder(node, process.pid))
  ledger.witnessedBy({ saw: (heads) => owner.ask('saw', heads), rewound: (heads) => owner.ask('rewound', heads) })
  const tell = (fields: Readonly<Record<string, unknown>>, message: string) => owner.tell('logged', fields, message)
  const { observer, metrics } = await observing(settings, tell, SYSTEM)
  const hsm = settings.hsm && new RemoteHsm(owner, SYSTEM)
  const { software, messageKeys, pairs } = openedKeys(ledger, keys, SYSTEM, { uses: notes, alarm, processes: workers })
  const keystore = new KeystoreRouter(software, hsm, notes, settings.fips)
  const house: House = {
    products,
    settings,
    runtime: SYSTEM,
    ledger,
    keystore: tracer ? tracer.keystore(keystore) : keystore,
    tracer,
    publicKeys: pairs,
    hsmTokens: () => owner.ask('hsm.describe'),
    messageKeys,
    accessKeys: new AccessKeys(keys, SYSTEM),
    mfaSeeds: new MfaSeeds(keys, SYSTEM),
    heavyWork: new HeavyWork(),
    console: new Console(keys, SYSTEM, BUILDS, remoteAttempts(owner)),
    authorizer: new Authorizer(ledger, alarm),
    securityTokens: new SecurityTokens(keys),
    oidcTokens: new OidcTokens(remoteIssuers(owner)),
    eventIndex: new EventIndex(ledger, keys),
    ring,
    pageTokens: new PageTokens(keys),
    lastUsed: notes.lastUsed,
    rateLimiter: remoteLimits(owner),
    deliveryTarget: openTarget(settings.deliveryTarget, node),
    now: SYSTEM.now,
    wallNow: SYSTEM.now,
    dev: null,
    observer,
    ready: () => owner.ask('ready').catch(() => false),
    failed: ofCalls(alarm, SYSTEM),
  }
  const certificate = tls && new ServerCertificate(tls)
  const adopting = new Adopting(house, settings.listen, certificate, limits, {
    recognized: (numbers) => owner.tell('recognized', numbers),
    closed: (numbers) => owner.tell('closed', numbers),
    called: (numbers) => owner.tell('called', numbers),
  })
  const stopping = new AbortController()
  void keepUp(ring, ledger, notes, stopping.signal, alarm)
  // The owner reads the same files, and logs for all.
  void renewCertificate(certificate, settings, null, { runtime: SYSTEM, stop: stopping.signal, alarm })
  return {
    adopting,
    metrics,
    canCommit: async () => !isShared(settings) || ledger.canCommit(SYSTEM.now()),
    close: async () => {
      stopping.abort()
      notes.tellLastUsed()
      notes.tellUses()
      // The channel keeps the order: when the owner has answered this, all reports sent before have arrived.
      await owner.ask('ready').catch(() => false)
      await ledger.lane.release().catch((error: unknown) => alarm('the lane of a worker could not be released', error))
      await tracer?.stop()
      await pairs.stop()
      await storage.close()
    },
  }
}

/**
 * See Storage.enough. A process on its own core decides the next calls while the owner commits the last batch: there, waiting for a larger
 * batch would only leave it idle.
 */
function enoughFor(workers: number): number {
  return availableParallelism() <= workers ? ENOUGH : 1
}

/** The root keys, which the owner unwraps. */
async function ringOf(storage: Storage): Promise<LiveRing> {
  const row = await readInstallation(storage)
  if (!row) throw new Error('the database is not set up')
  return LiveRing.open(row, storage, async ({ rootKey }) => [
    { provider: new OwnersProvider(rootKey, owner), soleRoot: null, settle: () => {} },
  ])
}

/** Reports the notes, and follows the changes of other servers, once a second, so that calls need not. */
async function keepUp(ring: LiveRing, ledger: Ledger, notes: Notes, stop: AbortSignal, alarm: Alarm): Promise<void> {
  const work = async () => {
    notes.tellLastUsed()
    notes.tellUses()
    await ring.look()
    await ledger.follow()
  }
  await SYSTEM.pause(REPORT_MS, stop)
  const loop = { runtime: SYSTEM, stop, alarm }
  await repeat(REPORT_MS, loop, work, 'a worker can not follow the changes of other servers')
}
