// Unwrapping imported key material with the private key of an import token.
import { constants, privateDecrypt } from 'node:crypto'
import { HYBRID_KEY_SPEC, HYBRID_WRAPPING, unwrapHybrid } from './hybrid-wrap.ts'
import { privateKeyObject } from './private-key.ts'
import { OAEP } from './rsa-encryption.ts'

export const WRAPPING_ALGORITHMS = ['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256', 'RSAES_PKCS1_V1_5'] as const
/** The algorithms in FIPS mode. PKCS #1 v1.5 may no longer wrap keys (NIST SP 800-131A), and the FIPS provider lacks X25519. */
export const FIPS_WRAPPING: readonly string[] = ['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256']
/** The algorithms with RSA keys, in software and in devices. */
export type WrappingAlgorithm = (typeof WRAPPING_ALGORITHMS)[number]

/** The import algorithms by the KeySpec of the wrapping key. Import tokens contain indexes into IMPORT_ALGORITHMS, so its order must not change. */
export const IMPORT_WRAPPING = { RSA_2048: WRAPPING_ALGORITHMS, [HYBRID_KEY_SPEC]: [HYBRID_WRAPPING] } as const
export type ImportKeySpec = keyof typeof IMPORT_WRAPPING
export type ImportAlgorithm = (typeof IMPORT_WRAPPING)[ImportKeySpec][number]
export const IMPORT_ALGORITHMS: readonly ImportAlgorithm[] = [...WRAPPING_ALGORITHMS, HYBRID_WRAPPING]

const PADDING = { ...OAEP, RSAES_PKCS1_V1_5: { padding: constants.RSA_NO_PADDING } }

/**
 * Unwraps material of `length` bytes; null for any invalid input. `privateKey` is PKCS #8, DER, or the form of hybridPair. PKCS #1 v1.5 is decrypted
 * without removal of the padding: OpenSSL's own removal never fails, and returns random bytes for a wrong padding, sometimes as many as a key has.
 */
export function unwrap(
  privateKey: Uint8Array,
  algorithm: ImportAlgorithm,
  wrapped: Uint8Array,
  length: number,
): Buffer | null {
  if (algorithm === HYBRID_WRAPPING) return unwrapHybrid(privateKey, wrapped, length)
  const key = privateKeyObject(privateKey)
  let opened: Buffer
  try {
    opened = privateDecrypt({ key, ...PADDING[algorithm] }, wrapped)
  } catch {
    return null
  }
  if (algorithm === 'RSAES_PKCS1_V1_5') return materialIn(opened, length)
  if (opened.length === length) return opened
  opened.fill(0)
  return null
}

/**
 * Returns the material in a block of PKCS #1 v1.5 (RFC 8017 section 7.2.1): 00 02, nonzero bytes, 00, and the material. Wipes the block. For a given
 * length of material, this is the only layout. The time does not depend on the content: every byte is examined, whatever the others are.
 */
function materialIn(block: Buffer, length: number): Buffer | null {
  const separator = block.length - length - 1
  let wrong = (block[0] ?? 1) | ((block[1] ?? 0) ^ 2) | (block[separator] ?? 1)
  // byte - 1 is negative only for a zero byte.
  for (let i = 2; i < separator; i++) wrong |= ((block[i] ?? 0) - 1) >>> 31
  const material = Buffer.from(block.subarray(separator + 1))
  block.fill(0)
  if (wrong === 0) return material
  material.fill(0)
  return null
}
