// Encryption and decryption with a CMK, shared by Encrypt, Decrypt, ReEncrypt and the operations on data keys.
import { refuse } from '../api/errors.ts'
import type { Resource } from '../api/operation.ts'
import {
  associatedData,
  type Ciphertext,
  decodeCiphertext,
  encodeCiphertext,
  splitMessage,
} from '../cryptography/ciphertext.ts'
import { asymmetricSpec, nonceBytesOf } from '../keystore/key-spec.ts'
import { DeviceTime } from '../keystore/keystore.ts'
import type { StoredMaterial } from '../keystore/stored-material.ts'
import type { VersionPlace } from '../keystore/version-place.ts'
import { andThen, type MaybePromise } from '../runtime/maybe-promise.ts'
import { type FoundKey, findKeyById, findVersion } from './key-name.ts'
import { anyKeyResource, keyResourceById } from './key-resource.ts'
import { demandEnabled } from './key-state.ts'
import type { KmsContext } from './operation.ts'
import type { Version } from './records.ts'
import { demandMayUse } from './service-keys.ts'

export type EncryptionContext = ReadonlyMap<string, string>

/** The error codes of operations that encrypt under a CMK that they name. */
export const ENCRYPTION_REFUSALS = [
  'Forbidden.KeyNotFound',
  'Forbidden.AliasNotFound',
  'UnsupportedOperation',
  'Rejected.Disabled',
  'Rejected.PendingDeletion',
  'Rejected.PendingImport',
  'Rejected.KeyExhausted',
] as const

/** Refuses an asymmetric key. As in the cloud, this comes before the check of its state. */
function demandSymmetric({ body }: FoundKey): void {
  if (asymmetricSpec(body.keySpec)) throw refuse('UnsupportedOperation')
}

/** A ciphertext, as the replies of Encrypt and of the operations on data keys have it. */
export type Encrypted = {
  readonly CiphertextBlob: string
  readonly KeyId: string
  readonly KeyVersionId: string
}

/**
 * Encrypts under the key's primary version. Refuses an asymmetric key, a key that is not Enabled, and a service key unless its own product
 * calls.
 */
export function encryptWith(
  key: FoundKey,
  plaintext: Uint8Array,
  encryptionContext: EncryptionContext,
  context: Pick<KmsContext, 'ledger' | 'scope' | 'now' | 'caller' | 'keystore'>,
  time = new DeviceTime(),
): MaybePromise<Encrypted> {
  demandMayUse(key.body, context)
  demandSymmetric(key)
  demandEnabled(key.body)
  const versionId = key.body.primaryVersionId
  const primary = key.created?.version ?? (versionId === null ? null : findVersion(versionId, context))
  return andThen(primary, (version) => {
    if (!version || version.body.material === null) throw refuse('Rejected.PendingImport')
    const place = placeOf(version, key)
    const aad = aadOf(version, place, encryptionContext)
    return andThen(context.keystore.encrypt(place, version.body.material, plaintext, aad, time), (message) => ({
      CiphertextBlob: encodeCiphertext({ versionId: version.id, ...message }),
      KeyId: key.record.id,
      KeyVersionId: version.id,
    }))
  })
}

/** The refusal of every invalid ciphertext. It is always the same, so that the message does not reveal which check failed. */
function notAuthentic() {
  return refuse('InvalidParameter', {
    name: 'CiphertextBlob',
    rule: 'A CiphertextBlob that Encrypt or GenerateDataKey returned, unaltered, with the same EncryptionContext.',
  })
}

/** Returns the resource of the key that a ciphertext names. A denial does not show which key it is. Refuses malformed ciphertexts. */
export function locateBlob(blob: string, context: KmsContext): MaybePromise<Resource> {
  const message = decodeCiphertext(blob)
  if (!message) throw notAuthentic()
  return andThen(findVersion(message.versionId, context), (version) => {
    const anyKey = anyKeyResource(context)
    if (!version) return anyKey
    return andThen(keyResourceById(version.body.keyId, context), (key) => ({ ...key, asked: anyKey.arn }))
  })
}

/** Decrypts a ciphertext with the version that it names. Refuses an unknown version, a key that is not Enabled, and a ciphertext that is not authentic. */
export function openBlob(
  blob: string,
  encryptionContext: EncryptionContext,
  context: KmsContext,
  time = new DeviceTime(),
): MaybePromise<{ plaintext: Uint8Array; version: Version }> {
  const message = decodeCiphertext(blob)
  if (!message) throw notAuthentic()
  return andThen(usableVersion(message.versionId, context), (usable) =>
    andThen(decryptWith(usable, message, { encryptionContext, context, time }), (plaintext) => {
      if (!plaintext) throw notAuthentic()
      return { plaintext, version: usable.version }
    }),
  )
}

/** A key version that can decrypt now. */
export interface UsableVersion {
  readonly key: FoundKey
  readonly version: Version
  readonly material: StoredMaterial
}

/** Returns the version with this id. Refuses an unknown version, a version without material, and the keys that encryptWith refuses. */
export function usableVersion(
  versionId: string,
  context: Pick<KmsContext, 'ledger' | 'scope' | 'now' | 'caller'>,
): MaybePromise<UsableVersion> {
  return andThen(findVersion(versionId, context), (version) => {
    if (!version) throw refuse('Forbidden.KeyNotFound')
    return andThen(findKeyById(version.body.keyId, context), (key) => {
      demandMayUse(key.body, context)
      demandSymmetric(key)
      demandEnabled(key.body)
      const { material } = version.body
      if (material === null) throw refuse('Rejected.PendingImport')
      return { key, version, material }
    })
  })
}

/** Decrypts with the version that the ciphertext names; null when it is not authentic. */
export function decryptWith(
  { key, version, material }: UsableVersion,
  message: Ciphertext,
  {
    encryptionContext,
    context,
    time,
  }: { encryptionContext: EncryptionContext; context: Pick<KmsContext, 'keystore'>; time: DeviceTime },
): MaybePromise<Uint8Array | null> {
  const place = placeOf(version, key)
  const parts = splitMessage(message.message, nonceBytesOf(place))
  if (!parts) return null
  const aad = aadOf(version, place, encryptionContext)
  return context.keystore.decrypt(place, material, parts, aad, time)
}

const NO_CONTEXT: EncryptionContext = new Map()
const withoutContext = new WeakMap<Version, Uint8Array>()

/** The associated data of a ciphertext. Most calls have no encryption context; their associated data is computed once for each version. */
function aadOf(version: Version, place: VersionPlace, encryptionContext: EncryptionContext): Uint8Array {
  if (encryptionContext.size > 0) return associatedData(place, encryptionContext)
  const known = withoutContext.get(version) ?? associatedData(place, NO_CONTEXT)
  withoutContext.set(version, known)
  return known
}

/** Returns where the key store finds a version. A key's spec and protection level never change, and apply to all of its versions. */
export function placeOf(version: Version, key: FoundKey): VersionPlace {
  const { account, region, id: versionId } = version
  const { keySpec, protectionLevel } = key.body
  return { account, region, keyId: version.body.keyId, versionId, keySpec, protectionLevel }
}
