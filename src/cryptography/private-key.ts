// The form in which a private key is used.
import { createPrivateKey, type KeyObject } from 'node:crypto'

/**
 * A private key: PKCS #8 (DER) on a curve; a key object for RSA and ML-DSA, whose first use prepares the key for the next ones and takes
 * as long as a signature.
 */
export type PrivateKey = KeyObject | Uint8Array

/** The key object of a private key (PKCS #8, DER). Does not keep the bytes; the caller may wipe them. */
export function privateKeyObject(der: Uint8Array): KeyObject {
  // A view, not a copy, so that the caller wipes all there is.
  const key = Buffer.from(der.buffer, der.byteOffset, der.byteLength)
  return createPrivateKey({ key, format: 'der', type: 'pkcs8' })
}
