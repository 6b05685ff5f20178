// The specs of keys. All that depends on the spec follows from this table: a key's usages, its algorithms and its stores.
import type { EncryptionAlgorithm, SigningAlgorithm } from '../cryptography/algorithms.ts'
import { NONCE_BYTES as GCM_NONCE_BYTES } from '../cryptography/gcm.ts'
import { NONCE_BYTES as XAES_NONCE_BYTES } from '../cryptography/xaes.ts'

export type ProtectionLevel = 'SOFTWARE' | 'HSM'
export type KeyUsage = 'ENCRYPT/DECRYPT' | 'SIGN/VERIFY'

/** A symmetric key (AES-256 or SM4). Its ciphertexts have a layout of our own (cryptography/ciphertext.ts). */
interface SymmetricSpec {
  readonly kind: 'symmetric'
  readonly keyBytes: 16 | 32
  /** The stores that can have it. HSM means that PKCS #11 has a mechanism for it; the creation of a key shows whether the device has it. */
  readonly levels: readonly ProtectionLevel[]
  /** The protection levels at which the cloud offers it. */
  readonly cloud: readonly ProtectionLevel[]
  /** Whether OpenSSL's FIPS provider has it. For a key in an HSM this does not matter. */
  readonly fips: boolean
}
/** A key pair. Its signatures and ciphertexts have standard formats. A key can have only usages for which an algorithm is listed. */
export interface AsymmetricSpec {
  readonly kind: 'asymmetric'
  readonly signing: readonly SigningAlgorithm[]
  /** For each algorithm, the longest plaintext and the range of ciphertext lengths, in bytes. */
  readonly encryption: Partial<Readonly<Record<EncryptionAlgorithm, Sizes>>>
  readonly levels: readonly ProtectionLevel[]
  /** The protection levels at which the cloud offers it. */
  readonly cloud: readonly ProtectionLevel[]
  /** Whether OpenSSL's FIPS provider has it. For a key in an HSM this does not matter. */
  readonly fips: boolean
}

export interface Sizes {
  readonly mostPlaintext: number
  readonly ciphertext: readonly [fewest: number, most: number]
}

const ANYWHERE = ['SOFTWARE', 'HSM'] as const
const IN_SOFTWARE = ['SOFTWARE'] as const
const RSA_SIGNING = ['RSA_PSS_SHA_256', 'RSA_PKCS1_SHA_256'] as const

/** `bytes` is the length of the modulus and of a ciphertext. OAEP's overhead is two hashes and two bytes (RFC 8017 section 7.1.1). */
function rsa(bytes: number): AsymmetricSpec {
  const encryption = {
    RSAES_OAEP_SHA_256: { mostPlaintext: bytes - 66, ciphertext: [bytes, bytes] },
    RSAES_OAEP_SHA_1: { mostPlaintext: bytes - 42, ciphertext: [bytes, bytes] },
  } as const
  return { kind: 'asymmetric', signing: RSA_SIGNING, encryption, levels: ANYWHERE, cloud: ANYWHERE, fips: true }
}

const ECDSA = {
  kind: 'asymmetric',
  signing: ['ECDSA_SHA_256'],
  encryption: {},
  levels: ANYWHERE,
  cloud: ANYWHERE,
  fips: true,
} as const

/** The point of an SM2 ciphertext (65 bytes) and its SM3 digest (32). */
const SM2_OVERHEAD = 97
const SM2_PLAINTEXT = 6047

export const KEY_SPECS = {
  Aliyun_AES_256: { kind: 'symmetric', keyBytes: 32, levels: ANYWHERE, cloud: ANYWHERE, fips: true },
  Aliyun_SM4: { kind: 'symmetric', keyBytes: 16, levels: IN_SOFTWARE, cloud: ['HSM'], fips: false },
  RSA_2048: rsa(256),
  RSA_3072: rsa(384),
  EC_P256: ECDSA,
  EC_P256K: { ...ECDSA, fips: false },
  EC_SM2: {
    kind: 'asymmetric',
    signing: ['SM2DSA'],
    encryption: {
      SM2PKE: { mostPlaintext: SM2_PLAINTEXT, ciphertext: [SM2_OVERHEAD + 1, SM2_OVERHEAD + SM2_PLAINTEXT] },
    },
    levels: IN_SOFTWARE,
    cloud: ['HSM'],
    fips: false,
  },
  ML_DSA_65: { kind: 'asymmetric', signing: ['ML_DSA_65'], encryption: {}, levels: IN_SOFTWARE, cloud: [], fips: true },
  ML_DSA_87: { kind: 'asymmetric', signing: ['ML_DSA_87'], encryption: {}, levels: IN_SOFTWARE, cloud: [], fips: true },
} as const satisfies Readonly<Record<string, SymmetricSpec | AsymmetricSpec>>

