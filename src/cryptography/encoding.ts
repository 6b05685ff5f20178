// Unambiguous byte encodings of text, for associated data, digests and MACs.
import { sha256 } from './digests.ts'

/** Encodes each part as its length in bytes of UTF-8 (4 bytes, big-endian) and these bytes. No two lists of parts have the same encoding. */
function lengthPrefixed(parts: readonly string[]): Buffer {
  // One character per byte, so that a single conversion yields all bytes.
  let latin1 = ''
  for (const part of parts) {
    const length = Buffer.byteLength(part)
    latin1 += String.fromCharCode(length >>> 24, (length >>> 16) & 0xff, (length >>> 8) & 0xff, length & 0xff)
    // If there are as many bytes as characters, the part is ASCII.
    latin1 += length === part.length ? part : Buffer.from(part).toString('latin1')
  }
  return Buffer.from(latin1, 'latin1')
}

/** SHA-256 of the length-prefixed parts: 32 bytes. */
export function digestOf(parts: readonly string[]): Buffer {
  return sha256(lengthPrefixed(parts))
}

/** The bytes of strict, padded, standard Base64 (RFC 4648 section 4), or null for any other text. */
export function fromBase64(text: string): Buffer | null {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return null
  const bytes = Buffer.from(text, 'base64')
  return bytes.toString('base64') === text ? bytes : null
}

/** The bytes of strict Base64 for URLs without padding (RFC 4648 section 5), or null for any other text. */
export function fromBase64Url(text: string): Buffer | null {
  if (!/^[A-Za-z0-9_-]*$/.test(text)) return null
  const bytes = Buffer.from(text, 'base64url')
  return bytes.toString('base64url') === text ? bytes : null
}

/** The bytes in PEM (RFC 7468), in lines of 64 characters. */
export function pem(label: string, bytes: Uint8Array): string {
  const base64 = Buffer.from(bytes)
    .toString('base64')
    .replace(/.{64}(?=.)/g, '$&\n')
  return `-----BEGIN ${label}-----\n${base64}\n-----END ${label}-----\n`
}
