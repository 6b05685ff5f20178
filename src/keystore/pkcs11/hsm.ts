// The key store in a PKCS #11 device: material is made, used and destroyed there, and records hold a reference to it.
import { refuse } from '../../api/errors.ts'
import { randomBytes } from '../../runtime/random.ts'
import {
  DeviceTime,
  type Imported,
  type Keystore,
  type StoredPair,
  type TokenDescription,
  Unopenable,
  Unreachable,
  type Uses,
  type Wrapping,
  type WrappingKey,
  type WrappingPurpose,
} from '../keystore.ts'
import { ReservedUses } from '../reserved-uses.ts'
import type { RootKeys } from '../root-keys.ts'
import type { StoredMaterial } from '../stored-material.ts'
import type { VersionPlace } from '../version-place.ts'
import { Failed } from './child.ts'
import { FailedCalls } from './failed-calls.ts'
import { keyLabel, keyPlace, objectIdOf, objectIdPrefix, toReference, wrappingLabel } from './object-names.ts'
import { SLOW_WORKS, type TokenIdentity, type TokenReport, UNIDENTIFIED, type Work, type Works } from './protocol.ts'
import type { Supervisor } from './supervisor.ts'

const BACKGROUND_MS = 10_000
/** Inspecting reads thousands of objects one by one. */
const INSPECT_MS = 600_000
const NONCE_BYTES = 24
const COLLECT_EVERY_MS = 60_000
const MOST_REPORTED = 1000

export interface HsmSetup {
  /** How long a call that uses a key may wait for the device. */
  readonly timeoutMs: number
  /** How long a call that makes or imports a key, or makes a wrapping key, may wait for the device. */
  readonly keyTimeoutMs: number
  /** Names the installation in the labels of its objects. */
  readonly tag: string
}

export class HsmKeystore implements Keystore {
  readonly #keys: RootKeys
  readonly #setup: HsmSetup
  readonly #device: Supervisor
  readonly #reserved: ReservedUses
  readonly #report: (message: string) => void
  readonly #failed: FailedCalls
  #collectAfter = 0
  readonly #missing = new Set<string>()
  #describing: Promise<readonly TokenIdentity[]> | null = null

  constructor(device: Supervisor, setup: HsmSetup, keys: RootKeys, uses: Uses, report: (message: string) => void) {
    this.#device = device
    this.#keys = keys
    this.#setup = setup
    this.#report = report
    this.#failed = new FailedCalls(report)
    this.#reserved = new ReservedUses(uses, report)
  }

  /** Connects; resolves after the first try, successful or not. Calls fail until the device serves. */
  async start(): Promise<void> {
    await this.#device.start()
  }

  async stop(): Promise<void> {
    this.#failed.tell()
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
    if (place.keySpec !== 'Aliyun_AES_256') throw refuse('UnsupportedOperation')
    const undo = ({ id }: { id: string }) => this.#destroyQuietly(id)
    const { id } = await this.#ask('generate', this.#newObject(place), new DeviceTime(), undo)
    return toReference(id)
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

  async encrypt(
    place: VersionPlace,
    material: StoredMaterial,
    plaintext: Uint8Array,
    aad: Uint8Array,
    time = new DeviceTime(),
  ) {
    const id = this.#objectId(place, material)
    this.#demandPresent()
    const waiting = this.#reserved.take(place)
    if (waiting) await waiting
    return this.#ask('encrypt', { id, plaintext, aad }, time)
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
    return this.#ask('decrypt', { id, nonce, sealed, aad }, time)
  }

  /** Destroys the object at once where the device serves; else the sweep does it later, by the record of destruction. */
  forget(material: StoredMaterial): void {
    const id = objectIdOf(material, null)
    if (id !== null) this.#destroyQuietly(id)
  }

  async destroy(material: StoredMaterial): Promise<boolean> {
    const id = objectIdOf(material, null)
    if (id === null) throw new Unopenable('this names no object in an HSM')
    this.#demandPresent()
    return this.#told(this.#device.ask('destroy', { id }, BACKGROUND_MS))
  }

  #destroyQuietly(id: string): void {
    this.#device.ask('destroy', { id }, BACKGROUND_MS).catch(() => {})
  }

