// The port to work with the keys of pairs: it takes up to milliseconds, and making a pair up to a second. Threads do it (pair-threads.ts).
import type { EncryptionAlgorithm, SigningAlgorithm } from '../cryptography/algorithms.ts'
import type { PrivateKey } from '../cryptography/private-key.ts'
import type { KeySpec } from './key-spec.ts'

/** A new pair: PKCS #8 and SubjectPublicKeyInfo, both DER. Whoever gets it wipes the private key. */
export interface Pair {
  readonly privateKey: Uint8Array
  readonly publicKey: Uint8Array
}

/** What threads do. Private keys that are bytes are wiped. */
export type Works = {
  readonly make: { readonly ask: { readonly keySpec: KeySpec }; readonly answer: Pair }
  readonly sign: {
    readonly ask: { readonly key: PrivateKey; readonly algorithm: SigningAlgorithm; readonly digest: Uint8Array }
    readonly answer: Uint8Array
  }
  readonly decrypt: {
    readonly ask: { readonly key: PrivateKey; readonly algorithm: EncryptionAlgorithm; readonly ciphertext: Uint8Array }
    readonly answer: Uint8Array | null
  }
  readonly verify: {
    readonly ask: {
      readonly publicKey: Uint8Array
      readonly algorithm: SigningAlgorithm
      readonly digest: Uint8Array
      readonly signature: Uint8Array
    }
    readonly answer: boolean
  }
  readonly encrypt: {
    readonly ask: {
      readonly publicKey: Uint8Array
      readonly algorithm: EncryptionAlgorithm
      readonly plaintext: Uint8Array
    }
    readonly answer: Uint8Array
  }
}
export type Work = keyof Works

export type Question = { readonly [W in Work]: { readonly number: number; readonly work: W } & Works[W]['ask'] }[Work]
export type Answer = { readonly number: number } & (
  | { readonly answer: Works[Work]['answer'] }
  | { readonly failure: string }
)

/** Verifies and encrypts with public keys. Throws Unreachable when too much work waits. */
export interface PublicKeyWork {
  verify(ask: Works['verify']['ask']): Promise<boolean>
  encrypt(ask: Works['encrypt']['ask']): Promise<Uint8Array>
}

/** All work with pairs. */
export interface PairWork extends PublicKeyWork {
  make(keySpec: KeySpec): Promise<Pair>
  sign(ask: Works['sign']['ask']): Promise<Uint8Array>
  decrypt(ask: Works['decrypt']['ask']): Promise<Uint8Array | null>
}
