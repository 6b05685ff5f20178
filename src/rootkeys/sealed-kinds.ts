// The kinds of records whose bodies contain sealed values, and the places of these values. A rotation of the root key seals them again.
// INVARIANT: every stored sealed value is listed here; a test compares the list with every use of `seal` in the sources. Security tokens,
// import tokens and page tokens are not stored; they are valid until their root is dropped.
import { sealedSigningKey } from '../actiontrail/audit/signing-key.ts'
import { sealedVersion } from '../kms/records.ts'
import type { Kind, Recorded } from '../ledger/record.ts'
import { sealedAccessKey } from '../ram/access-key.ts'
import { sealedMfaDevice } from '../ram/mfa-device.ts'

/** Seals a value (Base64) again under the current root, for the same place. */
export type Reseal = (place: readonly string[], sealed: string) => string

interface SealedKind<B> {
  readonly kind: Kind<B>
  /** Returns the body with its values sealed under the current root; the same object when all of them already were. */
  reseal(record: Recorded<B>, reseal: Reseal): B
}

export const SEALED_KINDS: ReadonlyMap<string, SealedKind<unknown>> = new Map(
  [sealedVersion, sealedAccessKey, sealedMfaDevice, sealedSigningKey].map((sealed) => [
    sealed.kind.name,
    sealed as SealedKind<unknown>,
  ]),
)
