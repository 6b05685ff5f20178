// Authentication: who signed a request (docs/reference/signatures.md, "Order of the checks", steps 4 to 10). Each scheme makes a Claim of the
// request: what it says about its signer, unproven. Then the claim is proven. Cheap checks come first: before the AccessKey is found, no work
// depends on how long the request is.
import type { Caller } from '../api/caller.ts'
import { refuse } from '../api/errors.ts'
import type { LedgerView } from '../ledger/view.ts'
import type { AccessKeys } from '../ram/access-key.ts'
import type { Authorizer } from '../ram/authorize.ts'
import type { LastUsed } from '../ram/last-used.ts'
import type { SecurityTokens } from '../sts/security-token.ts'
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
import { hashHex, RPC_METHODS, rpcSignature, rpcStringToSign, sameSignature } from './signature.ts'

/** How far a request's time may differ from the server's, in either direction. */
export const TIME_WINDOW_MS = 15 * 60_000

const MAX_NONCE_LENGTH = 256
/** How many characters of the string to sign SignatureDoesNotMatch shows, for clients to compare with their own. */
const MAX_SHOWN = 16_384

/**
 * What the Host header counts for. `decides`: it is signed. `must agree`: signature 1.0, which does not cover Host; it may add what no
 * signed parameter says, but not contradict one. `means nothing`: the scheme could have signed it, and the client did not.
 */
export type HostStanding = 'decides' | 'must agree' | 'means nothing'

/** The caller of a request, its nonce, which must not be used again, and how much its unsigned parts count. */
export interface Authenticated {
  readonly caller: Caller
  readonly nonce: { readonly accessKeyId: string; readonly nonce: string; readonly expiresAt: number }
  readonly host: HostStanding
  /** The day, region and product that the signing key of ACS4 is valid for; null with the other schemes. */
  readonly scope: Scope | null
}

/** Where authentication looks callers up. */
export interface Credentials {
  readonly accessKeys: Pick<AccessKeys, 'find'>
  readonly securityTokens: Pick<SecurityTokens, 'open'>
  readonly authorizer: Pick<Authorizer, 'sessionRole'>
  readonly lastUsed: Pick<LastUsed, 'note'>
}

/** `wallNow` is compared with the time in requests; `now`, by which tokens expire, is ahead of it only with --dev. Milliseconds since 1970. */
export interface Clock {
  now(): number
  wallNow(): number
}

/** What a request says about its signer. Nothing long was read for it; the functions do that, once the AccessKey is found. */
interface Claim {
  readonly accessKeyId: string
  readonly timestamp: string
  readonly nonce: string
  readonly securityToken: string
  readonly signature: Uint8Array
  readonly host: HostStanding
  readonly scope: Scope | null
  stringToSign(): string
  /** The raw signature of the string to sign under a secret. */
  sign(secret: string, stringToSign: string): Uint8Array
  /** Refuses a body other than the signed one. */
  checkBody(): void
}

/** Authenticates a request. `parameters` are those of decodeUnverified. Refuses with the codes of docs/reference/signatures.md. */
export async function authenticate(
  request: HttpRequest,
  parameters: Parameters,
  credentials: Credentials,
  clock: Clock,
  ledger: Pick<LedgerView, 'get'>,
): Promise<Authenticated> {
  const [now, stampedNow] = [clock.now(), clock.wallNow()]
  const claim = isSignedByHeader(request)
    ? headerClaim(request, parameters, stampedNow)
    : rpcClaim(request, parameters, stampedNow)
  const caller = claim.accessKeyId.startsWith('STS.')
    ? await sessionCaller(claim, credentials, now, ledger)
    : await permanentCaller(claim, credentials, now, ledger)
  const { accessKeyId, nonce, host, scope } = claim
  const expiresAt = Math.max(stampedNow, Date.parse(claim.timestamp)) + TIME_WINDOW_MS
  return { caller, nonce: { accessKeyId, nonce, expiresAt }, host, scope }
}

async function permanentCaller(
  claim: Claim,
  { accessKeys, lastUsed }: Credentials,
  now: number,
  ledger: Pick<LedgerView, 'get'>,
): Promise<Caller> {
  const accessKey = await accessKeys.find(claim.accessKeyId, ledger)
  // The time of this refusal reveals no more than its code does.
  if (!accessKey) throw refuse('InvalidAccessKeyId.NotFound')
  if (!accessKey.active) throw refuse('Forbidden.AccessKey')
  if (claim.securityToken !== '') throw refuse('InvalidSecurityToken.MismatchWithAccessKey')
  verify(claim, accessKey.secret)
  lastUsed.note(claim.accessKeyId, now)
  return accessKey.caller
}

