// What tests of the root keys need: the raw bytes of a database's roots, and a search for them in files.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { decodeRing, type Ring } from '../../src/cryptography/ring.ts'
import { deviceOf } from '../../src/house/hsm.ts'
import { HsmRootKeyProvider } from '../../src/keystore/pkcs11/root-key.ts'
import { keyFromPassphrase, readRootKeyFile } from '../../src/keystore/root-key.ts'
import { KeyProvider } from '../../src/keystore/root-key-provider.ts'
import { readInstallation, unverified } from '../../src/rootkeys/installation-record.ts'
import { SYSTEM } from '../../src/runtime/system.ts'
import { readSettings } from '../../src/settings/settings.ts'
import type { Storage } from '../../src/storage/storage.ts'
import type { TestToken } from '../keystore/pkcs11/tokens.ts'

/** The ring of a database, as whoever has its key file, or its passphrase, can open it; null when it has none. */
export async function ringOf(
  storage: Storage,
  source: { file: string } | { passphrase: string } | { token: TestToken },
): Promise<Ring | null> {
  const row = await readInstallation(storage)
  if (!row) throw new Error('there is no installation record')
  const { ring, salt, rootKey } = unverified(row)
  if ('token' in source) return ring ? ringInDevice(source.token, Buffer.from(ring.wrapped, 'base64')) : null
  const key =
    'file' in source
      ? readRootKeyFile(source.file)
      : await keyFromPassphrase(source.passphrase, Buffer.from(salt ?? '', 'base64'))
  if (!ring || !key) return null
  const bytes = await new KeyProvider(rootKey, '', key, SYSTEM).unwrap(Buffer.from(ring.wrapped, 'base64'))
  return bytes && decodeRing(bytes)
}

async function ringInDevice(token: TestToken, wrapped: Buffer): Promise<Ring | null> {
  const { hsm } = readSettings(token.flags, { ...process.env, ...token.env }, () => '')
  if (!hsm) throw new Error('no HSM is configured')
  const device = deviceOf(
    hsm,
    () => {},
    () => {},
  )
  try {
    const bytes = await HsmRootKeyProvider.of(device, wrapped)?.unwrap(wrapped)
    return bytes ? decodeRing(bytes) : null
  } finally {
    await device.stop()
  }
}

/** The files below the folders in which one of the secrets stands: raw, in hex or in Base64. */
export function filesHolding(secrets: readonly Uint8Array[], ...folders: readonly string[]): string[] {
  const forms = secrets.flatMap((secret) => {
    const bytes = Buffer.from(secret)
    return [bytes, Buffer.from(bytes.toString('hex')), Buffer.from(bytes.toString('base64').replace(/=+$/, ''))]
  })
  return folders
    .flatMap((folder) => readdirSync(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => {
      const content = readFileSync(path)
      return forms.some((form) => content.includes(form))
    })
}
