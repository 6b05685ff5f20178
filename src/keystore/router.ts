// Picks the key store by the protection level of the key version, and counts uses that the stores do not reserve.
import type { EncryptionAlgorithm, SigningAlgorithm } from '../cryptography/algorithms.ts'
import type { MaybePromise } from '../runtime/maybe-promise.ts'
import { demandInFips } from './in-fips.ts'
import { countsAhead, type KeyUsage, type ProtectionLevel } from './key-spec.ts'
import {
  DeviceTime,
  type Imported,
  type Keystore,
  type StoredPair,
  Unreachable,
  type Uses,
  type Wrapping,
  type WrappingKey,
  type WrappingPurpose,
} from './keystore.ts'
import { type StoredMaterial, storeOf } from './stored-material.ts'
import type { VersionPlace } from './version-place.ts'

export class KeystoreRouter implements Keystore {
  readonly #software: Keystore
  readonly #hsm: Keystore | null
  readonly #uses: Uses
  readonly #fips: boolean

  /** `hsm` is null when no device is configured; keys in an HSM are then unreachable. `fips`: whether FIPS mode is on. */
  constructor(software: Keystore, hsm: Keystore | null, uses: Uses, fips: boolean) {
    this.#software = software
    this.#hsm = hsm
    this.#uses = uses
    this.#fips = fips
  }

  generate(place: VersionPlace): Promise<StoredMaterial> {
    return this.#storeFor(place).generate(place)
  }

  generatePair(place: VersionPlace, usage: KeyUsage): Promise<StoredPair> {
    return this.#storeFor(place).generatePair(place, usage)
  }

  encrypt(
    place: VersionPlace,
    material: StoredMaterial,
    plaintext: Uint8Array,
    aad: Uint8Array,
    time: DeviceTime = new DeviceTime(),
  ) {
    // The stores reserve all other uses themselves.
    if (!countsAhead(place)) this.#uses.note(place)
    return this.#storeFor(place).encrypt(place, material, plaintext, aad, time)
  }

  decrypt(
    place: VersionPlace,
    material: StoredMaterial,
    message: { nonce: Uint8Array; sealed: Uint8Array },
    aad: Uint8Array,
    time: DeviceTime = new DeviceTime(),
  ): MaybePromise<Uint8Array | null> {
    return this.#storeFor(place).decrypt(place, material, message, aad, time)
  }

  sign(
    place: VersionPlace,
    material: StoredMaterial,
    algorithm: SigningAlgorithm,
    digest: Uint8Array,
    time: DeviceTime = new DeviceTime(),
  ): Promise<Uint8Array> {
    return this.#storeFor(place).sign(place, material, algorithm, digest, time)
  }

  decryptAsymmetric(
    place: VersionPlace,
    material: StoredMaterial,
    algorithm: EncryptionAlgorithm,
    ciphertext: Uint8Array,
    time: DeviceTime = new DeviceTime(),
  ): Promise<Uint8Array | null> {
    return this.#storeFor(place).decryptAsymmetric(place, material, algorithm, ciphertext, time)
  }

  demandDecryption(place: VersionPlace, algorithm: EncryptionAlgorithm, time: DeviceTime = new DeviceTime()) {
    return this.#storeFor(place).demandDecryption(place, algorithm, time)
  }

  forget(material: StoredMaterial, versionId: string): void {
    // Without a configured device, nothing of its keys is in memory.
    const store = storeOf(material) === 'HSM' ? this.#hsm : this.#software
    store?.forget(material, versionId)
  }

  async destroy(material: StoredMaterial): Promise<boolean> {
    return this.#of(storeOf(material)).destroy(material)
  }

  wrappingKey(purpose: WrappingPurpose): Promise<WrappingKey> {
    return this.#of(purpose.protectionLevel).wrappingKey(purpose)
  }

  importMaterial(
    place: VersionPlace,
    wrapping: Wrapping,
    wrapped: Uint8Array,
    expected: string | null,
  ): Promise<Imported> {
    return this.#storeFor(place).importMaterial(place, wrapping, wrapped, expected)
  }

  async collect(now: number): Promise<void> {
    await this.#hsm?.collect(now)
  }

  /** The store for the use or the creation of a key. In FIPS mode, refuses a software key whose spec FIPS mode lacks. */
  #storeFor({ keySpec, protectionLevel }: VersionPlace): Keystore {
    if (this.#fips) demandInFips(keySpec, protectionLevel)
    return this.#of(protectionLevel)
  }

  #of(level: ProtectionLevel): Keystore {
    if (level === 'SOFTWARE') return this.#software
    if (this.#hsm) return this.#hsm
    throw new Unreachable('the key lives in an HSM, and none is configured: set hsm-module and hsm-token', false)
  }
}
