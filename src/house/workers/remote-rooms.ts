// What a worker asks the owner of the database for: limits, the HSM's keys, the keys of issuers, and where uses are noted.
import type { AttemptLimits } from '../../console/attempts.ts'
import type { EncryptionAlgorithm, SigningAlgorithm } from '../../cryptography/algorithms.ts'
import type { RateLimits } from '../../gateway/limiting.ts'
import type { KeyUsage } from '../../keystore/key-spec.ts'
import type {
  DeviceTime,
  Imported,
  Keystore,
  StoredPair,
  Uses,
  Wrapping,
  WrappingKey,
  WrappingPurpose,
} from '../../keystore/keystore.ts'
import type { ProviderName, RootKeyProvider } from '../../keystore/root-key-provider.ts'
import type { StoredMaterial } from '../../keystore/stored-material.ts'
import type { VersionPlace } from '../../keystore/version-place.ts'
import type { Runtime } from '../../runtime/runtime.ts'
import type { Channel } from '../../storage/remote/channel.ts'
import type { IssuerSource } from '../../sts/oidc/issuer.ts'
import type { OwnerMethods } from './protocol.ts'

type ToOwner = Channel<OwnerMethods>

/** The limits of the server, which the owner holds for all workers. */
export function remoteLimits(owner: ToOwner): RateLimits {
  return {
    admit: (rates, { account, region }, { product, name }, now) =>
      rates.has(`${product.name}.${name}`) ? owner.ask('admit', account, region, product.name, name, now) : 'admitted',
    admitAnonymous: (rate, whose, _, now) => owner.ask('admitAnonymous', rate, whose, now),
    refused: {
      admit: (account, caller, bytes, perSecond, now) =>
        owner.ask('refused.admit', account, caller, bytes, perSecond, now),
      admitCopy: (payer, paid, bytes, _, now) => owner.ask('refused.admitCopy', payer, paid, bytes, now),
      untold: (account, unrecorded) => owner.tell('refused.untold', account, unrecorded),
      untoldCopy: (payer, paid, unrecorded) => owner.tell('refused.untoldCopy', payer, paid, unrecorded),
      skip: (account, _, now) => owner.tell('refused.skip', account, now),
    },
  }
}

/** The keys of issuers, which the owner fetches for all workers. */
export function remoteIssuers(owner: ToOwner): IssuerSource {
  return { keysOf: (issuer, now, newerThan) => owner.ask('issuer.keysOf', issuer, now, newerThan) }
}

/** The attempts to log on, which the owner counts for all workers. */
export function remoteAttempts(owner: ToOwner): AttemptLimits {
  return {
    admit: (source, name, now) => owner.ask('attempts.admit', source, name, now),
    succeeded: (attempt) => owner.tell('attempts.succeeded', attempt),
  }
}

/** The provider of the root keys is the owner, which has the real one: so the ring of root keys travels in memory alone. */
export class OwnersProvider implements RootKeyProvider {
  readonly title = 'owner of the database'
  readonly name: ProviderName
  readonly #owner: ToOwner

  constructor(name: ProviderName, owner: ToOwner) {
    this.name = name
    this.#owner = owner
  }

  async wrap(): Promise<Uint8Array> {
    throw new Error('a worker changes no root keys')
  }

  unwrap(wrapped: Uint8Array): Promise<Uint8Array | null> {
    return this.#owner.ask('unwrap', wrapped)
  }
}

/** Of so many AccessKeys it is remembered which second of their use the owner knows. */
const KNOWN = 10_000

/**
 * Notes what the owner writes later: uses of keys, told once a second, and when AccessKeys were used, told for each second before the first
 * call in it commits.
 */
export class Notes implements Uses {
  readonly #owner: ToOwner
  readonly #uses = new Map<string, { readonly place: VersionPlace; uses: number }>()
  #lastUsed = new Map<string, number>()
  /** The second of the last use that the owner knows of, by AccessKeyId. */
  readonly #known = new Map<string, number>()

  constructor(owner: ToOwner) {
    this.#owner = owner
  }

  /** Counts a message that a software key encrypted. */
  note(place: VersionPlace): void {
    const noted = this.#uses.get(place.versionId)
    if (noted) noted.uses++
    else this.#uses.set(place.versionId, { place, uses: 1 })
  }

  reserve(place: VersionPlace, count: number, limit: number): Promise<number | null> {
    return this.#owner.ask('reserve', place, count, limit)
  }

  /** Notes when an AccessKey was used, and finds out when one was used last. */
  readonly lastUsed = {
    note: (accessKeyId: string, now: number): void => {
      const second = Math.floor(now / 1000)
      if (this.#known.get(accessKeyId) === second) return
      if (this.#known.size >= KNOWN) this.#known.clear()
      this.#known.set(accessKeyId, second)
      this.#lastUsed.set(accessKeyId, now)
    },
    at: (accessKeyId: string): Promise<number | null> => {
      this.tellLastUsed()
      return this.#owner.ask('lastUsedAt', accessKeyId)
    },
  }

  tellLastUsed(): void {
    if (this.#lastUsed.size === 0) return
    this.#owner.tell('lastUsed', [...this.#lastUsed])
    this.#lastUsed = new Map()
  }

  tellUses(): void {
    if (this.#uses.size === 0) return
    this.#owner.tell('uses', [...this.#uses.values()])
    this.#uses.clear()
  }
}

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
