// OIDC providers: the issuers whose tokens an account accepts, each with the accepted clients.
import type { Kind, Recorded } from '../ledger/record.ts'

/** An OIDC provider; its record's id is its name in lower case. */
export interface OidcProviderBody {
  readonly providerName: string
  /** Never changes; unique in the account. */
  readonly issuerUrl: string
  /** The accepted audiences of tokens. */
  readonly clientIds: readonly string[]
  /** SHA-1 thumbprints of root certificates, in upper or lower case as sent. */
  readonly fingerprints: readonly string[]
  readonly description: string
  /** How old a token may be, in hours. */
  readonly issuanceLimitHours: number
  readonly updatedAt: number
}

export type OidcProvider = Recorded<OidcProviderBody>

export const OIDC_PROVIDER: Kind<OidcProviderBody> = { name: 'ram-oidc-provider', counted: true }
/** Marks that an issuer has a provider in the account, so that it gets no second one. The record's id is the issuer's URL. */
export const OIDC_ISSUER: Kind<{ readonly provider: string }> = { name: 'ram-oidc-issuer', counted: false }

/** The ARN by which trust policies and tokens name a provider. */
export function oidcProviderArn(account: string, name: string): string {
  return `acs:ram::${account}:oidc-provider/${name}`
}
