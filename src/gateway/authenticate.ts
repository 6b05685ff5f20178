// Who sent this request: finds the AccessKey, checks time, signature and token, in the contract's order (contract/wire.md section 3).
import type { Caller } from '../api/caller.ts'
import { refuse } from '../api/errors.ts'
import type { AccessKeys } from '../ram/access-key.ts'
import type { Authorizer } from '../ram/authorize.ts'
import type { LastUsed } from '../ram/last-used.ts'
import type { SecurityTokens } from '../sts/security-token.ts'
import { type DecodedParameters, type HttpRequest, header, pathOf } from './request.ts'
import {
  type Acs3Authorization,
  acs3Signature,
  acs3StringToSign,
  hashHex,
  parseAcs3Authorization,
  RPC_METHODS,
  rpcSignature,
  rpcStringToSign,
  sameSignature,
} from './signature.ts'

/** How far a request's time may be from ours, either way. */
export const TIME_WINDOW_MS = 15 * 60_000

/** An authenticated request: who sent it, and the nonce that may not come again. */
export interface Authenticated {
  readonly caller: Caller
  readonly nonce: { readonly accessKeyId: string; readonly nonce: string; readonly expiresAt: number }
}

/** What callers are recognized by. */
export interface Credentials {
  readonly accessKeys: Pick<AccessKeys, 'find'>
  readonly securityTokens: Pick<SecurityTokens, 'open'>
  readonly authorizer: Pick<Authorizer, 'sessionRole'>
  readonly lastUsed: Pick<LastUsed, 'note'>
}

/** `wallNow` is the time that clients stamp their requests with; `now`, by which tokens expire, runs ahead of it only in --dev. */
export interface Clock {
  now(): number
  wallNow(): number
}

/** What both schemes boil down to. `sign` answers the raw signature of the string to sign under a secret. */
interface Claim {
  readonly accessKeyId: string
  readonly timestamp: string
  readonly nonce: string
  readonly securityToken: string
  readonly signature: Uint8Array
  readonly stringToSign: string
  sign(secret: string): Uint8Array
}

export async function authenticate(
  request: HttpRequest,
  parameters: DecodedParameters,
  credentials: Credentials,
  clock: Clock,
): Promise<Authenticated> {
  const [now, stampedNow] = [clock.now(), clock.wallNow()]
  const authorization = header(request, 'authorization')
  const claim = authorization.startsWith('ACS3-')
    ? acs3Claim(authorization, request, parameters, stampedNow)
    : rpcClaim(request, parameters, stampedNow)
  const caller = claim.accessKeyId.startsWith('STS.')
    ? await sessionCaller(claim, credentials, now)
    : await permanentCaller(claim, credentials, now)
  const expiresAt = Math.max(stampedNow, Date.parse(claim.timestamp)) + TIME_WINDOW_MS
  return {
    caller,
    nonce: { accessKeyId: claim.accessKeyId, nonce: claim.nonce, expiresAt },
  }
}

async function permanentCaller(claim: Claim, { accessKeys, lastUsed }: Credentials, now: number): Promise<Caller> {
  const accessKey = await accessKeys.find(claim.accessKeyId)
  // An unknown AccessKey costs the same work as a wrong secret.
  const matches = sameSignature(claim.sign(accessKey?.secret ?? NO_SECRET), claim.signature)
  if (!accessKey) throw refuse('InvalidAccessKeyId.NotFound')
  if (!accessKey.active) throw refuse('Forbidden.AccessKey')
  if (claim.securityToken !== '') throw refuse('InvalidSecurityToken.MismatchWithAccessKey')
  if (!matches) throw refuse('SignatureDoesNotMatch', { stringToSign: claim.stringToSign })
  lastUsed.note(claim.accessKeyId, now)
  return accessKey.caller
}

