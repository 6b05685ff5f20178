// The kinds of records whose bodies have a sealed value, and the place of this value. A rotation of the root key seals it again.
// INVARIANT: every stored sealed value is listed here; a test compares the list with every use of `seal` in the sources. Security tokens,
// import tokens and page tokens are not stored; they are valid until their root is dropped.
import { sealedSigningKey } from '../actiontrail/audit/signing-key.ts'
import { sealedVersion } from '../kms/records.ts'
import type { Kind, Recorded } from '../ledger/record.ts'
import { sealedAccessKey } from '../ram/access-key.ts'
import { sealedMfaDevice } from '../ram/mfa-device.ts'

interface SealedKind {
  /** The member of the body that is the sealed value, in Base64. */
  readonly member: string
  /** The place of the value; null where the member is not sealed. */
  placeOf(record: Recorded<unknown>): readonly string[] | null
}

/** The same for the kind with this body, so that the compiler knows the member. */
interface SealedIn<B> {
  readonly kind: Kind<B>
  readonly member: keyof B & string
  placeOf(record: Recorded<B>): readonly string[] | null
}

function entry<B>(sealed: SealedIn<B>): readonly [string, SealedKind] {
  return [sealed.kind.name, sealed as SealedIn<unknown>]
}

export const SEALED_KINDS: ReadonlyMap<string, SealedKind> = new Map([
  entry(sealedVersion),
  entry(sealedAccessKey),
  entry(sealedMfaDevice),
  entry(sealedSigningKey),
])
