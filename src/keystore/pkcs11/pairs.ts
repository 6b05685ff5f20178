// The C_ functions for key pairs: generating, signing, decrypting.
import { createPublicKey, ECDH, type KeyObject } from 'node:crypto'
import type * as Pkcs11js from 'pkcs11js'
import type { OaepAlgorithm } from '../../cryptography/algorithms.ts'
import { asBuffer } from '../../runtime/bytes.ts'
import type { Library } from './library.ts'
import { type Handle, type SessionHolder, still } from './session.ts'
import {
  type Constants,
  type CurveSpec,
  type DeviceSigning,
  isCurve,
  keyPair,
  oaep,
  type PairSpec,
  type PairUse,
  PUBLIC_EXPONENT,
  signing,
} from './templates.ts'

/** Room for the signature of an RSA key of 4096 bits. */
const SIGNATURE_ROOM = 512
const COORDINATE_BYTES = 32
/**
 * The lengths of a compressed and of an uncompressed point in a DER octet string. The standard demands the octet string; some devices omit it.
 */
const WRAPPED_POINT_BYTES: readonly number[] = [3 + COORDINATE_BYTES, 3 + 2 * COORDINATE_BYTES]

const CURVES: Readonly<Record<CurveSpec, { readonly jwk: string; readonly ecdh: string }>> = {
  EC_P256: { jwk: 'P-256', ecdh: 'prime256v1' },
  EC_P256K: { jwk: 'secp256k1', ecdh: 'secp256k1' },
}

export class Pairs {
  readonly #c: Constants
  readonly #lib: Pkcs11js.PKCS11

  constructor({ constants, lib }: Library) {
    this.#c = constants
    this.#lib = lib
  }

  /**
   * Generates a pair. `kept` names the private key in the token; with null, the private key ends with the session. The public key is removed from
   * the device, because its use needs no device.
   */
  async generate(
    at: SessionHolder,
    spec: PairSpec,
    use: PairUse,
    kept: { readonly id: string; readonly label: string } | null,
  ): Promise<{ privateKey: Handle; publicKey: KeyObject }> {
    const { mechanism, ...template } = keyPair(this.#c, spec, use, kept)
    const { publicKey, privateKey } = await still(
      at,
      this.#lib.C_GenerateKeyPairAsync(at.session, mechanism, template.publicKey, template.privateKey),
    )
    const found = isCurve(spec)
      ? curvePublicKey(spec, this.#attribute(at, publicKey, this.#c.CKA_EC_POINT))
      : rsaPublicKey(this.modulusOf(at, publicKey))
    this.#lib.C_DestroyObject(at.session, publicKey)
    return { privateKey, publicKey: found }
  }

  /** The modulus (big-endian) of either key of an RSA pair. */
  modulusOf(at: SessionHolder, key: Handle): Buffer {
    return this.#attribute(at, key, this.#c.CKA_MODULUS)
  }

  #attribute(at: SessionHolder, key: Handle, type: number): Buffer {
    const [attribute] = this.#lib.C_GetAttributeValue(at.session, key, [{ type }])
    return (attribute?.value as Buffer | undefined) ?? Buffer.alloc(0)
  }

  /** The longest modulus of an RSA pair, in bits, as the device reports it. Throws the library's error where it generates no RSA pairs. */
  mostRsaBits(slot: Handle): number {
    return this.#lib.C_GetMechanismInfo(slot, this.#c.CKM_RSA_PKCS_KEY_PAIR_GEN).maxKeySize
  }

  signInit(at: SessionHolder, key: Handle, algorithm: DeviceSigning): void {
    this.#lib.C_SignInit(at.session, signing(this.#c, algorithm), key)
  }

  /** Returns the signature in the device's format; an ECDSA signature is r and s. */
  sign(at: SessionHolder, data: Uint8Array): Buffer {
    return this.#lib.C_Sign(at.session, asBuffer(data), Buffer.alloc(SIGNATURE_ROOM))
  }

  signAside(at: SessionHolder, data: Uint8Array): Promise<Buffer> {
    return still(at, this.#lib.C_SignAsync(at.session, asBuffer(data), Buffer.alloc(SIGNATURE_ROOM)))
  }

  /** Starts a decryption; Cryptoki.decrypt completes it. */
  decryptInit(at: SessionHolder, key: Handle, algorithm: OaepAlgorithm): void {
    this.#lib.C_DecryptInit(at.session, oaep(this.#c, algorithm), key)
  }
}

/** The public key with this modulus (big-endian). */
export function rsaPublicKey(modulus: Buffer): KeyObject {
  const jwk = { kty: 'RSA', n: modulus.toString('base64url'), e: PUBLIC_EXPONENT.toString('base64url') }
  return createPublicKey({ key: jwk, format: 'jwk' })
}

/** The public key of this point (SEC 1, section 2.3.3), with or without a DER octet string around it. Throws when the point is not on the curve. */
function curvePublicKey(spec: CurveSpec, attribute: Buffer): KeyObject {
  const isWrapped = WRAPPED_POINT_BYTES.includes(attribute.length)
  const encoded = isWrapped ? attribute.subarray(2) : attribute
  const point = ECDH.convertKey(encoded, CURVES[spec].ecdh, undefined, undefined, 'uncompressed') as Buffer
  const [x, y] = [point.subarray(1, 1 + COORDINATE_BYTES), point.subarray(1 + COORDINATE_BYTES)]
  const jwk = { kty: 'EC', crv: CURVES[spec].jwk, x: x.toString('base64url'), y: y.toString('base64url') }
  return createPublicKey({ key: jwk, format: 'jwk' })
}
