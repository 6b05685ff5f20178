// The software key store: material sealed under the root key, opened for use and kept ready in a bounded cache.
import type { RootKeys } from '../cryptography/seal.ts'
import { generateWrappingKey, unwrap } from '../cryptography/wrap.ts'
import { KEY_BYTES, NONCE_BYTES, Xaes } from '../cryptography/xaes.ts'
import {
  type Imported,
  type Keystore,
  type SealedMaterial,
  Unopenable,
  type VersionPlace,
  type Wrapping,
  type WrappingKey,
  type WrappingPurpose,
} from './keystore.ts'
import { randomBytes } from './random.ts'

const READY_KEYS = 10_000

export class SoftwareKeystore implements Keystore {
  readonly #keys: RootKeys
  readonly #ready = new Map<SealedMaterial, Xaes>()
  /** The root keys under which the material that is ready was opened. */
  #rootEpoch = 0

  constructor(keys: RootKeys) {
    this.#keys = keys
  }

  async generate(place: VersionPlace): Promise<SealedMaterial> {
    return this.#seal(place, randomBytes(KEY_BYTES))
  }

  async encrypt(place: VersionPlace, material: SealedMaterial, plaintext: Uint8Array, aad: Uint8Array) {
    const nonce = randomBytes(NONCE_BYTES)
    return { nonce, sealed: this.#open(place, material).seal(nonce, plaintext, aad) }
  }

  async decrypt(
    place: VersionPlace,
    material: SealedMaterial,
    message: { nonce: Uint8Array; sealed: Uint8Array },
    aad: Uint8Array,
  ): Promise<Uint8Array | null> {
    return this.#open(place, material).open(message.nonce, message.sealed, aad)
  }

  forget(material: SealedMaterial): void {
    this.#ready.delete(material)
  }

  /** Material is in its record only: it is gone with that. */
  async destroy(material: SealedMaterial): Promise<boolean> {
    this.forget(material)
    return true
  }

  async collect(): Promise<void> {}

  async wrappingKey({ place }: WrappingPurpose): Promise<WrappingKey> {
    const { publicKey, privateKey } = await generateWrappingKey()
    const sealedPrivateKey = this.#keys.seal(place, randomBytes(NONCE_BYTES), privateKey)
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
    if (material?.length !== KEY_BYTES) return { outcome: 'not material' }
    const fingerprint = this.#keys.fingerprint([place.account, place.region, place.keyId], material)
    if (fingerprint !== (expected ?? fingerprint)) {
      material.fill(0)
      return { outcome: 'not material' }
    }
    return { outcome: 'imported', material: this.#seal(place, material), fingerprint }
  }

  /** Seals `material` and wipes it. */
  #seal(place: VersionPlace, material: Buffer): SealedMaterial {
    const sealed = this.#keys.seal(sealPlace(place), randomBytes(NONCE_BYTES), material)
    material.fill(0)
    return sealed.toString('base64')
  }

  #open(place: VersionPlace, sealed: SealedMaterial): Xaes {
    if (this.#rootEpoch !== this.#keys.epoch) {
      // Sealed anew, material has another name here; what is destroyed later must not stay under its old one.
      this.#ready.clear()
      this.#rootEpoch = this.#keys.epoch
    }
    const ready = this.#ready.get(sealed)
    if (ready) return ready
    const material = this.#keys.open(sealPlace(place), Buffer.from(sealed, 'base64'))
    if (!material) throw new Unopenable(`the material of key version ${place.versionId} does not open`)
    const xaes = new Xaes(material)
    material.fill(0)
    if (this.#ready.size >= READY_KEYS) {
      const oldest = this.#ready.keys().next()
      if (!oldest.done) this.#ready.delete(oldest.value)
    }
    this.#ready.set(sealed, xaes)
    return xaes
  }
}

/** What material of a key version is sealed for. */
export function sealPlace({
  account,
  region,
  keyId,
  versionId,
}: Omit<VersionPlace, 'protectionLevel'>): readonly string[] {
  return ['key-version', account, region, keyId, versionId]
}
