// Encrypting and decrypting with a CMK: what Encrypt, GenerateDataKey and Decrypt share.
import { refuse } from '../api/errors.ts'
import { associatedData, type Ciphertext, encodeCiphertext } from '../cryptography/ciphertext.ts'
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
  const place = placeOf(version)
  const aad = aadOf(version, encryptionContext)
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
  const place = placeOf(version)
  return context.keystore.decrypt(place, version.body.material, message, aadOf(version, encryptionContext))
}

const NO_CONTEXT: EncryptionContext = new Map()
const withoutContext = new WeakMap<Version, Uint8Array>()

/** Most calls have no context: for them the associated data of a version is computed once. */
function aadOf(version: Version, encryptionContext: EncryptionContext): Uint8Array {
  if (encryptionContext.size > 0) return associatedData(placeOf(version), encryptionContext)
  const known = withoutContext.get(version) ?? associatedData(placeOf(version), NO_CONTEXT)
  withoutContext.set(version, known)
  return known
}

function placeOf(version: Version) {
  const { account, region, id: versionId } = version
  return { account, region, keyId: version.body.keyId, versionId }
}
