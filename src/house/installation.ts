// Opens a database's root keys with what the settings say. Sets up an empty database: its ring of root keys, what wraps them, and the
// first head of its chain of events.
import { newSigningKey } from '../actiontrail/audit/signing-key.ts'
import { encodeRing, wipeRing } from '../cryptography/ring.ts'
import { type Device, HsmRootKeyProvider } from '../keystore/pkcs11/root-key.ts'
import {
  createRootKeyFile,
  demandNewPassphrase,
  keyFromPassphrase,
  newSalt,
  pendingKeyFiles,
  readPendingKeyFile,
  readRootKeyFile,
  realKeyPath,
  settleKeyFile,
} from '../keystore/root-key.ts'
import { KeyProvider, type RootKeyProvider } from '../keystore/root-key-provider.ts'
import { RootKeys } from '../keystore/root-keys.ts'
import type { Alarm } from '../ledger/alarm.ts'
import { chaining, firstHead, GENESIS, generationOf } from '../ledger/chain.ts'
import { authentic, toRow } from '../ledger/record.ts'
import { removeFormerKeyFile } from '../rootkeys/change-provider.ts'
import {
  altered,
  type Candidate,
  type InstallationBody,
  newInstallation,
  readInstallation,
} from '../rootkeys/installation-record.ts'
import { LiveRing } from '../rootkeys/live-ring.ts'
import type { Randomness } from '../runtime/runtime.ts'
import { PinNeeded } from '../settings/hsm.ts'
import { defaultRootKeyPath, rootKeyPath } from '../settings/root-key.ts'
import type { Settings } from '../settings/settings.ts'
import { MOST_LANES } from '../storage/lane.ts'
import { HEAD_PLACE, type RowChange, type Storage } from '../storage/storage.ts'
import { newHsmTag } from './hsm.ts'

/** The database that holds the root keys, and what may open them. */
export interface Source {
  readonly settings: Settings
  readonly storage: Storage
  /** The connection to the configured HSM, or null. */
  readonly device: Device | null
  readonly alarm: Alarm
  readonly runtime: Randomness
}

/** The root keys of the database; sets up an empty one. Rejects with what to change, and with PinNeeded where only the HSM's PIN is missing. */
export async function openRing(source: Source, now: number): Promise<LiveRing> {
  const { settings, storage } = source
  const row = await readInstallation(storage)
  if (!row) return setUp(source, now)
  const ring = await LiveRing.open(row, storage, (body) => candidatesOf(source, body))
  const { formerKeyFile, dev, rootKey } = ring.record.body
  checkDev(dev === true, settings)
  await checkHeads(storage, ring.keys)
  const { rootKeyProvider } = settings
  if (rootKeyProvider !== null && rootKeyProvider !== rootKey)
    throw new Error(
      `root-key-provider is \`${rootKeyProvider}\`, but this database's root key comes from \`${rootKey}\`: remove the setting, or see \`strongroom root-key change-provider\``,
    )
  if (formerKeyFile) await removeFormer(formerKeyFile, ring, source)
  return ring
}

/** Removes the key file that an interrupted change of the provider left, and forgets it. */
async function removeFormer(former: string, ring: LiveRing, { settings, alarm }: Source): Promise<void> {
  const paths = new Set([rootKeyPath(settings), defaultRootKeyPath(settings)].map(realKeyPath))
  for (const path of paths)
    for (const left of removeFormerKeyFile(path, former)) alarm('a former root key file is left', new Error(left))
  await ring.change({ body: { formerKeyFile: null } })
}

/** Refuses an older installation record, which would bring dropped root keys back: the heads of the trail remember newer ones. */
async function checkHeads(storage: Storage, keys: RootKeys): Promise<void> {
  const { kind, account, region } = HEAD_PLACE
  const heads = await storage.between({ kind, account, region }, '', '~', MOST_LANES)
  if (heads.some((head) => authentic(head, keys) && generationOf(head, keys) > keys.generation))
    throw new Error(
      'the installation record is an older one: the trail went on under newer root keys; restore the database as a whole, from one backup',
    )
}

/** A database whose clock can be moved must never hold keys that protect anything. */
function checkDev(store: boolean, { dev }: Settings): void {
  if (store && !dev)
    throw new Error('this database was made with --dev, where the clock can be moved: start with --dev')
  if (!store && dev)
    throw new Error('this database was made without --dev: choose another folder with --data, or another database')
}

