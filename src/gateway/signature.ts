// Signature 1.0 of the RPC style, and what all schemes share, as pure functions (docs/reference/signatures.md).
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'

/** RFC 3986: everything but A-Z a-z 0-9 - _ . ~ becomes %XX, upper case, UTF-8. */
export function percentEncode(text: string): string {
  return UNRESERVED.test(text) ? text : encoded(text, PERCENT)
}

const UNRESERVED = /^[A-Za-z0-9\-_.~]*$/
const IS_UNRESERVED = Uint8Array.from({ length: 256 }, (_, byte) =>
  UNRESERVED.test(String.fromCharCode(byte)) ? 1 : 0,
)
const DIGITS = Buffer.from('0123456789ABCDEF')
const PERCENT = Buffer.from('%')
const PERCENT_ENCODED = Buffer.from('%25')

/** In one pass over bytes: some ten times as fast as replacing in strings, where a stranger chooses the text. */
function encoded(text: string, percent: Uint8Array): string {
  const bytes = Buffer.from(text)
  const out = Buffer.allocUnsafe(bytes.length * (percent.length + 2))
  let length = 0
  for (const byte of bytes) {
    if (IS_UNRESERVED[byte] === 1) out[length++] = byte
    else {
      for (const one of percent) out[length++] = one
      out[length++] = DIGITS[byte >> 4] ?? 0
      out[length++] = DIGITS[byte & 15] ?? 0
    }
  }
  return out.toString('latin1', 0, length)
}

/** Sorted by code points, as all schemes want. JavaScript sorts by UTF-16 units, which is another order beyond the basic plane. */
export function sortedByCodePoints(names: string[]): string[] {
  if (!names.some((name) => /[\ud800-\udfff]/.test(name))) return names.sort()
  // One character for each byte of UTF-8: those sort as code points do.
  const bytes = names.map((name) => Buffer.from(name).toString('latin1')).sort()
  return bytes.map((name) => Buffer.from(name, 'latin1').toString())
}

/** The hash that a SignatureMethod names, and the length of its signatures. */
export const RPC_METHODS: ReadonlyMap<string, { readonly name: string; readonly bytes: number }> = new Map([
  ['HMAC-SHA1', { name: 'sha1', bytes: 20 }],
  ['HMAC-SHA256', { name: 'sha256', bytes: 32 }],
])

/**
 * The string to sign of signature version 1.0; `parameters` are those of query and form.
 * It holds the canonical query percent-encoded as a whole, so that = is %3D, & is %26 and each % in between %25: written in one pass.
 */
export function rpcStringToSign(method: string, parameters: ReadonlyMap<string, string>): string {
  let text = `${method}&%2F&`
  let separator = ''
  for (const name of sortedByCodePoints([...parameters.keys()])) {
    if (name === 'Signature') continue
    text += `${separator}${encodedTwice(name)}%3D${encodedTwice(parameters.get(name) ?? '')}`
    separator = '%26'
  }
  return text
}

function encodedTwice(text: string): string {
  return UNRESERVED.test(text) ? text : encoded(text, PERCENT_ENCODED)
}

/** The raw signature; `hash` is the name that RPC_METHODS gives. */
export function rpcSignature(hash: string, secret: string, stringToSign: string): Buffer {
  return createHmac(hash, `${secret}&`).update(stringToSign).digest()
}

/** Lower-case hex of a hash. */
export function hashHex(hash: string, data: string | Uint8Array): string {
  return createHash(hash).update(data).digest('hex')
}

/** Compares in constant time; signatures of another length never match. */
export function sameSignature(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b)
}
