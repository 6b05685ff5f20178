// Provider keys from a key file or a passphrase (docs/root-key.md). The database never contains them. A key file is replaced by renaming a new file
// over it, so that after a crash at any moment, one of the two files fits the database.
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
  rmSync,
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
 * Reads a key (64 hexadecimal digits) from its file; null when there is no such file. Throws when the file has other content, or when other users
 * can access it.
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

/** Generates a key in a new file (mode 0600). The file is on disk when this returns. Throws when the file exists. */
export function createRootKeyFile(path: string): Buffer {
  const key = randomBytes(KEY_BYTES)
  const temporary = besides(path, NEW)
  writeKey(temporary, key)
  try {
    linkSync(temporary, path)
  } finally {
    unlinkSync(temporary)
  }
  // Temporary files of an earlier attempt that crashed. One of them may be a second link to the key file.
  for (const file of filesBeside(path, NEW)) unlinkSync(file)
  flushFolder(path)
  return key
}

/** A new name in the folder of `path`, recognizable by its ending. */
function besides(path: string, ending: string): string {
  return `${path}.${randomBytes(8).toString('hex')}${ending}`
}

function filesBeside(path: string, ending: string): readonly string[] {
  const [folder, name] = [dirname(path), basename(path)]
  const hasForm = (file: string) =>
    file.startsWith(`${name}.`) &&
    file.endsWith(ending) &&
    /^[0-9a-f]{16}$/.test(file.slice(name.length + 1, -ending.length))
  try {
    return readdirSync(folder)
      .filter(hasForm)
      .map((file) => join(folder, file))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

/** Generates a key in a new file (mode 0600) in the folder of `path`, which the new file may replace later. The file is on disk when this returns. */
export function createPendingKeyFile(path: string): { key: Buffer; pending: string } {
  const key = randomBytes(KEY_BYTES)
  const pending = besides(path, PENDING)
  writeKey(pending, key)
  flushFolder(pending)
  return { key, pending }
}

/** The files in the folder of `path` that were created to replace it and have not replaced it yet. */
export function pendingKeyFiles(path: string): readonly string[] {
  return filesBeside(path, PENDING)
}

/** Reads the key in a pending file; null for a file that was not written completely. The key of such a file has never wrapped anything. */
export function readPendingKeyFile(path: string): Buffer | null {
  try {
    return readRootKeyFile(path)
  } catch (error) {
    if (error instanceof NoRootKey) return null
    throw error
  }
}

/** Resolves symbolic links in the path of a key file: the target of a link is replaced or removed, and pending files are in its folder. */
export function realKeyPath(path: string): string {
  return existsSync(path) ? realpathSync(path) : resolve(path)
}

/** Whether a file is a mount point, such as a single file mounted into a container. Such a file can be neither replaced nor removed. */
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
    // This system has no list of mounts. The replacement of a mount point fails later.
    return false
  }
}

/** Renames a pending key file to `path`, durably. Does nothing if another process has already renamed it. */
export function settleKeyFile(pending: string, path: string): void {
  try {
    renameSync(pending, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  flushFolder(path)
}

/**
 * Removes a key file if it exists. It does not overwrite the file first: file systems and disks write new content elsewhere, so overwriting would not
 * erase the key reliably.
 */
export function removeKeyFile(path: string): void {
  rmSync(path, { force: true })
  flushFolder(path)
}

function writeKey(path: string, key: Buffer): void {
  const file = openSync(path, 'wx', 0o600)
  const line = Buffer.from(`${key.toString('hex')}\n`, 'latin1')
  try {
    if (writeSync(file, line) < line.length) throw new Error(`\`${path}\` could not be written: is the disk full?`)
    // Checked now, because the next start refuses a file that others can access.
    if (tooOpen(path, fstatSync(file), process.getuid?.()) !== null)
      throw new Error(
        `the file system of \`${path}\` can't protect a file from other users, because it does not store modes or owners: put the root key elsewhere with root-key-file`,
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

/** Makes the name of a file durable, by syncing its folder. */
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

/** The shortest new passphrase, in characters. Existing passphrases may be shorter. */
const PASSPHRASE_CHARACTERS = 12

/** Throws when a new passphrase is too short. */
export function demandNewPassphrase(passphrase: string): void {
  if ([...passphrase.normalize('NFC')].length < PASSPHRASE_CHARACTERS)
    throw new Error(`a new passphrase must have at least ${PASSPHRASE_CHARACTERS} characters`)
}

/** Derives the key (32 bytes) of a passphrase off the main thread, by Argon2id (RFC 9106, second recommended option: 64 MiB, 3 passes, 4 lanes). */
export async function keyFromPassphrase(passphrase: string, salt: Uint8Array): Promise<Buffer> {
  refuseInFipsMode(
    'Argon2id derives the root key from a passphrase',
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
