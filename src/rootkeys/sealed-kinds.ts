// Every kind of record whose body holds a sealed value, and where it does: a rotation of the root key seals these values again.
// INVARIANT: every sealed value that is stored is listed here; a test compares the list with every use of `seal` in the sources.
// Not stored, and valid until their root is dropped: security tokens, import tokens, page tokens.
import { sealedSigningKey } from '../actiontrail/audit/signing-key.ts'
import { sealedVersion } from '../kms/records.ts'
import type { Kind, Recorded } from '../ledger/record.ts'
import { sealedAccessKey } from '../ram/access-key.ts'
import { sealedMfaDevice } from '../ram/mfa-device.ts'

/** Returns the value (Base64) sealed under the current root, for the same place. */
export type Reseal = (place: readonly string[], sealed: string) => string

export interface SealedKind<B> {
  readonly kind: Kind<B>
  /** The body with its values sealed under the current root; the same body when all of them were. */
  reseal(record: Recorded<B>, reseal: Reseal): B
}

export const SEALED_KINDS: ReadonlyMap<string, SealedKind<unknown>> = new Map(
  [sealedVersion, sealedAccessKey, sealedMfaDevice, sealedSigningKey].map((sealed) => [
    sealed.kind.name,
    sealed as SealedKind<unknown>,
  ]),
)
