// What a KMS operation works with: the reads of its account and region, the key store, the moment, the settings.
import type { Caller } from '../api/caller.ts'
import { type AnyOperation, operationsOf } from '../api/operation.ts'
import { KMS } from '../api/product.ts'
import type { Keystore } from '../keystore/keystore.ts'
import type { Change, Scope } from '../ledger/record.ts'
import type { LedgerView } from '../ledger/view.ts'
import type { Authorizer } from '../ram/authorize.ts'
import type { RequestFacts } from '../ram/conditions.ts'

/** Limits and places that the operator sets. */
export interface KmsSettings {
  /** The regions served, the default one first. */
  readonly regions: readonly string[]
  /** The regions that offer protection level HSM; empty where no HSM is configured. */
  readonly hsmRegions: readonly string[]
  readonly maxKeys: number
  readonly maxAliases: number
  readonly maxPendingWindowDays: number
}

/** What one call may use. `now` is milliseconds since 1970 and stays the same throughout the call. */
export interface KmsContext {
  readonly caller: Caller
  readonly scope: Scope
  readonly now: number
  /** The records as this attempt of the call reads them: once each. */
  readonly ledger: LedgerView
  readonly keystore: Keystore
  readonly settings: KmsSettings
  /** For lists that show only what the caller may see one by one. */
  readonly authorizer: Pick<Authorizer, 'denial'>
  readonly facts: RequestFacts
  /** A new lower-case UUID. */
  newRecordId(): string
  randomBytes(length: number): Uint8Array
}

export type KmsOperation = AnyOperation<KmsContext, Change>

export const operation = operationsOf<KmsContext, Change>(KMS)
