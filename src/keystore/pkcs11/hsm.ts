// The key store in a PKCS #11 device. Material is generated, used and destroyed in the device; records contain references to it.
import { because, refuse } from '../../api/errors.ts'
import { type EncryptionAlgorithm, OAEP_ALGORITHMS, type SigningAlgorithm } from '../../cryptography/algorithms.ts'
import { HYBRID_WRAPPING } from '../../cryptography/hybrid-wrap.ts'
import { NONCE_BYTES } from '../../cryptography/xaes.ts'
import { randomBytes } from '../../runtime/random.ts'
import type { KeyUsage } from '../key-spec.ts'
import {
  DeviceTime,
  type Imported,
  type Keystore,
  type StoredPair,
  type TokenDescription,
  Unopenable,
  type Uses,
  type Wrapping,
  type WrappingKey,
  type WrappingPurpose,
} from '../keystore.ts'
import { ReservedUses } from '../reserved-uses.ts'
import type { RootKeys } from '../root-keys.ts'
import type { StoredMaterial } from '../stored-material.ts'
import type { VersionPlace } from '../version-place.ts'
import { Asking } from './asking.ts'
import { Failed } from './child.ts'
import { keyLabel, keyPlace, objectIdOf, objectIdPrefix, toReference, wrappingLabel } from './object-names.ts'
import { type TokenIdentity, type TokenReport, UNIDENTIFIED, type Works } from './protocol.ts'
import type { Supervisor } from './supervisor.ts'
import { DEVICE_SIGNING, PAIR_SPECS } from './templates.ts'

const NO_HYBRID = 'does not unwrap with ML-KEM'
const BACKGROUND_MS = 10_000
/** Inspection reads thousands of objects one by one. */
const INSPECT_MS = 600_000
const COLLECT_EVERY_MS = 60_000

interface HsmSetup {
  /** How long a call that uses a key may wait for the device. */
  readonly timeoutMs: number
  /** How long a call that creates or imports a key, or creates a wrapping key, may wait for the device. */
  readonly keyTimeoutMs: number
  /** Names the installation in the labels of its objects. */
  readonly tag: string
}

export class HsmKeystore implements Keystore {
  readonly #keys: RootKeys
  readonly #setup: HsmSetup
  readonly #device: Supervisor
  readonly #reserved: ReservedUses
  readonly #asking: Asking
  #collectedAt = 0
  #describing: Promise<readonly TokenIdentity[]> | null = null

  constructor(device: Supervisor, setup: HsmSetup, keys: RootKeys, uses: Uses, report: (message: string) => void) {
    this.#device = device
    this.#keys = keys
    this.#setup = setup
    this.#asking = new Asking(device, setup, report)
    this.#reserved = new ReservedUses(uses, report)
  }

  /** Connects. Resolves after the first attempt, successful or not. Calls fail until the device serves. */
  async start(): Promise<void> {
    await this.#device.start()
  }

  async stop(): Promise<void> {
    this.#asking.tell()
    await this.#device.stop()
  }

  /** What keeps the device from serving; null when it serves. */
  get trouble(): string | null {
    return this.#device.trouble
  }

  /** Whether the library itself, or the add-on that loads it, is at fault: the operator must change something. */
  get setupFailed(): boolean {
    return this.#device.setupFailed
  }

  /** The id of the library's process; undefined while there is none. */
  get pid(): number | undefined {
    return this.#device.pid
  }

  /** Names the installation in the labels of its objects. */
  get tag(): string {
    return this.#setup.tag
  }

  async generate(place: VersionPlace): Promise<StoredMaterial> {
    const undo = ({ id }: { id: string }) => this.#destroyQuietly(id)
    const { id } = await this.#asking.call('generate', this.#newObject(place), new DeviceTime(), undo)
    return toReference(id)
  }

