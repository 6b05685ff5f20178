// The requests between the owner of the database and its workers, and the errors that keep their class on the way.

import type { Code } from '../../api/errors/catalogue.ts'
import { type Denial, Refusal } from '../../api/errors.ts'
import type { Attempt } from '../../console/attempts.ts'
import type { EncryptionAlgorithm, SigningAlgorithm } from '../../cryptography/algorithms.ts'
import type { Limits } from '../../gateway/limits.ts'
import type { Counted } from '../../gateway/metrics.ts'
import type { Admission, AnonymousRate } from '../../gateway/rate-limit.ts'
import type { Tls } from '../../gateway/server-certificate.ts'
import type { KeyUsage } from '../../keystore/key-spec.ts'
import {
  type Imported,
  type StoredPair,
  type TokenDescription,
  Unopenable,
  Unreachable,
  type Wrapping,
  type WrappingKey,
  type WrappingPurpose,
} from '../../keystore/keystore.ts'
import type { StoredMaterial } from '../../keystore/stored-material.ts'
import type { VersionPlace } from '../../keystore/version-place.ts'
import type { Settings } from '../../settings/settings.ts'
import type { ErrorForm } from '../../storage/remote/channel.ts'
import { STORAGE_ERRORS, type StorageMethods } from '../../storage/remote/remote-storage.ts'
import type { Heads } from '../../storage/storage.ts'
import { type IssuerSource, IssuersBusy, IssuerTrouble, type TroubleKind } from '../../sts/oidc/issuer.ts'

/** The descriptor of the channel in a worker. The descriptor before it is Node's IPC channel, which carries connections. */
export const CHANNEL_FD = 4

/** What a worker gets at its start. The settings hold no secret that a worker does not need. */
export interface Beginning {
  readonly settings: Settings
  /** What the owner serves when the worker starts. */
  readonly tls: Tls | null
  /** The worker's share of the server's limits. */
  readonly limits: Limits
  /** How many workers there are. */
  readonly workers: number
  /** See OpenHouse.node; the worker checks delivery targets with it. */
  readonly node: string
}

/** Messages on the IPC channel, which keeps them in the order of the connections. */
export type Sent =
  | { readonly number: number; readonly address: number }
  | { readonly giveWay: number }
  | { readonly stopWithinMs: number }

export type WorkerMethods = {
  /** Resolves when the worker serves. */
  readonly begin: (beginning: Beginning) => Promise<void>
  /** A sign of life. */
  readonly beat: () => void
  readonly counted: () => Promise<Counted>
  /** Whether the worker can commit calls; true on SQLite, where the owner commits them. */
  readonly canCommit: () => Promise<boolean>
}

/** The HSM's key store; `spentMs` is how long the call has waited for the device already. */
type HsmMethods = {
  readonly 'hsm.generate': (place: VersionPlace) => Promise<StoredMaterial>
  readonly 'hsm.encrypt': (
    place: VersionPlace,
    material: StoredMaterial,
    plaintext: Uint8Array,
    aad: Uint8Array,
    spentMs: number,
  ) => Promise<{ nonce: Uint8Array; sealed: Uint8Array }>
  readonly 'hsm.decrypt': (
    place: VersionPlace,
    material: StoredMaterial,
    message: { nonce: Uint8Array; sealed: Uint8Array },
    aad: Uint8Array,
    spentMs: number,
  ) => Promise<Uint8Array | null>
  readonly 'hsm.generatePair': (place: VersionPlace, usage: KeyUsage) => Promise<StoredPair>
  readonly 'hsm.sign': (
    place: VersionPlace,
    material: StoredMaterial,
    algorithm: SigningAlgorithm,
    digest: Uint8Array,
    spentMs: number,
  ) => Promise<Uint8Array>
  readonly 'hsm.decryptAsymmetric': (
    place: VersionPlace,
    material: StoredMaterial,
    algorithm: EncryptionAlgorithm,
    ciphertext: Uint8Array,
    spentMs: number,
  ) => Promise<Uint8Array | null>
  readonly 'hsm.demandDecryption': (
    place: VersionPlace,
    algorithm: EncryptionAlgorithm,
    spentMs: number,
  ) => Promise<void>
  readonly 'hsm.describe': () => Promise<readonly TokenDescription[]>
  readonly 'hsm.forget': (material: StoredMaterial, versionId: string) => void
  readonly 'hsm.destroy': (material: StoredMaterial) => Promise<boolean>
  readonly 'hsm.wrappingKey': (purpose: WrappingPurpose) => Promise<WrappingKey>
  readonly 'hsm.importMaterial': (
    place: VersionPlace,
    wrapping: Wrapping,
    wrapped: Uint8Array,
    expected: string | null,
  ) => Promise<Imported>
}

