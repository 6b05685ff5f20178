// Parses an OIDC token (docs/pods.md), a signed JWT. This file verifies nothing; verify.ts does.

import { isUtf8 } from 'node:buffer'
import { refuse } from '../../api/errors.ts'
import { fromBase64Url } from '../../cryptography/encoding.ts'
import { type JsonObject, jsonObjectIn } from '../../runtime/json.ts'

/** In characters. */
export const MAX_TOKEN = 20_000

/** The accepted signature algorithms. HMAC and `none` are excluded: a shared secret or no signature does not prove the issuer. */
export const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'ES256', 'ES384'] as const

/** The last second of the year 9999, in seconds since 1970: the last date that replies can express. */
const LAST_SECOND = 253_402_300_799

/** A parsed token, not yet verified. It is a bearer token and thus secret. */
export interface OidcToken {
  readonly text: string
  readonly issuer: string
  readonly subject: string
  readonly audiences: readonly string[]
  /** Seconds since 1970. */
  readonly issuedAt: number
  readonly expiresAt: number
}

/** Returns the refusal of a token. `reason` must contain nothing of the token. */
export function invalidToken(reason: string) {
  return refuse('AuthenticationFail.OIDCToken.Invalid', { reason })
}

const UNREADABLE = 'The Jwt content is invalid that cannot be recognized.'

/** Reads a token. Refuses with AuthenticationFail.OIDCToken.Invalid. */
export function readToken(text: string): OidcToken {
  if (text.length > MAX_TOKEN) throw invalidToken(`${UNREADABLE} It is longer than ${MAX_TOKEN} characters.`)
  const parts = text.split('.')
  if (parts.length !== 3) throw invalidToken("The number of Jwt field should be divided into 3 parts with '.' .")
  const decoded = parts.map(fromBase64Url)
  if (decoded.some((part) => part === null))
    throw invalidToken('Cannot decode base64 encoded response(format invalided).')
  const [header, claims] = decoded.map((part) => part && objectIn(part))
  if (!header || !claims) throw invalidToken(UNREADABLE)
  checkAlgorithm(header['alg'])
  const { iss, sub, aud, iat, exp } = claims
  const audiences = [aud].flat()
  if (!isText(iss) || !isText(sub) || !audiences.every(isText) || !isTime(iat) || !isTime(exp))
    throw invalidToken(UNREADABLE)
  return { text, issuer: iss, subject: sub, audiences, issuedAt: iat, expiresAt: exp }
}

function objectIn(bytes: Buffer): JsonObject | null {
  return isUtf8(bytes) ? jsonObjectIn(bytes.toString()) : null
}

/** Refuses other algorithms. The message repeats only a value in the form of a JWS algorithm, since `alg` could contain anything. */
function checkAlgorithm(named: unknown): void {
  if (ALGORITHMS.some((algorithm) => algorithm === named)) return
  if (typeof named !== 'string') throw invalidToken(UNREADABLE)
  const shown = /^(?:[A-Z]{2}\d{3}K?|none|EdDSA)$/.test(named) ? `${named} ` : ''
  throw invalidToken(`The algorithm ${shown}that be specified in Jwt header is unknown.`)
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= LAST_SECOND
}
