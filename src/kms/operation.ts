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
import type { MessageKeys } from './secrets/message-keys.ts'

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
  /** Whether calls are refused that the cloud does not support. */
  readonly strictCloud: boolean
  /** Whether algorithms are refused that OpenSSL's FIPS provider does not have. */
  readonly fips: boolean
}

/** The context of one call. `now` is milliseconds since 1970 and does not change during the call. */
export interface KmsContext {
  readonly caller: Caller
  readonly scope: Scope
  readonly now: number
  /** Reads records. A record stays as it was first read for the whole attempt of the call. */
  readonly ledger: LedgerView
  readonly keystore: Keystore
  /** Verifies and encrypts with public keys, whichever store has the private keys. */
  readonly publicKeys: PublicKeyWork
  /** The state of each token of the HSM; empty where no HSM is configured. */
  hsmTokens(): Promise<readonly TokenDescription[]>
  /** The message keys of secrets' values in memory. */
  readonly messageKeys: MessageKeys
  readonly settings: KmsSettings
  /** RAM's limit, for secrets that contain AccessKeys. */
  readonly quotas: Pick<RamQuotas, 'max-access-keys-per-user'>
  /** For lists that contain only the resources that the caller may see. */
  readonly authorizer: Pick<Authorizer, 'denial'>
  readonly facts: RequestFacts
  /** A new lower-case UUID. */
  newRecordId(): string
  randomBytes(length: number): Uint8Array
}

export type KmsOperation = AnyOperation<KmsContext, Change>

export const operation = operationsOf<KmsContext, Change>(KMS)