export type OwnerMethods = StorageMethods &
  HsmMethods & {
    /** Unwraps the ring of root keys with the provider in use; null when that provider did not wrap it. */
    readonly unwrap: (wrapped: Uint8Array) => Promise<Uint8Array | null>
    readonly ready: () => Promise<boolean>
    /** See TrailWitness. */
    readonly saw: (heads: Heads) => Promise<void>
    readonly rewound: (heads: Heads) => Promise<void>
    /** See RateLimits and RefusedLimits. */
    readonly admit: (account: string, region: string, product: string, operation: string, now: number) => Admission
    readonly admitAnonymous: (rate: AnonymousRate, whose: string, now: number) => boolean
    readonly 'refused.admit': (
      account: string,
      caller: string,
      bytes: number,
      perSecond: number,
      now: number,
    ) => number | null
    readonly 'refused.admitCopy': (payer: string, owner: string, bytes: number, now: number) => number | null
    readonly 'refused.untold': (account: string, unrecorded: number) => void
    readonly 'refused.untoldCopy': (payer: string, owner: string, unrecorded: number) => void
    readonly 'refused.skip': (account: string, now: number) => void
    /** See IssuerSource. */
    readonly 'issuer.keysOf': IssuerSource['keysOf']
    /** See AttemptLimits. */
    readonly 'attempts.admit': (source: string, name: string, now: number) => Attempt | null
    readonly 'attempts.succeeded': (attempt: Attempt) => void
    /** How many messages were encrypted under software keys since the last time. */
    readonly uses: (noted: readonly { readonly place: VersionPlace; readonly uses: number }[]) => void
    /** See Uses.reserve. */
    readonly reserve: (place: VersionPlace, count: number, limit: number) => Promise<number | null>
    /** See Metrics.relay. */
    readonly logged: (fields: Readonly<Record<string, unknown>>, message: string) => void
    /** When AccessKeys were used. */
    readonly lastUsed: (noted: readonly (readonly [accessKeyId: string, at: number])[]) => void
    readonly lastUsedAt: (accessKeyId: string) => Promise<number | null>
    /** See Dealer. */
    readonly recognized: (numbers: readonly number[]) => void
    readonly called: (numbers: readonly number[]) => void
    readonly closed: (numbers: readonly number[]) => void
  }

interface RefusalParts {
  readonly entry: Code
  readonly code: string
  readonly message: string
  readonly denial: Denial | null
}

export const ERRORS: readonly ErrorForm[] = [
  ...STORAGE_ERRORS,
  {
    name: 'refusal',
    of: (error): RefusalParts | undefined => {
      if (!(error instanceof Refusal)) return undefined
      const { entry, code, message, denial } = error
      return { entry, code, message, denial }
    },
    from: ({ entry, code, message, denial }: RefusalParts) => new Refusal(entry, code, message, denial),
  },
  {
    name: 'unreachable',
    of: (error) => (error instanceof Unreachable ? [error.message, error.wasAsked] : undefined),
    from: ([message, wasAsked]: [string, boolean]) => new Unreachable(message, wasAsked),
  },
  {
    name: 'issuer trouble',
    of: (error) => (error instanceof IssuerTrouble ? [error.kind, error.url, error.message] : undefined),
    from: ([kind, url, message]: [TroubleKind, string, string]) => new IssuerTrouble(kind, url, message),
  },
  {
    name: 'issuers busy',
    of: (error) => (error instanceof IssuersBusy ? error.message : undefined),
    from: (message: string) => new IssuersBusy(message),
  },
  {
    name: 'unopenable',
    of: (error) => (error instanceof Unopenable ? error.message : undefined),
    from: (message: string) => new Unopenable(message),
  },
]
