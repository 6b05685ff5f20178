// The HSM key store of a worker: it forwards each request to the owner, which has loaded the PKCS#11 library.
import type { EncryptionAlgorithm, SigningAlgorithm } from '../../cryptography/algorithms.ts'
import type { KeyUsage } from '../../keystore/key-spec.ts'
import type {
  DeviceTime,
  Imported,
  Keystore,
  StoredPair,
  Wrapping,
  WrappingKey,
  WrappingPurpose,
} from '../../keystore/keystore.ts'
import type { StoredMaterial } from '../../keystore/stored-material.ts'
import type { VersionPlace } from '../../keystore/version-place.ts'
import type { Runtime } from '../../runtime/runtime.ts'
import type { ToOwner } from './remote-rooms.ts'

/** Longer than any work, in milliseconds: what is left of it tells how much time the call has spent. */
const LONG_MS = 1e12

/** The key store in the HSM, whose library the owner has. */
export class RemoteHsm implements Keystore {
  readonly #owner: ToOwner
  readonly #runtime: Pick<Runtime, 'monotonic'>

  constructor(owner: ToOwner, runtime: Pick<Runtime, 'monotonic'>) {
    this.#owner = owner
    this.#runtime = runtime
  }

  generate(place: VersionPlace): Promise<StoredMaterial> {
    return this.#owner.ask('hsm.generate', place)
  }

  encrypt(place: VersionPlace, material: StoredMaterial, plaintext: Uint8Array, aad: Uint8Array, time?: DeviceTime) {
    return this.#owner.ask('hsm.encrypt', place, material, plaintext, aad, this.#spent(time))
  }

  decrypt(
    place: VersionPlace,
    material: StoredMaterial,
    message: { nonce: Uint8Array; sealed: Uint8Array },
    aad: Uint8Array,
    time?: DeviceTime,
  ): Promise<Uint8Array | null> {
    return this.#owner.ask('hsm.decrypt', place, material, message, aad, this.#spent(time))
  }

  generatePair(place: VersionPlace, usage: KeyUsage): Promise<StoredPair> {
    return this.#owner.ask('hsm.generatePair', place, usage)
  }

  sign(
    place: VersionPlace,
    material: StoredMaterial,
    algorithm: SigningAlgorithm,
    digest: Uint8Array,
    time?: DeviceTime,
  ): Promise<Uint8Array> {
    return this.#owner.ask('hsm.sign', place, material, algorithm, digest, this.#spent(time))
  }

  decryptAsymmetric(
    place: VersionPlace,
    material: StoredMaterial,
    algorithm: EncryptionAlgorithm,
    ciphertext: Uint8Array,
    time?: DeviceTime,
  ): Promise<Uint8Array | null> {
    return this.#owner.ask('hsm.decryptAsymmetric', place, material, algorithm, ciphertext, this.#spent(time))
  }

  demandDecryption(place: VersionPlace, algorithm: EncryptionAlgorithm, time?: DeviceTime): Promise<void> {
    return this.#owner.ask('hsm.demandDecryption', place, algorithm, this.#spent(time))
  }

  forget(material: StoredMaterial, versionId: string): void {
    this.#owner.tell('hsm.forget', material, versionId)
  }

  destroy(material: StoredMaterial): Promise<boolean> {
    return this.#owner.ask('hsm.destroy', material)
  }

  wrappingKey(purpose: WrappingPurpose): Promise<WrappingKey> {
    return this.#owner.ask('hsm.wrappingKey', purpose)
  }

  importMaterial(
    place: VersionPlace,
    wrapping: Wrapping,
    wrapped: Uint8Array,
    expected: string | null,
  ): Promise<Imported> {
    return this.#owner.ask('hsm.importMaterial', place, wrapping, wrapped, expected)
  }

  /** The owner's background work does this. */
  async collect(): Promise<void> {}

  #spent(time: DeviceTime | undefined): number {
    return time ? LONG_MS - time.left(LONG_MS, this.#runtime.monotonic()) : 0
  }
}
