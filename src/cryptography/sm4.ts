// SM4-GCM: the block cipher of GB/T 32907 in the mode of NIST SP 800-38D, with 96-bit nonces. Random nonces are safe for 2^32 messages
// under one key, as with AES, because both ciphers have blocks of 128 bits.
import { type CipherGCMTypes, createCipheriv, createDecipheriv } from 'node:crypto'
import { NONCE_BYTES, openedBy, TAG_BYTES } from './gcm.ts'

/** The types of node:crypto list AES only. */
const NAME = 'sm4-gcm' as CipherGCMTypes
const KEY_BYTES = 16

/** A key of 128 bits. */
export class Sm4 {
  #key: Uint8Array

  /** Does not keep a reference to `key` (16 bytes); the caller may wipe it. Throws RangeError on another length. */
  constructor(key: Uint8Array) {
    if (key.length !== KEY_BYTES) throw new RangeError('SM4 takes a key of 16 bytes')
    this.#key = Uint8Array.from(key)
  }

  /** Returns the ciphertext and its 16-byte tag. `nonce` is 12 fresh random bytes. Throws RangeError on another length. */
  seal(nonce: Uint8Array, plaintext: Uint8Array, aad: Uint8Array): Buffer {
    if (nonce.length !== NONCE_BYTES) throw new RangeError('SM4-GCM takes a nonce of 12 bytes')
    const cipher = createCipheriv(NAME, this.#key, nonce, { authTagLength: TAG_BYTES })
    cipher.setAAD(aad)
    return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
  }

  /** Returns the plaintext; null when anything does not fit: length, tag, nonce or associated data. */
  open(nonce: Uint8Array, sealed: Uint8Array, aad: Uint8Array): Buffer | null {
    if (nonce.length !== NONCE_BYTES || sealed.length < TAG_BYTES) return null
    const decipher = createDecipheriv(NAME, this.#key, nonce, { authTagLength: TAG_BYTES })
    return openedBy(decipher, sealed, aad)
  }

  /** Overwrites the key; the object seals and opens nothing afterwards. */
  wipe(): void {
    this.#key.fill(0)
    this.#key = new Uint8Array(0)
  }
}
