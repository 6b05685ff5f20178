// The algorithms of asymmetric keys, as the API names them.

/**
 * What signs: each takes a digest that the caller made, with the fewest and the most bytes that it may have. RSA and ECDSA take a digest of
 * SHA-256; SM2DSA takes SM3 over Z(A) and the message (GB/T 32918.2); ML-DSA (FIPS 204) takes bytes that it signs as its message.
 */
export const SIGNING_ALGORITHMS = {
  RSA_PSS_SHA_256: { fewestBytes: 32, mostBytes: 32 },
  RSA_PKCS1_SHA_256: { fewestBytes: 32, mostBytes: 32 },
  ECDSA_SHA_256: { fewestBytes: 32, mostBytes: 32 },
  SM2DSA: { fewestBytes: 32, mostBytes: 32 },
  ML_DSA_65: { fewestBytes: 1, mostBytes: 64 },
  ML_DSA_87: { fewestBytes: 1, mostBytes: 64 },
} as const
export type SigningAlgorithm = keyof typeof SIGNING_ALGORITHMS

/** What encrypts for a public key. OAEP uses one hash for the label, which is empty, and for MGF1. */
export const ENCRYPTION_ALGORITHMS = ['RSAES_OAEP_SHA_256', 'RSAES_OAEP_SHA_1', 'SM2PKE'] as const
export type EncryptionAlgorithm = (typeof ENCRYPTION_ALGORITHMS)[number]
