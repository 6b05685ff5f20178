// Encrypting and decrypting with a CMK: what Encrypt, GenerateDataKey and Decrypt share.
import { refuse } from '../api/errors.ts'
import { associatedData, type Ciphertext, encodeCiphertext, splitMessage } from '../cryptography/ciphertext.ts'
import type { ProtectionLevel, VersionPlace } from '../keystore/keystore.ts'
import { type FoundKey, findVersion } from './key-name.ts'
import { demandEnabled } from './key-state.ts'
import type { KmsContext } from './operation.ts'
import type { Version } from './records.ts'

type EncryptionContext = ReadonlyMap<string, string>

/** Encrypts under the key's primary version. Refuses when the key is not Enabled. */
export async function encryptWith(
  key: FoundKey,
  plaintext: Uint8Array,
  encryptionContext: EncryptionContext,
  context: KmsContext,
): Promise<{ CiphertextBlob: string; KeyId: string; KeyVersionId: string }> {
  demandEnabled(key.body)
  const versionId = key.body.primaryVersionId
  const version = versionId === null ? null : await findVersion(versionId, context)
  if (!version || version.body.material === null) throw refuse('Rejected.PendingImport')
  const place = placeOf(version, key)
  const aad = aadOf(version, place, encryptionContext)
  const message = await context.keystore.encrypt(place, version.body.material, plaintext, aad)
  return {
    CiphertextBlob: encodeCiphertext({ versionId: version.id, ...message }),
    KeyId: key.record.id,
    KeyVersionId: version.id,
  }
}

/** Decrypts with the version that the ciphertext names; null when it is not authentic. Refuses when the key is not Enabled. */
export async function decryptWith(
  key: FoundKey,
  version: Version,
  message: Ciphertext,
  encryptionContext: EncryptionContext,
  context: KmsContext,
): Promise<Uint8Array | null> {
  demandEnabled(key.body)
  if (version.body.material === null) throw refuse('Rejected.PendingImport')
  const place = placeOf(version, key)
  const parts = splitMessage(message.message, NONCE_BYTES[place.protectionLevel])
  if (!parts) return null
  return context.keystore.decrypt(place, version.body.material, parts, aadOf(version, place, encryptionContext))
}

const NONCE_BYTES: Readonly<Record<ProtectionLevel, number>> = { SOFTWARE: 24, HSM: 12 }

const NO_CONTEXT: EncryptionContext = new Map()
const withoutContext = new WeakMap<Version, Uint8Array>()

/** Most calls have no context: for them the associated data of a version is computed once. */
function aadOf(version: Version, place: VersionPlace, encryptionContext: EncryptionContext): Uint8Array {
  if (encryptionContext.size > 0) return associatedData(place, encryptionContext)
  const known = withoutContext.get(version) ?? associatedData(place, NO_CONTEXT)
  withoutContext.set(version, known)
  return known
}

/** All versions of a key have its protection level, which never changes. */
function placeOf(version: Version, key: FoundKey): VersionPlace {
  const { account, region, id: versionId } = version
  return { account, region, keyId: version.body.keyId, versionId, protectionLevel: key.body.protectionLevel }
}
