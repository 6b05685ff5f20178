// Digests and MACs that are not secret. Node returns a digest in a separate buffer, whose allocation costs about as much as hashing a short text. A
// latin1 text costs less, and its bytes come from Buffer's pool.
import { createHmac, hash } from 'node:crypto'

/** SHA-256: 32 bytes. */
export function sha256(data: string | Uint8Array): Buffer {
  return Buffer.from(hash('sha256', data, 'latin1'), 'latin1')
}

/** The HMAC of a text. `name` is OpenSSL's name of the hash. */
export function hmac(name: string, key: string | Uint8Array, text: string): Buffer {
  return Buffer.from(createHmac(name, key).update(text).digest('latin1'), 'latin1')
}