/** The caller of temporary credentials. A session whose role was deleted has expired. */
async function sessionCaller(
  claim: Claim,
  credentials: Credentials,
  now: number,
  ledger: Pick<LedgerView, 'get'>,
): Promise<Caller> {
  const { securityTokens, authorizer } = credentials
  if (claim.securityToken === '') throw refuse('MissingSecurityToken')
  const session = securityTokens.open(claim.securityToken)
  if (!session) throw refuse('InvalidSecurityToken.Malformed')
  if (session.caller.accessKeyId !== claim.accessKeyId) throw refuse('InvalidSecurityToken.MismatchWithAccessKey')
  if (session.expiresAt <= now) throw refuse('InvalidSecurityToken.Expired')
  verify(claim, session.secret)
  if (!(await authorizer.sessionRole(session.caller, ledger))) throw refuse('InvalidSecurityToken.Expired')
  return session.caller
}

/** Proves the claim under the secret of its AccessKey, or refuses it. */
function verify(claim: Claim, secret: string): void {
  const stringToSign = claim.stringToSign()
  if (!sameSignature(claim.sign(secret, stringToSign), claim.signature))
    throw refuse('SignatureDoesNotMatch', { stringToSign: shown(stringToSign) })
  claim.checkBody()
}

function shown(stringToSign: string): string {
  if (stringToSign.length <= MAX_SHOWN) return stringToSign
  // Three dots, since answers that are all ASCII are written faster.
  return `${stringToSign.slice(0, MAX_SHOWN)}... (${stringToSign.length} characters, cut)`
}

function incomplete(rule: string) {
  return refuse('IncompleteSignature', { rule })
}

function checkTime(timestamp: string, now: number): void {
  if (timestamp === '') throw refuse('IllegalTimestamp')
  const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(timestamp) ? Date.parse(timestamp) : Number.NaN
  if (Number.isNaN(time)) throw refuse('InvalidTimeStamp.Format')
  if (Math.abs(now - time) > TIME_WINDOW_MS) throw refuse('InvalidTimeStamp.Expired')
}

function checkNonce(nonce: string): void {
  if (nonce.length > MAX_NONCE_LENGTH)
    throw refuse('InvalidParameter', { name: 'SignatureNonce', rule: `At most ${MAX_NONCE_LENGTH} characters.` })
}

function rpcClaim(request: HttpRequest, parameters: Parameters, now: number): Claim {
  const value = (name: string) => parameters.get(name) ?? ''
  if (value('AccessKeyId') === '') {
    if (header(request, 'authorization') !== '') throw incomplete(`${SUPPORTED} or the parameters of signature 1.0.`)
    throw refuse('MissingAccessKeyId')
  }
  checkTime(value('Timestamp'), now)
  const hash = RPC_METHODS.get(value('SignatureMethod'))
  if (hash === undefined || value('SignatureVersion') !== '1.0') throw refuse('InvalidSignatureMethod')
  if (value('SignatureType') !== '') throw incomplete('SignatureType must be absent or empty.')
  const text = value('Signature')
  if (text === '') throw incomplete('The parameter Signature is missing.')
  // One spelling only: where the signature is the nonce, another spelling would be another nonce.
  const signature = Buffer.from(text, 'base64')
  if (signature.length !== hash.bytes || signature.toString('base64') !== text)
    throw incomplete(`Signature must be the Base64 of ${hash.bytes} bytes.`)
  checkNonce(value('SignatureNonce'))
  return {
    accessKeyId: value('AccessKeyId'),
    timestamp: value('Timestamp'),
    nonce: value('SignatureNonce') || `signature ${text}`,
    securityToken: value('SecurityToken'),
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

const SUPPORTED = `Authorization must be ${ALGORITHM_NAMES.join(', ')} with Credential, SignedHeaders and Signature,`

/** Headers that must be signed: without them a part of the request could be replaced. */
const MUST_BE_SIGNED = ['x-acs-date', 'x-acs-action', 'x-acs-version', 'x-acs-signature-nonce']
const HASH_HEADERS = { sha256: ['x-acs-content-sha256'], sm3: ['x-acs-content-sha256', 'x-acs-content-sm3'] }

function headerClaim(request: HttpRequest, query: Parameters, now: number): Claim {
  const authorization = parseAuthorization(header(request, 'authorization'))
  if (!authorization) throw incomplete(`${SUPPORTED} or be left out with signature 1.0.`)
  const timestamp = header(request, 'x-acs-date')
  checkTime(timestamp, now)
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
    timestamp,
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
    // The signature covers the header with the hash, so that only the bodies of authenticated callers are hashed.
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
  // It says whether the body is a form, whose fields are parameters.
  if (request.body.length > 0) check('content-type')
  for (const name in request.headers) if (name.startsWith('x-acs-')) check(name)
}
