// What an STS operation works with.
import type { Caller } from '../api/caller.ts'
import { type AnyOperation, operationsOf } from '../api/operation.ts'
import { STS } from '../api/product.ts'
import type { Change } from '../ledger/record.ts'
import type { LedgerView } from '../ledger/view.ts'
import type { Authorizer } from '../ram/authorize.ts'
import type { RequestFacts } from '../ram/conditions.ts'
import type { OidcTokens } from './oidc/verify.ts'
import type { SecurityTokens } from './security-token.ts'

/** What one call may use. `now` is milliseconds since 1970 and stays the same throughout the call. */
export interface StsContext {
  readonly caller: Caller
  readonly now: number
  /** The records as this attempt of the call reads them: once each. */
  readonly ledger: LedgerView
  readonly authorizer: Authorizer
  readonly securityTokens: SecurityTokens
  readonly oidcTokens: Pick<OidcTokens, 'verify'>
  readonly facts: RequestFacts
  randomBytes(length: number): Uint8Array
}

export type StsOperation = AnyOperation<StsContext, Change>

export const operation = operationsOf<StsContext, Change>(STS)
