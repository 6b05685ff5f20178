// RSA signatures over an existing SHA-256 digest (RFC 8017). node:crypto signs only messages, so this file adds the encoding to its raw key
// operation: the DigestInfo for PKCS #1 v1.5, and the encoding of section 9.1 for PSS.
import { constants, hash, type KeyObject, privateEncrypt, publicDecrypt, timingSafeEqual } from 'node:crypto'

export type RsaSigning = 'RSA_PSS_SHA_256' | 'RSA_PKCS1_SHA_256'

const HASH_BYTES = 32
/** The length of the salt of PSS: as long as the digest. */
export const SALT_BYTES = HASH_BYTES
/** The DER bytes of a DigestInfo before a SHA-256 digest (RFC 8017 section 9.2, note 1). */
const DIGEST_INFO = Buffer.from('3031300d060960864801650304020105000420', 'hex')
const TRAILER = 0xbc

/** Signs a digest of 32 bytes. `salt` is 32 fresh random bytes, which PSS needs. */
export function signRsa(key: KeyObject, algorithm: RsaSigning, digest: Uint8Array, salt: Uint8Array): Buffer {
  if (algorithm === 'RSA_PKCS1_SHA_256')
    return privateEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, digestInfo(digest))
  return privateEncrypt({ key, padding: constants.RSA_NO_PADDING }, encoded(digest, salt, bytesOf(key)))
}

/** Whether the signature is valid for the digest. PSS must have a salt as long as the digest. */
export function rsaVerifies(key: KeyObject, algorithm: RsaSigning, digest: Uint8Array, signature: Uint8Array): boolean {
  if (signature.length !== bytesOf(key)) return false
  const padding = algorithm === 'RSA_PKCS1_SHA_256' ? constants.RSA_PKCS1_PADDING : constants.RSA_NO_PADDING
  let opened: Buffer
  try {
    opened = publicDecrypt({ key, padding }, signature)
  } catch {
    return false
  }
  if (algorithm === 'RSA_PSS_SHA_256') return encodes(opened, digest)
  return opened.equals(digestInfo(digest))
}

/** What PKCS #1 v1.5 signs of a SHA-256 digest. */
export function digestInfo(digest: Uint8Array): Buffer {
  return Buffer.concat([DIGEST_INFO, digest])
}

/** The length of the modulus in bytes. */
function bytesOf({ asymmetricKeyDetails }: KeyObject): number {
  return (asymmetricKeyDetails?.modulusLength ?? 0) / 8
}

/** EMSA-PSS-ENCODE (section 9.1.1), for a modulus of `length` bytes. The encoding has one bit less than the modulus. */
function encoded(digest: Uint8Array, salt: Uint8Array, length: number): Buffer {
  const h = saltedHash(digest, salt)
  const block = Buffer.alloc(length - HASH_BYTES - 1)
  block[block.length - salt.length - 1] = 1
  block.set(salt, block.length - salt.length)
  mask(block, h)
  return Buffer.concat([block, h, Buffer.of(TRAILER)])
}

/** EMSA-PSS-VERIFY (section 9.1.2). */
function encodes(message: Buffer, digest: Uint8Array): boolean {
  const h = message.subarray(-HASH_BYTES - 1, -1)
  const block = Buffer.from(message.subarray(0, -HASH_BYTES - 1))
  if (message.at(-1) !== TRAILER || (block[0] ?? 0) >= 0x80) return false
  mask(block, h)
  const salt = block.subarray(-SALT_BYTES)
  const padding = block.subarray(0, -SALT_BYTES)
  if (padding.at(-1) !== 1 || !padding.subarray(0, -1).every((byte) => byte === 0)) return false
  return timingSafeEqual(saltedHash(digest, salt), h)
}

function saltedHash(digest: Uint8Array, salt: Uint8Array): Buffer {
  return hash('sha256', Buffer.concat([Buffer.alloc(8), digest, salt]), 'buffer')
}

/** XORs MGF1 of the seed (appendix B.2.1) into the block, and clears the first bit, which the encoding does not have. */
function mask(block: Buffer, seed: Uint8Array): void {
  const counter = Buffer.alloc(4)
  for (let at = 0; at < block.length; at += HASH_BYTES) {
    counter.writeUInt32BE(at / HASH_BYTES)
    const bits = hash('sha256', Buffer.concat([seed, counter]), 'buffer')
    for (let i = 0; i < HASH_BYTES && at + i < block.length; i++) block[at + i] = (block[at + i] ?? 0) ^ (bits[i] ?? 0)
  }
  block[0] = (block[0] ?? 0) & 0x7f
}
