// What the rooms take from the machine: time, turns and randomness. It is passed in, so that a simulation can own all three.
import type { KeyObject } from 'node:crypto'

export interface Runtime extends Randomness {
  /** The time in milliseconds since 1970. */
  now(): number
  /** Milliseconds of a clock that nobody sets and that never goes back. */
  monotonic(): number
  /** Runs the work behind what already waits: replies go out, and requests that came are read, before it. */
  soon(work: () => void): void
  /** Resolves behind what already waits, so that long work lets other work run. */
  turn(): Promise<void>
  /** Resolves after `ms` milliseconds, or at once when `stop` aborts. */
  pause(ms: number, stop?: AbortSignal): Promise<void>
  /** Runs the work after `ms` milliseconds; the returned function cancels it. */
  after(ms: number, work: () => void): () => void
}

export interface KeyPair {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

export interface Randomness {
  /** `length` bytes that nobody can predict. */
  randomBytes(length: number): Buffer
  /** From 0 up to 1; for what needs no secrecy. */
  random(): number
  /** A new lower-case UUID. */
  newId(): string
  /** A new lower-case UUID of version 7: later ones are greater. */
  newRecordId(): string
  /** A new RSA-2048 pair: SubjectPublicKeyInfo and PKCS #8, both DER. */
  rsaPair(): Promise<{ readonly publicKey: Buffer; readonly privateKey: Buffer }>
  /** New pairs of ML-KEM-768 and of X25519, for hybrid wrapping. */
  kemPairs(): { readonly kem: KeyPair; readonly x25519: KeyPair }
  /** A new Ed25519 pair. */
  ed25519Pair(): KeyPair
}
