// Sealing (docs/reference/formats.md, "Sealed value"). A sealed value is an XAES-256-GCM ciphertext under a key derived from a root key. It
// is bound to its place as associated data, so it opens nowhere else. The current root of a ring seals and authenticates; all of its roots
// open and verify, so a root can be replaced while calls run. Each file in test/vectors/strongroom/sealed-value tests one of these
// properties.
//
//   offset  bytes  field
//   0       1      format, 1
//   1       24     nonce
//   25      n+16   ciphertext and tag
import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'
import { hmac } from './digests.ts'
import { digestOf } from './encoding.ts'
import type { Ring } from './ring.ts'
import { NONCE_BYTES, Xaes } from './xaes.ts'

const FORMAT = 1

/** The keys derived from one root key, one for each purpose (HKDF-SHA-256, RFC 5869). */
export class Root {
  readonly sealing: Xaes
  readonly mac: Buffer
  readonly #sessionSecret: Buffer

  /** Does not keep `rootKey` (32 bytes). Throws RangeError for another length. */
  constructor(rootKey: Uint8Array) {
    if (rootKey.length !== 32) throw new RangeError('a root key has 32 bytes')
    const sealing = derive(rootKey, 'strongroom/seal/1')
    this.sealing = new Xaes(sealing)
    sealing.fill(0)
    this.mac = derive(rootKey, 'strongroom/record-mac/1')
    this.#sessionSecret = derive(rootKey, 'strongroom/session-secret/1')
  }

  /** Returns the secret of a session with this AccessKeyId: 128 hexadecimal digits, from which its AccessKey secret is cut. */
  sessionSecret(accessKeyId: string): string {
    return createHmac('sha512', this.#sessionSecret).update(accessKeyId).digest('hex')
  }

  /** Overwrites the keys. The object can't be used afterwards. */
  wipe(): void {
    this.sealing.wipe()
    this.mac.fill(0)
    this.#sessionSecret.fill(0)
  }

  /** Whether `mac` is the HMAC-SHA-256 of the text under this root; compares in constant time. */
  macMatches(canonical: string, mac: Uint8Array): boolean {
    const expected = hmac('sha256', this.mac, canonical)
    return mac.length === expected.length && timingSafeEqual(expected, mac)
  }
}

/** The content of a sealed value, and the root that it was sealed under. */
export interface Opened {
  readonly plaintext: Buffer
  readonly root: Root
}

/** The keys of one ring. */
export class SealingRing {
  readonly generation: number
  /** The root that seals and authenticates. */
  readonly current: Root
  readonly #others: readonly Root[]
  readonly #fingerprint: Buffer

  /** Does not keep the ring's bytes; the caller may wipe them. Throws RangeError when the ring has no root. */
  constructor({ generation, roots, fingerprintKey }: Ring) {
    const [current, ...others] = roots.map((root) => new Root(root))
    if (!current) throw new RangeError('a ring has a root')
    this.generation = generation
    this.current = current
    this.#others = others
    this.#fingerprint = Buffer.from(fingerprintKey)
  }

  /** Overwrites the keys. The object can't be used afterwards. */
  wipe(): void {
    for (const root of [this.current, ...this.#others]) root.wipe()
    this.#fingerprint.fill(0)
  }

  /** Seals `plaintext` for the record that `place` names; `nonce` is 24 fresh random bytes. */
  seal(place: readonly string[], nonce: Uint8Array, plaintext: Uint8Array): Buffer {
    return Buffer.concat([Buffer.of(FORMAT), nonce, this.current.sealing.seal(nonce, plaintext, digestOf(place))])
  }

  /** Returns the plaintext; null when the value is altered or truncated, belongs to another place, or was not sealed under any of the roots. */
  open(place: readonly string[], sealed: Uint8Array): Buffer | null {
    return this.openUnder(place, sealed)?.plaintext ?? null
  }

  /** Like `open`, with the root that the value was sealed under. */
  openUnder(place: readonly string[], sealed: Uint8Array): Opened | null {
    if (sealed[0] !== FORMAT) return null
    const [nonce, text] = [sealed.subarray(1, 1 + NONCE_BYTES), sealed.subarray(1 + NONCE_BYTES)]
    const aad = digestOf(place)
    const plaintext = this.current.sealing.open(nonce, text, aad)
    if (plaintext) return { plaintext, root: this.current }
    for (const root of this.#others) {
      const opened = root.sealing.open(nonce, text, aad)
      if (opened) return { plaintext: opened, root }
    }
    return null
  }

  /** Returns the HMAC-SHA-256 (32 bytes) that authenticates a record's canonical text. */
  recordMac(canonical: string): Buffer {
    return hmac('sha256', this.current.mac, canonical)
  }

  /** Whether any root of the ring made this MAC. */
  recordMacMatches(canonical: string, mac: Uint8Array): boolean {
    return this.current.macMatches(canonical, mac) || this.#others.some((root) => root.macMatches(canonical, mac))
  }

  /**
   * Returns the keyed digest (64 hexadecimal digits) by which a CMK recognizes its own material without keeping it. It is different for each CMK, and
   * does not depend on the roots.
   */
  fingerprint(place: readonly string[], material: Uint8Array): string {
    return createHmac('sha256', this.#fingerprint).update(digestOf(place)).update(material).digest('hex')
  }
}

/** Returns the ring of a database older than rings: its only root key (32 bytes), and the fingerprint key derived from it. */
export function ringOfOne(rootKey: Uint8Array): Ring {
  return { generation: 0, roots: [rootKey], fingerprintKey: derive(rootKey, 'strongroom/material-fingerprint/1') }
}

/** Derives a key (32 bytes) for one purpose. */
export function derive(key: Uint8Array, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', key, new Uint8Array(0), purpose, 32))
}
