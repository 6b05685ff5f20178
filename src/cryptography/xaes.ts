// XAES-256-GCM (https://c2sp.org/XAES-256-GCM): AES-256-GCM with 192-bit nonces. Random nonces are safe for 2^80 messages under one key. Each message
// has its own AES-256-GCM key, derived from the key and the first half of the nonce.
import { type Cipheriv, createCipheriv, createDecipheriv } from 'node:crypto'
import { openedBy, TAG_BYTES } from './gcm.ts'

export const NONCE_BYTES = 24
export const KEY_BYTES = 32

/** A 256-bit key, prepared once for many messages. */
export class Xaes {
  // INVARIANT: ECB without padding keeps no state between whole blocks, so one cipher object can derive every message key.
  readonly #ecb: Cipheriv
  /** The two derivation blocks before the nonce is mixed in: their headers XOR the CMAC subkey. */
  readonly #mask = new Uint8Array(32)

  /** Does not keep `key` (32 bytes); the caller may wipe it. Throws RangeError for another length. */
  constructor(key: Uint8Array) {
    if (key.length !== KEY_BYTES) throw new RangeError('XAES-256-GCM takes a key of 32 bytes')
    this.#ecb = createCipheriv('aes-256-ecb', key, null).setAutoPadding(false)
    const k1 = doubled(this.#ecb.update(new Uint8Array(16)))
    for (const counter of [1, 2]) {
      const header = [0, counter, 0x58, 0]
      for (let i = 0; i < 16; i++) this.#mask[(counter - 1) * 16 + i] = (k1[i] ?? 0) ^ (header[i] ?? 0)
    }
  }

  /** Returns the ciphertext and its 16-byte tag. `nonce` is 24 fresh random bytes. Throws RangeError on another length. */
  seal(nonce: Uint8Array, plaintext: Uint8Array, aad: Uint8Array): Buffer {
    const key = this.#messageKey(nonce)
    const cipher = createCipheriv('aes-256-gcm', key, nonce.subarray(12))
    key.fill(0)
    cipher.setAAD(aad)
    const sealed = Buffer.allocUnsafe(plaintext.length + TAG_BYTES)
    cipher.update(plaintext).copy(sealed)
    cipher.final()
    cipher.getAuthTag().copy(sealed, plaintext.length)
    return sealed
  }

  /** Returns the plaintext; null when anything does not fit: length, tag, nonce or associated data. */
  open(nonce: Uint8Array, sealed: Uint8Array, aad: Uint8Array): Buffer | null {
    if (nonce.length !== NONCE_BYTES || sealed.length < TAG_BYTES) return null
    const key = this.#messageKey(nonce)
    const decipher = createDecipheriv('aes-256-gcm', key, nonce.subarray(12), { authTagLength: TAG_BYTES })
    key.fill(0)
    return openedBy(decipher, sealed, aad)
  }

  /** Returns the key of the only message under this nonce (24 bytes). It opens no other message. Throws RangeError for another length. */
  messageKey(nonce: Uint8Array): MessageKey {
    return new MessageKey(this.#messageKey(nonce), Uint8Array.from(nonce.subarray(12)))
  }

  /**
   * Overwrites the key and everything derived from it. The object can't be used afterwards. `final` makes OpenSSL wipe its key schedule, which begins
   * with the key itself, at once instead of at a later garbage collection.
   */
  wipe(): void {
    this.#ecb.final()
    this.#mask.fill(0)
  }

  /**
   * Derives the key (32 bytes) of a message: CMAC in counter mode (NIST SP 800-108r1, section 4.1) over two blocks, 0001 'X' 00 and
   * 0002 'X' 00, each followed by the first 12 bytes of the nonce.
   */
  #messageKey(nonce: Uint8Array): Buffer {
    if (nonce.length !== NONCE_BYTES) throw new RangeError('XAES-256-GCM takes a nonce of 24 bytes')
    const blocks = new Uint8Array(32)
    blocks.set(this.#mask)
    for (let i = 0; i < 12; i++) {
      const byte = nonce[i] ?? 0
      blocks[4 + i] = (blocks[4 + i] ?? 0) ^ byte
      blocks[20 + i] = (blocks[20 + i] ?? 0) ^ byte
    }
    return this.#ecb.update(blocks)
  }
}

/** The AES-256-GCM key of one message. */
export class MessageKey {
  readonly #key: Buffer
  readonly #nonce: Uint8Array
  #isWiped = false

  /** Takes over both: a key of 32 bytes, and a nonce of 12. */
  constructor(key: Buffer, nonce: Uint8Array) {
    this.#key = key
    this.#nonce = nonce
  }

  /** Returns the plaintext; null when length, tag or associated data do not fit. Throws once it is wiped. */
  open(sealed: Uint8Array, aad: Uint8Array): Buffer | null {
    if (this.#isWiped) throw new Error('the key of the message is wiped')
    if (sealed.length < TAG_BYTES) return null
    const options = { authTagLength: TAG_BYTES }
    return openedBy(createDecipheriv('aes-256-gcm', this.#key, this.#nonce, options), sealed, aad)
  }

  /** Overwrites the key. */
  wipe(): void {
    this.#isWiped = true
    this.#key.fill(0)
  }
}

/** Returns the block times x in GF(2^128): of the encrypted zero block, this is the subkey K1 of CMAC (NIST SP 800-38B, section 6.1). */
function doubled(block: Uint8Array): Uint8Array {
  const out = new Uint8Array(16)
  for (let i = 0; i < 16; i++) out[i] = ((block[i] ?? 0) << 1) | ((block[i + 1] ?? 0) >> 7)
  out[15] = (out[15] ?? 0) ^ (((block[0] ?? 0) >> 7) * 0x87)
  return out
}
