// The kinds of key that a CMK can have. What else depends on the kind follows from this table: what a key is used for, by which
// algorithms, and in which store.
import type { EncryptionAlgorithm, SigningAlgorithm } from '../cryptography/algorithms.ts'
import { NONCE_BYTES as XAES_NONCE_BYTES } from '../cryptography/xaes.ts'

export type ProtectionLevel = 'SOFTWARE' | 'HSM'
export type KeyUsage = 'ENCRYPT/DECRYPT' | 'SIGN/VERIFY'

/** One key (AES-256 or SM4), whose ciphertext has a layout of our own (cryptography/ciphertext.ts). */
export interface SymmetricSpec {
  readonly kind: 'symmetric'
  readonly keyBytes: 16 | 32
  /** In an HSM: PKCS #11 has a mechanism for it. Whether the device has it shows when a key is made. */
  readonly levels: readonly ProtectionLevel[]
  /** The levels at which the cloud has it. */
  readonly cloud: readonly ProtectionLevel[]
  /** Whether OpenSSL's FIPS provider has it. In an HSM it is the device that has it. */
  readonly fips: boolean
}

/** A pair, whose signatures and ciphertexts are the standards' own. A usage without an algorithm is none that the key can have. */
export interface AsymmetricSpec {
  readonly kind: 'asymmetric'
  readonly signing: readonly SigningAlgorithm[]
  /** The most bytes that each algorithm encrypts, and the fewest and most bytes of its ciphertext. */
  readonly encryption: Partial<Readonly<Record<EncryptionAlgorithm, Sizes>>>
  readonly levels: readonly ProtectionLevel[]
  /** The levels at which the cloud has it. */
  readonly cloud: readonly ProtectionLevel[]
  /** Whether OpenSSL's FIPS provider has it. In an HSM it is the device that has it. */
  readonly fips: boolean
}

export interface Sizes {
  readonly mostPlaintext: number
  readonly ciphertext: readonly [fewest: number, most: number]
}

const ANYWHERE = ['SOFTWARE', 'HSM'] as const
const IN_SOFTWARE = ['SOFTWARE'] as const
const RSA_SIGNING = ['RSA_PSS_SHA_256', 'RSA_PKCS1_SHA_256'] as const

/** `bytes` is the length of the modulus, and so of a ciphertext; OAEP takes two hashes and two bytes of it (RFC 8017 section 7.1.1). */
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

/** Whether FIPS mode has keys of this spec at the protection level. */
export function isInFips(keySpec: KeySpec, level: ProtectionLevel): boolean {
  return level === 'HSM' || KEY_SPECS[keySpec].fips
}

export const KEY_SPEC_NAMES = Object.keys(KEY_SPECS) as readonly KeySpec[]

/** The spec of a symmetric key. Throws for an asymmetric one: callers have refused it. */
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

/** What a key of this spec can be used for, in the order of preference. */
export function usagesOf(keySpec: KeySpec): readonly KeyUsage[] {
  const spec = asymmetricSpec(keySpec)
  if (!spec) return ['ENCRYPT/DECRYPT']
  const encrypts = Object.keys(spec.encryption).length > 0
  return [
    ...(encrypts ? (['ENCRYPT/DECRYPT'] as const) : []),
    ...(spec.signing.length > 0 ? (['SIGN/VERIFY'] as const) : []),
  ]
}

/** What encrypts under a version of a symmetric key. */
interface Cipher {
  readonly keySpec: KeySpec
  readonly protectionLevel: ProtectionLevel
}

/** AES-GCM and SM4-GCM take nonces of 96 bits. */
const GCM_NONCE_BYTES = 12

function hasLongNonces({ keySpec, protectionLevel }: Cipher): boolean {
  return keySpec === 'Aliyun_AES_256' && protectionLevel === 'SOFTWARE'
}

/** The length of the nonces under a version of a symmetric key: XAES-256-GCM has its own, every other cipher that of GCM. */
export function nonceBytesOf(cipher: Cipher): number {
  return hasLongNonces(cipher) ? XAES_NONCE_BYTES : GCM_NONCE_BYTES
}

/** The safe number of messages under one key version, as text: random nonces of 192 bits (C2SP XAES-256-GCM), and of 96 bits (NIST SP 800-38D, 8.3). */
export function safeMessages(cipher: Cipher): '2^80' | '2^32' {
  return hasLongNonces(cipher) ? '2^80' : '2^32'
}

/** Whether the uses of a version are reserved before they happen: random nonces of 96 bits could repeat. */
export function countsAhead(cipher: Cipher): boolean {
  return !hasLongNonces(cipher)
}

/** Whether the private key is a number of 256 bits, for a curve. */
export function isOnCurve(keySpec: KeySpec): boolean {
  return keySpec === 'EC_P256' || keySpec === 'EC_P256K' || keySpec === 'EC_SM2'
}
