// Changing where the root keys come from: their ring is wrapped anew, in one guarded update; no record is touched.
// A key file is made under another name, and put in its place after the commit: whenever a crash comes, one of the two fits.
import { existsSync } from 'node:fs'
import {
  createPendingKeyFile,
  keyFromPassphrase,
  newSalt,
  pendingKeyFiles,
  readRootKeyFile,
  removeKeyFile,
  settleKeyFile,
} from '../keystore/root-key.ts'
import { KeyProvider, keyCheck } from '../keystore/root-key-provider.ts'
import type { LiveRing } from './live-ring.ts'

/** Wraps the ring by a new key in the file `path`. `former` is the key file in use until now, or null: it is removed. */
export async function changeToFile(ring: LiveRing, path: string, former: string | null): Promise<void> {
  if (path !== former && existsSync(path))
    throw new Error(`\`${path}\` exists already: name another file, or move it away`)
  await ring.look()
  // Whoever made one of these did so for a record that this change supersedes.
  const leftOver = pendingKeyFiles(path)
  const { key, pending } = createPendingKeyFile(path)
  const committed = await (async () => {
    try {
      const provider = new KeyProvider('file', 'root key file', key)
      const formerKeyFile = former === null || former === path ? null : checkOf(former)
      return await ring.change({ provider, body: { rootKey: 'file', salt: null, formerKeyFile } })
    } finally {
      key.fill(0)
    }
  })()
  if (!committed) {
    removeKeyFile(pending)
    throw moved()
  }
  settleKeyFile(pending, path)
  for (const file of leftOver) removeKeyFile(file)
  if (former !== null && former !== path) removeKeyFile(former)
}

/** Wraps the ring by a passphrase. `former` is the key file in use until now, or null: it is removed. */
export async function changeToPassphrase(ring: LiveRing, passphrase: string, former: string | null): Promise<void> {
  await ring.look()
  const leftOver = former === null ? [] : pendingKeyFiles(former)
  const salt = newSalt()
  const key = await keyFromPassphrase(passphrase, salt)
  const provider = new KeyProvider('passphrase', 'passphrase', key)
  key.fill(0)
  const formerKeyFile = former === null ? null : checkOf(former)
  const body = { rootKey: 'passphrase', salt: salt.toString('base64'), formerKeyFile } as const
  if (!(await ring.change({ provider, body }))) throw moved()
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

function checkOf(path: string): string | null {
  const key = readRootKeyFile(path)
  if (!key) return null
  const check = keyCheck(key)
  key.fill(0)
  return check
}

function moved(): Error {
  return new Error('another change of the root keys came in between, and nothing was changed: try again')
}
