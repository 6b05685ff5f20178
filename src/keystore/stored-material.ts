// Key material in records: part of the key store's port, so that records do not depend on the stores.
import type { ProtectionLevel } from './key-spec.ts'

/**
 * The material of a key version, in the form of its store. Software material is sealed under the root key: Base64 of bytes that open only at the
 * version's place. HSM material is a reference: `hsm/1/` and the CKA_ID of an object in the device, which the store uses only for its own key
 * version. A sealed value begins with `AQ`, so the two forms are distinct (docs/reference/formats.md).
 */
export type StoredMaterial = string

const REFERENCES = 'hsm/'

/** The protection level of the material's store. */
export function storeOf(material: StoredMaterial): ProtectionLevel {
  return material.startsWith(REFERENCES) ? 'HSM' : 'SOFTWARE'
}
