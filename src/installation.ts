// What one database was set up with: where its root key comes from, and where its chain of events begins.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { newSigningKey } from './actiontrail/signing-key.ts'
import type { Settings } from './cli/settings.ts'
import { RootKeys } from './cryptography/seal.ts'
import { createRootKeyFile, newSalt, readRootKeyFile, rootKeyFromPassphrase } from './keystore/root-key.ts'
import { chaining, firstHead, GENESIS } from './ledger/chain.ts'
import { Forged, fromRow, INSTALLATION, type Kind, type Recorded, toRow } from './ledger/record.ts'
import type { RowChange, Storage } from './storage/storage.ts'

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

/** The keys of the database's root key; sets an empty database up. Throws with what to change. */
export async function rootKeysOf(settings: Settings, storage: Storage, now: number): Promise<RootKeys> {
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

function record(kind: string, id: string, createdAt: number) {
  return { kind, ...INSTALLATION, id, parent: null, createdAt, dueAt: null, revision: 1 }
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
  const installation: Recorded<InstallationBody> = {
    ...record(INSTALLATION_KIND.name, INSTALLATION_ID, now),
    body: {
      rootKey: salt ? 'passphrase' : 'file',
      salt: salt?.toString('base64') ?? null,
      ...(settings.dev && { dev: true }),
    },
  }
  const rows = [toRow(installation, keys), firstHead(GENESIS, now, keys), toRow(newSigningKey(keys, now), keys)]
  const changes = rows.map((row): RowChange => ({ change: 'insert', row, counted: null }))
  const [outcome] = await storage.commit([{ changes, nonce: null, event: null, scrub: false }], chaining(keys))
  if (outcome === 'committed') return keys
  // Another server set the same database up at the same moment: its root key counts.
  if (await storage.get(INSTALLATION_KIND.name, INSTALLATION.account, INSTALLATION.region, INSTALLATION_ID))
    return rootKeysOf(settings, storage, now)
  throw new Error('the record of how this database was set up is missing: restore a backup')
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
