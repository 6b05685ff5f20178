// The forms of public keys.
import { createPublicKey, type KeyObject } from 'node:crypto'

/** The key object of a public key (SubjectPublicKeyInfo, DER). */
export function publicKeyObject(der: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.from(der), format: 'der', type: 'spki' })
}

/** The SubjectPublicKeyInfo (DER). */
export function spkiOf(key: KeyObject): Uint8Array {
  return key.export({ type: 'spki', format: 'der' })
}

/** Returns the modulus and the public exponent, big-endian, of an RSA public key (SubjectPublicKeyInfo, DER). */
export function rsaNumbers(publicKey: Uint8Array): { readonly modulus: Buffer; readonly exponent: Buffer } {
  const { n = '', e = '' } = publicKeyObject(publicKey).export({ format: 'jwk' })
  return { modulus: Buffer.from(n, 'base64url'), exponent: Buffer.from(e, 'base64url') }
}
