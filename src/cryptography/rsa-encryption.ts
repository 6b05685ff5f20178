// Encryption with RSA keys, and the paddings of its algorithms (RFC 8017 section 7).
import { constants, type KeyObject, publicEncrypt } from 'node:crypto'
import type { OaepAlgorithm } from './algorithms.ts'

export const OAEP: Readonly<Record<OaepAlgorithm, { readonly padding: number; readonly oaepHash: string }>> = {
  RSAES_OAEP_SHA_256: { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' },
  RSAES_OAEP_SHA_1: { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' },
}

const PADDING = { ...OAEP, RSAES_PKCS1_V1_5: { padding: constants.RSA_PKCS1_PADDING } }

/** Returns the ciphertext, as long as the modulus. */
export function encryptRsa(key: KeyObject, algorithm: keyof typeof PADDING, plaintext: Uint8Array): Buffer {
  return publicEncrypt({ key, ...PADDING[algorithm] }, plaintext)
}
