// Wrapping keys for import: RSA pairs, and unwrapping of key material (contract/kms.md section 5).
import { constants, createPrivateKey, generateKeyPair, privateDecrypt } from 'node:crypto'
import { promisify } from 'node:util'

export const WRAPPING_ALGORITHMS = ['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256', 'RSAES_PKCS1_V1_5'] as const
export type WrappingAlgorithm = (typeof WRAPPING_ALGORITHMS)[number]

/** A new RSA-2048 pair: SubjectPublicKeyInfo and PKCS #8, both DER. */
export async function generateWrappingKey(): Promise<{ publicKey: Buffer; privateKey: Buffer }> {
  return promisify(generateKeyPair)('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'der' },
    privateKeyEncoding: { type: 'pkcs8', format: 'der' },
  })
}

/**
 * Unwraps material; null when that fails, for whatever reason.
 * PKCS #1 v1.5 uses OpenSSL's implicit rejection: bad padding yields pseudo-random bytes, so it can't be told from wrong material.
 */
export function unwrap(privateKey: Uint8Array, algorithm: WrappingAlgorithm, wrapped: Uint8Array): Buffer | null {
  // A view, no copy: whoever gave the key wipes it.
  const der = Buffer.from(privateKey.buffer, privateKey.byteOffset, privateKey.length)
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  try {
    return privateDecrypt({ key, ...PADDING[algorithm] }, wrapped)
  } catch {
    return null
  }
}

const PADDING: Readonly<Record<WrappingAlgorithm, { padding: number; oaepHash?: string }>> = {
  RSAES_OAEP_SHA_1: { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' },
  RSAES_OAEP_SHA_256: { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' },
  RSAES_PKCS1_V1_5: { padding: constants.RSA_PKCS1_PADDING },
}
