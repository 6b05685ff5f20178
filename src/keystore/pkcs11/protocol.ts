// What the service and the process that holds the PKCS #11 library say to each other. Messages travel in batches.
import type { WrappingAlgorithm } from '../../cryptography/wrap.ts'
import type { DeviceSigning, OaepAlgorithm, PairSpec, PairUse } from './templates.ts'

/** Why a process must not use a token: the token refused this PIN before, or a former process hung at it. */
export interface LeftAlone {
  readonly reason: string
  readonly pinRefused: boolean
}

/** The first message to the library's process; `pin` is secret and travels in no other. */
export interface Opening {
  readonly module: string
  readonly parameters: string | null
  readonly tokens: readonly { readonly name: string; readonly leftAlone: LeftAlone | null }[]
  readonly pin: string
  readonly sessions: number
}

/** Each request with its answer. Object ids are hexadecimal CKA_IDs; a new one begins with the requested `prefix`. */
export interface Works {
  /** Key generation: a 256-bit AES key that never leaves the device. */
  generate: { ask: { prefix: string; label: string }; answer: { id: string } }
  /** AES-256-GCM under a nonce (12 bytes) from the device; `sealed` is ciphertext and tag. */
  encrypt: {
    ask: { id: string; plaintext: Uint8Array; aad: Uint8Array }
    answer: { nonce: Uint8Array; sealed: Uint8Array }
  }
  /** The plaintext, or null when the ciphertext is not authentic. */
  decrypt: {
    ask: { id: string; nonce: Uint8Array; sealed: Uint8Array; aad: Uint8Array }
    answer: Uint8Array | null
  }
  /** A pair that does one thing: its private key never leaves the device; the public key is a SubjectPublicKeyInfo (DER). `unsupported`: as below. */
  makePair: {
    ask: { prefix: string; label: string; spec: PairSpec; use: Exclude<PairUse, 'unwrap'> }
    answer: { id: string; publicKey: Uint8Array } | { unsupported: string }
  }
  /** The signature of a digest of SHA-256, in the form that callers get. `unsupported`: as below. */
  sign: {
    ask: { id: string; algorithm: DeviceSigning; digest: Uint8Array }
    answer: { signature: Uint8Array } | { unsupported: string }
  }
  /** The plaintext that is encrypted for the pair; null when there is none in the ciphertext. `unsupported`: as below. */
  decryptAsymmetric: {
    ask: { id: string; algorithm: OaepAlgorithm; ciphertext: Uint8Array }
    answer: { plaintext: Uint8Array } | { unsupported: string } | null
  }
  /** What keeps the device from decrypting what is encrypted for a pair; null where nothing does. */
  lackOfDecryption: { ask: { algorithm: OaepAlgorithm }; answer: string | null }
  /** Destroys the object; true when no token has it any more. */
  destroy: { ask: { id: string }; answer: boolean }
  /**
   * An RSA-2048 pair for unwrapping. `unsupported`: what keeps the device from it, as Abilities has it.
   * `tooMany`: the label's owner has as many as may be.
   */
  makeWrappingKey: {
    ask: { prefix: string; label: string; algorithm: WrappingAlgorithm }
    answer: { id: string; publicKey: Uint8Array } | { unsupported: string } | { tooMany: true }
  }
  /** The check value (16 bytes) of wrapped 256-bit material, of which nothing is kept; null when it is not such material. `unsupported`: as above. */
  examine: {
    ask: { wrappingId: string; algorithm: WrappingAlgorithm; wrapped: Uint8Array }
    answer: { checkValue: Uint8Array } | { unsupported: string } | null
  }
  /** Unwraps material for good; null when it does not have the check value. */
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
  /** Describes each token that is there: its model and abilities. */
  describe: { ask: object; answer: readonly TokenIdentity[] }
  /** Describes each token with its objects. */
  inspect: { ask: { tag: string }; answer: readonly TokenReport[] }
  /** Whether the device responds at all. */
  ping: { ask: object; answer: null }
}

export type Work = keyof Works

/** Work that may take a device seconds. Some libraries do nothing else meanwhile, so their silence does not mean that they hang. */
export const SLOW_WORKS: ReadonlySet<Work> = new Set([
  'generate',
  'makePair',
  'lackOfDecryption',
  'makeWrappingKey',
  'examine',
  'import',
])

/** What keeps a device from each thing that it may be asked for: `lacks CKM_…`; null where nothing does. */
export type Abilities<Thing extends string = string> = Readonly<Record<Thing, string | null>>

/** `expiresAt`: by the system's monotonic clock, in milliseconds; an expired request is not begun. */
export type Request = {
  [W in Work]: { readonly number: number; readonly work: W; readonly ask: Works[W]['ask']; readonly expiresAt: number }
}[Work]

/**
 * Why the device did not do it. `away`: it can't serve now. `missing`: no token has the object. `full`: there is no room for it.
 * `refused`: it serves, but does not do this with the object. `late`: its time was over before it began.
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

/** `failed`: the process can't serve and ends, because of its `setup`, which must be changed, or of what its tokens say. `opening`: it logs in. */
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

/** `refused`: tokens that refused to another process the PIN that this one has. */
export type ToModule =
  | { readonly open: Opening }
  | { readonly requests: readonly Request[] }
  | { readonly refused: readonly string[] }
export type FromModule = News | { readonly replies: readonly Reply[] }

/** What a token is, and can do. */
export interface TokenIdentity {
  readonly token: string
  readonly label: string
  readonly manufacturer: string
  readonly model: string
  readonly serial: string
  readonly firmware: string
  /** Bytes; null where the device does not tell. */
  readonly freePrivateMemory: number | null
  /** What was tried on the token, and whether it works. */
  readonly abilities: Abilities
}

/** The identity of a token that did not answer. */
export const UNIDENTIFIED: Omit<TokenIdentity, 'token'> = {
  label: '',
  manufacturer: '',
  model: '',
  serial: '',
  firmware: '',
  freePrivateMemory: null,
  abilities: {},
}

/** What `strongroom hsm check` shows of a token. */
export interface TokenReport extends TokenState, TokenIdentity {
  readonly keys: readonly ObjectReport[]
  readonly wrappingKeys: readonly ObjectReport[]
  /** Those that wrap the root keys, or did. */
  readonly rootKeys: readonly ObjectReport[]
}

export interface ObjectReport {
  readonly id: string
  readonly label: string
  readonly sensitive: boolean
  readonly extractable: boolean
}

/**
 * The most messages in a batch. With fewer, each message costs more; with more, service and device wait for each other in turn instead of
 * working side by side.
 */
export const BATCH = 8

/** Milliseconds of a clock that never goes back and that all processes of the machine share. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint() / 1_000_000n)
}
