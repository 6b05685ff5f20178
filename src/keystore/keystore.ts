// The port to key material. Material never leaves its store, except sealed. Two stores implement the port: software.ts under the root key, and
// pkcs11/hsm.ts in a device; router.ts picks one by the key's protection level. Suites under eachProtectionLevel (test/databases.ts) hold
// both to the same behaviour.
import type { EncryptionAlgorithm, SigningAlgorithm } from '../cryptography/algorithms.ts'
import type { ImportAlgorithm } from '../cryptography/wrap.ts'
import type { KeyUsage, ProtectionLevel } from './key-spec.ts'
import type { StoredMaterial } from './stored-material.ts'
import type { VersionPlace } from './version-place.ts'

/**
 * A store of key material. Every method that gets material throws Unopenable when it is not authentic at its place. Every method that needs
 * a device throws Unreachable when the device can't serve now. `time` is what the call as a whole may wait for a device.
 */
export interface Keystore {
  /**
   * Makes the material of a symmetric key's version from a secure random source. Refuses with Rejected.LimitExceeded when the device is
   * full, and with UnsupportedOperation when it has no keys of this spec.
   */
  generate(place: VersionPlace): Promise<StoredMaterial>
  /** Makes the pair of an asymmetric key's version, for its usage alone where the store can hold it to one; refuses as `generate` does. */
  generatePair(place: VersionPlace, usage: KeyUsage): Promise<StoredPair>
  /**
   * Encrypts `plaintext`, bound to `aad`: returns the nonce, and the ciphertext with its tag. Refuses with Rejected.KeyExhausted before
   * random nonces could repeat.
   */
  encrypt(
    place: VersionPlace,
    material: StoredMaterial,
    plaintext: Uint8Array,
    aad: Uint8Array,
    time?: DeviceTime,
  ): Promise<{ nonce: Uint8Array; sealed: Uint8Array }>
  /** Returns the plaintext; null when the ciphertext is not authentic. */
  decrypt(
    place: VersionPlace,
    material: StoredMaterial,
    message: { nonce: Uint8Array; sealed: Uint8Array },
    aad: Uint8Array,
    time?: DeviceTime,
  ): Promise<Uint8Array | null>
  /**
   * Signs a digest (whose length the algorithm allows: SIGNING_ALGORITHMS) with the private key. RSA signatures are as long as the modulus,
   * those of ECDSA and SM2 are DER, those of ML-DSA as FIPS 204 has them. The key's spec has the algorithm; Rejected.UnsupportedOperation
   * where the device lacks it.
   */
  sign(
    place: VersionPlace,
    material: StoredMaterial,
    algorithm: SigningAlgorithm,
    digest: Uint8Array,
    time?: DeviceTime,
  ): Promise<Uint8Array>
  /**
   * Returns the plaintext of a ciphertext for the public key (whose length the key's spec allows); null when there is none in it. The time
   * does not tell why. Refuses with Rejected.UnsupportedOperation where the device lacks the algorithm.
   */
  decryptAsymmetric(
    place: VersionPlace,
    material: StoredMaterial,
    algorithm: EncryptionAlgorithm,
    ciphertext: Uint8Array,
    time?: DeviceTime,
  ): Promise<Uint8Array | null>
  /** Refuses as `decryptAsymmetric` would, before anything is encrypted that nothing could decrypt. */
  demandDecryption(place: VersionPlace, algorithm: EncryptionAlgorithm, time?: DeviceTime): Promise<void>
  /** Wipes a version's destroyed material from memory. */
  forget(material: StoredMaterial, versionId: string): void
  /**
   * Destroys material that no record names any more. Returns whether nothing of it is left; after false or an error the caller tries again
   * later. An error other than Unreachable concerns this material alone.
   */
  destroy(material: StoredMaterial): Promise<boolean>
  /** Makes a pair for an import: of RSA-2048, or for hybrid wrapping. The private key is sealed for its purpose, or stays in the device and is a reference to its object. */
  wrappingKey(purpose: WrappingPurpose): Promise<WrappingKey>
  /**
   * Unwraps imported material of a symmetric key (as many bytes as its spec has) and stores it. The outcome does not say why unwrapping failed. `fingerprint` recognizes the same
   * material of the same key, and nothing else. Where one is `expected`, other material counts as no material.
   */
  importMaterial(
    place: VersionPlace,
    wrapping: Wrapping,
    wrapped: Uint8Array,
    expected: string | null,
  ): Promise<Imported>
  /** Removes wrapping keys that have expired at `now` (milliseconds since 1970), in stores that keep them. */
  collect(now: number): Promise<void>
}