  async wrappingKey({ place, algorithm, ...purpose }: WrappingPurpose): Promise<WrappingKey> {
    const label = wrappingLabel(this.#setup.tag, purpose)
    const asked = { prefix: objectIdPrefix(place), label, algorithm }
    const made = await this.#ask('makeWrappingKey', asked, new DeviceTime())
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
    const unwrapping = { wrappingId: opened.toString('hex'), algorithm: wrapping.algorithm, wrapped }
    const time = new DeviceTime()
    const found = await this.#ask('examine', unwrapping, time)
    if (!found) return { outcome: 'not material' }
    if ('unsupported' in found) return { outcome: 'unsupported', why: found.unsupported }
    const { checkValue } = found
    const fingerprint = this.#keys.fingerprint([place.account, place.region, place.keyId], checkValue)
    if (fingerprint !== (expected ?? fingerprint)) return { outcome: 'not material' }
    const asked = { ...unwrapping, ...this.#newObject(place), checkValue }
    const undo = (kept: { id: string } | null) => kept && this.#destroyQuietly(kept.id)
    const kept = await this.#ask('import', asked, time, undo)
    return kept ? { outcome: 'imported', material: toReference(kept.id), fingerprint } : { outcome: 'not material' }
  }

  /** Removes wrapping keys whose tokens expired. Once a minute is enough, since an expired token is refused even while its key exists. */
  async collect(now: number): Promise<void> {
    if (now < this.#collectAfter || this.#device.trouble !== null) return
    this.#collectAfter = now + COLLECT_EVERY_MS
    await this.#told(this.#device.ask('collect', { tag: this.#setup.tag, now }, BACKGROUND_MS))
  }

  /** Describes the tokens: their models, abilities and objects. */
  async inspect(): Promise<readonly TokenReport[]> {
    return this.#told(this.#device.ask('inspect', { tag: this.#setup.tag }, INSPECT_MS))
  }

  /** What is known of each configured token. The device is asked once for all who ask at the same time. */
  async describe(): Promise<readonly TokenDescription[]> {
    if (this.#device.trouble === null) this.#describing ??= this.#identities()
    const asked = (await this.#describing) ?? []
    return this.#device.states.map(({ token, up, pinRefused, reason }) => {
      const { freePrivateMemory: _, ...identity } = asked.find((one) => one.token === token) ?? {
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

  /** Sends a request that a call waits for. `time` is how long the call may wait for the device. Logs a failure. */
  async #ask<W extends Work>(
    work: W,
    ask: Works[W]['ask'],
    time: DeviceTime,
    late?: (answer: Works[W]['answer']) => void,
  ): Promise<Works[W]['answer']> {
    const isSlow = SLOW_WORKS.has(work)
    const ms = isSlow ? this.#setup.keyTimeoutMs : this.#setup.timeoutMs
    try {
      return await this.#device.ask(work, ask, time.left(ms, performance.now()), late)
    } catch (error) {
      const trouble = error instanceof Failed ? error.trouble : null
      const failed = `\`${work}\` failed with 503: ${(error as Error).message}`
      const limit = isSlow ? 'hsm-key-timeout-ms' : 'hsm-timeout-ms'
      if (trouble === 'late') this.#failed.note(`${failed}; raise ${limit} (${ms} ms) if the device needs longer`)
      // The supervisor reports what keeps the whole device from serving.
      else if (trouble === 'away' && this.#device.trouble === null) this.#failed.note(failed)
      throw this.#inWordsOfThePort(error)
    }
  }

  #demandPresent(): void {
    const { trouble } = this.#device
    if (trouble !== null) throw new Unreachable(trouble, false)
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

  /** Once for each object: callers ask for a missing key again and again. */
  #reportMissing(reason: string): void {
    if (this.#missing.has(reason) || this.#missing.size >= MOST_REPORTED) return
    this.#missing.add(reason)
    this.#report(
      `${reason}: \`strongroom hsm check\` tells which keys are missing or double; bring the token's backup back`,
    )
  }

  async #told<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer
    } catch (error) {
      throw this.#inWordsOfThePort(error)
    }
  }

  #inWordsOfThePort(error: unknown): unknown {
    if (!(error instanceof Failed)) return error
    if (error.trouble === 'full') {
      this.#report(`the HSM is full: ${error.message}; delete keys, or give it more room`)
      return refuse('Rejected.LimitExceeded')
    }
    if (error.trouble === 'refused') return new Error(error.message)
    if (error.trouble === 'missing') this.#reportMissing(error.message)
    return new Unreachable(error.message)
  }
}
