// The providers of a database's root keys, as the settings say: the candidates that may open an existing ring, and the provider that wraps
// a new one.
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
import type { Alarm } from '../ledger/alarm.ts'
import { altered, type Candidate, type InstallationBody } from '../rootkeys/installation-record.ts'
import type { Randomness } from '../runtime/runtime.ts'
import { PinNeeded } from '../settings/hsm.ts'
import { rootKeyPath } from '../settings/root-key.ts'
import type { Settings } from '../settings/settings.ts'
import type { Storage } from '../storage/storage.ts'

/** The database that holds the root keys, and what may open them. */
export interface Source {
  readonly settings: Settings
  readonly storage: Storage
  /** The connection to the configured HSM, or null. */
  readonly device: Device | null
  readonly alarm: Alarm
  readonly runtime: Randomness
}

/**
 * The providers that may open the ring of this record, the likeliest first. Throws an error that says what to set, and PinNeeded where only
 * the HSM's PIN is missing.
 */
export async function candidatesOf(source: Source, body: InstallationBody): Promise<readonly Candidate[]> {
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

/**
 * Moves the key file to its place. A failure is only reported: the key has opened the database, and the next start finds the file again.
 */
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

/** What wraps the root keys of a new database; `salt` goes with a passphrase. */
export async function newProvider(
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

/** The key in the file; creates the file where there is none. */
function newKeyFile(path: string): Buffer {
  const present = readRootKeyFile(path)
  if (present) return present
  try {
    return createRootKeyFile(path)
  } catch (error) {
    // Another server made it at the same moment.
    const theirs = readRootKeyFile(path)
    if (theirs) return theirs
    throw error
  }
}

const fileProvider = (key: Uint8Array, random: Randomness) => new KeyProvider('file', 'root key file', key, random)
const passphraseProvider = (key: Uint8Array, random: Randomness) =>
  new KeyProvider('passphrase', 'passphrase', key, random)
