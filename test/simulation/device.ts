// A key store that stalls and loses its sessions, as devices do.
import type { EncryptionAlgorithm, SigningAlgorithm } from '../../src/cryptography/algorithms.ts'
import type { KeyUsage } from '../../src/keystore/key-spec.ts'
import {
  type Imported,
  type Keystore,
  type StoredPair,
  Unreachable,
  type Wrapping,
  type WrappingKey,
  type WrappingPurpose,
} from '../../src/keystore/keystore.ts'
import type { StoredMaterial } from '../../src/keystore/stored-material.ts'
import type { VersionPlace } from '../../src/keystore/version-place.ts'
import { latency } from './faults.ts'
import type { Host } from './line.ts'
import type { Owner } from './scheduler.ts'

export class SimulatedDevice implements Keystore {
  readonly #inside: Keystore
  readonly #host: Host
  readonly #server: Owner

  constructor(inside: Keystore, host: Host, server: Owner) {
    this.#inside = inside
    this.#host = host
    this.#server = server
  }

  /** Waits as long as the device takes. Throws Unreachable when it lost the session. */
  async #reached(): Promise<void> {
    const { scheduler, random, faults } = this.#host
    if (faults.device === 0) return
    if (random.chance(faults.device)) await scheduler.pause(latency(faults, random), 'device', this.#server)
    if (random.chance(faults.device / 2)) throw new Unreachable('simulated: the session is lost')
  }

  async generate(place: VersionPlace): Promise<StoredMaterial> {
    await this.#reached()
    return this.#inside.generate(place)
  }

  async encrypt(place: VersionPlace, material: StoredMaterial, plaintext: Uint8Array, aad: Uint8Array) {
    await this.#reached()
    return this.#inside.encrypt(place, material, plaintext, aad)
  }

  async decrypt(
    place: VersionPlace,
    material: StoredMaterial,
    message: { nonce: Uint8Array; sealed: Uint8Array },
    aad: Uint8Array,
  ): Promise<Uint8Array | null> {
    await this.#reached()
    return this.#inside.decrypt(place, material, message, aad)
  }

  async generatePair(place: VersionPlace, usage: KeyUsage): Promise<StoredPair> {
    await this.#reached()
    return this.#inside.generatePair(place, usage)
  }

  async sign(place: VersionPlace, material: StoredMaterial, algorithm: SigningAlgorithm, digest: Uint8Array) {
    await this.#reached()
    return this.#inside.sign(place, material, algorithm, digest)
  }

  async decryptAsymmetric(
    place: VersionPlace,
    material: StoredMaterial,
    algorithm: EncryptionAlgorithm,
    ciphertext: Uint8Array,
  ): Promise<Uint8Array | null> {
    await this.#reached()
    return this.#inside.decryptAsymmetric(place, material, algorithm, ciphertext)
  }

  async demandDecryption(place: VersionPlace, algorithm: EncryptionAlgorithm): Promise<void> {
    await this.#reached()
    return this.#inside.demandDecryption(place, algorithm)
  }

  forget(material: StoredMaterial, versionId: string): void {
    this.#inside.forget(material, versionId)
  }

  async destroy(material: StoredMaterial): Promise<boolean> {
    await this.#reached()
    return this.#inside.destroy(material)
  }

  async wrappingKey(purpose: WrappingPurpose): Promise<WrappingKey> {
    await this.#reached()
    return this.#inside.wrappingKey(purpose)
  }

  async importMaterial(
    place: VersionPlace,
    wrapping: Wrapping,
    wrapped: Uint8Array,
    expected: string | null,
  ): Promise<Imported> {
    await this.#reached()
    return this.#inside.importMaterial(place, wrapping, wrapped, expected)
  }

  collect(now: number): Promise<void> {
    return this.#inside.collect(now)
  }
}
