// Signatures in the header Authorization, as pure functions (docs/reference/signatures.md, "ACS3 and ACS4").
import { createHmac } from 'node:crypto'
import { canonicalQuery, hashHex } from './signature.ts'

/** A signature algorithm. */
interface Algorithm {
  readonly name: string
  readonly hash: 'sha256' | 'sm3'
  /** Whether the signing key is derived from the secret for a day, a region and a product (ACS4). */
  readonly derivesKey: boolean
}

const ALGORITHMS: readonly Algorithm[] = [
  { name: 'ACS3-HMAC-SHA256', hash: 'sha256', derivesKey: false },
  { name: 'ACS3-HMAC-SM3', hash: 'sm3', derivesKey: false },
  { name: 'ACS4-HMAC-SHA256', hash: 'sha256', derivesKey: true },
  { name: 'ACS4-HMAC-SM3', hash: 'sm3', derivesKey: true },
]
export const ALGORITHM_NAMES: readonly string[] = ALGORITHMS.map(({ name }) => name)

/** Both hashes have 32 bytes. */
const SIGNATURE = /^[0-9a-f]{64}$/
const MAX_SIGNED_HEADERS = 64

/** The day, region and product that a signing key of ACS4 is valid for. `date` is yyyyMMdd. */
export interface Scope {
  readonly date: string
  readonly region: string
  readonly product: string
}

/** A parsed Authorization header. `signature` is raw bytes; `scope` is null for ACS3. */
export interface Authorization {
  readonly algorithm: Algorithm
  readonly accessKeyId: string
  readonly scope: Scope | null
  readonly signedHeaders: readonly string[]
  readonly signature: Buffer
}

/**
 * Parses `ALGORITHM Credential=…,SignedHeaders=a;b,Signature=hex`, with the three parts in any order; null for anything else. The credential is the
 * AccessKeyId, or with ACS4 AccessKeyId/date/region/product/aliyun_v4_request.
 */
export function parseAuthorization(text: string): Authorization | null {
  const space = text.indexOf(' ')
  const algorithm = ALGORITHMS.find(({ name }) => name === text.slice(0, space))
  const parts = text.slice(space + 1).split(',', 4)
  if (!algorithm || parts.length !== 3) return null
  const part = (name: string) => {
    const found = parts.find((part) => part.trimStart().startsWith(`${name}=`))
    return found?.slice(found.indexOf('=') + 1).trimEnd() ?? ''
  }
  const [credential, signedHeaders, signature] = [part('Credential'), part('SignedHeaders'), part('Signature')]
  const names = signedHeaders.split(';', MAX_SIGNED_HEADERS + 1)
  if (!/^[a-z0-9\-_;]+$/.test(signedHeaders) || !SIGNATURE.test(signature)) return null
  if (names.length > MAX_SIGNED_HEADERS || new Set(names).size < names.length) return null
  const owner = algorithm.derivesKey ? scopedCredential(credential) : { accessKeyId: credential, scope: null }
  if (!owner || !/^[^\s/]+$/.test(owner.accessKeyId)) return null
  return { algorithm, ...owner, signedHeaders: names, signature: Buffer.from(signature, 'hex') }
}

function scopedCredential(credential: string): { accessKeyId: string; scope: Scope } | null {
  const match = /^([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aliyun_v4_request$/.exec(credential)
  if (!match) return null
  const [, accessKeyId = '', date = '', region = '', product = ''] = match
  return { accessKeyId, scope: { date, region, product } }
}

/** The parts of a request that the signature covers. `headers` returns the value of a signed header. */
interface SignedRequest {
  readonly method: string
  readonly path: string
  readonly query: ReadonlyMap<string, string>
  readonly headers: (name: string) => string
  /** Lower-case hex of the body's hash. */
  readonly bodyHash: string
}

export function headerStringToSign({ algorithm, signedHeaders }: Authorization, request: SignedRequest): string {
  const canonicalRequest = [
    request.method,
    request.path,
    canonicalQuery(request.query),
    signedHeaders
      .toSorted()
      .map((name) => `${name}:${request.headers(name).trim()}\n`)
      .join(''),
    signedHeaders.join(';'),
    request.bodyHash,
  ].join('\n')
  return `${algorithm.name}\n${hashHex(algorithm.hash, canonicalRequest)}`
}

/** Returns the raw signature of a string to sign. */
export function headerSignature({ algorithm, scope }: Authorization, secret: string, stringToSign: string): Buffer {
  const hmac = (key: string | Buffer, text: string) => createHmac(algorithm.hash, key).update(text).digest()
  if (scope === null) return hmac(secret, stringToSign)
  const steps = [scope.date, scope.region, scope.product, 'aliyun_v4_request', stringToSign]
  return steps.reduce<Buffer>(hmac, Buffer.from(`aliyun_v4${secret}`))
}
