// Digests and MACs, none of them secret. For each, Node makes a buffer of its own, which costs about as much as hashing a short text; as texts of
// a character for each byte they cost less, and become bytes of Buffer's pool.
import { createHmac, hash } from 'node:crypto'

/** SHA-256: 32 bytes. */
export function sha256(data: string | Uint8Array): Buffer {
  return Buffer.from(hash('sha256', data, 'latin1'), 'latin1')
}

/** The HMAC of a text. `name` is the hash as OpenSSL calls it. */
export function hmac(name: string, key: string | Uint8Array, text: string): Buffer {
  return Buffer.from(createHmac(name, key).update(text).digest('latin1'), 'latin1')
}
