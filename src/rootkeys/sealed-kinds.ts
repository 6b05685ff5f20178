// Every kind of record with a sealed value in its body, and where in it that is: a rotation of the root key seals these anew.
// INVARIANT: what is sealed and stored is listed here; a test holds the list against every use of `seal` in the sources.
// Not stored, and good until their root is dropped: security tokens, import tokens, page tokens.
import { sealedSigningKey } from '../actiontrail/audit/signing-key.ts'
import { sealedVersion } from '../kms/records.ts'
import type { Kind, Recorded } from '../ledger/record.ts'
import { sealedAccessKey } from '../ram/access-key.ts'

/** Answers the value (Base64), sealed anew for its place where it was sealed under an older root. */
export type SealAnew = (place: readonly string[], sealed: string) => string

export interface SealedKind<B> {
  readonly kind: Kind<B>
  /** The body with its sealed values anew; the same body when none was sealed under an older root. */
  sealAnew(record: Recorded<B>, anew: SealAnew): B
}

export const SEALED_KINDS: ReadonlyMap<string, SealedKind<unknown>> = new Map(
  [sealedVersion, sealedAccessKey, sealedSigningKey].map((sealed) => [sealed.kind.name, sealed as SealedKind<unknown>]),
)
