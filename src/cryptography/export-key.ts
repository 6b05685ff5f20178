// Wrapping a data key for its owner's RSA public key (contract/kms.md 3b, ExportDataKey).
import { constants, createPublicKey, type KeyObject, publicEncrypt } from 'node:crypto'

export const EXPORT_ALGORITHMS = ['RSAES_OAEP_SHA_256', 'RSAES_OAEP_SHA_1'] as const
export type ExportAlgorithm = (typeof EXPORT_ALGORITHMS)[number]

const HASHES: Readonly<Record<ExportAlgorithm, string>> = { RSAES_OAEP_SHA_256: 'sha256', RSAES_OAEP_SHA_1: 'sha1' }

/** The most bytes that fit under RSA-2048: 256 less two hashes and two bytes (RFC 8017 section 7.1.1). */
export const EXPORT_CAPACITY: Readonly<Record<ExportAlgorithm, number>> = {
  RSAES_OAEP_SHA_256: 190,
  RSAES_OAEP_SHA_1: 214,
}

/** The RSA-2048 key of a SubjectPublicKeyInfo (DER); null for anything else. */
export function exportPublicKey(der: Uint8Array): KeyObject | null {
  try {
    const key = createPublicKey({ key: Buffer.from(der), format: 'der', type: 'spki' })
    const { modulusLength, publicExponent = 0n } = key.asymmetricKeyDetails ?? {}
    // With the exponent 1 the "ciphertext" would be the padded key itself.
    return key.asymmetricKeyType === 'rsa' && modulusLength === 2048 && publicExponent >= 3n ? key : null
  } catch {
    return null
  }
}

/** The wrapped data key: 256 bytes. The hash of OAEP is that of MGF1 too; the label is empty. */
export function wrapForExport(key: KeyObject, algorithm: ExportAlgorithm, dataKey: Uint8Array): Buffer {
  return publicEncrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: HASHES[algorithm] }, dataKey)
}
