// Unwrapping imported key material with an RSA private key.
import { constants, createPrivateKey, privateDecrypt } from 'node:crypto'

export const WRAPPING_ALGORITHMS = ['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256', 'RSAES_PKCS1_V1_5'] as const
export type WrappingAlgorithm = (typeof WRAPPING_ALGORITHMS)[number]

/** Key material has 256 bits. */
const MATERIAL_BYTES = 32

/**
 * Unwraps material of 256 bits; null when the text is not that, for whatever reason.
 * PKCS #1 v1.5 is decrypted without padding: OpenSSL's own removal of it never fails, and yields random bytes for what is
 * wrongly padded, now and then as many as a key has.
 */
export function unwrap(privateKey: Uint8Array, algorithm: WrappingAlgorithm, wrapped: Uint8Array): Buffer | null {
  // A view, no copy: whoever gave the key wipes it.
  const der = Buffer.from(privateKey.buffer, privateKey.byteOffset, privateKey.length)
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  let opened: Buffer
  try {
    opened = privateDecrypt({ key, ...PADDING[algorithm] }, wrapped)
  } catch {
    return null
  }
  if (algorithm === 'RSAES_PKCS1_V1_5') return materialIn(opened)
  if (opened.length === MATERIAL_BYTES) return opened
  opened.fill(0)
  return null
}

/**
 * The material in a block of PKCS #1 v1.5 (RFC 8017 section 7.2.1), which is wiped: 00 02, nonzero bytes, 00, and the last 32 bytes.
 * This is the only layout that so much material has. Every byte is looked at, whatever the others are.
 */
function materialIn(block: Buffer): Buffer | null {
  const separator = block.length - MATERIAL_BYTES - 1
  let wrong = (block[0] ?? 1) | ((block[1] ?? 0) ^ 2) | (block[separator] ?? 1)
  // The sign bit of a byte less one tells a zero.
  for (let i = 2; i < separator; i++) wrong |= ((block[i] ?? 0) - 1) >>> 31
  const material = Buffer.from(block.subarray(separator + 1))
  block.fill(0)
  if (wrong === 0) return material
  material.fill(0)
  return null
}

const PADDING: Readonly<Record<WrappingAlgorithm, { padding: number; oaepHash?: string }>> = {
  RSAES_OAEP_SHA_1: { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' },
  RSAES_OAEP_SHA_256: { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' },
  RSAES_PKCS1_V1_5: { padding: constants.RSA_NO_PADDING },
}
