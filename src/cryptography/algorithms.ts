// The algorithms of asymmetric keys, with their names in the API.
/**
 * The signing algorithms, with the shortest and the longest digest that callers may send, in bytes. RSA and ECDSA take a SHA-256 digest; SM2DSA takes
 * SM3 over Z(A) and the message (GB/T 32918.2); ML-DSA (FIPS 204) signs the bytes as its message.
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

/** OAEP has an empty label and uses the same hash for the label and MGF1. */
export const OAEP_ALGORITHMS = ['RSAES_OAEP_SHA_256', 'RSAES_OAEP_SHA_1'] as const
export type OaepAlgorithm = (typeof OAEP_ALGORITHMS)[number]

/** The encryption algorithms. */
export const ENCRYPTION_ALGORITHMS = [...OAEP_ALGORITHMS, 'SM2PKE'] as const
export type EncryptionAlgorithm = (typeof ENCRYPTION_ALGORITHMS)[number]
