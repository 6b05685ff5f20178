// Key material as records hold it: part of the key store's port, so that no record needs to know the stores themselves.
import type { ProtectionLevel } from './key-spec.ts'

/**
 * The material of a key version, in the form of the store that made it. The software store's is sealed under the root key: Base64 of
 * bytes that open at the version's place only. An HSM's is a reference: `hsm/1/` and the CKA_ID of an object in the device, which the
 * store uses for its own key version only. A sealed value begins with `AQ`, so that the two never look alike (docs/reference/formats.md).
 */
export type StoredMaterial = string

const REFERENCES = 'hsm/'

/** The protection level of the store that made the material. */
export function storeOf(material: StoredMaterial): ProtectionLevel {
  return material.startsWith(REFERENCES) ? 'HSM' : 'SOFTWARE'
}
