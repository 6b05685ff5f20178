// The port to key material. Material never leaves its store, except sealed. Two stores implement the port: software.ts seals material under the
// root key, pkcs11/hsm.ts keeps it in a device. router.ts picks one by the key's protection level. Test suites under eachProtectionLevel
// (test/databases.ts) demand the same behaviour of both.
import type { EncryptionAlgorithm, SigningAlgorithm } from '../cryptography/algorithms.ts'
import type { ImportAlgorithm } from '../cryptography/wrap.ts'
import type { MaybePromise } from '../runtime/maybe-promise.ts'
import type { KeyUsage, ProtectionLevel } from './key-spec.ts'
import type { StoredMaterial } from './stored-material.ts'
import type { VersionPlace } from './version-place.ts'

/**
 * A store of key material. Every method with a parameter `material` throws Unopenable when the material is not authentic at its place. Every
 * method that needs a device throws Unreachable when the device can't serve at present. `time` limits how long the whole call waits for a device.
 */
export interface Keystore {
  /**
   * Generates the material of a symmetric key's version from a secure random source. Refuses with Rejected.LimitExceeded when the device is
   * full, and with UnsupportedOperation when it lacks keys of this spec.
   */
  generate(place: VersionPlace): Promise<StoredMaterial>
  /** Generates the pair of an asymmetric key's version, limited to its usage where the store can do that. Refuses as `generate` does. */
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
  ): MaybePromise<{ nonce: Uint8Array; sealed: Uint8Array }>
  /** Returns the plaintext; null when the ciphertext is not authentic. */
  decrypt(
    place: VersionPlace,
    material: StoredMaterial,
    message: { nonce: Uint8Array; sealed: Uint8Array },
    aad: Uint8Array,
    time?: DeviceTime,
  ): MaybePromise<Uint8Array | null>
  /**
   * Signs a digest with the private key. The caller has checked that the key's spec has the algorithm, and the digest's length
   * (SIGNING_ALGORITHMS). RSA signatures are as long as the modulus; ECDSA and SM2 signatures are DER; ML-DSA signatures have the format of FIPS
   * 204. Refuses with Rejected.UnsupportedOperation where the device lacks the algorithm.
   */
  sign(
    place: VersionPlace,
    material: StoredMaterial,
    algorithm: SigningAlgorithm,
    digest: Uint8Array,
    time?: DeviceTime,
  ): Promise<Uint8Array>
  /**
   * Decrypts a ciphertext that was encrypted with the public key; null when it is invalid. The caller has checked the ciphertext's length. The
   * time does not reveal why a ciphertext is invalid. Refuses with Rejected.UnsupportedOperation where the device lacks the algorithm.
   */
  decryptAsymmetric(
    place: VersionPlace,
    material: StoredMaterial,
    algorithm: EncryptionAlgorithm,
    ciphertext: Uint8Array,
    time?: DeviceTime,
  ): Promise<Uint8Array | null>
  /** Refuses as `decryptAsymmetric` does, so that callers do not encrypt what the device could not decrypt. */
  demandDecryption(place: VersionPlace, algorithm: EncryptionAlgorithm, time?: DeviceTime): Promise<void>
  /** Wipes a version's destroyed material from memory. */
  forget(material: StoredMaterial, versionId: string): void
  /**
   * Destroys material that no record refers to any more. Returns whether nothing of it is left. After false or an error, the caller tries again
   * later. An error other than Unreachable concerns this material only.
   */
  destroy(material: StoredMaterial): Promise<boolean>
  /**
   * Generates a wrapping key pair for an import: RSA-2048, or a hybrid pair. The returned private key is sealed for its purpose. With a device,
   * the sealed value is a reference to an object that stays in the device.
   */
  wrappingKey(purpose: WrappingPurpose): Promise<WrappingKey>
  /**
   * Unwraps imported material of a symmetric key, with the length of its spec, and stores it. The outcome does not say why unwrapping failed.
   * `fingerprint` identifies this material of this key. Where `expected` is not null, material with another fingerprint is `not material`.
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

/** The purpose of a wrapping key. Unwrapping needs the same `place`. `expiresAt` is milliseconds since 1970. */
export interface WrappingPurpose {
  readonly account: string
  readonly region: string
  readonly keyId: string
  readonly protectionLevel: ProtectionLevel
  readonly place: readonly string[]
  readonly algorithm: ImportAlgorithm
  readonly expiresAt: number
}

/** The wrapping key of an import token. `expired`: at the time of the call. */
export interface Wrapping {
  readonly place: readonly string[]
  readonly sealedPrivateKey: Uint8Array
  readonly algorithm: ImportAlgorithm
  readonly expired: boolean
}

/**
 * `unsupported`: the device can't do it safely; `why` completes the sentence `the device …`. `too many`: the CMK has as many wrapping keys as are
 * allowed; some must expire first.
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

/** The time that one call may wait for a device. It covers all requests of the call and starts with the first. */
export class DeviceTime {
  #began: number | null = null

  /** Returns how much of `ms` milliseconds is left at `now`, by the clock of the key store. The first call starts the time. */
  left(ms: number, now: number): number {
    this.#began ??= now
    return Math.max(0, ms - (now - this.#began))
  }
}

/** The public description of a token of the HSM. For a token that does not serve, the texts may be '' and `abilities` empty. */
export interface TokenDescription {
  /** The label or serial number in the operator's configuration. */
  readonly token: string
  readonly state: 'Serving' | 'Away' | 'PinRefused'
  /** Why it does not serve; '' where it does. */
  readonly reason: string
  readonly label: string
  readonly manufacturer: string
  readonly model: string
  readonly serial: string
  readonly firmware: string
  /** The abilities that were tried: AES-256-GCM, algorithms to unwrap with, work with key pairs. null: it works; otherwise why it does not. */
  readonly abilities: Readonly<Record<string, string | null>>
}

/** Counts how many messages each key version has encrypted. */
export interface Uses {
  /** Counts one message in memory. The count is stored later, so a crash may lose it. */
  note(place: VersionPlace): void
  /** Adds `count` messages in advance, durably. Returns the new total, or null, and adds nothing, when it would exceed `limit`. */
  reserve(place: VersionPlace, count: number, limit: number): Promise<number | null>
}

/** The sealed material was altered, belongs to another place, or was sealed under another root key. */
export class Unopenable extends Error {}

/** The device can't serve at present. Nothing was done; the caller may try again. */
export class Unreachable extends Error {
  /** Whether the request was sent. It is not sent to a device that is known to be unreachable. */
  readonly wasAsked: boolean
  constructor(message: string, wasAsked = true) {
    super(message)
    this.wasAsked = wasAsked
  }
}
