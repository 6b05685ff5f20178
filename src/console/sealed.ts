// What browsers and command lines keep for the server: sessions, steps of a log-on, and what was checked or allowed. Each is sealed under
// the root key with a place of its own, so that none passes for another, and any server of the installation opens it.
import { NONCE_BYTES } from '../cryptography/xaes.ts'
import type { RootKeys } from '../keystore/root-keys.ts'
import type { Asking } from '../ram/log-on-code.ts'
import type { LoggedOnSession } from '../ram/logged-on-session.ts'
import type { Randomness } from '../runtime/runtime.ts'

/** In characters; no sealed text is longer. */
const MAX_LENGTH = 4096

/** A user whose password was right, before the next step of the log-on. */
export interface Ticket {
  readonly step: 'Code' | 'BindMFADevice' | 'NewPassword'
  readonly accountId: string
  readonly userId: string
  /** The mark of the password. */
  readonly mark: string
  /** The name as it was typed. */
  readonly typed: string
  /** Whether the second factor has been checked. */
  readonly mfa: boolean
  /** The seed of the device to bind, Base64; empty in other steps. */
  readonly seed: string
  readonly until: number
}

/** That a code of a device was checked on this browser. */
export interface SavedMfa {
  readonly accountId: string
  readonly userId: string
  readonly mark: string
  readonly deviceId: string
  /** When the device was bound: a device that is bound again needs a code again. */
  readonly boundAt: number
  readonly until: number
}

/** The proof that a person allowed a session to the command line on this machine: the code of RFC 6749, with the challenge of RFC 7636. */
interface Grant {
  /** The id of the session. */
  readonly id: string
  /** The session of the console in which a person allowed it. */
  readonly session: LoggedOnSession
  readonly challenge: string
  readonly until: number
}

/** The value with which a waiting command line polls: the device code of RFC 8628. */
export interface DeviceCode extends Asking {
  /** What a person types. */
  readonly userCode: string
  readonly until: number
}

interface Kinds {
  readonly 'console-session': LoggedOnSession
  readonly 'console-ticket': Ticket
  readonly 'console-saved-mfa': SavedMfa
  readonly 'log-on-grant': Grant
  readonly 'log-on-device-code': DeviceCode
  /** In the record of a code. */
  readonly 'log-on-code': LoggedOnSession
}

export class Sealing {
  readonly #keys: RootKeys
  readonly #random: Pick<Randomness, 'randomBytes'>

  constructor(keys: RootKeys, random: Pick<Randomness, 'randomBytes'>) {
    this.#keys = keys
    this.#random = random
  }

  /** Increases when the root keys change: values that could be opened before may fail afterwards. */
  get epoch(): number {
    return this.#keys.epoch
  }

  /** The sealed text: Base64url, fit for a cookie. */
  seal<K extends keyof Kinds>(kind: K, value: Kinds[K]): string {
    const nonce = this.#random.randomBytes(NONCE_BYTES)
    return this.#keys.seal([kind], nonce, Buffer.from(JSON.stringify([1, value]))).toString('base64url')
  }

  /** The sealed value, even if it has expired; null for any other text. */
  open<K extends keyof Kinds>(kind: K, text: string): Kinds[K] | null {
    if (text === '' || text.length > MAX_LENGTH) return null
    const sealed = Buffer.from(text, 'base64url')
    const opened = sealed.toString('base64url') === text ? this.#keys.open([kind], sealed) : null
    return opened && (JSON.parse(opened.toString('utf8')) as [format: 1, value: Kinds[K]])[1]
  }
}
