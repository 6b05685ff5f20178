// Templates and mechanisms: each attribute of a key, each parameter of an algorithm, in one place.
import type * as Pkcs11js from 'pkcs11js'
import type { WrappingAlgorithm } from '../../cryptography/wrap.ts'

/** The add-on's module: all constants of PKCS #11. */
export type Constants = typeof Pkcs11js
type Template = Pkcs11js.Template
type Mechanism = Pkcs11js.Mechanism

/** 65537, big-endian: that of every wrapping pair. */
export const PUBLIC_EXPONENT = Buffer.of(1, 0, 1)
const NONCE_BYTES = 12
const TAG_BITS = 128
/** CKZ_DATA_SPECIFIED: the source of an OAEP label. */
const DATA_SPECIFIED = 1

/** A sensitive key that can't be extracted, of the token or of the session. */
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

/** A key of this session for HMAC and nothing else. */
export function hmacKey(c: Constants): Template {
  return [...secret(c, c.CKK_GENERIC_SECRET, false), { type: c.CKA_SIGN, value: true }]
}

/** A key for encryption only, which can't be extracted from the device. `kept` names one of the token. */
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
  if (!kept) return template
  return [...template, { type: c.CKA_ID, value: Buffer.from(kept.id, 'hex') }, { type: c.CKA_LABEL, value: kept.label }]
}

/** An RSA-2048 pair whose private key unwraps and does nothing else. */
export function wrappingPair(c: Constants, token: boolean, id: string, label: string) {
  const publicKey: Template = [
    { type: c.CKA_TOKEN, value: false },
    { type: c.CKA_MODULUS_BITS, value: 2048 },
    { type: c.CKA_PUBLIC_EXPONENT, value: PUBLIC_EXPONENT },
    { type: c.CKA_WRAP, value: true },
  ]
  const privateKey: Template = [
    { type: c.CKA_TOKEN, value: token },
    { type: c.CKA_PRIVATE, value: true },
    { type: c.CKA_SENSITIVE, value: true },
    { type: c.CKA_EXTRACTABLE, value: false },
    { type: c.CKA_UNWRAP, value: true },
    { type: c.CKA_DECRYPT, value: false },
    { type: c.CKA_SIGN, value: false },
    { type: c.CKA_ID, value: Buffer.from(id, 'hex') },
    { type: c.CKA_LABEL, value: label },
  ]
  return { publicKey, privateKey }
}

/** AES-GCM with a nonce of 12 bytes and a tag of 16. Throws RangeError on another nonce. */
export function gcm(c: Constants, iv: Buffer, aad: Buffer): Mechanism {
  if (iv.length !== NONCE_BYTES) throw new RangeError('AES-GCM in an HSM takes a nonce of 12 bytes')
  const parameter = { type: c.CK_PARAMS_GCM, iv, ivBits: NONCE_BYTES * 8, aad, tagBits: TAG_BITS }
  return { mechanism: c.CKM_AES_GCM, parameter }
}

export function unwrapping(c: Constants, algorithm: WrappingAlgorithm): Mechanism {
  if (algorithm === 'RSAES_PKCS1_V1_5') return { mechanism: c.CKM_RSA_PKCS }
  const [hashAlg, mgf] =
    algorithm === 'RSAES_OAEP_SHA_1' ? [c.CKM_SHA_1, c.CKG_MGF1_SHA1] : [c.CKM_SHA256, c.CKG_MGF1_SHA256]
  const parameter = { type: c.CK_PARAMS_RSA_OAEP, hashAlg, mgf, source: DATA_SPECIFIED }
  return { mechanism: c.CKM_RSA_PKCS_OAEP, parameter }
}
