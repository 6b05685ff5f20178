// Decryption in Galois/Counter Mode (NIST SP 800-38D), the same for every block cipher.
// Tests: test/cryptography/xaes.test.ts and asymmetric.test.ts, by vectors.
import type { DecipherGCM } from 'node:crypto'

/** Of AES-GCM and SM4-GCM. */
export const NONCE_BYTES = 12
export const TAG_BYTES = 16

/** Decrypts `sealed`, which ends with the tag (at least 16 bytes). When it is not authentic, wipes the plaintext and returns null. */
export function openedBy(decipher: DecipherGCM, sealed: Uint8Array, aad: Uint8Array): Buffer | null {
  decipher.setAAD(aad)
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES))
  const plaintext = decipher.update(sealed.subarray(0, sealed.length - TAG_BYTES))
  try {
    decipher.final()
    return plaintext
  } catch {
    plaintext.fill(0)
    return null
  }
}
