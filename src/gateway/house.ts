// The services that calls use (House), and the operations of each product version.
import type { DeliveryTarget } from '../actiontrail/delivery/targets/target.ts'
import type { EventIndex } from '../actiontrail/lookup/event-index.ts'
import type { PageTokens } from '../actiontrail/lookup/page-token.ts'
import type { ActionTrailContext, TrailSettings } from '../actiontrail/operation.ts'
import type { AnyOperation } from '../api/operation.ts'
import type { Product } from '../api/product.ts'
import type { Keystore } from '../keystore/keystore.ts'
import type { PublicKeyWork } from '../keystore/pair-work.ts'
import type { KmsContext, KmsSettings } from '../kms/operation.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Change } from '../ledger/record.ts'
import type { AccessKeys } from '../ram/access-key.ts'
import type { Authorizer } from '../ram/authorize.ts'
import type { HeavyWork } from '../ram/heavy-work.ts'
import type { InstallationMark } from '../ram/installation-mark.ts'
import type { LastUsed } from '../ram/last-used.ts'
import type { MfaSeeds } from '../ram/mfa-device.ts'
import type { RamContext } from '../ram/operation.ts'
import type { Runtime } from '../runtime/runtime.ts'
import type { OidcSettings } from '../settings/oidc.ts'
import type { RamQuotas } from '../settings/quotas.ts'
import type { Rates } from '../settings/rates.ts'
import type { OidcTokens } from '../sts/oidc/verify.ts'
import type { StsContext } from '../sts/operation.ts'
import type { SecurityTokens } from '../sts/security-token.ts'
import type { Clock } from './authenticate.ts'
import type { RateLimits } from './limiting.ts'
import type { Observer } from './observer.ts'
import type { HttpRequest } from './request.ts'
import type { Tracer } from './tracer.ts'

/** The context of any product's operations. */
export type CallContext = KmsContext & RamContext & StsContext & ActionTrailContext
export type CallOperation = AnyOperation<CallContext, Change>

/** A version of a product's API, with its operations. */
export interface ProductVersion {
  readonly product: Product
  readonly version: string
  readonly operations: ReadonlyMap<string, CallOperation>
  /** Operations of the cloud that this service does not implement: for each, the documentation page about the alternative. */
  readonly others: ReadonlyMap<string, string>
}

/** An answer to a browser. */
export interface ConsoleAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[]>>
  readonly body: string | Uint8Array
}

/** The console's part of the server's port; src/console implements it. */
export interface ConsolePort {
  /** Answers a request for a path of the console, and calls `recognize` when its caller is authenticated. Rejects when its files can't be read. */
  answer(request: HttpRequest, house: House, recognize: () => void): Promise<ConsoleAnswer>
}

/** The services of an open server that calls use. Time and randomness are passed in. */
export interface House extends Clock {
  readonly products: readonly ProductVersion[]
  readonly settings: KmsSettings &
    TrailSettings & {
      readonly quotas: RamQuotas
      readonly rates: Rates
      readonly oidc: Pick<OidcSettings, 'callsPerSecond'>
      /** The average rate at which the events of an account's refused calls may be stored, in bytes a second. */
      readonly refusedBytesPerSecond: number
      /** The accounts with their own limits. */
      readonly accounts: ReadonlyMap<
        string,
        Pick<KmsSettings, 'maxKeys' | 'maxAliases' | 'maxSecrets'> & { readonly rates: Rates }
      >
    }
  readonly rateLimiter: RateLimits
  readonly runtime: Runtime
  readonly ledger: Ledger
  readonly keystore: Keystore
  readonly publicKeys: PublicKeyWork
  readonly hsmTokens: KmsContext['hsmTokens']
  readonly messageKeys: KmsContext['messageKeys']
  readonly accessKeys: AccessKeys
  readonly securityTokens: SecurityTokens
  readonly oidcTokens: OidcTokens
  readonly mfaSeeds: MfaSeeds
  readonly heavyWork: HeavyWork
  readonly eventIndex: EventIndex
  /** The installation record, which names the operator's account. */
  readonly ring: Pick<InstallationMark, 'record'>
  readonly pageTokens: PageTokens
  readonly authorizer: Authorizer
  readonly console: ConsolePort
  readonly lastUsed: Pick<LastUsed, 'note' | 'at'>
  /** With --dev: moves the clock, does the background work that falls due, and returns how many keys it changed. */
  readonly dev: { advance(ms: number): Promise<number> } | null
  readonly deliveryTarget: DeliveryTarget
  /** Whether the database can be read and accepts commits. */
  ready(): Promise<boolean>
  readonly observer: Observer
  /** Traces each call; null where no traces are sent. */
  readonly tracer: Tracer | null
  /** Reports failures of the server, not mistakes of callers. */
  failed(message: string, error: unknown): void
}