async function setUp(source: Source, now: number): Promise<LiveRing> {
  const { storage, settings, runtime } = source
  const tag = newHsmTag(now, runtime)
  const { provider, salt } = await newProvider(source, tag.body.tag, now)
  const ring = { generation: 1, roots: [runtime.randomBytes(32)], fingerprintKey: runtime.randomBytes(32) }
  const bytes = encodeRing(ring)
  const wrapped = Buffer.from(await provider.wrap(bytes)).toString('base64')
  const keys = new RootKeys(ring)
  bytes.fill(0)
  wipeRing(ring)
  const body: InstallationBody = {
    rootKey: provider.name,
    salt: salt?.toString('base64') ?? null,
    ...(settings.dev && { dev: true }),
    firstAccount: null,
    ring: { wrapped, generation: 1, roots: [{ since: now, retiredAt: null }] },
  }
  const rows = [
    toRow(newInstallation(body, now), keys),
    firstHead(GENESIS, now, keys),
    toRow(newSigningKey(keys, now, runtime), keys),
    toRow(tag, keys),
  ]
  const changes = rows.map((row): RowChange => ({ change: 'insert', row, counted: null }))
  const commit = { changes, nonce: null, event: null, scrub: false }
  const { outcomes } = await storage.commit([commit], chaining(keys), null)
  keys.wipe()
  // Another server may have set up the same database at the same moment: the first record counts.
  if (outcomes[0] !== 'committed' && provider instanceof HsmRootKeyProvider) await provider.discard()
  if (await readInstallation(storage)) return openRing(source, now)
  throw new Error('the record of how this database was set up is missing: restore a backup')
}

/** What wraps the root keys of a new database; `salt` goes with a passphrase. */
async function newProvider(
  { settings, device, runtime }: Source,
  tag: string,
  now: number,
): Promise<{ provider: RootKeyProvider; salt: Buffer | null }> {
  if (settings.rootKeyProvider === 'hsm')
    return { provider: await HsmRootKeyProvider.create(connectable(settings, device), tag, now), salt: null }
  if (settings.passphrase !== null) demandNewPassphrase(settings.passphrase)
  const salt = settings.passphrase === null ? null : newSalt()
  const path = rootKeyPath(settings)
  const key = salt ? await keyFromPassphrase(settings.passphrase ?? '', salt) : newKeyFile(path)
  const provider = salt ? passphraseProvider(key, runtime) : fileProvider(key, runtime)
  key.fill(0)
  return { provider, salt }
}

/** The key in the file; makes the file where there is none. */
function newKeyFile(path: string): Buffer {
  const present = readRootKeyFile(path)
  if (present) return present
  try {
    return createRootKeyFile(path)
  } catch (error) {
    // Another server made it at the same moment.
    const made = readRootKeyFile(path)
    if (made) return made
    throw error
  }
}

async function candidatesOf(source: Source, body: InstallationBody): Promise<readonly Candidate[]> {
  switch (body.rootKey) {
    case 'file':
      return keyFiles(source)
    case 'passphrase':
      return passphrases(source, body.salt)
    case 'hsm':
      return inDevice(source, body)
    default:
      throw new Error(
        `this database's root key comes from \`${body.rootKey}\`, which this program does not know: start a newer strongroom`,
      )
  }
}

function inDevice({ settings, device }: Source, { ring }: InstallationBody): readonly Candidate[] {
  const wrapped = Buffer.from(ring?.wrapped ?? '', 'base64')
  const provider = HsmRootKeyProvider.of(connectable(settings, device), wrapped)
  if (!provider) throw altered()
  return [{ provider, soleRoot: null, settle: () => {} }]
}

function connectable({ hsm }: Settings, device: Device | null): Device {
  if (!hsm || !device)
    throw new Error("this database's root key is in an HSM: set hsm-module and hsm-token, and hsm-pin-file")
  if (hsm.pinFile === null && hsm.pin === null) throw new PinNeeded()
  return device
}

/** The root key file, and new ones that a crash left beside it. */
function keyFiles({ settings, alarm, runtime }: Source): readonly Candidate[] {
  if (settings.passphrase !== null)
    throw new Error(
      'this database was set up with a root key file, or changed to one since: start without a passphrase, and with root-key-file where it is not in the data folder',
    )
  const path = realKeyPath(rootKeyPath(settings))
  const found = [path, ...pendingKeyFiles(path)].flatMap((file) => {
    const soleRoot = file === path ? readRootKeyFile(file) : readPendingKeyFile(file)
    const settle = () => (file === path ? undefined : settleOr(alarm, file, path))
    return soleRoot ? [{ provider: fileProvider(soleRoot, runtime), soleRoot, settle }] : []
  })
  if (found.length > 0) return found
  throw new Error(`the root key file \`${path}\` is missing, and without it no key opens: restore it from its backup`)
}

/** Puts the key file in its place. A failure is no obstacle: the key opened the database, and the next start finds it again. */
function settleOr(alarm: Alarm, pending: string, path: string): void {
  try {
    settleKeyFile(pending, path)
  } catch (error) {
    alarm(
      `the root key is in ${pending}, and could not be put in the place of ${path}: do so by hand, and lose neither`,
      error,
    )
  }
}

async function passphrases({ settings, runtime }: Source, salt: string | null): Promise<readonly Candidate[]> {
  const { passphrase } = settings
  if (passphrase === null || salt === null)
    throw new Error(
      'this database was set up with a passphrase, or changed to one since: set STRONGROOM_PASSPHRASE or passphrase-file',
    )
  const soleRoot = await keyFromPassphrase(passphrase, Buffer.from(salt, 'base64'))
  return [{ provider: passphraseProvider(soleRoot, runtime), soleRoot, settle: () => {} }]
}

const fileProvider = (key: Uint8Array, random: Randomness) => new KeyProvider('file', 'root key file', key, random)
const passphraseProvider = (key: Uint8Array, random: Randomness) =>
  new KeyProvider('passphrase', 'passphrase', key, random)
