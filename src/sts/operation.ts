// The context of STS operations.
import type { Caller } from '../api/caller.ts'
import { type AnyOperation, operationsOf } from '../api/operation.ts'
import { STS } from '../api/product.ts'
import type { Change } from '../ledger/record.ts'
import type { LedgerView } from '../ledger/view.ts'
import type { Authorizer } from '../ram/authorize.ts'
import type { RequestFacts } from '../ram/conditions.ts'
import type { OidcTokens } from './oidc/verify.ts'
import type { SecurityTokens } from './security-token.ts'

/** The context of one call. `now` is milliseconds since 1970 and stays the same throughout the call. */
export interface StsContext {
  readonly caller: Caller
  readonly now: number
  /** Reads records. A record stays as it was first read for the whole attempt of the call. */
  readonly ledger: LedgerView
  readonly authorizer: Authorizer
  readonly securityTokens: SecurityTokens
  readonly oidcTokens: Pick<OidcTokens, 'verify'>
  readonly facts: RequestFacts
  randomBytes(length: number): Uint8Array
}

export type StsOperation = AnyOperation<StsContext, Change>

export const operation = operationsOf<StsContext, Change>(STS)
