// The forms of private keys in use.
import { createPrivateKey, type KeyObject } from 'node:crypto'
import { asBuffer } from '../runtime/bytes.ts'

/**
 * A private key: PKCS #8 (DER) for keys on a curve; a key object for RSA and ML-DSA. The first use of a key object prepares it for later
 * uses and takes as long as a signature.
 */
export type PrivateKey = KeyObject | Uint8Array

/** The key object of a private key (PKCS #8, DER). Does not keep the bytes; the caller may wipe them. */
export function privateKeyObject(der: Uint8Array): KeyObject {
  return createPrivateKey({ key: asBuffer(der), format: 'der', type: 'pkcs8' })
}
