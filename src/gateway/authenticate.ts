// Authentication: proves who signed a request (docs/reference/signatures.md, "Order of the checks", steps 4 to 10). It parses the request's
// claim, finds the AccessKey, and verifies the claim. Cheap checks come first: until the AccessKey is found, the work does not depend on
// the request's length.
import type { Caller } from '../api/caller.ts'
import { refuse } from '../api/errors.ts'
import type { LedgerView } from '../ledger/view.ts'
import type { AccessKeys } from '../ram/access-key.ts'
import type { Authorizer } from '../ram/authorize.ts'
import type { LastUsed } from '../ram/last-used.ts'
import { principalOf } from '../ram/logged-on.ts'
import { andThen, type MaybePromise } from '../runtime/maybe-promise.ts'
import type { SecurityTokens } from '../sts/security-token.ts'
import { type Claim, claimOf, type HostStanding, TIME_WINDOW_MS } from './claim.ts'
import type { Scope } from './header-signature.ts'
import type { HttpRequest, Parameters } from './request.ts'
import { sameSignature } from './signature.ts'

/** How many characters of the string to sign SignatureDoesNotMatch shows, for clients to compare with their own. */
const MAX_SHOWN = 16_384

/** The caller of a request, its nonce, which must not be used again, and the standing of its Host header. */
export interface Authenticated {
  readonly caller: Caller
  /** null in a session of the console, which has no signature that could be replayed. */
  readonly nonce: { readonly accessKeyId: string; readonly nonce: string; readonly expiresAt: number } | null
  readonly host: HostStanding
  /** The day, region and product that the signing key of ACS4 is valid for; null with the other schemes. */
  readonly scope: Scope | null
  /** Set where the caller is only claimed, because its token is not verified yet. */
  readonly unverified?: true
}

/** The services in which authentication looks up callers. */
export interface Credentials {
  readonly accessKeys: Pick<AccessKeys, 'find'>
  readonly securityTokens: Pick<SecurityTokens, 'open'>
  readonly authorizer: Pick<Authorizer, 'sessionRole'>
  readonly lastUsed: Pick<LastUsed, 'note'>
}

/** In milliseconds since 1970. `wallNow` is compared with timestamps of requests. Tokens expire by `now`, which is ahead of it only with --dev. */
export interface Clock {
  now(): number
  wallNow(): number
}

/**
 * Returns the proven caller of a request. `parameters` are those of decodeUnverified; records are read through `ledger`. Refuses with the
 * codes of docs/reference/signatures.md.
 */
export function authenticate(
  request: HttpRequest,
  parameters: Parameters,
  credentials: Credentials,
  clock: Clock,
  ledger: Pick<LedgerView, 'get'>,
): MaybePromise<Authenticated> {
  const [now, stampedNow] = [clock.now(), clock.wallNow()]
  const claim = claimOf(request, parameters, stampedNow)
  const { accessKeyId, nonce, host, scope, time } = claim
  const proven = accessKeyId.startsWith('STS.')
    ? sessionCaller(claim, credentials, now, ledger)
    : permanentCaller(claim, credentials, now, ledger)
  const expiresAt = Math.max(stampedNow, time) + TIME_WINDOW_MS
  return andThen(proven, (caller) => ({ caller, nonce: { accessKeyId, nonce, expiresAt }, host, scope }))
}

function permanentCaller(
  claim: Claim,
  { accessKeys, lastUsed }: Credentials,
  now: number,
  ledger: Pick<LedgerView, 'get'>,
): MaybePromise<Caller> {
  return andThen(accessKeys.find(claim.accessKeyId, ledger), (accessKey) => {
    // The shorter time of this refusal reveals no more than its code does.
    if (!accessKey) throw refuse('InvalidAccessKeyId.NotFound')
    if (!accessKey.active) throw refuse('Forbidden.AccessKey')
    if (claim.securityToken !== '') throw refuse('InvalidSecurityToken.MismatchWithAccessKey')
    verify(claim, accessKey.secret)
    lastUsed.note(claim.accessKeyId, now)
    return accessKey.caller
  })
}

/** The caller of temporary credentials. A session whose role was deleted, or whose person is logged off, has expired. */
async function sessionCaller(
  claim: Claim,
  credentials: Credentials,
  now: number,
  ledger: Pick<LedgerView, 'get'>,
): Promise<Caller> {
  const { securityTokens, authorizer, lastUsed } = credentials
  if (claim.securityToken === '') throw refuse('MissingSecurityToken')
  const session = securityTokens.open(claim.securityToken)
  if (!session) throw refuse('InvalidSecurityToken.Malformed')
  const [signsAs, expiresAt] =
    'person' in session
      ? [session.person.signsAs, session.person.until]
      : [session.caller.accessKeyId, session.expiresAt]
  if (signsAs !== claim.accessKeyId) throw refuse('InvalidSecurityToken.MismatchWithAccessKey')
  if (expiresAt <= now) throw refuse('InvalidSecurityToken.Expired')
  verify(claim, session.secret)
  if ('person' in session) {
    const { person } = session
    const caller = await principalOf(person, now, credentials, ledger)
    if (!caller) throw refuse('InvalidSecurityToken.Expired')
    if (person.accessKeyId !== '') lastUsed.note(person.accessKeyId, now)
    return caller
  }
  if (!(await authorizer.sessionRole(session.caller, ledger))) throw refuse('InvalidSecurityToken.Expired')
  return session.caller
}

/** Verifies the claim under the secret of its AccessKey, or refuses it. */
function verify(claim: Claim, secret: string): void {
  const stringToSign = claim.stringToSign()
  if (!sameSignature(claim.sign(secret, stringToSign), claim.signature))
    throw refuse('SignatureDoesNotMatch', { stringToSign: shown(stringToSign) })
  claim.checkBody()
}

function shown(stringToSign: string): string {
  if (stringToSign.length <= MAX_SHOWN) return stringToSign
  // Three dots instead of an ellipsis, because answers in pure ASCII are written faster.
  return `${stringToSign.slice(0, MAX_SHOWN)}... (${stringToSign.length} characters, cut)`
}
