// Public keys for the export of data keys, and wrapping with RSA keys (docs/reference/operations/kms-2016-01-20.md, ExportDataKey).
import { constants, createPublicKey, type KeyObject, publicEncrypt } from 'node:crypto'

export const EXPORT_ALGORITHMS = ['RSAES_OAEP_SHA_256', 'RSAES_OAEP_SHA_1'] as const
type ExportAlgorithm = (typeof EXPORT_ALGORITHMS)[number]

const HASHES: Readonly<Record<ExportAlgorithm, string>> = { RSAES_OAEP_SHA_256: 'sha256', RSAES_OAEP_SHA_1: 'sha1' }

/** The longest data key that RSA-2048 wraps, in bytes: 256 minus two hashes and two bytes (RFC 8017 section 7.1.1). */
export const EXPORT_CAPACITY: Readonly<Record<ExportAlgorithm, number>> = {
  RSAES_OAEP_SHA_256: 190,
  RSAES_OAEP_SHA_1: 214,
}

/** A wrapping takes time in proportion to the exponent's bits, on the thread that serves calls: 3 ms with 2,040 bits. Keys in use have at most 32. */
const MOST_EXPONENT = 2n ** 64n - 1n

/** Returns the RSA-2048 key in a SubjectPublicKeyInfo (DER); null for anything else. */
export function exportPublicKey(der: Uint8Array): KeyObject | null {
  try {
    const key = createPublicKey({ key: Buffer.from(der), format: 'der', type: 'spki' })
    const { modulusLength, publicExponent = 0n } = key.asymmetricKeyDetails ?? {}
    if (key.asymmetricKeyType !== 'rsa' || modulusLength !== 2048) return null
    // With exponent 1, the "ciphertext" would be the padded data key in plaintext.
    if (publicExponent < 3n || publicExponent > MOST_EXPONENT) return null
    // Only a trial detects a modulus or exponent that can't wrap anything.
    wrapForExport(key, 'RSAES_OAEP_SHA_256', new Uint8Array(1))
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
    createPublicKey({ key, format: 'der', type: 'spki' })
    return true
  } catch {
    return false
  }
}

/** Wraps a data key; returns 256 bytes. OAEP has an empty label and uses the same hash for the label and MGF1. */
export function wrapForExport(key: KeyObject, algorithm: ExportAlgorithm, dataKey: Uint8Array): Buffer {
  return publicEncrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: HASHES[algorithm] }, dataKey)
}
