// The provider of the root keys in a PKCS #11 device. An AES key that never leaves the device wraps the ring, and unwraps it at every start.
import { setTimeout as pause } from 'node:timers/promises'
import { NONCE_BYTES, TAG_BYTES } from '../../cryptography/gcm.ts'
import { ProviderAway, type RootKeyProvider, WRAPPED_RING } from '../root-key-provider.ts'
import { Failed } from './child.ts'
import { objectIdPrefix, ROOT_KEY_LABEL } from './object-names.ts'
import type { Work, Works } from './protocol.ts'

/** The time limit of a request. Only starts and changes of the root keys wait this long. */
const PATIENCE_MS = 10_000
/** How long a request to an unreachable device is repeated, and the pause in between. */
const AWAY_MS = 3000
const AGAIN_MS = 200
const ID_BYTES = 24
/** The place from which the CKA_ID of every such key is derived. */
const PLACE = ['hsm-root-key']
/**
 * Only an object that was created to wrap root keys may unwrap them. Otherwise an attacker with write access to the database, who can also import
 * known material into an HSM key, could make the service use the attacker's own ring.
 */
const ID_PREFIX = objectIdPrefix(PLACE)

/** A connection to the tokens. */
export interface Device {
  /** Resolves when the device serves, or when the first attempt failed. */
  start(): Promise<void>
  /** Why the device does not serve; null when it serves. */
  readonly trouble: string | null
  ask<W extends Work>(work: W, ask: Works[W]['ask'], withinMs: number): Promise<Works[W]['answer']>
}

/** The wrapped form is CKA_ID (24 bytes), nonce (12 bytes), ciphertext and tag of AES-256-GCM. */
export class HsmRootKeyProvider implements RootKeyProvider {
  readonly name = 'hsm'
  readonly title = 'key in the HSM'
  readonly #device: Device
  readonly #id: string

  private constructor(device: Device, id: string) {
    this.#device = device
    this.#id = id
  }

  /** Generates a key in the device. Its label contains the installation's `tag` and `now` (milliseconds since 1970). */
  static async create(device: Device, tag: string, now: number): Promise<HsmRootKeyProvider> {
    const label = [ROOT_KEY_LABEL, tag, now].join('/')
    const { id } = await asked(device, 'generate', { prefix: ID_PREFIX, label })
    return new HsmRootKeyProvider(device, id)
  }

  /** Returns the provider that wrapped these bytes; null when no key in a device wrapped them. */
  static of(device: Device, wrapped: Uint8Array): HsmRootKeyProvider | null {
    const id = objectIdIn(wrapped)
    return id === null ? null : new HsmRootKeyProvider(device, id)
  }

  /** The CKA_ID (hexadecimal) of the key in the device. */
  get objectId(): string {
    return this.#id
  }

  async wrap(plaintext: Uint8Array): Promise<Uint8Array> {
    const { nonce, sealed } = await this.#ask('encrypt', { id: this.#id, plaintext, aad: WRAPPED_RING })
    return Buffer.concat([Buffer.from(this.#id, 'hex'), nonce, sealed])
  }

  async unwrap(wrapped: Uint8Array): Promise<Uint8Array | null> {
    if (objectIdIn(wrapped) !== this.#id || wrapped.length < ID_BYTES + NONCE_BYTES + TAG_BYTES) return null
    const [nonce, sealed] = [
      wrapped.subarray(ID_BYTES, ID_BYTES + NONCE_BYTES),
      wrapped.subarray(ID_BYTES + NONCE_BYTES),
    ]
    return this.#ask('decrypt', { id: this.#id, nonce, sealed, aad: WRAPPED_RING })
  }

  /** Destroys the key of a change that was not committed. */
  async discard(): Promise<void> {
    await this.#ask('destroy', { id: this.#id })
  }

  #ask<W extends Work>(work: W, ask: Works[W]['ask']): Promise<Works[W]['answer']> {
    return asked(this.#device, work, ask)
  }
}

/**
 * Sends a request, and repeats it for a short time while the device is unreachable. A token that starts together with the service may need a moment.
 * A token of SoftHSM2 is unreadable for a moment when another process logs in, because that truncates the token's file before it writes it.
 */
async function asked<W extends Work>(device: Device, work: W, ask: Works[W]['ask']): Promise<Works[W]['answer']> {
  const until = performance.now() + AWAY_MS
  for (;;)
    try {
      await device.start()
      return await device.ask(work, ask, PATIENCE_MS)
    } catch (error) {
      if (!(error instanceof Failed)) throw error
      if (error.trouble === 'away' && performance.now() < until) await pause(AGAIN_MS)
      else
        throw new ProviderAway(
          error.trouble === 'missing'
            ? `the key that wraps the root keys can't be used: ${error.message}: restore the token's backup`
            : `the key that wraps the root keys is in the HSM, which can't serve now: ${error.message}`,
        )
    }
}

/** Returns the CKA_ID of the key that wrapped these bytes; null when it is not the id of a key that wraps root keys. */
function objectIdIn(wrapped: Uint8Array): string | null {
  const id = Buffer.from(wrapped.subarray(0, ID_BYTES)).toString('hex')
  return id.startsWith(ID_PREFIX) && id.length === 2 * ID_BYTES ? id : null
}
