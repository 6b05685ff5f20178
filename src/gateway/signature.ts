// Signature 1.0 of RPC requests, and functions that all schemes share; pure (docs/reference/signatures.md, "Version 1.0").
import { createHash, timingSafeEqual } from 'node:crypto'
import { hmac } from '../cryptography/digests.ts'
import { bytesOf, percentEncode, percentEncodeTwice, textOf } from './percent-encoding.ts'

/** Sorts names by code points. JavaScript sorts by UTF-16 code units, which is a different order outside of the basic plane. */
function sortedNames(parameters: ReadonlyMap<string, string>): string[] {
  const names = [...parameters.keys()]
  if (!names.some((name) => /[\ud800-\udfff]/.test(name))) return names.sort()
  // UTF-8 bytes sort in the order of code points.
  return names.map(bytesOf).sort().map(textOf)
}

/** Steps 1 and 2: sorts the parameters by name, encodes names and values, and joins the pairs. */
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
 * Steps 1 to 3: returns the string to sign. `parameters` are those of query and form. The string contains the canonical query, percent-encoded once
 * more: = becomes %3D, & becomes %26, and % becomes %25.
 */
export function rpcStringToSign(method: string, parameters: ReadonlyMap<string, string>): string {
  let text = `${method}&%2F&`
  let separator = ''
  for (const name of sortedNames(parameters)) {
    if (name === 'Signature') continue
    text += `${separator}${percentEncodeTwice(name)}%3D${percentEncodeTwice(parameters.get(name) ?? '')}`
    separator = '%26'
  }
  return text
}

/** Step 4: returns the raw signature. `hash` is a name from RPC_METHODS. */
export function rpcSignature(hash: string, secret: string, stringToSign: string): Buffer {
  return hmac(hash, `${secret}&`, stringToSign)
}

/** Lower-case hex of a hash. */
export function hashHex(hash: string, data: string | Uint8Array): string {
  return createHash(hash).update(data).digest('hex')
}

/** Compares in constant time. Signatures of different lengths never match. */
export function sameSignature(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b)
}