/** A new pair: its private key as the store keeps it, and its public key (SubjectPublicKeyInfo, DER). */
export interface StoredPair {
  readonly material: StoredMaterial
  readonly publicKey: Uint8Array
}

/** What a wrapping key is for. Unwrapping demands the same `place`; `expiresAt` is milliseconds since 1970. */
export interface WrappingPurpose {
  readonly account: string
  readonly region: string
  readonly keyId: string
  readonly protectionLevel: ProtectionLevel
  readonly place: readonly string[]
  readonly algorithm: ImportAlgorithm
  readonly expiresAt: number
}

/** The wrapping key of an import token; `expired` when the call is made. */
export interface Wrapping {
  readonly place: readonly string[]
  readonly sealedPrivateKey: Uint8Array
  readonly algorithm: ImportAlgorithm
  readonly expired: boolean
}

/**
 * `unsupported`: the device can't do it safely; `why` says what it does or lacks. `too many`: the CMK has the most wrapping keys that are
 * allowed, until some expire.
 */
export type WrappingKey =
  | { readonly outcome: 'made'; readonly publicKey: Uint8Array; readonly sealedPrivateKey: Uint8Array }
  | { readonly outcome: 'unsupported'; readonly why: string }
  | { readonly outcome: 'too many' }

export type Imported =
  | { readonly outcome: 'imported'; readonly material: StoredMaterial; readonly fingerprint: string }
  | { readonly outcome: 'not a wrapping key' }
  | { readonly outcome: 'expired' }
  /** As in WrappingKey. */
  | { readonly outcome: 'unsupported'; readonly why: string }
  | { readonly outcome: 'not material' }

/** The time that one call may wait for a device: of all its requests together, from the first one on. */
export class DeviceTime {
  #began: number | null = null

  /** What is left of `ms` milliseconds at `now`, by the device's own clock. */
  left(ms: number, now: number): number {
    this.#began ??= now
    return Math.max(0, ms - (now - this.#began))
  }
}

/** A token of the HSM, as far as anybody may know it. Of one that does not serve, the texts may be '', and `abilities` empty. */
export interface TokenDescription {
  /** Its label or serial number, by which the operator configured it. */
  readonly token: string
  readonly state: 'Serving' | 'Away' | 'PinRefused'
  /** Why it does not serve; '' where it does. */
  readonly reason: string
  readonly label: string
  readonly manufacturer: string
  readonly model: string
  readonly serial: string
  readonly firmware: string
  /** What it was tried for: AES-256-GCM, and each algorithm to unwrap with. null: it can; else what keeps it from that. */
  readonly abilities: Readonly<Record<string, string | null>>
}

/** Counts how many messages each key version has encrypted. */
export interface Uses {
  /** Counts one message; approximately, since it is stored later. */
  note(place: VersionPlace): void
  /** Adds `count` messages in advance, durably. Returns the new total, or null, and adds nothing, when it would exceed `limit`. */
  reserve(place: VersionPlace, count: number, limit: number): Promise<number | null>
}

/** Sealed material that was altered, belongs to another place, or was sealed under another root key. */
export class Unopenable extends Error {}

/** The device that holds a key can't serve now. Nothing was done; the caller may try again. */
export class Unreachable extends Error {
  /** Whether the device was asked; a device known to be away is not. */
  readonly wasAsked: boolean
  constructor(message: string, wasAsked = true) {
    super(message)
    this.wasAsked = wasAsked
  }
}
