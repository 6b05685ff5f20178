// The software key store: material is sealed under the root key. Opened material stays in a bounded cache.
import type { KeyObject } from 'node:crypto'
import type { EncryptionAlgorithm, SigningAlgorithm } from '../cryptography/algorithms.ts'
import { HYBRID_WRAPPING, hybridPair } from '../cryptography/hybrid-wrap.ts'
import { type PrivateKey, privateKeyObject } from '../cryptography/private-key.ts'
import { Sm4 } from '../cryptography/sm4.ts'
import { unwrap } from '../cryptography/wrap.ts'
import { NONCE_BYTES as SEAL_NONCE_BYTES, Xaes } from '../cryptography/xaes.ts'
import { andThen } from '../runtime/maybe-promise.ts'
import type { Randomness } from '../runtime/runtime.ts'
import { FairWork } from './fair-work.ts'
import { countsAhead, isOnCurve, nonceBytesOf, symmetricSpec } from './key-spec.ts'
import {
  type Imported,
  type Keystore,
  type StoredPair,
  Unopenable,
  Unreachable,
  type Wrapping,
  type WrappingKey,
  type WrappingPurpose,
} from './keystore.ts'
import type { PairWork } from './pair-work.ts'
import { ReadyKeys } from './ready-keys.ts'
import type { ReservedUses } from './reserved-uses.ts'
import type { RootKeys } from './root-keys.ts'
import type { StoredMaterial } from './stored-material.ts'
import { materialPlace, type VersionPlace } from './version-place.ts'

/** How many calls wait for a wrapping key. */
const MOST_WRAPPING_KEYS_WAITING = 16

type Random = Pick<Randomness, 'randomBytes' | 'rsaPair' | 'kemPairs'>

/** A cached private key. OpenSSL wipes it when the object is garbage-collected. */
interface ReadyPrivateKey {
  readonly object: KeyObject
  wipe(): void
}

export class SoftwareKeystore implements Keystore {
  readonly #keys: RootKeys
  readonly #random: Random
  readonly #pairs: PairWork
  readonly #reserved: ReservedUses
  readonly #wrappingKeys = new FairWork(1, MOST_WRAPPING_KEYS_WAITING)
  readonly #ciphers: ReadyKeys<Xaes | Sm4>
  readonly #privateKeys: ReadyKeys<ReadyPrivateKey>

  /** `reserved` counts the uses of keys whose random nonces could repeat. */
  constructor(keys: RootKeys, random: Random, pairs: PairWork, reserved: ReservedUses) {
    this.#keys = keys
    this.#random = random
    this.#pairs = pairs
    this.#reserved = reserved
    this.#ciphers = new ReadyKeys(keys)
    this.#privateKeys = new ReadyKeys(keys)
  }

  async generate(place: VersionPlace): Promise<StoredMaterial> {
    return this.#seal(place, this.#random.randomBytes(symmetricSpec(place.keySpec).keyBytes))
  }

