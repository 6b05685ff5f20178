// Builds the rooms that every verb shares, bottom up: database, root key, ledger, accounts, key store.
import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Settings } from './cli/settings.ts'
import { RootKeys } from './cryptography/seal.ts'
import type { Keystore } from './keystore/keystore.ts'
import { HsmKeystore } from './keystore/pkcs11/hsm.ts'
import { randomBytes } from './keystore/random.ts'
import { createRootKeyFile, newSalt, readRootKeyFile, rootKeyFromPassphrase } from './keystore/root-key.ts'
import { KeystoreRouter } from './keystore/router.ts'
import { SoftwareKeystore } from './keystore/software.ts'
import { KeyUsage } from './kms/key-usage.ts'
import { type Alarm, Ledger } from './ledger/ledger.ts'
import { Forged, fromRow, insert, type Kind, type Recorded, toRow } from './ledger/record.ts'
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
  /** Not connected yet: `serve` does that, and whoever else needs it. */
  readonly hsm: HsmKeystore | null
  readonly usage: KeyUsage
}

/** Opens the data folder and the database; makes both on the first start. Throws with what to change. */
export async function openHouse(settings: Settings, alarm: Alarm, now: number): Promise<OpenHouse> {
  mkdirSync(settings.data, { recursive: true, mode: 0o700 })
  const storage = await openStorage(settings.database ?? join(settings.data, 'strongroom.db'))
  try {
    const keys = await rootKeys(settings, storage, now)
    const ledger = new Ledger(storage, keys, alarm)
    const accessKeys = new AccessKeys(ledger, keys)
    const usage = new KeyUsage(ledger, () => Date.now())
    const hsm = await hsmOf(settings, ledger, keys, usage, alarm, now)
    return {
      storage,
      ledger,
      accounts: new Accounts(ledger, accessKeys),
      accessKeys,
      authorizer: new Authorizer(ledger, alarm),
      lastUsed: new LastUsed(ledger),
      securityTokens: new SecurityTokens(keys),
      keystore: new KeystoreRouter(new SoftwareKeystore(keys), hsm, usage),
      hsm,
      usage,
    }
  } catch (error) {
    await storage.close()
    throw error
  }
}

/** The names of objects in an HSM begin with the tag of their database, so that several installations may share one. */
const HSM_TAG: Kind<{ readonly tag: string }> = { name: 'hsm-tag', counted: false }

async function hsmOf(
  { hsm }: Settings,
  ledger: Ledger,
  keys: RootKeys,
  usage: KeyUsage,
  alarm: Alarm,
  now: number,
): Promise<HsmKeystore | null> {
  if (!hsm) return null
  const tag = await hsmTag(ledger, now)
  const { pinFile, pin } = hsm
  const source = () => {
    if (pinFile === null) return { pin: pin ?? '', stamp: '' }
    const text = readFileSync(pinFile, 'utf8').replace(/\r?\n$/, '')
    return { pin: text, stamp: `${statSync(pinFile).mtimeMs} ${text}` }
  }
  return new HsmKeystore({ ...hsm, pin: source, tag }, keys, usage, (message) => alarm('managed HSM', message))
}

async function hsmTag(ledger: Ledger, now: number): Promise<string> {
  for (;;) {
    const record = await ledger.get(HSM_TAG, INSTALLATION, HSM_TAG.name)
    if (record) return record.body.tag
    const body = { tag: randomBytes(8).toString('hex') }
    const change = insert(HSM_TAG, { ...INSTALLATION, id: HSM_TAG.name, createdAt: now, body })
    await ledger.commit({ changes: [change], nonce: null, event: null })
  }
}

async function rootKeys(settings: Settings, storage: Storage, now: number): Promise<RootKeys> {
  const row = await storage.get(INSTALLATION_KIND.name, INSTALLATION.account, INSTALLATION.region, INSTALLATION_ID)
  if (!row) return setUp(settings, storage, now)
  const { rootKey, salt } = JSON.parse(row.body) as InstallationBody
  const keys = new RootKeys(rootKey === 'file' ? keyFromFile(settings) : keyFromPassphrase(settings, salt))
  try {
    fromRow(row, keys)
  } catch (error) {
    if (!(error instanceof Forged)) throw error
    throw new Error(
      `the ${rootKey === 'file' ? 'root key file' : 'passphrase'} is not the one that this database was set up with`,
    )
  }
  return keys
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
    body: { rootKey: salt ? 'passphrase' : 'file', salt: salt?.toString('base64') ?? null },
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
