// The templates of keys and the mechanisms of algorithms.
import type * as Pkcs11js from 'pkcs11js'
import type { OaepAlgorithm } from '../../cryptography/algorithms.ts'
import { NONCE_BYTES, TAG_BYTES } from '../../cryptography/gcm.ts'
import { SALT_BYTES } from '../../cryptography/rsa.ts'
import type { WrappingAlgorithm } from '../../cryptography/wrap.ts'

/** The add-on's module: all constants of PKCS #11. */
export type Constants = typeof Pkcs11js
type Template = Pkcs11js.Template
type Mechanism = Pkcs11js.Mechanism

/** 65537, big-endian, for every RSA pair. */
export const PUBLIC_EXPONENT = Buffer.of(1, 0, 1)
/** CKZ_DATA_SPECIFIED: the source of an OAEP label. */
const DATA_SPECIFIED = 1

/** The template of a sensitive, unextractable key, in the token or in the session. */
function secret(c: Constants, keyType: number, token: boolean): Template {
  return [
    { type: c.CKA_CLASS, value: c.CKO_SECRET_KEY },
    { type: c.CKA_KEY_TYPE, value: keyType },
    { type: c.CKA_TOKEN, value: token },
    { type: c.CKA_PRIVATE, value: true },
    { type: c.CKA_SENSITIVE, value: true },
    { type: c.CKA_EXTRACTABLE, value: false },
  ]
}

/** A session key for HMAC only. */
export function hmacKey(c: Constants): Template {
  return [...secret(c, c.CKK_GENERIC_SECRET, false), { type: c.CKA_SIGN, value: true }]
}

/** An unextractable key for encryption only. `kept` names a key in the token; with null, it is a session key. */
export function aesKey(c: Constants, kept: { readonly id: string; readonly label: string } | null): Template {
  const template: Template = [
    ...secret(c, c.CKK_AES, kept !== null),
    { type: c.CKA_ENCRYPT, value: true },
    { type: c.CKA_DECRYPT, value: true },
    { type: c.CKA_SIGN, value: false },
    { type: c.CKA_VERIFY, value: false },
    { type: c.CKA_WRAP, value: false },
    { type: c.CKA_UNWRAP, value: false },
    { type: c.CKA_DERIVE, value: false },
  ]
  return kept ? [...template, ...names(c, kept)] : template
}

/** The algorithms by which a device signs and decrypts with pairs. */
export const DEVICE_SIGNING = ['RSA_PSS_SHA_256', 'RSA_PKCS1_SHA_256', 'ECDSA_SHA_256'] as const
export type DeviceSigning = (typeof DEVICE_SIGNING)[number]

/** The pairs that a device generates: those with a standard mechanism in PKCS #11. */
export const PAIR_SPECS = ['RSA_2048', 'RSA_3072', 'EC_P256', 'EC_P256K'] as const
export type PairSpec = (typeof PAIR_SPECS)[number]
export type CurveSpec = 'EC_P256' | 'EC_P256K'
/** The only use of the private key of a pair. */
export type PairUse = 'sign' | 'decrypt' | 'unwrap'

/** The mechanism of each algorithm, as PKCS #11 names it. */
export const MECHANISM_NAMES: Readonly<Record<DeviceSigning | WrappingAlgorithm, string>> = {
  RSA_PSS_SHA_256: 'CKM_RSA_PKCS_PSS with SHA-256',
  RSA_PKCS1_SHA_256: 'CKM_RSA_PKCS',
  ECDSA_SHA_256: 'CKM_ECDSA',
  RSAES_OAEP_SHA_1: 'CKM_RSA_PKCS_OAEP with SHA-1',
  RSAES_OAEP_SHA_256: 'CKM_RSA_PKCS_OAEP with SHA-256',
  RSAES_PKCS1_V1_5: 'CKM_RSA_PKCS',
}

export function isCurve(spec: PairSpec): spec is CurveSpec {
  return spec === 'EC_P256' || spec === 'EC_P256K'
}

const MODULUS_BITS = { RSA_2048: 2048, RSA_3072: 3072 } as const

/** The object identifiers of the curves, DER. */
const CURVES: Readonly<Record<CurveSpec, string>> = { EC_P256: '06082a8648ce3d030107', EC_P256K: '06052b8104000a' }