  async generatePair(place: VersionPlace): Promise<StoredPair> {
    const { privateKey, publicKey } = await this.#pairs.make(place.account, place.keySpec)
    return { material: this.#seal(place, privateKey), publicKey }
  }

  encrypt(place: VersionPlace, material: StoredMaterial, plaintext: Uint8Array, aad: Uint8Array) {
    return andThen(countsAhead(place) ? this.#reserved.take(place) : undefined, () => {
      const nonce = this.#random.randomBytes(nonceBytesOf(place))
      return { nonce, sealed: this.#cipher(place, material).seal(nonce, plaintext, aad) }
    })
  }

  decrypt(
    place: VersionPlace,
    material: StoredMaterial,
    message: { nonce: Uint8Array; sealed: Uint8Array },
    aad: Uint8Array,
  ): Uint8Array | null {
    return this.#cipher(place, material).open(message.nonce, message.sealed, aad)
  }

  async sign(
    place: VersionPlace,
    material: StoredMaterial,
    algorithm: SigningAlgorithm,
    digest: Uint8Array,
  ): Promise<Uint8Array> {
    return this.#pairs.sign(place.account, { key: this.#privateKey(place, material), algorithm, digest })
  }

  async decryptAsymmetric(
    place: VersionPlace,
    material: StoredMaterial,
    algorithm: EncryptionAlgorithm,
    ciphertext: Uint8Array,
  ): Promise<Uint8Array | null> {
    return this.#pairs.decrypt(place.account, { key: this.#privateKey(place, material), algorithm, ciphertext })
  }

  /** Software has every algorithm. */
  async demandDecryption(): Promise<void> {}

  forget(material: StoredMaterial, versionId: string): void {
    this.#ciphers.forget(versionId, material)
    this.#privateKeys.forget(versionId, material)
  }

  /** Wipes the opened material of versions whose records another process changed and may have destroyed; null for all versions. */
  dropOpened(versionIds: Iterable<string> | null): void {
    const dropped = versionIds && [...versionIds]
    this.#ciphers.drop(dropped)
    this.#privateKeys.drop(dropped)
  }

  /** Nothing to do: material exists only in its record, and in memory until `forget`. */
  async destroy(): Promise<boolean> {
    return true
  }

  async collect(): Promise<void> {}

  async wrappingKey({ account, place, algorithm }: WrappingPurpose): Promise<WrappingKey> {
    const pair =
      algorithm === HYBRID_WRAPPING
        ? this.#hybridPair()
        : await this.#wrappingKeys.run(account, () => this.#random.rsaPair())
    if (!pair) throw new Unreachable('too many calls wait for a wrapping key', false)
    const { publicKey, privateKey } = pair
    const sealedPrivateKey = this.#keys.seal(place, this.#random.randomBytes(SEAL_NONCE_BYTES), privateKey)
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
    const material = unwrap(privateKey, wrapping.algorithm, wrapped, symmetricSpec(place.keySpec).keyBytes)
    privateKey.fill(0)
    if (!material) return { outcome: 'not material' }
    const fingerprint = this.#keys.fingerprint([place.account, place.region, place.keyId], material)
    if (fingerprint !== (expected ?? fingerprint)) {
      material.fill(0)
      return { outcome: 'not material' }
    }
    return { outcome: 'imported', material: this.#seal(place, material), fingerprint }
  }

  #hybridPair() {
    const { kem, x25519 } = this.#random.kemPairs()
    return hybridPair(kem, x25519)
  }

  /** Seals `material` and wipes it. */
  #seal(place: VersionPlace, material: Uint8Array): StoredMaterial {
    const sealed = this.#keys.seal(materialPlace(place), this.#random.randomBytes(SEAL_NONCE_BYTES), material)
    material.fill(0)
    return sealed.toString('base64')
  }

  /** Returns the cipher. Use it before the next await: it may be wiped afterwards. */
  #cipher(place: VersionPlace, sealed: StoredMaterial): Xaes | Sm4 {
    const ready = this.#ciphers.get(place.versionId, sealed)
    if (ready) return ready
    const material = this.#open(place, sealed)
    const cipher = place.keySpec === 'Aliyun_SM4' ? new Sm4(material) : new Xaes(material)
    material.fill(0)
    return this.#ciphers.keep(place.versionId, sealed, cipher)
  }

  /** Returns the private key. A key on a curve is opened for each use and wiped afterwards. Others are cached, because parsing them takes long. */
  #privateKey(place: VersionPlace, sealed: StoredMaterial): PrivateKey {
    if (isOnCurve(place.keySpec)) return this.#open(place, sealed)
    const ready = this.#privateKeys.get(place.versionId, sealed)
    if (ready) return ready.object
    const material = this.#open(place, sealed)
    const object = privateKeyObject(material)
    material.fill(0)
    return this.#privateKeys.keep(place.versionId, sealed, { object, wipe: () => {} }).object
  }

  /** Opens material, which the caller wipes. Throws Unopenable. */
  #open(place: VersionPlace, sealed: StoredMaterial): Buffer {
    const material = this.#keys.open(materialPlace(place), Buffer.from(sealed, 'base64'))
    if (!material) throw new Unopenable(`the material of key version ${place.versionId} does not open`)
    return material
  }
}
