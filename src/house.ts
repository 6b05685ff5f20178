// Builds the rooms that every verb shares, bottom up: database, root key, ledger, accounts, key store.
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Settings } from './cli/settings.ts'
import { RootKeys } from './cryptography/seal.ts'
import { RateLimiter } from './gateway/rate-limit.ts'
import type { Keystore } from './keystore/keystore.ts'
import { createRootKeyFile, newSalt, readRootKeyFile, rootKeyFromPassphrase } from './keystore/root-key.ts'
import { SoftwareKeystore } from './keystore/software.ts'
import { type Alarm, Ledger } from './ledger/ledger.ts'
import { Forged, fromRow, type Kind, type Recorded, toRow } from './ledger/record.ts'
import { AccessKeys, INSTALLATION } from './ram/access-key.ts'
import { Accounts } from './ram/account.ts'
import { Authorizer } from './ram/authorize.ts'
import { LastUsed } from './ram/last-used.ts'
import { openStorage } from './storage/open.ts'
import type { Storage } from './storage/storage.ts'
import { SecurityTokens } from './sts/security-token.ts'

/** What one database was set up with; its MAC tells whether the root key at hand is the right one. */
interface InstallationBody {
  readonly rootKey: 'file' | 'passphrase'
  /** Base64 of the passphrase's salt. */
  readonly salt: string | null
  /** Present when it is a store of `serve --dev`, for good. */
  readonly dev?: true
}

const INSTALLATION_KIND: Kind<InstallationBody> = { name: 'installation', counted: false }
const INSTALLATION_ID = 'installation'

export interface OpenHouse {
  readonly storage: Storage
  readonly ledger: Ledger
  readonly accounts: Accounts
  readonly accessKeys: AccessKeys
  readonly authorizer: Authorizer
  readonly lastUsed: LastUsed
  readonly securityTokens: SecurityTokens
  readonly keystore: Keystore
  readonly rateLimiter: RateLimiter
}

/** Opens the data folder and the database; makes both on the first start. Throws with what to change. */
export async function openHouse(settings: Settings, alarm: Alarm, now: number): Promise<OpenHouse> {
  mkdirSync(settings.data, { recursive: true, mode: 0o700 })
  const storage = await openStorage(settings.database ?? join(settings.data, 'strongroom.db'))
  try {
    const keys = await rootKeys(settings, storage, now)
    const ledger = new Ledger(storage, keys, alarm)
    const accessKeys = new AccessKeys(ledger, keys)
    return {
      storage,
      ledger,
      accounts: new Accounts(ledger, accessKeys),
      accessKeys,
      authorizer: new Authorizer(ledger, alarm),
      lastUsed: new LastUsed(ledger),
      securityTokens: new SecurityTokens(keys),
      keystore: new SoftwareKeystore(keys),
      rateLimiter: new RateLimiter(),
    }
  } catch (error) {
    await storage.close()
    throw error
  }
}

async function rootKeys(settings: Settings, storage: Storage, now: number): Promise<RootKeys> {
  const row = await storage.get(INSTALLATION_KIND.name, INSTALLATION.account, INSTALLATION.region, INSTALLATION_ID)
  if (!row) return setUp(settings, storage, now)
  const { rootKey, salt, dev } = JSON.parse(row.body) as InstallationBody
  const keys = new RootKeys(rootKey === 'file' ? keyFromFile(settings) : keyFromPassphrase(settings, salt))
  try {
    fromRow(row, keys)
  } catch (error) {
    if (!(error instanceof Forged)) throw error
    throw new Error(
      `the ${rootKey === 'file' ? 'root key file' : 'passphrase'} is not the one that this database was set up with`,
    )
  }
  checkDev(dev === true, settings)
  return keys
}

/** What a clock was moved on, or may be, must never hold keys that count. */
function checkDev(store: boolean, { dev }: Settings): void {
  if (store && !dev) throw new Error('this store was made with --dev, where the clock is moved: start with --dev')
  if (!store && dev)
    throw new Error('this store was made without --dev: choose another folder with --data, or another database')
}

async function setUp(settings: Settings, storage: Storage, now: number): Promise<RootKeys> {
  const salt = settings.passphrase === null ? null : newSalt()
  const path = rootKeyPath(settings)
  const key = salt
    ? rootKeyFromPassphrase(settings.passphrase ?? '', salt)
    : existsSync(path)
      ? keyFromFile(settings)
      : createRootKeyFile(path)
  const keys = new RootKeys(key)
  const record: Recorded<InstallationBody> = {
    kind: INSTALLATION_KIND.name,
    ...INSTALLATION,
    id: INSTALLATION_ID,
    parent: null,
    createdAt: now,
    dueAt: null,
    revision: 1,
    body: {
      rootKey: salt ? 'passphrase' : 'file',
      salt: salt?.toString('base64') ?? null,
      ...(settings.dev && { dev: true }),
    },
  }
  const change = { change: 'insert', row: toRow(record, keys), counted: null } as const
  const [outcome] = await storage.commit([{ changes: [change], nonce: null, event: null, scrub: false }])
  // Another server set the same database up at the same moment: its root key counts.
  return outcome === 'committed' ? keys : rootKeys(settings, storage, now)
}

function rootKeyPath({ rootKeyFile, data }: Settings): string {
  return rootKeyFile ?? join(data, 'root-key')
}

function keyFromFile(settings: Settings): Buffer {
  if (settings.passphrase !== null)
    throw new Error('this database was set up with a root key file: start without a passphrase')
  const key = readRootKeyFile(rootKeyPath(settings))
  if (key) return key
  throw new Error(
    `the root key file \`${rootKeyPath(settings)}\` is missing, and without it no key opens: restore it from its backup`,
  )
}

function keyFromPassphrase({ passphrase }: Settings, salt: string | null): Buffer {
  if (passphrase !== null && salt !== null) return rootKeyFromPassphrase(passphrase, Buffer.from(salt, 'base64'))
  throw new Error('this database was set up with a passphrase: set STRONGROOM_PASSPHRASE or passphrase-file')
}
