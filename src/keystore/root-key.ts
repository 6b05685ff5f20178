// The root key's providers: a file of its own, or a passphrase (DESIGN: security model). The database never holds it.
import { argon2Sync, randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, linkSync, openSync, readFileSync, unlinkSync, writeSync } from 'node:fs'

const ROOT_KEY_BYTES = 32

/** Reads the root key (64 hex digits) from its file; null when there is no such file. Throws when the file holds anything else. */
export function readRootKeyFile(path: string): Buffer | null {
  let text: string
  try {
    text = readFileSync(path, 'utf8').trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
  if (!/^[0-9a-f]{64}$/.test(text)) throw new Error(`${path} does not hold a root key (64 hex digits): restore it`)
  return Buffer.from(text, 'hex')
}

/** Makes a new root key and its file (mode 0600), on disk before it is used. Never overwrites one. */
export function createRootKeyFile(path: string): Buffer {
  const key = randomBytes(ROOT_KEY_BYTES)
  const temporary = `${path}.${process.pid}.new`
  const file = openSync(temporary, 'wx', 0o600)
  try {
    writeSync(file, `${key.toString('hex')}\n`)
    fsyncSync(file)
    linkSync(temporary, path)
  } finally {
    closeSync(file)
    unlinkSync(temporary)
  }
  return key
}

/** 16 random bytes, kept beside the data; not secret. */
export function newSalt(): Buffer {
  return randomBytes(16)
}

/** The root key of a passphrase: Argon2id (RFC 9106, second recommended option: 64 MiB, 3 passes, 4 lanes). */
export function rootKeyFromPassphrase(passphrase: string, salt: Uint8Array): Buffer {
  return argon2Sync('argon2id', {
    message: Buffer.from(passphrase.normalize('NFC'), 'utf8'),
    nonce: salt,
    parallelism: 4,
    tagLength: ROOT_KEY_BYTES,
    memory: 65_536,
    passes: 3,
  })
}
