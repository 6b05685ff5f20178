// How an object in the device is named: by its CKA_ID, which begins with a digest of the place it belongs to, and by a label for people.
// The record of a key version holds the CKA_ID; the record's MAC covers it, and the digest ties it to its place.
import { digestOf } from '../../cryptography/encoding.ts'
import type { StoredMaterial } from '../stored-material.ts'
import type { VersionPlace } from '../version-place.ts'

const PREFIX = 'hsm/1/'
const DIGEST_BYTES = 16
/** Distinguishes the objects of a place: successive imports, and attempts that failed. */
const UNIQUE_BYTES = 8
const REFERENCE = /^hsm\/1\/[0-9a-f]{48}$/

/** What labels of wrapping keys begin with; those of keys begin with LABEL. The installation's tag follows. */
export const WRAPPING_LABEL = 'strongroom-import'
export const LABEL = 'strongroom'
/** What labels of keys that wrap the root keys begin with: strongroom-root/TAG/CREATED, in milliseconds since 1970. */
export const ROOT_KEY_LABEL = 'strongroom-root'

/** What the CKA_IDs (hexadecimal) of objects that belong to `place` begin with. */
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

/** Returns the CKA_ID of a reference; null when it is not a reference, or not one of `place`, if a place is given. */
export function objectIdOf(material: StoredMaterial, place: readonly string[] | null): string | null {
  if (!REFERENCE.test(material)) return null
  const id = material.slice(PREFIX.length)
  return place === null || id.startsWith(objectIdPrefix(place)) ? id : null
}

/** What a key's CKA_ID is derived from. `tag` names the installation: several may share a token. */
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

/** When the wrapping key with this label expires, in milliseconds since 1970; null when it is not one of this installation. */
export function wrappingExpiry(tag: string, label: string): number | null {
  const [name, itsTag, , , , expiresAt] = label.split('/')
  return name === WRAPPING_LABEL && itsTag === tag && /^\d{1,16}$/.test(expiresAt ?? '') ? Number(expiresAt) : null
}

/** Whether two wrapping keys are for the same CMK, by their labels. */
export function isForSameKey(label: string, other: string): boolean {
  return label.slice(0, label.lastIndexOf('/')) === other.slice(0, other.lastIndexOf('/'))
}
