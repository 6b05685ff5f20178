// The software key store: material sealed under the root key, opened for use and kept ready.
import { refuse } from '../api/errors.ts'
import { unwrap } from '../cryptography/wrap.ts'
import { KEY_BYTES, NONCE_BYTES, type Xaes } from '../cryptography/xaes.ts'
import type { Randomness } from '../runtime/runtime.ts'
import {
  type Imported,
  type Keystore,
  type StoredPair,
  Unopenable,
  type Wrapping,
  type WrappingKey,
  type WrappingPurpose,
} from './keystore.ts'
import { ReadyKeys } from './ready-keys.ts'
import type { RootKeys } from './root-keys.ts'
import type { StoredMaterial } from './stored-material.ts'
import { materialPlace, type VersionPlace } from './version-place.ts'

type Random = Pick<Randomness, 'randomBytes' | 'rsaPair'>

export class SoftwareKeystore implements Keystore {
  readonly #keys: RootKeys
  readonly #random: Random
  /** By version, so that destroying a version's material finds it, however the material was resealed since. */
  readonly #ready: ReadyKeys

  constructor(keys: RootKeys, random: Random) {
    this.#keys = keys
    this.#random = random
    this.#ready = new ReadyKeys(keys)
  }

  async generate(place: VersionPlace): Promise<StoredMaterial> {
    return this.#seal(place, this.#random.randomBytes(KEY_BYTES))
  }

  async generatePair(): Promise<StoredPair> {
    throw refuse('UnsupportedOperation')
  }

  async sign(): Promise<Uint8Array> {
    throw refuse('UnsupportedOperation')
  }

  async decryptAsymmetric(): Promise<Uint8Array | null> {
    throw refuse('UnsupportedOperation')
  }

  async encrypt(place: VersionPlace, material: StoredMaterial, plaintext: Uint8Array, aad: Uint8Array) {
    const nonce = this.#random.randomBytes(NONCE_BYTES)
    return { nonce, sealed: this.#open(place, material).seal(nonce, plaintext, aad) }
  }

  async decrypt(
    place: VersionPlace,
    material: StoredMaterial,
    message: { nonce: Uint8Array; sealed: Uint8Array },
    aad: Uint8Array,
  ): Promise<Uint8Array | null> {
    return this.#open(place, material).open(message.nonce, message.sealed, aad)
  }

  forget(material: StoredMaterial, versionId: string): void {
    this.#ready.forget(versionId, material)
  }

  /** Wipes the opened material of versions whose records another process changed, and may have destroyed; null for all versions. */
  dropOpened(versionIds: Iterable<string> | null): void {
    this.#ready.drop(versionIds)
  }

  /** Material exists in its record only, and in memory until `forget`. */
  async destroy(): Promise<boolean> {
    return true
  }

  async collect(): Promise<void> {}

  async wrappingKey({ place }: WrappingPurpose): Promise<WrappingKey> {
    const { publicKey, privateKey } = await this.#random.rsaPair()
    const sealedPrivateKey = this.#keys.seal(place, this.#random.randomBytes(NONCE_BYTES), privateKey)
    privateKey.fill(0)
    return { outcome: 'made', publicKey, sealedPrivateKey }
  }

  async importMaterial(
    place: VersionPlace,
    wrapping: Wrapping,
    wrapped: Uint8Array,
    expected: string | null,
  ): Promise<Imported> {
    const privateKey = this.#keys.open(wrapping.place, wrapping.sealedPrivateKey)
    if (!privateKey) return { outcome: 'not a wrapping key' }
    if (wrapping.expired) {
      privateKey.fill(0)
      return { outcome: 'expired' }
    }
    const material = unwrap(privateKey, wrapping.algorithm, wrapped)
    privateKey.fill(0)
    if (!material) return { outcome: 'not material' }
    const fingerprint = this.#keys.fingerprint([place.account, place.region, place.keyId], material)
    if (fingerprint !== (expected ?? fingerprint)) {
      material.fill(0)
      return { outcome: 'not material' }
    }
    return { outcome: 'imported', material: this.#seal(place, material), fingerprint }
  }

  /** Seals `material` and wipes it. */
  #seal(place: VersionPlace, material: Buffer): StoredMaterial {
    const sealed = this.#keys.seal(materialPlace(place), this.#random.randomBytes(NONCE_BYTES), material)
    material.fill(0)
    return sealed.toString('base64')
  }

  /** The material, to be used before the next await: it may be wiped afterwards. */
  #open(place: VersionPlace, sealed: StoredMaterial): Xaes {
    const ready = this.#ready.get(place.versionId, sealed)
    if (ready) return ready
    const material = this.#keys.open(materialPlace(place), Buffer.from(sealed, 'base64'))
    if (!material) throw new Unopenable(`the material of key version ${place.versionId} does not open`)
    return this.#ready.keep(place.versionId, sealed, material)
  }
}
