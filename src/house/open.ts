// Builds the rooms that every verb shares, bottom up: database, root key, ledger, accounts, key store.
import type { TrailSigner } from '../actiontrail/audit/checkpoint.ts'
import { openTrailSigner } from '../actiontrail/audit/signing-key.ts'
import { openTarget } from '../actiontrail/delivery/targets/open.ts'
import { EventIndex } from '../actiontrail/lookup/event-index.ts'
import { PageTokens } from '../actiontrail/lookup/page-token.ts'
import { Attempts } from '../console/attempts.ts'
import { Console } from '../console/console.ts'
import { BUILDS } from '../console/files.ts'
import type { House } from '../gateway/house.ts'
import { products } from '../gateway/products.ts'
import { RateLimiter } from '../gateway/rate-limit.ts'
import { demandServed } from '../gateway/served.ts'
import type { PairThreads } from '../keystore/pair-threads.ts'
import type { HsmKeystore } from '../keystore/pkcs11/hsm.ts'
import type { Supervisor } from '../keystore/pkcs11/supervisor.ts'
import { KeystoreRouter } from '../keystore/router.ts'
import { KeyUsage } from '../kms/key-usage.ts'
import { KMS_INDEX } from '../kms/record-index.ts'
import type { Alarm } from '../ledger/alarm.ts'
import { Ledger } from '../ledger/ledger.ts'
import { AccessKeys } from '../ram/access-key.ts'
import { Accounts } from '../ram/account.ts'
import { Authorizer } from '../ram/authorize.ts'
import { HeavyWork } from '../ram/heavy-work.ts'
import { LastUsed } from '../ram/last-used.ts'
import { MfaSeeds } from '../ram/mfa-device.ts'
import { OperatorKeys } from '../ram/operator-keys.ts'
import type { LiveRing } from '../rootkeys/live-ring.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { SYSTEM } from '../runtime/system.ts'
import { databaseUrl, isShared } from '../settings/root-key.ts'
import type { Settings } from '../settings/settings.ts'
import { openStorage } from '../storage/open.ts'
import type { Storage } from '../storage/storage.ts'
import type { IssuerSource } from '../sts/oidc/issuer.ts'
import { IssuerFetches } from '../sts/oidc/issuer-fetches.ts'
import { OidcTokens } from '../sts/oidc/verify.ts'
import { SecurityTokens } from '../sts/security-token.ts'
import { makeDataFolder } from './data-folder.ts'
import { deviceOf, hsmKeystoreOf } from './hsm.ts'
import { openRing } from './installation.ts'
import { issuerDocuments } from './issuer-documents.ts'
import { openLog } from './log.ts'
import { tracing } from './observing.ts'
import { openedKeys } from './opened-keys.ts'
import type { Tracing } from './tracing.ts'

/** The parts of the open house that calls use. */
type ForCalls = Pick<
  House,
  | 'runtime'
  | 'ledger'
  | 'keystore'
  | 'publicKeys'
  | 'hsmTokens'
  | 'messageKeys'
  | 'accessKeys'
  | 'mfaSeeds'
  | 'heavyWork'
  | 'console'
  | 'securityTokens'
  | 'oidcTokens'
  | 'authorizer'
  | 'eventIndex'
  | 'pageTokens'
  | 'deliveryTarget'
>

/** All rooms of an open database. Code that needs some of them takes them by `Pick`. */
export interface OpenHouse extends ForCalls {
  /** Follows each call; null where no traces are sent. */
  readonly tracer: Tracing | null
  readonly storage: Storage
  readonly accounts: Accounts
  readonly operatorKeys: OperatorKeys
  readonly trailSigner: TrailSigner
  readonly ring: LiveRing
  /** Distinguishes this server from others on the same database. It survives a restart where only one server can use the database. */
  readonly node: string
  /** The region of events about the installation as a whole: the first that is configured. */
  readonly region: string
  /** Connected already where the root keys are in it; otherwise its first user connects it. */
  readonly device: Supervisor | null
  readonly hsm: HsmKeystore | null
  readonly usage: KeyUsage
  /** The threads that work with asymmetric keys. The first such work starts them. */
  readonly pairs: PairThreads
  readonly lastUsed: LastUsed
  readonly rateLimiter: RateLimiter
  readonly attempts: Attempts
  /** Where the keys of OIDC issuers come from. */
  readonly issuers: IssuerSource
}

