// One login to a token, with its sessions, the handles found in them, and random bytes. They all end together and can't be used afterwards,
// because after the next login the same numbers may identify other sessions and objects.
import { NONCE_BYTES } from '../../cryptography/gcm.ts'
import type { Cryptoki, FoundToken } from './cryptoki.ts'
import { Away, Missing, returnValueOf, Voided } from './faults.ts'
import { type Handle, OBJECT_CLASSES, type ObjectClass, type SessionHolder } from './session.ts'

const NONCES_AT_ONCE = 80
/** How many handles stay in memory. One more handle clears them all. */
const MOST_HANDLES = 10_000
const NO_MORE_SESSIONS = ['CKR_SESSION_COUNT', 'CKR_DEVICE_MEMORY']
/** The pause before another session is requested from a device that had none left. */
const ASK_AGAIN_MS = 1000
const FRESH_MS = 1000

export class Login {
  readonly slot: Handle
  /** Model, serial number and firmware. They distinguish devices with the same name. */
  readonly device: string
  /** Whether any work was done with it. */
  hasServed = false
  readonly #cryptoki: Cryptoki
  readonly #idle: Handle[]
  #opened = 1
  readonly #begunAt = performance.now()
  /** How many sessions were open when the device refused another one; null while it has refused none. */
  #refusedAt: number | null = null
  #askAgainAt = 0
  readonly #handles = new Map<string, Handle>()
  #nonces: Buffer = Buffer.alloc(0)
  #over = false

  private constructor(cryptoki: Cryptoki, { slot, info }: FoundToken, session: Handle) {
    this.#cryptoki = cryptoki
    this.slot = slot
    const { major, minor } = info.firmwareVersion
    this.device = [info.model, info.serialNumber, major, minor].join(' ')
    this.#idle = [session]
  }

  /** Logs in to the token with this label or serial number. Throws Away when there is none, and the library's errors. */
  static begin(cryptoki: Cryptoki, token: { readonly name: string; readonly pin: string }): Login {
    const found = cryptoki.findToken(token.name)
    if (!found) throw new Away(`there is no token \`${token.name}\` in the module's slots`)
    const session = cryptoki.openSession(found.slot)
    try {
      cryptoki.login(session, token.pin)
    } catch (error) {
      cryptoki.closeSession(session)
      throw error
    }
    return new Login(cryptoki, found, session)
  }

  get isOver(): boolean {
    return this.#over
  }

  /** Whether the login has just begun and has done no work. Then another login would not help. */
  get isFresh(): boolean {
    return !this.hasServed && performance.now() - this.#begunAt < FRESH_MS
  }

  /** How many sessions there can be: `limit`, or fewer if the device offers fewer. */
  capacity(limit: number): number {
    return Math.min(limit, this.#refusedAt ?? limit)
  }

  /** Whether `take` would return null. */
  isBusy(limit: number): boolean {
    return this.#inUse >= limit || (this.#idle.length === 0 && this.#isRefusing)
  }

  /** Returns a session that is not in use; null when `limit` sessions are in use, or the device has no more. Throws the library's errors. */
  take(limit: number): Handle | null {
    if (this.isBusy(limit)) return null
    return this.#idle.pop() ?? this.#another()
  }

  get #inUse(): number {
    return this.#opened - this.#idle.length
  }

  get #isRefusing(): boolean {
    return this.#refusedAt !== null && performance.now() < this.#askAgainAt
  }

  #another(): Handle | null {
    try {
      const session = this.#cryptoki.openSession(this.slot)
      this.#opened++
      this.#refusedAt = null
      return session
    } catch (error) {
      if (!NO_MORE_SESSIONS.includes(returnValueOf(error))) throw error
      this.#refusedAt = this.#opened
      this.#askAgainAt = performance.now() + ASK_AGAIN_MS
      return null
    }
  }

  giveBack(session: Handle): void {
    if (this.#over) this.#cryptoki.closeSession(session)
    else this.#idle.push(session)
  }

  /**
   * Closes a session. A token logs out when its last session is closed, so this opens another one before it closes the last. Throws the library's
   * error if that fails.
   */
  discard(session: Handle): void {
    try {
      if (!this.#over && this.#opened === 1) this.#idle.push(this.#cryptoki.openSession(this.slot))
      else this.#opened--
    } finally {
      this.#cryptoki.closeSession(session)
    }
  }

  /** Ends the login. Sessions in use are closed when they are returned. */
  end(): void {
    this.#over = true
    const [last, ...others] = this.#idle.splice(0)
    for (const session of others) this.#cryptoki.closeSession(session)
    if (!last) return
    this.#cryptoki.logout(last)
    this.#cryptoki.closeSession(last)
  }

  /** Returns the only object with this CKA_ID (hexadecimal). Throws Missing when there is none, or more than one. */
  find(at: SessionHolder, what: ObjectClass, id: string): Handle {
    const key = what + id
    const known = this.#handles.get(key)
    if (known) return known
    const [handle, ...others] = this.#cryptoki.find(at, what, id)
    if (!handle) throw new Missing(`there is no ${what} key ${id}`)
    if (others.length > 0) throw new Missing(`there are ${others.length + 1} ${what} keys ${id} instead of one`)
    if (this.#handles.size >= MOST_HANDLES) this.#handles.clear()
    this.#handles.set(key, handle)
    return handle
  }

  /** Forgets the handle of an object that was destroyed. */
  forget(id: string): void {
    for (const what of OBJECT_CLASSES) this.#handles.delete(what + id)
  }

  forgetAll(): void {
    this.#handles.clear()
  }

  /** Returns 12 random bytes. They are drawn for many nonces at once, because over a network each draw is a round trip. */
  nonce(at: SessionHolder): Buffer {
    if (this.#nonces.length === 0) this.#nonces = this.#cryptoki.random(at, NONCE_BYTES * NONCES_AT_ONCE)
    const nonce = Buffer.from(this.#nonces.subarray(0, NONCE_BYTES))
    this.#nonces = this.#nonces.subarray(NONCE_BYTES)
    return nonce
  }
}

/** The access of one task to a token. Throws Voided once its login is over, so that no task uses a handle of a former session. */
export class Access implements SessionHolder {
  readonly #login: Login
  readonly #session: Handle
  readonly #isPresent: () => boolean

  constructor(login: Login, session: Handle, isPresent: () => boolean) {
    this.#login = login
    this.#session = session
    this.#isPresent = isPresent
  }

  get session(): Handle {
    if (this.#login.isOver) throw new Voided('the login that this session belongs to is over')
    return this.#session
  }

  get slot(): Handle {
    return this.#login.slot
  }

  /** Model, serial number and firmware of the device. */
  get device(): string {
    return this.#login.device
  }

  /** The one object with this CKA_ID. Throws Missing. */
  find(what: ObjectClass, id: string): Handle {
    return this.#login.find(this, what, id)
  }

  forget(id: string): void {
    this.#login.forget(id)
  }

  /** 12 random bytes from the device's generator. */
  nonce(): Buffer {
    return this.#login.nonce(this)
  }

  /** Whether the token is still present. */
  present(): boolean {
    return this.#isPresent()
  }
}
