// The port to the provider of the root keys. The provider wraps the ring of roots, and only it can unwrap the ring.
import { derive } from '../cryptography/seal.ts'
import { NONCE_BYTES, Xaes } from '../cryptography/xaes.ts'
import type { Randomness } from '../runtime/runtime.ts'

/** The names of providers in a database's installation record. */
export const PROVIDER_NAMES = ['file', 'passphrase', 'hsm'] as const
export type ProviderName = (typeof PROVIDER_NAMES)[number]

/**
 * Wraps and unwraps up to 400 bytes. It may be slow (a device, a network); only starts and changes of the root keys wait for it. Throws ProviderAway
 * when it can't be reached at present.
 */
export interface RootKeyProvider {
  readonly name: ProviderName
  /** Its name in error messages: `root key file`, `passphrase`. */
  readonly title: string
  wrap(plaintext: Uint8Array): Promise<Uint8Array>
  /** Returns the plaintext, which the caller wipes; null when another provider wrapped the bytes, or they were altered. */
  unwrap(wrapped: Uint8Array): Promise<Uint8Array | null>
}

/** The provider can't be reached at present; try again later. The message says what to check. */
export class ProviderAway extends Error {}

/** The associated data of the wrapped ring; the same for all providers. */
export const WRAPPED_RING = Buffer.from('strongroom/wrapped-ring/1', 'utf8')

/** A provider whose key (32 bytes) is in the memory of this process. The key comes from a file or a passphrase. */
export class KeyProvider implements RootKeyProvider {
  readonly name: ProviderName
  readonly title: string
  readonly #wrapping: Xaes
  readonly #random: Pick<Randomness, 'randomBytes'>

  /** Does not keep `key`; the caller may wipe it. */
  constructor(name: ProviderName, title: string, key: Uint8Array, random: Pick<Randomness, 'randomBytes'>) {
    this.name = name
    this.#random = random
    this.title = title
    const wrapping = derive(key, 'strongroom/ring-wrapping/1')
    this.#wrapping = new Xaes(wrapping)
    wrapping.fill(0)
  }

  /** Returns nonce (24 bytes), ciphertext and tag of XAES-256-GCM. */
  async wrap(plaintext: Uint8Array): Promise<Uint8Array> {
    const nonce = this.#random.randomBytes(NONCE_BYTES)
    return Buffer.concat([nonce, this.#wrapping.seal(nonce, plaintext, WRAPPED_RING)])
  }

  async unwrap(wrapped: Uint8Array): Promise<Uint8Array | null> {
    return this.#wrapping.open(wrapped.subarray(0, NONCE_BYTES), wrapped.subarray(NONCE_BYTES), WRAPPED_RING)
  }
}

/** 32 hexadecimal digits that identify a key (32 random bytes) and reveal nothing of it. */
export function keyCheck(key: Uint8Array): string {
  return derive(key, 'strongroom/key-check/1').toString('hex').slice(0, 32)
}