  async generatePair(place: VersionPlace, usage: KeyUsage): Promise<StoredPair> {
    const [spec, use] = [known(PAIR_SPECS, place.keySpec), usage === 'SIGN/VERIFY' ? 'sign' : 'decrypt'] as const
    const asked = { ...this.#newObject(place), spec, use }
    const undo = (pair: Works['makePair']['answer']) => 'id' in pair && this.#destroyQuietly(pair.id)
    const pair = await this.#asking.call('makePair', asked, new DeviceTime(), undo)
    if ('unsupported' in pair) throw because(refuse('UnsupportedOperation'), lackHere(pair.unsupported))
    return { material: toReference(pair.id), publicKey: pair.publicKey }
  }

  async sign(
    place: VersionPlace,
    material: StoredMaterial,
    algorithm: SigningAlgorithm,
    digest: Uint8Array,
    time = new DeviceTime(),
  ): Promise<Uint8Array> {
    const asked = { id: this.#objectId(place, material), algorithm: known(DEVICE_SIGNING, algorithm), digest }
    const signed = await this.#asking.call('sign', asked, time)
    if ('unsupported' in signed) throw lacking(signed.unsupported)
    return signed.signature
  }

  async decryptAsymmetric(
    place: VersionPlace,
    material: StoredMaterial,
    algorithm: EncryptionAlgorithm,
    ciphertext: Uint8Array,
    time = new DeviceTime(),
  ): Promise<Uint8Array | null> {
    const asked = { id: this.#objectId(place, material), algorithm: known(OAEP_ALGORITHMS, algorithm), ciphertext }
    const opened = await this.#asking.call('decryptAsymmetric', asked, time)
    if (opened === null) return null
    if ('unsupported' in opened) throw lacking(opened.unsupported)
    return opened.plaintext
  }

  async demandDecryption(_: VersionPlace, algorithm: EncryptionAlgorithm, time = new DeviceTime()): Promise<void> {
    const lack = await this.#asking.call('lackOfDecryption', { algorithm: known(OAEP_ALGORITHMS, algorithm) }, time)
    if (lack !== null) throw lacking(lack)
  }

  async encrypt(
    place: VersionPlace,
    material: StoredMaterial,
    plaintext: Uint8Array,
    aad: Uint8Array,
    time = new DeviceTime(),
  ) {
    const id = this.#objectId(place, material)
    this.#asking.demandPresent()
    const waiting = this.#reserved.take(place)
    if (waiting) await waiting
    return this.#asking.call('encrypt', { id, plaintext, aad }, time)
  }

  decrypt(
    place: VersionPlace,
    material: StoredMaterial,
    message: { nonce: Uint8Array; sealed: Uint8Array },
    aad: Uint8Array,
    time = new DeviceTime(),
  ): Promise<Uint8Array | null> {
    const { nonce, sealed } = message
    const id = this.#objectId(place, material)
    return this.#asking.call('decrypt', { id, nonce, sealed, aad }, time)
  }

  /** Destroys the object at once if the device serves. Otherwise the sweep does it later, from the record of the destruction. */
  forget(material: StoredMaterial): void {
    const id = objectIdOf(material, null)
    if (id !== null) this.#destroyQuietly(id)
  }

  async destroy(material: StoredMaterial): Promise<boolean> {
    const id = objectIdOf(material, null)
    if (id === null) throw new Unopenable('this names no object in an HSM')
    this.#asking.demandPresent()
    return this.#asking.aside('destroy', { id }, BACKGROUND_MS)
  }

  #destroyQuietly(id: string): void {
    this.#device.ask('destroy', { id }, BACKGROUND_MS).catch(() => {})
  }

  async wrappingKey({ place, algorithm, ...purpose }: WrappingPurpose): Promise<WrappingKey> {
    if (algorithm === HYBRID_WRAPPING) return { outcome: 'unsupported', why: NO_HYBRID }
    const label = wrappingLabel(this.#setup.tag, purpose)
    const asked = { prefix: objectIdPrefix(place), label, algorithm }
    const made = await this.#asking.call('makeWrappingKey', asked, new DeviceTime())
    if ('tooMany' in made) return { outcome: 'too many' }
    if ('unsupported' in made) return { outcome: 'unsupported', why: made.unsupported }
    const sealedPrivateKey = this.#keys.seal(place, randomBytes(NONCE_BYTES), Buffer.from(made.id, 'hex'))
    return { outcome: 'made', publicKey: made.publicKey, sealedPrivateKey }
  }

  async importMaterial(
    place: VersionPlace,
    wrapping: Wrapping,
    wrapped: Uint8Array,
    expected: string | null,
  ): Promise<Imported> {
    const opened = this.#keys.open(wrapping.place, wrapping.sealedPrivateKey)
    if (!opened) return { outcome: 'not a wrapping key' }
    if (wrapping.expired) return { outcome: 'expired' }
    if (wrapping.algorithm === HYBRID_WRAPPING) return { outcome: 'unsupported', why: NO_HYBRID }
    const unwrapping = { wrappingId: opened.toString('hex'), algorithm: wrapping.algorithm, wrapped }
    const time = new DeviceTime()
    const found = await this.#asking.call('examine', unwrapping, time)
    if (!found) return { outcome: 'not material' }
    if ('unsupported' in found) return { outcome: 'unsupported', why: found.unsupported }
    const { checkValue } = found
    const fingerprint = this.#keys.fingerprint([place.account, place.region, place.keyId], checkValue)
    if (fingerprint !== (expected ?? fingerprint)) return { outcome: 'not material' }
    const asked = { ...unwrapping, ...this.#newObject(place), checkValue }
    const undo = (kept: { id: string } | null) => kept && this.#destroyQuietly(kept.id)
    const kept = await this.#asking.call('import', asked, time, undo)
    return kept ? { outcome: 'imported', material: toReference(kept.id), fingerprint } : { outcome: 'not material' }
  }

  /** Removes wrapping keys of expired tokens, at most once a minute: an expired token is refused even while its key exists. */
  async collect(now: number): Promise<void> {
    // Also after a clock was set back.
    if (Math.abs(now - this.#collectedAt) < COLLECT_EVERY_MS || this.#device.trouble !== null) return
    this.#collectedAt = now
    await this.#asking.aside('collect', { tag: this.#setup.tag, now }, BACKGROUND_MS)
  }

  /** Describes the tokens: their models, abilities and objects. */
  async inspect(): Promise<readonly TokenReport[]> {
    return this.#asking.aside('inspect', { tag: this.#setup.tag }, INSPECT_MS)
  }

  /** Describes each configured token. Concurrent callers share one request to the device. */
  async describe(): Promise<readonly TokenDescription[]> {
    if (this.#device.trouble === null) this.#describing ??= this.#identities()
    const asked = (await this.#describing) ?? []
    return this.#device.states.map(({ token, up, pinRefused, reason }) => {
      const { freePrivateMemory: _, ...identity } = asked.find((identified) => identified.token === token) ?? {
        ...UNIDENTIFIED,
        token,
      }
      const state = up ? 'Serving' : pinRefused ? 'PinRefused' : 'Away'
      return { ...identity, state, reason: up ? '' : reason }
    })
  }

  /** The identities of the tokens that answer in time. */
  #identities(): Promise<readonly TokenIdentity[]> {
    return this.#device
      .ask('describe', {}, BACKGROUND_MS)
      .catch((error: unknown) => {
        if (error instanceof Failed) return []
        throw error
      })
      .finally(() => {
        this.#describing = null
      })
  }

  #newObject(place: VersionPlace): { prefix: string; label: string } {
    const { tag } = this.#setup
    return { prefix: objectIdPrefix(keyPlace(tag, place)), label: keyLabel(tag, place) }
  }

  #objectId(place: VersionPlace, material: StoredMaterial): string {
    const id = objectIdOf(material, keyPlace(this.#setup.tag, place))
    if (id === null) throw new Unopenable(`key version ${place.versionId} names no object of its own in the HSM`)
    return id
  }
}

/** Narrows a spec or algorithm to those with a mechanism in PKCS #11. CreateKey refuses all others (KEY_SPECS). */
function known<Name extends string>(names: readonly Name[], name: string): Name {
  const found = names.find((candidate) => candidate === name)
  if (!found) throw new Error(`no key in an HSM is of ${name}`)
  return found
}

/** The refusal of an algorithm that the device lacks. `lack` has the form of Abilities. */
function lacking(lack: string) {
  return because(refuse('Rejected.UnsupportedOperation'), lackHere(lack))
}

function lackHere(lack: string): string {
  return `the managed HSM here ${lack}`
}
