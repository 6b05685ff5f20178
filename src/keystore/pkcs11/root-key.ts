// The root keys' provider in a PKCS #11 device: an AES key that never leaves it wraps their ring, and unwraps it at every start.
import { setTimeout as pause } from 'node:timers/promises'
import { ProviderAway, type RootKeyProvider, WRAPPED_RING } from '../root-key-provider.ts'
import { Failed } from './child.ts'
import { objectIdPrefix, ROOT_KEY_LABEL } from './object-names.ts'
import type { Work, Works } from './protocol.ts'

/** Only starts and changes of the root keys wait for the device this long. */
const PATIENCE_MS = 10_000
/** For how long, and how often, a device that is away is asked again. */
const AWAY_MS = 3000
const AGAIN_MS = 200
const ID_BYTES = 24
const NONCE_BYTES = 12
const TAG_BYTES = 16
/** What the CKA_ID of every such key derives from. */
const PLACE = ['hsm-root-key']
/**
 * Only an object that was made to wrap root keys is asked to unwrap any: otherwise an attacker who can write to the
 * database, and import known material into an HSM key, could make the service use a ring of the attacker's.
 */
const ID_PREFIX = objectIdPrefix(PLACE)

/** A connection to the tokens. */
export interface Device {
  /** Resolves when the device serves, or when the first try failed. */
  start(): Promise<void>
  /** What keeps it from serving; null when it serves. */
  readonly trouble: string | null
  ask<W extends Work>(work: W, ask: Works[W]['ask'], withinMs: number): Promise<Works[W]['answer']>
}

/** Wraps as CKA_ID (24 bytes), nonce (12 bytes), ciphertext and tag of AES-256-GCM. */
export class HsmRootKeyProvider implements RootKeyProvider {
  readonly name = 'hsm'
  readonly title = 'key in the HSM'
  readonly #device: Device
  readonly #id: string

  private constructor(device: Device, id: string) {
    this.#device = device
    this.#id = id
  }

  /** Makes a new key in the device. `tag` names the installation, `now` (milliseconds since 1970) goes into its label. */
  static async create(device: Device, tag: string, now: number): Promise<HsmRootKeyProvider> {
    const label = [ROOT_KEY_LABEL, tag, now].join('/')
    const { id } = await asked(device, 'generate', { prefix: ID_PREFIX, label })
    return new HsmRootKeyProvider(device, id)
  }

  /** The provider that wrapped these bytes; null when no key in a device did. */
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
 * A token that comes up beside the service may be away for a moment; so may one of SoftHSM2 when another process logs in to it, since
 * that empties the token's file before it writes it.
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
            ? `the key that wraps the root keys can't be used: ${error.message}: bring the token's backup back`
            : `the key that wraps the root keys is in the HSM, which can't serve now: ${error.message}`,
        )
    }
}

/** Returns the CKA_ID of the key that wrapped these bytes; null when it is not the id of a key that wraps root keys. */
function objectIdIn(wrapped: Uint8Array): string | null {
  const id = Buffer.from(wrapped.subarray(0, ID_BYTES)).toString('hex')
  return id.startsWith(ID_PREFIX) && id.length === 2 * ID_BYTES ? id : null
}
