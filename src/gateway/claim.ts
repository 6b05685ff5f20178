// Claims: what a request says about its signer, in a header or in parameters, before anything is proven (docs/reference/signatures.md, "Order of the
// checks", steps 4 to 6). Parsing a claim checks its form and its time. It does not read parts of the request that may be long.
import { refuse } from '../api/errors.ts'
import { KMS_VERSION } from '../api/product.ts'
import { fromIsoSeconds } from '../api/time.ts'
import { CanonicalForm } from './canonical-form.ts'
import {
  ALGORITHM_NAMES,
  type Authorization,
  headerSignature,
  headerStringToSign,
  parseAuthorization,
  type Scope,
} from './header-signature.ts'
import { type HttpRequest, header, isSignedByHeader, type Parameters, pathOf } from './request.ts'
import { hashHex, RPC_METHODS, rpcSignature, rpcStringToSign } from './signature.ts'

/** How far a request's time may differ from the server's, in either direction. */
export const TIME_WINDOW_MS = 15 * 60_000

const MAX_NONCE_LENGTH = 256

/**
 * The role of the Host header. `decides`: it is signed. `must agree`: signature 1.0 does not cover Host. It may name what the signed
 * parameters omit, but must not contradict them. `means nothing`: the scheme can sign it, but the client did not.
 */
export type HostStanding = 'decides' | 'must agree' | 'means nothing'

/** The claim of a request. Its functions read parts that may be long; they are called only after the AccessKey is found. */
export interface Claim {
  readonly accessKeyId: string
  /** Milliseconds since 1970. */
  readonly time: number
  readonly nonce: string
  readonly securityToken: string
  readonly signature: Uint8Array
  readonly host: HostStanding
  readonly scope: Scope | null
  stringToSign(): string
  /** The raw signature of the string to sign under a secret. */
  sign(secret: string, stringToSign: string): Uint8Array
  /** Refuses a body that is not the signed one. */
  checkBody(): void
}

/** Returns the claim of a request. `parameters` are those of decodeUnverified, `now` is milliseconds since 1970. */
export function claimOf(request: HttpRequest, parameters: Parameters, now: number): Claim {
  return isSignedByHeader(request) ? headerClaim(request, parameters, now) : rpcClaim(request, parameters, now)
}

function incomplete(rule: string) {
  return refuse('IncompleteSignature', { rule })
}

/** Returns the time of a timestamp in milliseconds since 1970. Refuses a time outside of the window. */
export function timeOf(timestamp: string, now: number): number {
  if (timestamp === '') throw refuse('IllegalTimestamp')
  const time = fromIsoSeconds(timestamp)
  if (time === null) throw refuse('InvalidTimeStamp.Format')
  if (Math.abs(now - time) > TIME_WINDOW_MS) throw refuse('InvalidTimeStamp.Expired')
  return time
}

function checkNonce(nonce: string): void {
  if (nonce.length > MAX_NONCE_LENGTH)
    throw refuse('InvalidParameter', { name: 'SignatureNonce', rule: `At most ${MAX_NONCE_LENGTH} characters.` })
}

/** What official clients send where they have a bearer token or an identity token, and no AccessKey. */
const OTHER_CREDENTIALS = ['x-acs-signature-type', 'x-acs-bearer-token', 'x-acs-zero-trust-idtoken']

function rpcClaim(request: HttpRequest, parameters: Parameters, now: number): Claim {
  const value = (name: string) => parameters.get(name) ?? ''
  if (value('AccessKeyId') === '') {
    if (header(request, 'authorization') !== '') throw incomplete(`${SUPPORTED} or the parameters of signature 1.0.`)
    if (value('SignatureType') !== '' || OTHER_CREDENTIALS.some((name) => header(request, name) !== ''))
      throw incomplete('Bearer tokens and identity tokens are not supported: sign with an AccessKey.')
    throw refuse('MissingAccessKeyId')
  }
  const time = timeOf(value('Timestamp'), now)
  const hash = RPC_METHODS.get(value('SignatureMethod'))
  if (hash === undefined || value('SignatureVersion') !== '1.0') throw refuse('InvalidSignatureMethod')
  if (value('SignatureType') !== '') throw incomplete('SignatureType must be absent or empty.')
  const text = value('Signature')
  if (text === '') throw incomplete('The parameter Signature is missing.')
  // Only one spelling is accepted: without a nonce, the signature serves as the nonce, and another spelling would be another nonce.
  const signature = Buffer.from(text, 'base64')
  if (signature.length !== hash.bytes || signature.toString('base64') !== text)
    throw incomplete(`Signature must be the Base64 of ${hash.bytes} bytes.`)
  checkNonce(value('SignatureNonce'))
  return {
    accessKeyId: value('AccessKeyId'),
    time,
    nonce: value('SignatureNonce') || `signature ${text}`,
    securityToken: securityTokenOf(parameters),
    signature,
    host: 'must agree',
    scope: null,
    stringToSign: () =>
      parameters instanceof CanonicalForm
        ? parameters.stringToSign(request.method)
        : rpcStringToSign(request.method, parameters),
    sign: (secret, stringToSign) => rpcSignature(hash.name, secret, stringToSign),
    checkBody: () => {},
  }
}

