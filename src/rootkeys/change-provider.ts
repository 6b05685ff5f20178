// Changes the provider of the root keys: one guarded update stores the ring wrapped by another key. No other record changes. A new key file has a
// temporary name until it is renamed after the commit, so after a crash at any moment, one of the two files fits the database.
import { existsSync } from 'node:fs'
import type { HsmRootKeyProvider } from '../keystore/pkcs11/root-key.ts'
import {
  createPendingKeyFile,
  isMountPoint,
  keyFromPassphrase,
  newSalt,
  pendingKeyFiles,
  readRootKeyFile,
  removeKeyFile,
  settleKeyFile,
} from '../keystore/root-key.ts'
import { KeyProvider, keyCheck, type RootKeyProvider } from '../keystore/root-key-provider.ts'
import type { Randomness } from '../runtime/runtime.ts'
import type { Occurrence } from './installation-record.ts'
import type { LiveRing } from './live-ring.ts'

const EVENT = 'ChangeRootKeyProvider'

type Random = Pick<Randomness, 'randomBytes'>

/** The steps that the operator has to do by hand after a change, in words; empty where none are left. */
export type LeftOver = readonly string[]

/** Wraps the ring with a new key in the file `path`. Removes `former`, the key file in use until now; null for none. */
export async function changeToFile(
  ring: LiveRing,
  path: string,
  former: string | null,
  random: Random,
  occurrence: Occurrence,
): Promise<LeftOver> {
  if (path !== former && existsSync(path))
    throw new Error(`\`${path}\` exists already: name another file, or move it away`)
  if (isMountPoint(path))
    throw new Error(`\`${path}\` is a mount point and can't be replaced: name another file with --new-root-key-file`)
  await ring.look()
  // Files of earlier changes that were not completed and that this change supersedes.
  const superseded = pendingKeyFiles(path)
  const { key, pending } = createPendingKeyFile(path)
  const provider = new KeyProvider('file', 'root key file', key, random)
  key.fill(0)
  const replaced = former === path ? null : former
  const body = { rootKey: 'file', salt: null, formerKeyFile: checkOf(replaced) } as const
  if (!(await ring.change({ provider, body, event: { name: EVENT, ...occurrence } }))) {
    removeKeyFile(pending)
    throw moved()
  }
  const settled = tried(() => settleKeyFile(pending, path), `put the new key, which is in ${pending}, into ${path}`)
  return [...settled, ...removeAll([...superseded, replaced])]
}

/** Wraps the ring with a key from a passphrase. Removes `former`, the key file in use until now; null for none. */
export async function changeToPassphrase(
  ring: LiveRing,
  passphrase: string,
  former: string | null,
  random: Random,
  occurrence: Occurrence,
): Promise<LeftOver> {
  await ring.look()
  const salt = newSalt()
  const key = await keyFromPassphrase(passphrase, salt)
  const provider = new KeyProvider('passphrase', 'passphrase', key, random)
  key.fill(0)
  const left = await changeTo(ring, provider, salt.toString('base64'), former, occurrence)
  if (!left) throw moved()
  return left
}

/** Wraps the ring with a new key in an HSM. Removes `former`, the key file in use until now; null for none. */
export async function changeToHsm(
  ring: LiveRing,
  provider: HsmRootKeyProvider,
  former: string | null,
  occurrence: Occurrence,
): Promise<LeftOver> {
  await ring.look()
  const left = await changeTo(ring, provider, null, former, occurrence)
  if (left) return left
  // The commit certainly failed, so the key wraps nothing. Where the outcome of a commit is unknown, the key is left to the operator.
  await provider.discard().catch(() => {})
  throw moved()
}

async function changeTo(
  ring: LiveRing,
  provider: RootKeyProvider,
  salt: string | null,
  former: string | null,
  occurrence: Occurrence,
): Promise<LeftOver | null> {
  const superseded = former === null ? [] : pendingKeyFiles(former)
  const body = { rootKey: provider.name, salt, formerKeyFile: checkOf(former) }
  return (await ring.change({ provider, body, event: { name: EVENT, ...occurrence } }))
    ? removeAll([...superseded, former])
    : null
}

function removeAll(files: readonly (string | null)[]): LeftOver {
  return files.flatMap((file) => (file === null ? [] : tried(() => removeKeyFile(file), `remove ${file}`)))
}

/** Does work after a committed change. A failure does not undo the change; it becomes a step for the operator. */
function tried(work: () => void, what: string): LeftOver {
  try {
    work()
    return []
  } catch (error) {
    return [`${what}: ${(error as Error).message}`]
  }
}

/** Removes the file if it contains the key that `formerKeyFile` identifies (keyCheck). */
export function removeFormerKeyFile(path: string, formerKeyFile: string): LeftOver {
  return tried(() => {
    if (checkOf(path) === formerKeyFile) removeKeyFile(path)
  }, `remove ${path}`)
}

function checkOf(path: string | null): string | null {
  const key = path === null ? null : readRootKeyFile(path)
  if (!key) return null
  const check = keyCheck(key)
  key.fill(0)
  return check
}

function moved(): Error {
  return new Error('another change of the root keys came first, and nothing was changed: try again')
}
