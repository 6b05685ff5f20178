// The context of KMS operations: the records of the account and region, the key store, the time, the settings.
import type { Caller } from '../api/caller.ts'
import { type AnyOperation, operationsOf } from '../api/operation.ts'
import { KMS } from '../api/product.ts'
import type { Keystore, TokenDescription } from '../keystore/keystore.ts'
import type { PublicKeyWork } from '../keystore/pair-work.ts'
import type { Change, Scope } from '../ledger/record.ts'
import type { LedgerView } from '../ledger/view.ts'
import type { Authorizer } from '../ram/authorize.ts'
import type { RequestFacts } from '../ram/conditions.ts'
import type { RamQuotas } from '../settings/quotas.ts'
import type { SecretDatabases } from '../settings/secret-databases.ts'
import type { DataKeys } from './secrets/data-keys.ts'

/** The operator's settings that operations use. */
export interface KmsSettings {
  /** The regions served, the default one first. */
  readonly regions: readonly string[]
  /** The regions that offer protection level HSM; empty where no HSM is configured. */
  readonly hsmRegions: readonly string[]
  readonly maxKeys: number
  readonly maxAliases: number
  readonly maxSecrets: number
  readonly maxPendingWindowDays: number
  /** The databases in which rotations change passwords. */
  readonly secretDatabases: SecretDatabases
  /** Whether what the cloud does not have is refused. */
  readonly strictCloud: boolean
  /** Whether what OpenSSL's FIPS provider does not have is refused. */
  readonly fips: boolean
}

/** The context of one call. `now` is milliseconds since 1970 and does not change during the call. */
export interface KmsContext {
  readonly caller: Caller
  readonly scope: Scope
  readonly now: number
  /** Reads records; each stays, during this attempt of the call, as it was first read. */
  readonly ledger: LedgerView
  readonly keystore: Keystore
  /** Verifies and encrypts with public keys, whatever store has the private ones. */
  readonly publicKeys: PublicKeyWork
  /** What is known of the tokens of the HSM; none where no HSM is configured. */
  hsmTokens(): Promise<readonly TokenDescription[]>
  /** The data keys of secrets' values that are ready for use. */
  readonly dataKeys: DataKeys
  readonly settings: KmsSettings
  /** Of RAM, for secrets over AccessKeys. */
  readonly quotas: Pick<RamQuotas, 'max-access-keys-per-user'>
  /** For lists that show only the keys that the caller may list. */
  readonly authorizer: Pick<Authorizer, 'denial'>
  readonly facts: RequestFacts
  /** A new lower-case UUID. */
  newRecordId(): string
  randomBytes(length: number): Uint8Array
}

export type KmsOperation = AnyOperation<KmsContext, Change>

export const operation = operationsOf<KmsContext, Change>(KMS)