/** The token of temporary credentials. Early clients of KMS send it as STSToken. */
function securityTokenOf(parameters: Parameters): string {
  const token = parameters.get('SecurityToken') ?? ''
  const former = parameters.get('Version') === KMS_VERSION ? (parameters.get('STSToken') ?? '') : ''
  if (token !== '' && former !== '' && token !== former)
    throw refuse('InvalidParameter', { name: 'STSToken', rule: 'It must equal SecurityToken where both are given.' })
  return token || former
}

const SUPPORTED = `Authorization must be ${ALGORITHM_NAMES.join(', ')} with Credential, SignedHeaders and Signature,`

/** Headers that must be signed. Otherwise an attacker could replace a part of the request. */
const MUST_BE_SIGNED = ['x-acs-date', 'x-acs-action', 'x-acs-version', 'x-acs-signature-nonce']
const HASH_HEADERS = { sha256: ['x-acs-content-sha256'], sm3: ['x-acs-content-sha256', 'x-acs-content-sm3'] }

function headerClaim(request: HttpRequest, query: Parameters, now: number): Claim {
  const authorization = parseAuthorization(header(request, 'authorization'))
  if (!authorization) throw incomplete(`${SUPPORTED} or be left out with signature 1.0.`)
  const timestamp = header(request, 'x-acs-date')
  const time = timeOf(timestamp, now)
  const { algorithm, accessKeyId, scope, signature, signedHeaders } = authorization
  if (scope && scope.date !== timestamp.slice(0, 10).replaceAll('-', ''))
    throw incomplete('The date in Credential is not the one of x-acs-date.')
  checkSignedHeaders(authorization, request)
  const nonce = header(request, 'x-acs-signature-nonce')
  checkNonce(nonce)
  const named = HASH_HEADERS[algorithm.hash].filter((name) => header(request, name) !== '')
  const bodyHash = header(request, named[0] ?? '')
  if (bodyHash === '') throw incomplete(`The header ${HASH_HEADERS[algorithm.hash].join(' or ')} is missing.`)
  return {
    accessKeyId,
    time,
    nonce,
    securityToken: header(request, 'x-acs-security-token'),
    signature,
    host: signedHeaders.includes('host') ? 'decides' : 'means nothing',
    scope,
    stringToSign: () =>
      headerStringToSign(authorization, {
        method: request.method,
        path: pathOf(request),
        query,
        headers: (name) => header(request, name),
        bodyHash,
      }),
    sign: (secret, stringToSign) => headerSignature(authorization, secret, stringToSign),
    // The signature covers the header with the hash, so the server hashes only bodies of authenticated callers.
    checkBody: () => {
      const actual = hashHex(algorithm.hash, request.body)
      const wrong = named.find((name) => header(request, name) !== actual)
      if (wrong !== undefined) throw incomplete(`The header ${wrong} is not the hash of the body.`)
    },
  }
}

function checkSignedHeaders({ signedHeaders }: Authorization, request: HttpRequest): void {
  const signed = new Set(signedHeaders)
  const check = (name: string) => {
    if (!signed.has(name) || header(request, name) === '')
      throw incomplete(`The header ${name.slice(0, 128)} must be sent and signed.`)
  }
  for (const name of MUST_BE_SIGNED) check(name)
  // Content-Type determines whether the body is a form, whose fields are parameters.
  if (request.body.length > 0) check('content-type')
  for (const name in request.headers) if (name.startsWith('x-acs-')) check(name)
}