/** A pair whose private key has only one use and is unextractable. `kept` names a private key in the token; the public key belongs to the session. */
export function keyPair(
  c: Constants,
  spec: PairSpec,
  use: PairUse,
  kept: { readonly id: string; readonly label: string } | null,
) {
  const publicUse = { sign: c.CKA_VERIFY, decrypt: c.CKA_ENCRYPT, unwrap: c.CKA_WRAP }[use]
  const publicKey: Template = [
    { type: c.CKA_TOKEN, value: false },
    ...(isCurve(spec)
      ? [{ type: c.CKA_EC_PARAMS, value: Buffer.from(CURVES[spec], 'hex') }]
      : [
          { type: c.CKA_MODULUS_BITS, value: MODULUS_BITS[spec] },
          { type: c.CKA_PUBLIC_EXPONENT, value: PUBLIC_EXPONENT },
        ]),
    { type: publicUse, value: true },
  ]
  const privateKey: Template = [
    { type: c.CKA_TOKEN, value: kept !== null },
    { type: c.CKA_PRIVATE, value: true },
    { type: c.CKA_SENSITIVE, value: true },
    { type: c.CKA_EXTRACTABLE, value: false },
    // All uses are listed, because some devices allow a use that the template omits.
    { type: c.CKA_SIGN, value: use === 'sign' },
    { type: c.CKA_DECRYPT, value: use === 'decrypt' },
    { type: c.CKA_UNWRAP, value: use === 'unwrap' },
    { type: c.CKA_DERIVE, value: false },
    ...(kept ? names(c, kept) : []),
  ]
  const mechanism = isCurve(spec) ? c.CKM_EC_KEY_PAIR_GEN : c.CKM_RSA_PKCS_KEY_PAIR_GEN
  return { mechanism: { mechanism }, publicKey, privateKey }
}

function names(c: Constants, { id, label }: { readonly id: string; readonly label: string }): Template {
  return [
    { type: c.CKA_ID, value: Buffer.from(id, 'hex') },
    { type: c.CKA_LABEL, value: label },
  ]
}

/** AES-GCM with a nonce of 12 bytes and a tag of 16 bytes. Throws RangeError for a nonce of another length. */
export function gcm(c: Constants, iv: Buffer, aad: Buffer): Mechanism {
  if (iv.length !== NONCE_BYTES) throw new RangeError('AES-GCM in an HSM takes a nonce of 12 bytes')
  const parameter = { type: c.CK_PARAMS_GCM, iv, ivBits: NONCE_BYTES * 8, aad, tagBits: TAG_BYTES * 8 }
  return { mechanism: c.CKM_AES_GCM, parameter }
}

export function unwrapping(c: Constants, algorithm: WrappingAlgorithm): Mechanism {
  return algorithm === 'RSAES_PKCS1_V1_5' ? { mechanism: c.CKM_RSA_PKCS } : oaep(c, algorithm)
}

export function oaep(c: Constants, algorithm: OaepAlgorithm): Mechanism {
  const [hashAlg, mgf] =
    algorithm === 'RSAES_OAEP_SHA_1' ? [c.CKM_SHA_1, c.CKG_MGF1_SHA1] : [c.CKM_SHA256, c.CKG_MGF1_SHA256]
  const parameter = { type: c.CK_PARAMS_RSA_OAEP, hashAlg, mgf, source: DATA_SPECIFIED }
  return { mechanism: c.CKM_RSA_PKCS_OAEP, parameter }
}

/** Signs a SHA-256 digest. PKCS #1 v1.5 takes a DigestInfo in place of the digest. */
export function signing(c: Constants, algorithm: DeviceSigning): Mechanism {
  switch (algorithm) {
    case 'ECDSA_SHA_256':
      return { mechanism: c.CKM_ECDSA }
    case 'RSA_PKCS1_SHA_256':
      return { mechanism: c.CKM_RSA_PKCS }
    case 'RSA_PSS_SHA_256': {
      const parameter = {
        type: c.CK_PARAMS_RSA_PSS,
        hashAlg: c.CKM_SHA256,
        mgf: c.CKG_MGF1_SHA256,
        saltLen: SALT_BYTES,
      }
      return { mechanism: c.CKM_RSA_PKCS_PSS, parameter }
    }
  }
}
