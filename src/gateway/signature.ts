// Signature 1.0 of RPC requests, and what all schemes share, as pure functions (docs/reference/signatures.md).
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'

/** Percent-encodes UTF-8 bytes as RFC 3986 does: all but A-Z a-z 0-9 - _ . ~ become %XX in upper case. */
export function percentEncode(text: string): string {
  return UNRESERVED.test(text) ? text : encoded(bytesOf(text), false)
}

/** Percent-encodes twice: %XX becomes %25XX. */
function encodeTwice(text: string): string {
  return UNRESERVED.test(text) ? text : encoded(bytesOf(text), true)
}

const UNRESERVED = /^[A-Za-z0-9\-_.~]*$/
const IS_UNRESERVED = Uint8Array.from({ length: 256 }, (_, byte) =>
  UNRESERVED.test(String.fromCharCode(byte)) ? 1 : 0,
)
const DIGITS = Uint8Array.from('0123456789ABCDEF', (digit) => digit.charCodeAt(0))

/** Returns a text's UTF-8 bytes as one character each; ASCII text stays itself. */
function bytesOf(text: string): string {
  return Buffer.byteLength(text) === text.length ? text : Buffer.from(text).toString('latin1')
}

/** The inverse of bytesOf. */
function textOf(bytes: string): string {
  return Buffer.byteLength(bytes) === bytes.length ? bytes : Buffer.from(bytes, 'latin1').toString()
}

/**
 * Percent-encodes bytes, once or twice. Works byte by byte, because replacing in strings costs some ten times as much and an
 * unauthenticated client chooses what is replaced.
 */
function encoded(bytes: string, twice: boolean): string {
  const into = Buffer.allocUnsafe(bytes.length * (twice ? 5 : 3))
  let at = 0
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes.charCodeAt(i)
    if (IS_UNRESERVED[byte] === 1) into[at++] = byte
    else {
      into[at++] = 0x25
      if (twice) {
        into[at++] = 0x32
        into[at++] = 0x35
      }
      into[at++] = DIGITS[byte >> 4] ?? 0
      into[at++] = DIGITS[byte & 15] ?? 0
    }
  }
  return into.toString('latin1', 0, at)
}

/** Sorts names by code points, as all schemes require. JavaScript sorts by UTF-16 units, another order beyond the basic plane. */
function sortedNames(parameters: ReadonlyMap<string, string>): string[] {
  const names = [...parameters.keys()]
  if (!names.some((name) => /[\ud800-\udfff]/.test(name))) return names.sort()
  // Bytes of UTF-8 sort as code points do.
  return names.map(bytesOf).sort().map(textOf)
}

/** name=value pairs, encoded, sorted by name in code-point order, joined with &. */
export function canonicalQuery(parameters: ReadonlyMap<string, string>): string {
  const pair = (name: string) => `${percentEncode(name)}=${percentEncode(parameters.get(name) ?? '')}`
  return sortedNames(parameters).map(pair).join('&')
}

/** The hash of each SignatureMethod, and the length of its signatures in bytes. */
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
  for (const name of sortedNames(parameters)) {
    if (name === 'Signature') continue
    text += `${separator}${encodeTwice(name)}%3D${encodeTwice(parameters.get(name) ?? '')}`
    separator = '%26'
  }
  return text
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
