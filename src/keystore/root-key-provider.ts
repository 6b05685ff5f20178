// The port to where the root keys come from: whoever wraps the ring of roots, and alone can unwrap it.
import { derive } from '../cryptography/seal.ts'
import { NONCE_BYTES, Xaes } from '../cryptography/xaes.ts'
import { randomBytes } from './random.ts'

/** The providers by name, as a database's installation record spells them. */
export const PROVIDER_NAMES = ['file', 'passphrase', 'hsm'] as const
export type ProviderName = (typeof PROVIDER_NAMES)[number]

/**
 * Wraps and unwraps up to 400 bytes. May take its time (a device, a network): nothing waits for it but starts and changes
 * of the root keys. Throws ProviderAway when it can't be reached now; what it then would have said is unknown.
 */
export interface RootKeyProvider {
  readonly name: ProviderName
  /** What an error calls it: `root key file`, `passphrase`. */
  readonly title: string
  wrap(plaintext: Uint8Array): Promise<Uint8Array>
  /** The plaintext, which the caller wipes; null when another provider wrapped it, or it was altered. */
  unwrap(wrapped: Uint8Array): Promise<Uint8Array | null>
}

/** The provider can't be reached now: try again later. The message says what to see to. */
export class ProviderAway extends Error {}

/** What every provider binds the wrapped ring to (AAD). */
export const WRAPPED_RING = Buffer.from('strongroom/wrapped-ring/1', 'utf8')

/** A provider that is a key (32 bytes) in this process's memory: of a file, or made of a passphrase. */
export class KeyProvider implements RootKeyProvider {
  readonly name: ProviderName
  readonly title: string
  readonly #wrapping: Xaes

  /** The caller may wipe `key` afterwards. */
  constructor(name: ProviderName, title: string, key: Uint8Array) {
    this.name = name
    this.title = title
    const wrapping = derive(key, 'strongroom/ring-wrapping/1')
    this.#wrapping = new Xaes(wrapping)
    wrapping.fill(0)
  }

  /** Nonce (24 bytes), ciphertext and tag of XAES-256-GCM. */
  async wrap(plaintext: Uint8Array): Promise<Uint8Array> {
    const nonce = randomBytes(NONCE_BYTES)
    return Buffer.concat([nonce, this.#wrapping.seal(nonce, plaintext, WRAPPED_RING)])
  }

  async unwrap(wrapped: Uint8Array): Promise<Uint8Array | null> {
    return this.#wrapping.open(wrapped.subarray(0, NONCE_BYTES), wrapped.subarray(NONCE_BYTES), WRAPPED_RING)
  }
}

/** 32 hex digits that tell a key (32 random bytes) again and betray nothing of it. */
export function keyCheck(key: Uint8Array): string {
  return derive(key, 'strongroom/key-check/1').toString('hex').slice(0, 32)
}
