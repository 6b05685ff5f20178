// The key store port: where key material lives. Material never leaves it, except sealed.
import type { WrappingAlgorithm } from '../cryptography/wrap.ts'
import type { StoredMaterial } from './stored-material.ts'

export type ProtectionLevel = 'SOFTWARE' | 'HSM'

/** The key version that an operation is about. */
export interface VersionPlace {
  readonly account: string
  readonly region: string
  readonly keyId: string
  readonly versionId: string
  readonly protectionLevel: ProtectionLevel
}

/** What a wrapping key is for. `place` is a list of texts that must be given again to unwrap; `expiresAt` is milliseconds since 1970. */
export interface WrappingPurpose {
  readonly account: string
  readonly region: string
  readonly keyId: string
  readonly protectionLevel: ProtectionLevel
  readonly place: readonly string[]
  readonly algorithm: WrappingAlgorithm
  readonly expiresAt: number
}

/** How long one call may wait for a device, all its requests together: from the first of them on. */
export class DeviceTime {
  #began: number | null = null

  /** What is left of so many milliseconds. */
  left(ms: number): number {
    this.#began ??= performance.now()
    return Math.max(0, ms - (performance.now() - this.#began))
  }
}

/**
 * Throws Unopenable when material is not authentic at its place, Unreachable when the device that holds it can't serve now,
 * and refuses with Rejected.KeyExhausted or Rejected.LimitExceeded as each method says.
 */
export interface Keystore {
  /** New 256-bit material from a secure random source. Refuses with Rejected.LimitExceeded when the device is full. */
  generate(place: VersionPlace): Promise<StoredMaterial>
  /**
   * The encrypted `plaintext` as nonce and ciphertext with tag, bound to `aad`.
   * Refuses with Rejected.KeyExhausted before random nonces could repeat.
   */
  encrypt(
    place: VersionPlace,
    material: StoredMaterial,
    plaintext: Uint8Array,
    aad: Uint8Array,
    time?: DeviceTime,
  ): Promise<{ nonce: Uint8Array; sealed: Uint8Array }>
  /** The plaintext, or null when the ciphertext is not authentic. */
  decrypt(
    place: VersionPlace,
    material: StoredMaterial,
    message: { nonce: Uint8Array; sealed: Uint8Array },
    aad: Uint8Array,
    time?: DeviceTime,
  ): Promise<Uint8Array | null>
  /** Wipes what it may have kept in memory of a version's material that was destroyed. */
  forget(material: StoredMaterial, versionId: string): void
  /**
   * Destroys material that no record names any more; true once nothing of it is left. False or a rejection: try again later. One that is
   * not Unreachable is about this material alone.
   */
  destroy(material: StoredMaterial): Promise<boolean>
  /** A new RSA-2048 wrapping pair; the private key is sealed for its purpose, or names an object in the device. */
  wrappingKey(purpose: WrappingPurpose): Promise<WrappingKey>
  /**
   * Unwraps imported material (32 bytes) and keeps it. Why unwrapping failed is not told, to anyone.
   * `fingerprint` tells the same material of the same key again, and nothing else; where one is `expected`, any other is no material.
   */
  importMaterial(
    place: VersionPlace,
    wrapping: Wrapping,
    wrapped: Uint8Array,
    expected: string | null,
  ): Promise<Imported>
  /** Removes wrapping keys that have expired at `now` (milliseconds since 1970), where they are kept at all. */
  collect(now: number): Promise<void>
}

/** What an import token says of its wrapping key; `expired` at the moment of the call. */
export interface Wrapping {
  readonly place: readonly string[]
  readonly sealedPrivateKey: Uint8Array
  readonly algorithm: WrappingAlgorithm
  readonly expired: boolean
}

/** `unsupported`: why the device does not do it safely, as what it does or lacks; `too many`: the CMK has as many wrapping keys as may be, until some expire. */
export type WrappingKey =
  | { readonly outcome: 'made'; readonly publicKey: Uint8Array; readonly sealedPrivateKey: Uint8Array }
  | { readonly outcome: 'unsupported'; readonly why: string }
  | { readonly outcome: 'too many' }

export type Imported =
  | { readonly outcome: 'imported'; readonly material: StoredMaterial; readonly fingerprint: string }
  | { readonly outcome: 'not a wrapping key' }
  | { readonly outcome: 'expired' }
  /** As of WrappingKey. */
  | { readonly outcome: 'unsupported'; readonly why: string }
  | { readonly outcome: 'not material' }

/** Counts how many messages each key version has encrypted. */
export interface Uses {
  /** One more message; approximate, written down later. */
  note(place: VersionPlace): void
  /** Adds `count` messages in advance, durably; the total afterwards, or null when it would pass `limit` (nothing is added then). */
  reserve(place: VersionPlace, count: number, limit: number): Promise<number | null>
}

/** Sealed material that was altered, or sealed elsewhere or under another root key. */
export class Unopenable extends Error {}

/** The device that holds a key can't serve now. Nothing was done; the caller may try again. */
export class Unreachable extends Error {
  /** Whether the device was asked at all; it was not when it was known to be away. */
  readonly wasAsked: boolean
  constructor(message: string, wasAsked = true) {
    super(message)
    this.wasAsked = wasAsked
  }
}
