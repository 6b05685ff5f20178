// Changing where the root keys come from: their ring is wrapped anew, in one guarded update; no record is touched.
// A key file is made under another name, and put in its place after the commit: whenever a crash comes, one of the two fits.
import { existsSync } from 'node:fs'
import type { HsmRootKeyProvider } from '../keystore/pkcs11/root-key.ts'
import {
  createPendingKeyFile,
  keyFromPassphrase,
  newSalt,
  pendingKeyFiles,
  readRootKeyFile,
  removeKeyFile,
  settleKeyFile,
} from '../keystore/root-key.ts'
import { KeyProvider, keyCheck, type RootKeyProvider } from '../keystore/root-key-provider.ts'
import type { LiveRing } from './live-ring.ts'

/** Wraps the ring by a new key in the file `path`. `former` is the key file in use until now, or null: it is removed. */
export async function changeToFile(ring: LiveRing, path: string, former: string | null): Promise<void> {
  if (path !== former && existsSync(path))
    throw new Error(`\`${path}\` exists already: name another file, or move it away`)
  await ring.look()
  // Whoever made one of these did so for a record that this change supersedes.
  const leftOver = pendingKeyFiles(path)
  const { key, pending } = createPendingKeyFile(path)
  const provider = new KeyProvider('file', 'root key file', key)
  key.fill(0)
  const replaced = former === path ? null : former
  if (!(await ring.change({ provider, body: { rootKey: 'file', salt: null, formerKeyFile: checkOf(replaced) } }))) {
    removeKeyFile(pending)
    throw moved()
  }
  settleKeyFile(pending, path)
  removeKeyFiles(replaced, leftOver)
}

/** Wraps the ring by a passphrase. `former` is the key file in use until now, or null: it is removed. */
export async function changeToPassphrase(ring: LiveRing, passphrase: string, former: string | null): Promise<void> {
  await ring.look()
  const salt = newSalt()
  const key = await keyFromPassphrase(passphrase, salt)
  const provider = new KeyProvider('passphrase', 'passphrase', key)
  key.fill(0)
  if (!(await changeTo(ring, provider, salt.toString('base64'), former))) throw moved()
}

/** Wraps the ring by a new key in an HSM. `former` is the key file in use until now, or null: it is removed. */
export async function changeToHsm(ring: LiveRing, made: HsmRootKeyProvider, former: string | null): Promise<void> {
  await ring.look()
  if (await changeTo(ring, made, null, former)) return
  // Only here is it certain that nothing is wrapped by it: whoever hears nothing of a commit leaves it to the operator.
  await made.discard().catch(() => {})
  throw moved()
}

async function changeTo(
  ring: LiveRing,
  provider: RootKeyProvider,
  salt: string | null,
  former: string | null,
): Promise<boolean> {
  const leftOver = former === null ? [] : pendingKeyFiles(former)
  const body = { rootKey: provider.name, salt, formerKeyFile: checkOf(former) }
  if (!(await ring.change({ provider, body }))) return false
  removeKeyFiles(former, leftOver)
  return true
}

function removeKeyFiles(former: string | null, leftOver: readonly string[]): void {
  for (const file of leftOver) removeKeyFile(file)
  if (former !== null) removeKeyFile(former)
}

/** Removes a key file that a change left behind because a crash came in between: only the very one that it was about. */
export function removeFormerKeyFile(path: string, formerKeyFile: string | null | undefined): void {
  if (!formerKeyFile) return
  try {
    if (checkOf(path) === formerKeyFile) removeKeyFile(path)
  } catch {
    // Whatever it holds, it is not that key.
  }
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
