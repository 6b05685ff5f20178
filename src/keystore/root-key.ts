// Keys of the root key's providers: a file of its own, or a passphrase (DESIGN: security model). The database never holds them.
// A key file is replaced by way of a file beside it, so that whenever a crash comes, one of the two fits the database.
import { argon2, randomBytes } from 'node:crypto'
import {
  closeSync,
  fsyncSync,
  linkSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'

const KEY_BYTES = 32
const PENDING = '.pending'

/** Reads a key (64 hex digits) from its file; null when there is no such file. Throws when the file holds anything else. */
export function readRootKeyFile(path: string): Buffer | null {
  let text: Buffer
  try {
    text = readFileSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
  const hex = text.toString('latin1').trim()
  text.fill(0)
  if (!/^[0-9a-f]{64}$/.test(hex)) throw new Error(`${path} does not hold a root key (64 hex digits): restore it`)
  return Buffer.from(hex, 'hex')
}

/** Makes a new key and its file (mode 0600), on disk before it is used. Never overwrites one. */
export function createRootKeyFile(path: string): Buffer {
  const key = randomBytes(KEY_BYTES)
  const temporary = `${path}.${process.pid}.new`
  writeKey(temporary, key)
  try {
    linkSync(temporary, path)
  } finally {
    unlinkSync(temporary)
  }
  flushFolder(path)
  return key
}

/** A new key in a file (mode 0600) beside `path`, which it may replace later; on disk when this returns. */
export function createPendingKeyFile(path: string): { key: Buffer; pending: string } {
  const key = randomBytes(KEY_BYTES)
  const pending = `${path}.${randomBytes(8).toString('hex')}${PENDING}`
  writeKey(pending, key)
  flushFolder(pending)
  return { key, pending }
}

/** The files beside `path` that were made to replace it and did not yet, or never will. */
export function pendingKeyFiles(path: string): readonly string[] {
  const [folder, name] = [dirname(path), basename(path)]
  try {
    return readdirSync(folder)
      .filter((file) => file.startsWith(`${name}.`) && file.endsWith(PENDING))
      .map((file) => join(folder, file))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

/** Puts a pending key file in the place of `path`, in one step, on disk when this returns. Another process may have done so. */
export function settleKeyFile(pending: string, path: string): void {
  try {
    renameSync(pending, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  flushFolder(path)
}

/**
 * Removes a key file, if it is there. It is not overwritten first: file systems and disks write elsewhere than where they read,
 * so that would promise what it can't keep.
 */
export function removeKeyFile(path: string): void {
  try {
    unlinkSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  flushFolder(path)
}

function writeKey(path: string, key: Buffer): void {
  const file = openSync(path, 'wx', 0o600)
  const line = Buffer.from(`${key.toString('hex')}\n`, 'latin1')
  try {
    writeSync(file, line)
    fsyncSync(file)
  } finally {
    line.fill(0)
    closeSync(file)
  }
}

/** A name is on disk only when its folder is. */
function flushFolder(path: string): void {
  const folder = openSync(dirname(path), 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}

/** 16 random bytes, kept beside the data; not secret. */
export function newSalt(): Buffer {
  return randomBytes(16)
}

/** The key (32 bytes) of a passphrase: Argon2id (RFC 9106, second recommended option: 64 MiB, 3 passes, 4 lanes). Stalls nothing. */
export function keyFromPassphrase(passphrase: string, salt: Uint8Array): Promise<Buffer> {
  const message = Buffer.from(passphrase.normalize('NFC'), 'utf8')
  const cost = { parallelism: 4, tagLength: KEY_BYTES, memory: 65_536, passes: 3 }
  return new Promise((resolve, reject) => {
    argon2('argon2id', { message, nonce: salt, ...cost }, (error, key) => {
      message.fill(0)
      if (error) reject(error)
      else resolve(key)
    })
  })
}