/** The caller of temporary credentials (contract/ram.md 5.3); a session whose role was deleted has expired. */
async function sessionCaller(claim: Claim, credentials: Credentials, now: number): Promise<Caller> {
  const { securityTokens, authorizer } = credentials
  if (claim.securityToken === '') throw refuse('MissingSecurityToken')
  const session = securityTokens.open(claim.securityToken)
  if (!session) throw refuse('InvalidSecurityToken.Malformed')
  if (session.caller.accessKeyId !== claim.accessKeyId) throw refuse('InvalidSecurityToken.MismatchWithAccessKey')
  if (session.expiresAt <= now) throw refuse('InvalidSecurityToken.Expired')
  if (!sameSignature(claim.sign(session.secret), claim.signature))
    throw refuse('SignatureDoesNotMatch', { stringToSign: claim.stringToSign })
  if (!(await authorizer.sessionRole(session.caller))) throw refuse('InvalidSecurityToken.Expired')
  return session.caller
}

const NO_SECRET = 'x'.repeat(30)

function checkTime(timestamp: string, now: number): void {
  if (timestamp === '') throw refuse('IllegalTimestamp')
  const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(timestamp) ? Date.parse(timestamp) : Number.NaN
  if (Number.isNaN(time)) throw refuse('InvalidTimeStamp.Format')
  if (Math.abs(now - time) > TIME_WINDOW_MS) throw refuse('InvalidTimeStamp.Expired')
}

function rpcClaim({ method }: HttpRequest, { all }: DecodedParameters, now: number): Claim {
  const value = (name: string) => all.get(name) ?? ''
  if (value('AccessKeyId') === '') throw refuse('MissingAccessKeyId')
  checkTime(value('Timestamp'), now)
  const hash = RPC_METHODS.get(value('SignatureMethod'))
  if (hash === undefined || value('SignatureVersion') !== '1.0') throw refuse('InvalidSignatureMethod')
  if (value('SignatureType') !== '')
    throw refuse('IncompleteSignature', { rule: 'SignatureType must be absent or empty.' })
  const signature = value('Signature')
  if (signature === '') throw refuse('IncompleteSignature', { rule: 'The parameter Signature is missing.' })
  const stringToSign = rpcStringToSign(method, all)
  return {
    accessKeyId: value('AccessKeyId'),
    timestamp: value('Timestamp'),
    nonce: value('SignatureNonce') || `signature ${signature}`,
    securityToken: value('SecurityToken'),
    signature: Buffer.from(signature, 'base64'),
    stringToSign,
    sign: (secret) => rpcSignature(hash, secret, stringToSign),
  }
}

/** Headers without whose signature a part of the request could be exchanged. */
const MUST_BE_SIGNED = [
  'host',
  'x-acs-date',
  'x-acs-action',
  'x-acs-version',
  'x-acs-content-sha256',
  'x-acs-signature-nonce',
]

function acs3Claim(text: string, request: HttpRequest, { query }: DecodedParameters, now: number): Claim {
  const authorization = parseAcs3Authorization(text)
  if (!authorization) {
    const rule = 'Authorization must be ACS3-HMAC-SHA256 or ACS3-HMAC-SM3 with Credential, SignedHeaders and Signature.'
    throw refuse('IncompleteSignature', { rule })
  }
  const timestamp = header(request, 'x-acs-date')
  checkTime(timestamp, now)
  checkSignedHeaders(authorization, request)
  const bodyHash = hashHex(authorization.hash, request.body)
  if (header(request, 'x-acs-content-sha256') !== bodyHash)
    throw refuse('IncompleteSignature', { rule: 'x-acs-content-sha256 is not the hash of the body.' })
  const stringToSign = acs3StringToSign(authorization, {
    method: request.method,
    path: pathOf(request),
    query,
    headers: (name) => header(request, name),
    bodyHash,
  })
  return {
    accessKeyId: authorization.accessKeyId,
    timestamp,
    nonce: header(request, 'x-acs-signature-nonce'),
    securityToken: header(request, 'x-acs-security-token'),
    signature: authorization.signature,
    stringToSign,
    sign: (secret) => acs3Signature(authorization.hash, secret, stringToSign),
  }
}

function checkSignedHeaders({ signedHeaders }: Acs3Authorization, request: HttpRequest): void {
  const present = Object.keys(request.headers).filter((name) => name.startsWith('x-acs-'))
  for (const name of new Set([...MUST_BE_SIGNED, ...present]))
    if (!signedHeaders.includes(name) || header(request, name) === '')
      throw refuse('IncompleteSignature', { rule: `The header ${name.slice(0, 128)} must be sent and signed.` })
}
