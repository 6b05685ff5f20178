// The messages between the service and the process with the PKCS #11 library. They travel in batches.
import type { OaepAlgorithm } from '../../cryptography/algorithms.ts'
import type { WrappingAlgorithm } from '../../cryptography/wrap.ts'
import type { DeviceSigning, PairSpec, PairUse } from './templates.ts'

/** Why a process must not use a token: the token refused this PIN before, or a former process hung at it. */
export interface LeftAlone {
  readonly reason: string
  readonly pinRefused: boolean
}

/** The first message to the library's process. `pin` is secret; no other message contains it. */
export interface Opening {
  readonly module: string
  readonly parameters: string | null
  readonly tokens: readonly { readonly name: string; readonly leftAlone: LeftAlone | null }[]
  readonly pin: string
  readonly sessions: number
}

/** Each request with its answer. Object ids are hexadecimal CKA_IDs; a new one begins with the requested `prefix`. */
export interface Works {
  /** Generates a 256-bit AES key that never leaves the device. */
  generate: { ask: { prefix: string; label: string }; answer: { id: string } }
  /** Encrypts with AES-256-GCM under a nonce (12 bytes) from the device. `sealed` is ciphertext and tag. */
  encrypt: {
    ask: { id: string; plaintext: Uint8Array; aad: Uint8Array }
    answer: { nonce: Uint8Array; sealed: Uint8Array }
  }
  /** Decrypts; null when the ciphertext is not authentic. */
  decrypt: {
    ask: { id: string; nonce: Uint8Array; sealed: Uint8Array; aad: Uint8Array }
    answer: Uint8Array | null
  }
  /**
   * Generates a pair for one use. The private key never leaves the device; the public key is a SubjectPublicKeyInfo (DER). `unsupported`:
   * as below.
   */
  makePair: {
    ask: { prefix: string; label: string; spec: PairSpec; use: Exclude<PairUse, 'unwrap'> }
    answer: { id: string; publicKey: Uint8Array } | { unsupported: string }
  }
  /** Signs a SHA-256 digest. The signature has the format of the API. `unsupported`: as below. */
  sign: {
    ask: { id: string; algorithm: DeviceSigning; digest: Uint8Array }
    answer: { signature: Uint8Array } | { unsupported: string }
  }
  /** Decrypts a ciphertext for the pair; null when it is invalid. `unsupported`: as below. */
  decryptAsymmetric: {
    ask: { id: string; algorithm: OaepAlgorithm; ciphertext: Uint8Array }
    answer: { plaintext: Uint8Array } | { unsupported: string } | null
  }
  /** Why the device can't decrypt with pairs; null where it can. */
  lackOfDecryption: { ask: { algorithm: OaepAlgorithm }; answer: string | null }
  /** Destroys the object. The answer is true when no token has it any more. */
  destroy: { ask: { id: string }; answer: boolean }
  /**
   * Generates an RSA-2048 pair for unwrapping. `unsupported`: why the device can't do it, in the form of Abilities. `tooMany`: the CMK in the label
   * has as many wrapping keys as are allowed.
   */
  makeWrappingKey: {
    ask: { prefix: string; label: string; algorithm: WrappingAlgorithm }
    answer: { id: string; publicKey: Uint8Array } | { unsupported: string } | { tooMany: true }
  }
  /**
   * Returns the check value (16 bytes) of wrapped 256-bit material, without keeping the material; null when it is not such material.
   * `unsupported`: as above.
   */
  examine: {
    ask: { wrappingId: string; algorithm: WrappingAlgorithm; wrapped: Uint8Array }
    answer: { checkValue: Uint8Array } | { unsupported: string } | null
  }
  /** Unwraps material into the token; null when it does not have the check value. */
  import: {
    ask: {
      wrappingId: string
      algorithm: WrappingAlgorithm
      wrapped: Uint8Array
      prefix: string
      label: string
      checkValue: Uint8Array
    }
    answer: { id: string } | null
  }
  /** Destroys the expired wrapping keys of an installation, and returns their number. */
  collect: { ask: { tag: string; now: number }; answer: number }
  /** Describes each reachable token: its model and abilities. */
  describe: { ask: object; answer: readonly TokenIdentity[] }
  /** Describes each token with its objects. */
  inspect: { ask: { tag: string }; answer: readonly TokenReport[] }
  /** Fails unless the device responds. */
  ping: { ask: object; answer: null }
}

