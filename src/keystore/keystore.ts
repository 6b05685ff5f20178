// The key store port: where key material lives. Material never leaves it, except sealed.
import type { WrappingAlgorithm } from '../cryptography/wrap.ts'

/** The key version that an operation is about. */
export interface VersionPlace {
  readonly account: string
  readonly region: string
  readonly keyId: string
  readonly versionId: string
}

/** Material as the key store hands it out: Base64 of bytes that only the store can open, at this place only. */
export type SealedMaterial = string

/** Throws Unopenable when sealed material is not authentic at its place. */
export interface Keystore {
  /** New 256-bit material from a secure random source. */
  generate(place: VersionPlace): Promise<SealedMaterial>
  /** The encrypted `plaintext` as nonce and ciphertext with tag, bound to `aad`. */
  encrypt(
    place: VersionPlace,
    material: SealedMaterial,
    plaintext: Uint8Array,
    aad: Uint8Array,
  ): Promise<{ nonce: Uint8Array; sealed: Uint8Array }>
  /** The plaintext, or null when the ciphertext is not authentic. */
  decrypt(
    place: VersionPlace,
    material: SealedMaterial,
    message: { nonce: Uint8Array; sealed: Uint8Array },
    aad: Uint8Array,
  ): Promise<Uint8Array | null>
  /** Forgets what it may have kept in memory of destroyed material. */
  forget(material: SealedMaterial): void
  /** A new wrapping pair; `private` is sealed for `place`, a list of texts that must be given again to unwrap. */
  wrappingKey(place: readonly string[]): Promise<{ publicKey: Uint8Array; sealedPrivateKey: Uint8Array }>
  /**
   * Unwraps imported material (32 bytes) and seals it. Why unwrapping failed is not told, to anyone.
   * `fingerprint` tells the same material of the same key again, and nothing else.
   */
  importMaterial(
    place: VersionPlace,
    wrapping: { place: readonly string[]; sealedPrivateKey: Uint8Array; algorithm: WrappingAlgorithm },
    wrapped: Uint8Array,
  ): Promise<Imported>
}

export type Imported =
  | { readonly outcome: 'imported'; readonly material: SealedMaterial; readonly fingerprint: string }
  | { readonly outcome: 'not a wrapping key' }
  | { readonly outcome: 'not material' }

/** Sealed material that was altered, or sealed elsewhere or under another root key. */
export class Unopenable extends Error {}
