// Keys of the root key's providers: from a key file, or from a passphrase (docs/root-key.md). The database never holds them.
// A key file is replaced by renaming a new file over it, so that whenever a crash comes, one of the two fits the database.
import { argon2, randomBytes } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { refuseInFipsMode } from '../runtime/fips.ts'
import { tooOpen } from './key-file-access.ts'

const KEY_BYTES = 32
const PENDING = '.pending'
const NEW = '.new'

class NoRootKey extends Error {}

/**
 * Reads a key (64 hexadecimal digits) from its file; null when there is no such file. Throws when the file holds anything else, or when
 * other users can access it.
 */
export function readRootKeyFile(path: string): Buffer | null {
  let file: number
  try {
    file = openSync(path, 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
  let text: Buffer
  try {
    const why = tooOpen(path, fstatSync(file), process.getuid?.())
    if (why !== null) throw new Error(`the root key file ${why}`)
    text = readFileSync(file)
  } finally {
    closeSync(file)
  }
  const hex = text.toString('latin1').trim()
  text.fill(0)
  if (!/^[0-9a-f]{64}$/.test(hex)) throw new NoRootKey(`${path} does not hold a root key (64 hex digits): restore it`)
  return Buffer.from(hex, 'hex')
}

/** Makes a new key in a new file (mode 0600), which is on disk when this returns. Throws when the file exists. */
export function createRootKeyFile(path: string): Buffer {
  const key = randomBytes(KEY_BYTES)
  const temporary = besides(path, NEW)
  writeKey(temporary, key)
  try {
    linkSync(temporary, path)
  } finally {
    unlinkSync(temporary)
  }
  // A crash may have left these of an earlier try; one may be a second name of the file.
  for (const file of filesBeside(path, NEW)) unlinkSync(file)
  flushFolder(path)
  return key
}

/** A new name beside `path`, recognized by its ending. */
function besides(path: string, ending: string): string {
  return `${path}.${randomBytes(8).toString('hex')}${ending}`
}

function filesBeside(path: string, ending: string): readonly string[] {
  const [folder, name] = [dirname(path), basename(path)]
  const isOne = (file: string) =>
    file.startsWith(`${name}.`) &&
    file.endsWith(ending) &&
    /^[0-9a-f]{16}$/.test(file.slice(name.length + 1, -ending.length))
  try {
    return readdirSync(folder)
      .filter(isOne)
      .map((file) => join(folder, file))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

/** A new key in a file (mode 0600) beside `path`, which it may replace later. The file is on disk when this returns. */
export function createPendingKeyFile(path: string): { key: Buffer; pending: string } {
  const key = randomBytes(KEY_BYTES)
  const pending = besides(path, PENDING)
  writeKey(pending, key)
  flushFolder(pending)
  return { key, pending }
}

/** The files beside `path` that were made to replace it and have not done so. */
export function pendingKeyFiles(path: string): readonly string[] {
  return filesBeside(path, PENDING)
}

/** The key in a pending file; null for a file that was not completely written, whose key wraps nothing. */
export function readPendingKeyFile(path: string): Buffer | null {
  try {
    return readRootKeyFile(path)
  } catch (error) {
    if (error instanceof NoRootKey) return null
    throw error
  }
}

/** The path of a key file without symbolic links: the target of a link is what is replaced or removed, and pending files lie beside it. */
export function realKeyPath(path: string): string {
  return existsSync(path) ? realpathSync(path) : resolve(path)
}

/** Whether a file is a mount point, like single files mounted into containers: it can be neither replaced nor removed. */
export function isMountPoint(path: string): boolean {
  try {
    // The fifth field is the mount point, with blanks and the like in octal (proc(5)).
    return readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .some(
        (line) =>
          line.split(' ')[4]?.replace(/\\(\d{3})/g, (_, octal) => String.fromCharCode(parseInt(octal, 8))) === path,
      )
  } catch {
    // No such list on this system: then the replacement itself fails.
    return false
  }
}

/** Renames a pending key file to `path`, durably, unless another process has done so already. */
export function settleKeyFile(pending: string, path: string): void {
  try {
    renameSync(pending, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  flushFolder(path)
}

/**
 * Removes a key file if it exists. It is not overwritten first: file systems and disks write new content to another place, so
 * overwriting would promise what it can't keep.
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
    if (writeSync(file, line) < line.length) throw new Error(`\`${path}\` could not be written: is the disk full?`)
    // The next start would refuse such a file.
    if (tooOpen(path, fstatSync(file), process.getuid?.()) !== null)
      throw new Error(
        `the file system of \`${path}\` keeps no file from others, as it does not store modes or owners: put the root key elsewhere with root-key-file`,
      )
    fsyncSync(file)
  } catch (error) {
    unlinkSync(path)
    throw error
  } finally {
    line.fill(0)
    closeSync(file)
  }
}

/** Makes the name of a file durable, which is part of its folder. */
function flushFolder(path: string): void {
  const folder = openSync(dirname(path), 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}

/** 16 random bytes, stored in the database; not secret. */
export function newSalt(): Buffer {
  return randomBytes(16)
}

/** The shortest new passphrase; those in use may be shorter. */
const PASSPHRASE_CHARACTERS = 12

/** Throws when a new passphrase is too short. */
export function demandNewPassphrase(passphrase: string): void {
  if ([...passphrase.normalize('NFC')].length < PASSPHRASE_CHARACTERS)
    throw new Error(`a new passphrase must have at least ${PASSPHRASE_CHARACTERS} characters`)
}

/** The key (32 bytes) of a passphrase: Argon2id (RFC 9106, second recommended option: 64 MiB, 3 passes, 4 lanes), off the main thread. */
export async function keyFromPassphrase(passphrase: string, salt: Uint8Array): Promise<Buffer> {
  refuseInFipsMode(
    'a passphrase becomes the root key by Argon2id',
    'in FIPS mode, use a root key file, or a root key in an HSM',
  )
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
