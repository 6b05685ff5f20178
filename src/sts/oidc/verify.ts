// Verifies an OIDC token against a provider: issuer, signature, times and audience.
import type { createLocalJWKSet, JSONWebKeySet, JWTVerifyGetKey } from 'jose'
import { refuse } from '../../api/errors.ts'
import { STS } from '../../api/product.ts'
import type { OidcProviderBody } from '../../ram/oidc-provider.ts'
import { type IssuerKeySet, type IssuerSource, IssuersBusy, IssuerTrouble, KEEP_MS } from './issuer.ts'
import { ALGORITHMS, invalidToken, type OidcToken } from './token.ts'

/** How far the clocks of issuer and server may differ. */
const SKEW_SECONDS = 60
/** How many issuers' imported keys stay in memory. One more issuer clears them all. */
const MOST_ISSUERS = 256

type Provider = Pick<OidcProviderBody, 'issuerUrl' | 'clientIds' | 'fingerprints' | 'issuanceLimitHours'>
type Find = ReturnType<typeof createLocalJWKSet>
type Jose = typeof import('jose')

/** The keys of an issuer with the function that finds and imports a token's key. */
interface Ready extends IssuerKeySet {
  readonly find: Find
}

/** No key of the issuer fits the token. */
class NoKey extends Error {}

export class OidcTokens {
  readonly #source: IssuerSource
  readonly #ready = new Map<string, Ready>()

  constructor(source: IssuerSource) {
    this.#source = source
  }

  /** Verifies a token of the provider at `now` (milliseconds since 1970). Refuses with the codes of AuthenticationFail.OIDCToken. */
  async verify(token: OidcToken, provider: Provider, now: number): Promise<void> {
    if (token.issuer !== provider.issuerUrl) throw refuse('AuthenticationFail.OIDCToken.IssuerNotMatch')
    // Its 46 files would be a twentieth of every start, and few servers get tokens.
    const jose = await import('jose')
    try {
      await this.#verifySignature(jose, token, provider, now)
    } catch (error) {
      throw refusalOf(jose, error, token.issuer)
    }
    const seconds = now / 1000
    if (token.issuedAt > seconds + SKEW_SECONDS) throw invalidToken('This JsonWebToken was issued in the future.')
    if (token.issuedAt < seconds - provider.issuanceLimitHours * 3600)
      throw refuse('AuthenticationFail.OIDCToken.Expired', {
        reason: `This JsonWebToken is expired. It was issued more than ${provider.issuanceLimitHours} hours ago.`,
      })
    if (!token.audiences.some((audience) => provider.clientIds.includes(audience)))
      throw refuse('AuthenticationFail.OIDCToken.AudienceNotMatch')
  }

  async #verifySignature(jose: Jose, token: OidcToken, provider: Provider, now: number): Promise<void> {
    let ready = await this.#keysOf(jose, token.issuer, now)
    for (;;) {
      checkRoots(ready, provider)
      try {
        return await verifiedBy(jose, ready.find, token, now)
      } catch (error) {
        if (!(error instanceof NoKey)) throw error
      }
      // The issuer may have new keys.
      const newer = await this.#source.keysOf(token.issuer, now, ready.fetchedAt)
      if (!newer) throw new NoKey()
      ready = this.#keep(jose, token.issuer, newer)
    }
  }

  async #keysOf(jose: Jose, issuer: string, now: number): Promise<Ready> {
    const known = this.#ready.get(issuer)
    if (known && Math.abs(now - known.fetchedAt) < KEEP_MS) return known
    const keys = await this.#source.keysOf(issuer, now, null)
    if (!keys) throw new NoKey()
    return this.#keep(jose, issuer, keys)
  }

  #keep(jose: Jose, issuer: string, keys: IssuerKeySet): Ready {
    if (this.#ready.size >= MOST_ISSUERS) this.#ready.clear()
    const known = this.#ready.get(issuer)
    // The same key set: keep `known`, since it caches the imported keys.
    if (known?.keys === keys.keys) return known
    const ready = { ...keys, find: jose.createLocalJWKSet(keys.keys as unknown as JSONWebKeySet) }
    this.#ready.set(issuer, ready)
    return ready
  }
}

function checkRoots({ roots }: IssuerKeySet, { fingerprints }: Provider): void {
  if (roots === null || fingerprints.length === 0) return
  const trusted = fingerprints.map((fingerprint) => fingerprint.toLowerCase())
  if (!roots.every((root) => trusted.includes(root)))
    throw refuse('AuthenticationFail.OIDCToken.PublicKeyFingerprintMismatch')
}

/** Throws NoKey when no key, or more than one, fits the token. */
async function verifiedBy({ errors, jwtVerify }: Jose, find: Find, token: OidcToken, now: number): Promise<void> {
  const key: JWTVerifyGetKey = async (header, input) => {
    try {
      return await find(header, input)
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys)
        throw new NoKey()
      throw new IssuerTrouble('unreachable', token.issuer, 'the key that a token names can not be used')
    }
  }
  await jwtVerify(token.text, key, {
    algorithms: [...ALGORITHMS],
    currentDate: new Date(now),
    clockTolerance: SKEW_SECONDS,
  })
}

/** Translates faults of the token or the issuer into refusals; returns any other error as it is. */
function refusalOf({ errors }: Jose, error: unknown, issuer: string): unknown {
  if (error instanceof IssuersBusy) return STS.throttled()
  if (error instanceof IssuerTrouble) return troubleRefused(error, issuer)
  if (error instanceof NoKey || error instanceof errors.JWSSignatureVerificationFailed)
    return refuse('AuthenticationFail.OIDCToken.InvalidSignature')
  if (error instanceof errors.JWTExpired)
    return refuse('AuthenticationFail.OIDCToken.Expired', { reason: 'This JsonWebToken is expired.' })
  if (error instanceof errors.JWTClaimValidationFailed && error.claim === 'nbf')
    return invalidToken('This JsonWebToken is not valid yet.')
  if (error instanceof errors.JOSEError) return invalidToken('The Jwt content is invalid that cannot be recognized.')
  return error
}

function troubleRefused({ kind, url }: IssuerTrouble, issuer: string) {
  const code = 'AuthenticationFail.OIDCToken.HttpsUrlInvalid'
  switch (kind) {
    case 'unreachable':
      return refuse('AuthenticationFail.OIDCToken.IssuerConfigurationBroken', { issuer })
    case 'chain':
      return refuse(code, { reason: 'Invoke url failed due to certificate chain validation' })
    case 'root':
      return refuse(code, { reason: `The root ca certificate is not in ca whitelist of this url: ${url}` })
  }
}