export type KeySpec = keyof typeof KEY_SPECS

/** Whether a key of this spec can have the protection level. */
export function livesIn(keySpec: KeySpec, level: ProtectionLevel): boolean {
  return (KEY_SPECS[keySpec].levels as readonly ProtectionLevel[]).includes(level)
}

/** Whether the cloud has keys of this spec at the protection level. */
export function isInCloud(keySpec: KeySpec, level: ProtectionLevel): boolean {
  return (KEY_SPECS[keySpec].cloud as readonly ProtectionLevel[]).includes(level)
}

/** Whether FIPS mode has keys of this spec at the protection level. */
export function isInFips(keySpec: KeySpec, level: ProtectionLevel): boolean {
  return level === 'HSM' || KEY_SPECS[keySpec].fips
}

export const KEY_SPEC_NAMES = Object.keys(KEY_SPECS) as readonly KeySpec[]

/** The spec of a symmetric key. Throws for an asymmetric one, which callers must refuse before. */
export function symmetricSpec(keySpec: KeySpec): SymmetricSpec {
  const spec = KEY_SPECS[keySpec]
  if (spec.kind !== 'symmetric') throw new Error(`${keySpec} is not symmetric`)
  return spec
}

/** The spec of an asymmetric key; null for a symmetric one. */
export function asymmetricSpec(keySpec: KeySpec): AsymmetricSpec | null {
  const spec = KEY_SPECS[keySpec]
  return spec.kind === 'asymmetric' ? spec : null
}

/** The usages of a key of this spec. The first is the default. */
export function usagesOf(keySpec: KeySpec): readonly KeyUsage[] {
  const spec = asymmetricSpec(keySpec)
  if (!spec) return ['ENCRYPT/DECRYPT']
  const encrypts = Object.keys(spec.encryption).length > 0
  return [
    ...(encrypts ? (['ENCRYPT/DECRYPT'] as const) : []),
    ...(spec.signing.length > 0 ? (['SIGN/VERIFY'] as const) : []),
  ]
}

/** The properties that determine the cipher of a symmetric key's version. */
interface Cipher {
  readonly keySpec: KeySpec
  readonly protectionLevel: ProtectionLevel
}

function hasLongNonces({ keySpec, protectionLevel }: Cipher): boolean {
  return keySpec === 'Aliyun_AES_256' && protectionLevel === 'SOFTWARE'
}

/** The length in bytes of nonces under a version of a symmetric key: 24 for XAES-256-GCM, 12 for every other cipher. */
export function nonceBytesOf(cipher: Cipher): number {
  return hasLongNonces(cipher) ? XAES_NONCE_BYTES : GCM_NONCE_BYTES
}

/**
 * The safe number of messages under one key version, as text: 2^80 with random nonces of 192 bits (C2SP XAES-256-GCM), 2^32 with 96 bits
 * (NIST SP 800-38D, 8.3).
 */
export function safeMessages(cipher: Cipher): '2^80' | '2^32' {
  return hasLongNonces(cipher) ? '2^80' : '2^32'
}

/** Whether uses of a version are reserved in advance, because random nonces of 96 bits could repeat. */
export function countsAhead(cipher: Cipher): boolean {
  return !hasLongNonces(cipher)
}

/** Whether the key is on an elliptic curve of 256 bits. */
export function isOnCurve(keySpec: KeySpec): boolean {
  return keySpec === 'EC_P256' || keySpec === 'EC_P256K' || keySpec === 'EC_SM2'
}
