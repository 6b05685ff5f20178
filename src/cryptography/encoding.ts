// Unambiguous byte encodings of text, for associated data, digests and MACs.
import { hash } from 'node:crypto'

/** Each part as the length of its UTF-8 bytes (4 bytes, big-endian) and these bytes: no two lists of parts have the same encoding. */
export function lengthPrefixed(parts: readonly string[]): Buffer {
  const lengths = parts.map((part) => Buffer.byteLength(part))
  const bytes = Buffer.allocUnsafe(lengths.reduce((sum, length) => sum + 4 + length, 0))
  let at = 0
  for (const [i, part] of parts.entries()) {
    at = bytes.writeUInt32BE(lengths[i] ?? 0, at)
    at += bytes.write(part, at)
  }
  return bytes
}

/** SHA-256 of the length-prefixed parts: 32 bytes. */
export function digestOf(parts: readonly string[]): Buffer {
  return hash('sha256', lengthPrefixed(parts), 'buffer')
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
