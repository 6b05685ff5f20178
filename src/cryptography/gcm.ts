// The end of opening a message in Galois/Counter Mode (NIST SP 800-38D), the same for every block cipher.
// Tests: test/cryptography/xaes.test.ts and asymmetric.test.ts, by vectors.
import type { DecipherGCM } from 'node:crypto'

/** In bytes. */
export const TAG_BYTES = 16

/** Returns the plaintext of a ciphertext that ends with its tag (at least 16 bytes); null, and wipes it, when it is not authentic. */
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
