// Sealing: secrets at rest are XAES-256-GCM ciphertext under a key derived from the root key, bound to their record.
//
//   offset  bytes  field
//   0       1      format, 1
//   1       24     nonce
//   25      n+16   ciphertext and tag
import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'
import { digestOf } from './encoding.ts'
import { NONCE_BYTES, Xaes } from './xaes.ts'

const FORMAT = 1

/** The keys that the root key (32 bytes) stands for, one per purpose (HKDF-SHA-256, RFC 5869). */
export class RootKeys {
  readonly #seal: Xaes
  readonly #mac: Buffer
  readonly #fingerprint: Buffer
  readonly #sessionSecret: Buffer

  constructor(rootKey: Uint8Array) {
    if (rootKey.length !== 32) throw new RangeError('the root key has 32 bytes')
    this.#seal = new Xaes(derive(rootKey, 'strongroom/seal/1'))
    this.#mac = derive(rootKey, 'strongroom/record-mac/1')
    this.#fingerprint = derive(rootKey, 'strongroom/material-fingerprint/1')
    this.#sessionSecret = derive(rootKey, 'strongroom/session-secret/1')
  }

  /** Seals `plaintext` for the record that `place` names; `nonce` is 24 fresh random bytes. */
  seal(place: readonly string[], nonce: Uint8Array, plaintext: Uint8Array): Buffer {
    return Buffer.concat([Buffer.of(FORMAT), nonce, this.#seal.seal(nonce, plaintext, digestOf(place))])
  }

  /** The plaintext, or null when the value was altered, cut, or belongs to another place. */
  open(place: readonly string[], sealed: Uint8Array): Buffer | null {
    if (sealed[0] !== FORMAT) return null
    return this.#seal.open(sealed.subarray(1, 1 + NONCE_BYTES), sealed.subarray(1 + NONCE_BYTES), digestOf(place))
  }

  /** HMAC-SHA-256 (32 bytes) that authenticates a record's canonical text. */
  recordMac(canonical: string): Buffer {
    return createHmac('sha256', this.#mac).update(canonical).digest()
  }

  recordMacMatches(canonical: string, mac: Uint8Array): boolean {
    return mac.length === 32 && timingSafeEqual(this.recordMac(canonical), mac)
  }

  /** 128 hexadecimal digits: the secret that belongs to the AccessKeyId of a session. */
  sessionSecret(accessKeyId: string): string {
    return createHmac('sha512', this.#sessionSecret).update(accessKeyId).digest('hex')
  }

  /** Keyed digest (hex) by which a key recognizes its own material without keeping it; differs from key to key. */
  fingerprint(place: readonly string[], material: Uint8Array): string {
    return createHmac('sha256', this.#fingerprint).update(digestOf(place)).update(material).digest('hex')
  }
}

function derive(rootKey: Uint8Array, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', rootKey, new Uint8Array(0), purpose, 32))
}