export type Work = keyof Works

/** Work that may take a device seconds. Some libraries do nothing else meanwhile, so silence during such work does not mean that they hang. */
export const SLOW_WORKS: ReadonlySet<Work> = new Set([
  'generate',
  'makePair',
  'lackOfDecryption',
  'makeWrappingKey',
  'examine',
  'import',
])

/** For each ability, why a device does not have it, such as `lacks CKM_…`; null where it has it. */
export type Abilities<Thing extends string = string> = Readonly<Record<Thing, string | null>>

/** A request. `expiresAt` is milliseconds of monotonicMs; an expired request is not started. */
export type Request = {
  [W in Work]: { readonly number: number; readonly work: W; readonly ask: Works[W]['ask']; readonly expiresAt: number }
}[Work]

/**
 * Why the work was not done. `away`: the device can't serve at present. `missing`: no token has the object. `full`: there is no room for the
 * object. `refused`: the device serves, but refuses this work on the object. `late`: the time limit passed before the work began.
 */
export type Trouble = 'away' | 'missing' | 'full' | 'refused' | 'late'

export type Reply =
  | { readonly number: number; readonly answer: unknown }
  | { readonly number: number; readonly trouble: Trouble; readonly reason: string }

/** The state of a token after opening; `reason` says why it is not up. */
export interface TokenState {
  readonly token: string
  readonly up: boolean
  readonly pinRefused: boolean
  readonly reason: string
}

/**
 * `opening`: the process logs in to a token. `failed`: it can't serve and ends, with `setup` true because the operator must change the
 * set-up, otherwise because of its tokens.
 */
export type News =
  | { readonly news: 'opening'; readonly token: string }
  | { readonly news: 'ready'; readonly tokens: readonly TokenState[] }
  | {
      readonly news: 'failed'
      readonly setup: boolean
      readonly reason: string
      readonly tokens: readonly TokenState[]
    }
  | { readonly news: 'token'; readonly state: TokenState }

/** `refused`: the tokens that refused the same PIN in another process. */
export type ToModule =
  | { readonly open: Opening }
  | { readonly requests: readonly Request[] }
  | { readonly refused: readonly string[] }
export type FromModule = News | { readonly replies: readonly Reply[] }

/** The identity and the abilities of a token. */
export interface TokenIdentity {
  readonly token: string
  readonly label: string
  readonly manufacturer: string
  readonly model: string
  readonly serial: string
  readonly firmware: string
  /** In bytes; null where the device does not report it. */
  readonly freePrivateMemory: number | null
  /** The results of trials on the token. */
  readonly abilities: Abilities
}

/** The identity of a token that does not answer. */
export const UNIDENTIFIED: Omit<TokenIdentity, 'token'> = {
  label: '',
  manufacturer: '',
  model: '',
  serial: '',
  firmware: '',
  freePrivateMemory: null,
  abilities: {},
}

/** The report of `strongroom hsm check` on a token. */
export interface TokenReport extends TokenState, TokenIdentity {
  readonly keys: readonly ObjectReport[]
  readonly wrappingKeys: readonly ObjectReport[]
  /** The keys that wrap the root keys, or wrapped them before. */
  readonly rootKeys: readonly ObjectReport[]
}

export interface ObjectReport {
  readonly id: string
  readonly label: string
  readonly sensitive: boolean
  readonly extractable: boolean
}

/**
 * The number of messages in a batch. With fewer, each message costs more; with more, service and device wait for each other instead of working in
 * parallel.
 */
export const BATCH = 8

/** Milliseconds of a clock that never goes back and that all processes of the machine share. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint() / 1_000_000n)
}
