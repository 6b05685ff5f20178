// The forms of private keys in use.
import { createPrivateKey, type KeyObject } from 'node:crypto'

/**
 * A private key: PKCS #8 (DER) for keys on a curve; a key object for RSA and ML-DSA. The first use of a key object prepares it for later
 * uses and takes as long as a signature.
 */
export type PrivateKey = KeyObject | Uint8Array

/** The key object of a private key (PKCS #8, DER). Does not keep the bytes; the caller may wipe them. */
export function privateKeyObject(der: Uint8Array): KeyObject {
  // A view instead of a copy, so that no second copy remains when the caller wipes the bytes.
  const key = Buffer.from(der.buffer, der.byteOffset, der.byteLength)
  return createPrivateKey({ key, format: 'der', type: 'pkcs8' })
}
