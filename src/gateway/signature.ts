// The two signature schemes of the cloud, as pure functions (contract/wire.md sections 3 and 4).
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'

/** RFC 3986: everything but A-Z a-z 0-9 - _ . ~ becomes %XX, upper case, UTF-8. */
export function percentEncode(text: string): string {
  if (UNRESERVED.test(text)) return text
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
}

const UNRESERVED = /^[A-Za-z0-9\-_.~]*$/

/** name=value pairs, encoded, sorted by name in code-point order, joined with &. */
export function canonicalQuery(parameters: ReadonlyMap<string, string>): string {
  const names = sortedByCodePoints([...parameters.keys()])
  return names.map((name) => `${percentEncode(name)}=${percentEncode(parameters.get(name) ?? '')}`).join('&')
}

/** JavaScript sorts by UTF-16 units, which is another order only beyond the basic plane. */
function sortedByCodePoints(names: string[]): string[] {
  return names.some((name) => /[\ud800-\udfff]/.test(name))
    ? names.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    : names.sort()
}

export const RPC_METHODS: ReadonlyMap<string, string> = new Map([
  ['HMAC-SHA1', 'sha1'],
  ['HMAC-SHA256', 'sha256'],
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
  return UNRESERVED.test(text) ? text : percentEncode(text).replaceAll('%', '%25')
}

/** The raw signature; `hash` is a value of RPC_METHODS. */
export function rpcSignature(hash: string, secret: string, stringToSign: string): Buffer {
  return createHmac(hash, `${secret}&`).update(stringToSign).digest()
}

export const ACS3_ALGORITHMS: ReadonlyMap<string, string> = new Map([
  ['ACS3-HMAC-SHA256', 'sha256'],
  ['ACS3-HMAC-SM3', 'sm3'],
])

/** What an ACS3 Authorization header says. `signature` is raw bytes. */
export interface Acs3Authorization {
  readonly algorithm: string
  readonly hash: string
  readonly accessKeyId: string
  readonly signedHeaders: readonly string[]
  readonly signature: Buffer
}

/** Reads an Authorization header, or null when it is not well-formed ACS3. */
export function parseAcs3Authorization(text: string): Acs3Authorization | null {
  const match = /^(ACS3-[A-Z0-9-]+) Credential=([^,\s]+), ?SignedHeaders=([a-z0-9\-_;]+), ?Signature=([0-9a-f]+)$/.exec(
    text,
  )
  if (!match) return null
  const [, algorithm = '', accessKeyId = '', signedHeaders = '', signature = ''] = match
  const hash = ACS3_ALGORITHMS.get(algorithm)
  if (hash === undefined) return null
  return {
    algorithm,
    hash,
    accessKeyId,
    signedHeaders: signedHeaders.split(';'),
    signature: Buffer.from(signature, 'hex'),
  }
}

/** What an ACS3 signature covers. `headers` gives a signed header's value. */
export interface Acs3Request {
  readonly method: string
  readonly path: string
  readonly query: ReadonlyMap<string, string>
  readonly headers: (name: string) => string
  /** Hex of the body's hash, as the server computed it. */
  readonly bodyHash: string
}

export function acs3StringToSign(authorization: Acs3Authorization, request: Acs3Request): string {
  const names = authorization.signedHeaders.toSorted()
  const canonicalRequest = [
    request.method,
    request.path,
    canonicalQuery(request.query),
    names.map((name) => `${name}:${request.headers(name).trim()}\n`).join(''),
    authorization.signedHeaders.join(';'),
    request.bodyHash,
  ].join('\n')
  return `${authorization.algorithm}\n${hashHex(authorization.hash, canonicalRequest)}`
}

export function acs3Signature(hash: string, secret: string, stringToSign: string): Buffer {
  return createHmac(hash, secret).update(stringToSign).digest()
}

/** Lower-case hex of a hash. */
export function hashHex(hash: string, data: string | Uint8Array): string {
  return createHash(hash).update(data).digest('hex')
}

/** Compares in constant time; signatures of another length never match. */
export function sameSignature(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b)
}
