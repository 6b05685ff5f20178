// Sealing: secrets at rest are XAES-256-GCM ciphertext under a key derived from a root key, bound to their record.
// A ring of root keys: the current one seals and authenticates; all of them open and verify, so that a root can be replaced
// behind running calls.
//
//   offset  bytes  field
//   0       1      format, 1
//   1       24     nonce
//   25      n+16   ciphertext and tag
import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'
import { digestOf } from './encoding.ts'
import type { Ring } from './ring.ts'
import { NONCE_BYTES, Xaes } from './xaes.ts'

const FORMAT = 1

/** The keys that one root key (32 bytes) stands for, one per purpose (HKDF-SHA-256, RFC 5869). */
export class Root {
  readonly sealing: Xaes
  readonly mac: Buffer
  readonly #sessionSecret: Buffer

  constructor(rootKey: Uint8Array) {
    if (rootKey.length !== 32) throw new RangeError('a root key has 32 bytes')
    const sealing = derive(rootKey, 'strongroom/seal/1')
    this.sealing = new Xaes(sealing)
    sealing.fill(0)
    this.mac = derive(rootKey, 'strongroom/record-mac/1')
    this.#sessionSecret = derive(rootKey, 'strongroom/session-secret/1')
  }

  /** 128 hexadecimal digits: the secret that belongs to the AccessKeyId of a session. */
  sessionSecret(accessKeyId: string): string {
    return createHmac('sha512', this.#sessionSecret).update(accessKeyId).digest('hex')
  }

  /** Overwrites all of it; not to be used from then on. */
  wipe(): void {
    this.sealing.wipe()
    this.mac.fill(0)
    this.#sessionSecret.fill(0)
  }

  macMatches(canonical: string, mac: Uint8Array): boolean {
    const expected = createHmac('sha256', this.mac).update(canonical).digest()
    return mac.length === expected.length && timingSafeEqual(expected, mac)
  }
}

/** What a sealed value held, and the root that it was sealed under. */
export interface Opened {
  readonly plaintext: Buffer
  readonly root: Root
}

/** The keys of a ring. All rooms share one object, which takes over another ring when the roots change. */
export class RootKeys {
  #derived: Derived
  #epoch = 0

  /** Takes a ring, or the only root key (32 bytes) of a database that has no ring. The caller may wipe the bytes afterwards. */
  constructor(ring: Ring | Uint8Array) {
    this.#derived = derivedFrom(ring)
  }

  /**
   * Goes on with another ring, and wipes the former. Whoever keeps what a root opened or verified forgets it when `epoch` has changed.
   * INVARIANT: nobody keeps a Root while he waits for something.
   */
  replace(ring: Ring): void {
    const derived = derivedFrom(ring)
    this.wipe()
    this.#derived = derived
    this.#epoch++
  }

  /** Overwrites the keys, when they are not needed any more. */
  wipe(): void {
    const { current, others, fingerprint } = this.#derived
    for (const root of [current, ...others]) root.wipe()
    fingerprint.fill(0)
  }

  /** Has everybody forget what they keep of the records, as when the ring is replaced: another process may have changed any. */
  forgetKept(): void {
    this.#epoch++
  }

  /** Grows whenever the ring is replaced, or what is kept must be forgotten. */
  get epoch(): number {
    return this.#epoch
  }

  /** That of the ring: see Ring. */
  get generation(): number {
    return this.#derived.generation
  }

  /** The root that seals and authenticates. */
  get current(): Root {
    return this.#derived.current
  }

  /** Seals `plaintext` for the record that `place` names; `nonce` is 24 fresh random bytes. */
  seal(place: readonly string[], nonce: Uint8Array, plaintext: Uint8Array): Buffer {
    return Buffer.concat([Buffer.of(FORMAT), nonce, this.current.sealing.seal(nonce, plaintext, digestOf(place))])
  }

  /** The plaintext, or null when the value was altered, cut, belongs to another place, or was sealed under none of the roots. */
  open(place: readonly string[], sealed: Uint8Array): Buffer | null {
    return this.openUnder(place, sealed)?.plaintext ?? null
  }

  /** As `open`, and tells the root. */
  openUnder(place: readonly string[], sealed: Uint8Array): Opened | null {
    if (sealed[0] !== FORMAT) return null
    const [nonce, text] = [sealed.subarray(1, 1 + NONCE_BYTES), sealed.subarray(1 + NONCE_BYTES)]
    const aad = digestOf(place)
    const plaintext = this.current.sealing.open(nonce, text, aad)
    if (plaintext) return { plaintext, root: this.current }
    for (const root of this.#derived.others) {
      const opened = root.sealing.open(nonce, text, aad)
      if (opened) return { plaintext: opened, root }
    }
    return null
  }

  /** HMAC-SHA-256 (32 bytes) that authenticates a record's canonical text. */
  recordMac(canonical: string): Buffer {
    return createHmac('sha256', this.current.mac).update(canonical).digest()
  }

  /** Whether any root of the ring made this MAC. */
  recordMacMatches(canonical: string, mac: Uint8Array): boolean {
    return (
      this.current.macMatches(canonical, mac) || this.#derived.others.some((root) => root.macMatches(canonical, mac))
    )
  }

  /** The secret of a session that begins now: see Root.sessionSecret. */
  sessionSecret(accessKeyId: string): string {
    return this.current.sessionSecret(accessKeyId)
  }

  /**
   * Keyed digest (hex) by which a key recognizes its own material without keeping it; differs from key to key, and is the
   * same under every root.
   */
  fingerprint(place: readonly string[], material: Uint8Array): string {
    return createHmac('sha256', this.#derived.fingerprint).update(digestOf(place)).update(material).digest('hex')
  }
}

/** The ring of a database from before there were rings: its root key (32 bytes) alone, and the fingerprint key that follows from it. */
export function ringOfOne(rootKey: Uint8Array): Ring {
  return { generation: 0, roots: [rootKey], fingerprintKey: derive(rootKey, 'strongroom/material-fingerprint/1') }
}

/** What the keys of a ring stand for. */
interface Derived {
  readonly generation: number
  readonly current: Root
  readonly others: readonly Root[]
  readonly fingerprint: Buffer
}

function derivedFrom(given: Ring | Uint8Array): Derived {
  const ring = given instanceof Uint8Array ? ringOfOne(given) : given
  const [current, ...others] = ring.roots.map((root) => new Root(root))
  if (!current) throw new RangeError('a ring has a root')
  return { generation: ring.generation, current, others, fingerprint: Buffer.from(ring.fingerprintKey) }
}

/** A key (32 bytes) for one purpose. */
export function derive(key: Uint8Array, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', key, new Uint8Array(0), purpose, 32))
}
