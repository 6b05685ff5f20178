// The root keys in use. All rooms share one object. Its ring is replaced when the root keys change while calls run.
import type { Ring } from '../cryptography/ring.ts'
import { type Opened, type Root, ringOfOne, SealingRing } from '../cryptography/seal.ts'

export class RootKeys {
  #ring: SealingRing
  #epoch = 0

  /** Takes a ring, or the root key (32 bytes) of a database without a ring. Does not keep the bytes; the caller may wipe them. */
  constructor(ring: Ring | Uint8Array) {
    this.#ring = ringFrom(ring)
  }

  /**
   * Replaces the ring and wipes the former one. Code that caches what a root opened or verified must drop it when `epoch` has changed. INVARIANT: no
   * code keeps a Root across an await.
   */
  replace(ring: Ring): void {
    const next = ringFrom(ring)
    this.wipe()
    this.#ring = next
    this.#epoch++
  }

  /** Overwrites the keys. The object can't be used afterwards. */
  wipe(): void {
    this.#ring.wipe()
  }

  /** Grows whenever the ring is replaced. */
  get epoch(): number {
    return this.#epoch
  }

  /** The generation of the ring: see Ring. */
  get generation(): number {
    return this.#ring.generation
  }

  /** The root that seals and authenticates. */
  get current(): Root {
    return this.#ring.current
  }

  /** See SealingRing.seal. */
  seal(place: readonly string[], nonce: Uint8Array, plaintext: Uint8Array): Buffer {
    return this.#ring.seal(place, nonce, plaintext)
  }

  /** See SealingRing.open. */
  open(place: readonly string[], sealed: Uint8Array): Buffer | null {
    return this.#ring.open(place, sealed)
  }

  /** See SealingRing.openUnder. */
  openUnder(place: readonly string[], sealed: Uint8Array): Opened | null {
    return this.#ring.openUnder(place, sealed)
  }

  /** See SealingRing.recordMac. */
  recordMac(canonical: string): Buffer {
    return this.#ring.recordMac(canonical)
  }

  /** See SealingRing.recordMacMatches. */
  recordMacMatches(canonical: string, mac: Uint8Array): boolean {
    return this.#ring.recordMacMatches(canonical, mac)
  }

  /** The secret of a new session, under the current root: see Root.sessionSecret. */
  sessionSecret(accessKeyId: string): string {
    return this.current.sessionSecret(accessKeyId)
  }

  /** See SealingRing.fingerprint. */
  fingerprint(place: readonly string[], material: Uint8Array): string {
    return this.#ring.fingerprint(place, material)
  }
}

function ringFrom(given: Ring | Uint8Array): SealingRing {
  return new SealingRing(given instanceof Uint8Array ? ringOfOne(given) : given)
}
