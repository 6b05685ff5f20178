// The port to work with key pairs, which threads do (pair-threads.ts): an operation takes up to milliseconds, and generating a pair up to a second.
import type { EncryptionAlgorithm, SigningAlgorithm } from '../cryptography/algorithms.ts'
import type { PrivateKey } from '../cryptography/private-key.ts'
import type { KeySpec } from './key-spec.ts'

/** A new pair: PKCS #8 and SubjectPublicKeyInfo, both DER. The caller wipes the private key. */
export interface Pair {
  readonly privateKey: Uint8Array
  readonly publicKey: Uint8Array
}

/** The work of the threads. They wipe private keys that are bytes. */
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

/** Verifies and encrypts with public keys, for an account: accounts take turns. Throws Unreachable when too much work of the account waits. */
export interface PublicKeyWork {
  verify(account: string, ask: Works['verify']['ask']): Promise<boolean>
  encrypt(account: string, ask: Works['encrypt']['ask']): Promise<Uint8Array>
}

/** All work with pairs. */
export interface PairWork extends PublicKeyWork {
  make(account: string, keySpec: KeySpec): Promise<Pair>
  sign(account: string, ask: Works['sign']['ask']): Promise<Uint8Array>
  decrypt(account: string, ask: Works['decrypt']['ask']): Promise<Uint8Array | null>
}