/** Opens the house; `alarm` gets failures that belong to no call. Rejects with an error that says what to change. */
export type Open<H extends OpenHouse = OpenHouse> = (settings: Settings, alarm: Alarm, now: number) => Promise<H>

/**
 * Opens the data folder and the database, and creates both on the first start. Rejects with an error that says what to change.
 * Commands pass an `open` of their own; only tests pass a `runtime`.
 */
export async function openHouse(
  settings: Settings,
  alarm: Alarm,
  now: number,
  open: typeof openStorage = openStorage,
  runtime: Runtime = SYSTEM,
): Promise<OpenHouse> {
  demandServed(settings, products)
  makeDataFolder(settings.data)
  const notice = (message: string) => openLog(settings.logLevel).info(message)
  const device = settings.hsm && deviceOf(settings.hsm, alarm, notice)
  const tracer = await tracing(settings, runtime)
  const opened = await open(databaseUrl(settings), { indexing: KMS_INDEX, notice })
  const storage = tracer ? tracer.storage(opened) : opened
  try {
    const ring = await openRing({ settings, storage, device, alarm, runtime }, now)
    const { keys } = ring
    const ledger = new Ledger(storage, keys, alarm, ring, runtime)
    await ledger.begin()
    const accessKeys = new AccessKeys(keys, runtime)
    const accounts = new Accounts(ledger, accessKeys, ring, runtime)
    const node = isShared(settings) ? runtime.newId() : 'only'
    const usage = new KeyUsage(ledger, () => runtime.now())
    const rooms = { ledger, keys, usage, runtime }
    const attempts = new Attempts()
    const { oidc } = settings
    const issuers = new IssuerFetches(oidc, issuerDocuments(oidc, runtime), runtime, alarm)
    const hsm = settings.hsm && device && (await hsmKeystoreOf(device, settings.hsm, rooms, alarm, now))
    const { software, messageKeys, pairs } = openedKeys(ledger, keys, runtime, { uses: usage, alarm, processes: 1 })
    const keystore = new KeystoreRouter(software, hsm, usage, settings.fips)
    return {
      storage,
      ledger,
      accounts,
      operatorKeys: new OperatorKeys(ledger, accounts, accessKeys, ring, runtime),
      accessKeys,
      mfaSeeds: new MfaSeeds(keys, runtime),
      heavyWork: new HeavyWork(),
      console: new Console(keys, runtime, BUILDS, attempts),
      attempts,
      authorizer: new Authorizer(ledger, alarm),
      lastUsed: new LastUsed(ledger),
      securityTokens: new SecurityTokens(keys),
      issuers,
      oidcTokens: new OidcTokens(issuers),
      keystore: tracer ? tracer.keystore(keystore) : keystore,
      tracer,
      messageKeys,
      publicKeys: pairs,
      pairs,
      hsmTokens: async () => (await hsm?.describe()) ?? [],
      hsm,
      usage,
      rateLimiter: new RateLimiter(),
      eventIndex: new EventIndex(ledger, keys),
      pageTokens: new PageTokens(keys),
      trailSigner: await openTrailSigner(ledger, keys),
      deliveryTarget: openTarget(settings.deliveryTarget, node),
      node,
      region: settings.regions[0] ?? '',
      ring,
      runtime,
      device,
    }
  } catch (error) {
    await closeHouse({ hsm: null, device, tracer, pairs: null, storage })
    throw error
  }
}

type Closing = Pick<OpenHouse, 'hsm' | 'device' | 'tracer' | 'storage'> & { readonly pairs: PairThreads | null }

/** Closes an open house, after all work in it has ended. */
export async function closeHouse({ hsm, device, tracer, pairs, storage }: Closing): Promise<void> {
  await (hsm ?? device)?.stop()
  await tracer?.stop()
  await pairs?.stop()
  await storage.close()
}
