// The context of RAM operations.
import type { Caller } from '../api/caller.ts'
import { type AnyOperation, operationsOf } from '../api/operation.ts'
import { RAM } from '../api/product.ts'
import type { Change } from '../ledger/record.ts'
import type { LedgerView } from '../ledger/view.ts'
import type { RamQuotas } from '../settings/quotas.ts'
import type { HeavyWork } from './heavy-work.ts'
import type { MfaSeeds } from './mfa-device.ts'

/** The context of one call. `now` is milliseconds since 1970 and stays the same throughout the call. */
export interface RamContext {
  readonly caller: Caller
  readonly now: number
  /** Reads records. A record stays as it was first read for the whole attempt of the call. */
  readonly ledger: LedgerView
  readonly quotas: RamQuotas
  randomBytes(length: number): Uint8Array
  /** Seals the secret of an AccessKey for its record; Base64. */
  sealAccessKeySecret(accessKeyId: string, secret: string): string
  /** Seals and opens the seeds of MFA devices. */
  readonly mfaSeeds: MfaSeeds
  /** Hashes passwords and draws QR codes, for calls. */
  readonly heavyWork: HeavyWork
  /** When an AccessKey was last used by a call, in milliseconds since 1970, or null. */
  accessKeyLastUsed(accessKeyId: string): Promise<number | null>
}

export type RamOperation = AnyOperation<RamContext, Change>

export const operation = operationsOf<RamContext, Change>(RAM)
