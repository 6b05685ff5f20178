// Changing where the root keys come from: their ring is wrapped anew, in one guarded update; no record is touched.
// A key file is made under another name, and put in its place after the commit: whenever a crash comes, one of the two fits.
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
import type { LiveRing } from './live-ring.ts'

/** What is left to do by hand after a change that was made, in words; empty when nothing is. */
export type LeftOver = readonly string[]

/** Wraps the ring by a new key in the file `path`. `former` is the key file in use until now, or null: it is removed. */
export async function changeToFile(ring: LiveRing, path: string, former: string | null): Promise<LeftOver> {
  if (path !== former && existsSync(path))
    throw new Error(`\`${path}\` exists already: name another file, or move it away`)
  if (isMountPoint(path))
    throw new Error(
      `\`${path}\` is a mount of its own, and can't be replaced: name another file with --new-root-key-file`,
    )
  await ring.look()
  // Whoever made one of these did so for a record that this change supersedes.
  const superseded = pendingKeyFiles(path)
  const { key, pending } = createPendingKeyFile(path)
  const provider = new KeyProvider('file', 'root key file', key)
  key.fill(0)
  const replaced = former === path ? null : former
  if (!(await ring.change({ provider, body: { rootKey: 'file', salt: null, formerKeyFile: checkOf(replaced) } }))) {
    removeKeyFile(pending)
    throw moved()
  }
  const settled = tried(() => settleKeyFile(pending, path), `put the new key, which is in ${pending}, into ${path}`)
  return [...settled, ...removeAll([...superseded, replaced])]
}

/** Wraps the ring by a passphrase. `former` is the key file in use until now, or null: it is removed. */
export async function changeToPassphrase(ring: LiveRing, passphrase: string, former: string | null): Promise<LeftOver> {
  await ring.look()
  const salt = newSalt()
  const key = await keyFromPassphrase(passphrase, salt)
  const provider = new KeyProvider('passphrase', 'passphrase', key)
  key.fill(0)
  const left = await changeTo(ring, provider, salt.toString('base64'), former)
  if (!left) throw moved()
  return left
}

/** Wraps the ring by a new key in an HSM. `former` is the key file in use until now, or null: it is removed. */
export async function changeToHsm(ring: LiveRing, made: HsmRootKeyProvider, former: string | null): Promise<LeftOver> {
  await ring.look()
  const left = await changeTo(ring, made, null, former)
  if (left) return left
  // Only here is it certain that nothing is wrapped by it: whoever hears nothing of a commit leaves it to the operator.
  await made.discard().catch(() => {})
  throw moved()
}

async function changeTo(
  ring: LiveRing,
  provider: RootKeyProvider,
  salt: string | null,
  former: string | null,
): Promise<LeftOver | null> {
  const superseded = former === null ? [] : pendingKeyFiles(former)
  const body = { rootKey: provider.name, salt, formerKeyFile: checkOf(former) }
  return (await ring.change({ provider, body })) ? removeAll([...superseded, former]) : null
}

function removeAll(files: readonly (string | null)[]): LeftOver {
  return files.flatMap((file) => (file === null ? [] : tried(() => removeKeyFile(file), `remove ${file}`)))
}

/** The change is made: what fails behind it is told, and undoes nothing. */
function tried(work: () => void, what: string): LeftOver {
  try {
    work()
    return []
  } catch (error) {
    return [`${what}: ${(error as Error).message}`]
  }
}

/** Removes the file if it holds the very key that this tells (keyCheck); what could not be done. */
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
  return new Error('another change of the root keys came in between, and nothing was changed: try again')
}
