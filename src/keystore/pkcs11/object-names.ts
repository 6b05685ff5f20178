// The names of objects in the device: the CKA_ID, which begins with a digest of the object's place, and a label for people. The record of a key
// version contains the CKA_ID. The record's MAC authenticates it, and the digest binds the object to its place.
import { digestOf } from '../../cryptography/encoding.ts'
import type { StoredMaterial } from '../stored-material.ts'
import type { VersionPlace } from '../version-place.ts'

const PREFIX = 'hsm/1/'
const DIGEST_BYTES = 16
/** Distinguishes the objects of a place: successive imports, and attempts that failed. */
const UNIQUE_BYTES = 8
const REFERENCE = /^hsm\/1\/[0-9a-f]{48}$/

/** The beginnings of labels: of wrapping keys, and of keys. The installation's tag follows. */
export const WRAPPING_LABEL = 'strongroom-import'
export const LABEL = 'strongroom'
/** The beginning of labels of keys that wrap the root keys: strongroom-root/TAG/CREATED, with CREATED in milliseconds since 1970. */
export const ROOT_KEY_LABEL = 'strongroom-root'

/** The beginning of the CKA_IDs of objects that belong to `place`: 32 hexadecimal digits. */
export function objectIdPrefix(place: readonly string[]): string {
  return digestOf(place).toString('hex', 0, DIGEST_BYTES)
}

/** Returns a new CKA_ID (hexadecimal, 24 bytes). `randomBytes` distinguishes the objects of a place. */
export function newObjectId(prefix: string, randomBytes: (length: number) => Uint8Array): string {
  return prefix + Buffer.from(randomBytes(UNIQUE_BYTES)).toString('hex')
}

export function toReference(objectId: string): StoredMaterial {
  return `${PREFIX}${objectId}`
}

/** Returns the CKA_ID of a reference; null when it is not a reference, or, with a `place`, when it belongs to another place. */
export function objectIdOf(material: StoredMaterial, place: readonly string[] | null): string | null {
  if (!REFERENCE.test(material)) return null
  const id = material.slice(PREFIX.length)
  return place === null || id.startsWith(objectIdPrefix(place)) ? id : null
}

/** The place from which a key's CKA_ID is derived. `tag` names the installation: several installations may share a token. */
export function keyPlace(tag: string, { account, region, keyId, versionId }: VersionPlace): readonly string[] {
  return ['hsm-key', tag, account, region, keyId, versionId]
}

/** strongroom/TAG/ACCOUNT/REGION/VERSION */
export function keyLabel(tag: string, { account, region, versionId }: VersionPlace): string {
  return [LABEL, tag, account, region, versionId].join('/')
}

/** strongroom-import/TAG/ACCOUNT/REGION/KEY/EXPIRY in milliseconds since 1970 */
export function wrappingLabel(
  tag: string,
  { account, region, keyId, expiresAt }: { account: string; region: string; keyId: string; expiresAt: number },
): string {
  return [WRAPPING_LABEL, tag, account, region, keyId, expiresAt].join('/')
}

/** When the wrapping key with this label expires, in milliseconds since 1970; null for a label that is not of this installation's wrapping keys. */
export function wrappingExpiry(tag: string, label: string): number | null {
  const [name, itsTag, , , , expiresAt] = label.split('/')
  return name === WRAPPING_LABEL && itsTag === tag && /^\d{1,16}$/.test(expiresAt ?? '') ? Number(expiresAt) : null
}

/** Whether two wrapping keys are for the same CMK, by their labels. */
export function isForSameKey(label: string, other: string): boolean {
  return label.slice(0, label.lastIndexOf('/')) === other.slice(0, other.lastIndexOf('/'))
}
