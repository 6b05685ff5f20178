// What the rooms take from the machine: time, turns of the event loop, and randomness. Callers pass it in, so that a simulation can control
// all three.
import type { KeyObject } from 'node:crypto'

export interface Runtime extends Randomness {
  /** The time in milliseconds since 1970. */
  now(): number
  /** Milliseconds of a monotonic clock. */
  monotonic(): number
  /** Runs the work after what already waits in the event loop: pending replies go out, and arrived requests are read, before it. */
  soon(work: () => void): void
  /** Resolves after what already waits in the event loop, so that long work lets other work run. */
  turn(): Promise<void>
  /** Resolves after `ms` milliseconds, or at once when `stop` aborts. */
  pause(ms: number, stop?: AbortSignal): Promise<void>
  /** Runs the work after `ms` milliseconds. The returned function cancels it. */
  after(ms: number, work: () => void): () => void
}

interface KeyPair {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

export interface Randomness {
  /** `length` bytes that nobody can predict. */
  randomBytes(length: number): Buffer
  /** 0 ≤ number < 1; not for secrets. */
  random(): number
  /** A new lower-case UUID. */
  newId(): string
  /** A new lower-case UUID of version 7; later ones sort after earlier ones. */
  newRecordId(): string
  /** A new RSA-2048 pair: SubjectPublicKeyInfo and PKCS #8, both DER. */
  rsaPair(): Promise<{ readonly publicKey: Buffer; readonly privateKey: Buffer }>
  /** New pairs of ML-KEM-768 and of X25519, for hybrid wrapping. */
  kemPairs(): { readonly kem: KeyPair; readonly x25519: KeyPair }
  /** A new Ed25519 pair. */
  ed25519Pair(): KeyPair
}
