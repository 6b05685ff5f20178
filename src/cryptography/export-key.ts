// Public keys for the export of data keys (docs/reference/operations/kms-2016-01-20.md, ExportDataKey).
import type { KeyObject } from 'node:crypto'
import type { OaepAlgorithm } from './algorithms.ts'
import { publicKeyObject } from './public-key.ts'
import { encryptRsa } from './rsa-encryption.ts'

/** The longest data key that RSA-2048 wraps, in bytes: 256 minus two hashes and two bytes (RFC 8017 section 7.1.1). */
export const EXPORT_CAPACITY: Readonly<Record<OaepAlgorithm, number>> = {
  RSAES_OAEP_SHA_256: 190,
  RSAES_OAEP_SHA_1: 214,
}

/** A wrapping takes time in proportion to the exponent's bits, on the thread that serves calls: 3 ms with 2,040 bits. Keys in use have at most 32. */
const MOST_EXPONENT = 2n ** 64n - 1n

/** Returns the RSA-2048 key in a SubjectPublicKeyInfo (DER); null for anything else. */
export function exportPublicKey(der: Uint8Array): KeyObject | null {
  try {
    const key = publicKeyObject(der)
    const { modulusLength, publicExponent = 0n } = key.asymmetricKeyDetails ?? {}
    if (key.asymmetricKeyType !== 'rsa' || modulusLength !== 2048) return null
    // With exponent 1, the "ciphertext" would be the padded data key in plaintext.
    if (publicExponent < 3n || publicExponent > MOST_EXPONENT) return null
    // Only a trial detects a modulus or exponent that can't wrap anything.
    encryptRsa(key, 'RSAES_OAEP_SHA_256', new Uint8Array(1))
    return key
  } catch {
    return null
  }
}

/** The beginning of an SM2 key's SubjectPublicKeyInfo, up to the coordinates of an uncompressed point. */
const SM2_HEADER = Buffer.from('3059301306072a8648ce3d020106082a811ccf5501822d03420004', 'hex')
const SM2_BYTES = SM2_HEADER.length + 64

/**
 * Whether this is the SubjectPublicKeyInfo (DER) of an SM2 key with an uncompressed point on the curve. It compares bytes, because node:crypto does
 * not report the curve of such a key.
 */
export function isSm2PublicKey(der: Uint8Array): boolean {
  const key = Buffer.from(der)
  if (key.length !== SM2_BYTES || !key.subarray(0, SM2_HEADER.length).equals(SM2_HEADER)) return false
  try {
    publicKeyObject(key)
    return true
  } catch {
    return false
  }
}
