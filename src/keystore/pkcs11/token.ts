// One token: a login, a pool of sessions and the handles found through them. Sessions and handles live and die together:
// after an error that may void any of them all are dropped, one fresh login is tried, and nothing uses a former handle again.
import type { Cryptoki, Handle } from './cryptoki.ts'
import { Away, faultOf, Missing, returnValueOf, voidsSessions } from './faults.ts'
import type { TokenState } from './protocol.ts'

const NONCE_BYTES = 12
const NONCES_AT_ONCE = 80
/** How long a token that could not be opened is left alone. */
const LEAVE_ALONE_MS = 500

/** What work on a token may use. `again`: an earlier try of the same work broke off, perhaps after it took effect. */
export interface Access {
  readonly session: Handle
  readonly again: boolean
  /** The object with this CKA_ID. Throws Missing. */
  find(what: 'secret' | 'private', id: string): Handle
  /** 12 random bytes of the device's generator. */
  nonce(): Buffer
  /** Whether the token is still there. */
  present(): boolean
}

export class Token {
  readonly name: string
  readonly #cryptoki: Cryptoki
  readonly #pin: string
  readonly #changed: (state: TokenState) => void
  #limit: number
  #slot: Handle | null = null
  #idle: Handle[] = []
  #opened = 0
  #waiting: (() => void)[] = []
  /** Grows whenever sessions and handles are dropped. */
  #generation = 0
  #handles = new Map<string, Handle>()
  #nonces: Buffer = Buffer.alloc(0)
  #up = false
  #pinRefused = false
  #reason = 'not opened yet'
  #leaveAloneUntil = 0

  constructor(
    cryptoki: Cryptoki,
    token: { name: string; pin: string; sessions: number },
    changed: (state: TokenState) => void,
  ) {
    this.#cryptoki = cryptoki
    this.name = token.name
    this.#pin = token.pin
    this.#limit = token.sessions
    this.#changed = changed
  }

  get state(): TokenState {
    return { token: this.name, up: this.#up, pinRefused: this.#pinRefused, reason: this.#reason }
  }

  /** Logs in, unless that was done. Throws Away. */
  open(): void {
    if (this.#up) return
    // A PIN that was refused once is not tried again: a token locks after a few such tries.
    if (this.#pinRefused) throw new Away(this.#reason, true)
    if (performance.now() < this.#leaveAloneUntil) throw new Away(this.#reason)
    try {
      const found = this.#cryptoki.findToken(this.name)
      if (!found) throw new Away(`there is no token \`${this.name}\` in the module's slots`)
      this.#slot = found.slot
      const session = this.#cryptoki.openSession(found.slot)
      try {
        this.#cryptoki.login(session, this.#pin)
      } catch (error) {
        this.#closeQuietly(session)
        throw error
      }
      this.#opened++
      this.#idle.push(session)
      this.#up = true
      this.#tell('')
    } catch (error) {
      this.#leaveAloneUntil = performance.now() + LEAVE_ALONE_MS
      this.#pinRefused = faultOf(error) === 'pin'
      this.#tell(
        this.#pinRefused
          ? `the token \`${this.name}\` refuses the PIN (${returnValueOf(error)}): correct it in its file, or in STRONGROOM_HSM_PIN and start again`
          : (error as Error).message,
      )
      throw new Away(this.#reason, this.#pinRefused)
    }
  }

  /** Does work on a session; when that is void, once more after a fresh login. Throws Away, Missing, and what the work throws. */
  async use<T>(work: (access: Access) => T | Promise<T>): Promise<T> {
    for (let again = false; ; again = true) {
      const { session, generation } = await this.#take()
      try {
        return await work(this.#access(session, generation, again))
      } catch (error) {
        if (error instanceof Missing && !this.#present()) this.#drop(generation, 'the token is gone')
        else if (voidsSessions(error)) this.#drop(generation, (error as Error).message)
        else throw error
        if (again) throw new Away(this.#reason)
      } finally {
        this.#giveBack(session, generation)
      }
    }
  }

  #access(session: Handle, generation: number, again: boolean): Access {
    return {
      session,
      again,
      find: (what, id) => {
        const key = what + id
        const known = this.#handles.get(key)
        if (known) return known
        const [handle] = this.#cryptoki.find(session, what, id)
        if (!handle) throw new Missing(`the token \`${this.name}\` has no ${what} key ${id}`)
        if (generation === this.#generation) this.#handles.set(key, handle)
        return handle
      },
      nonce: () => this.#nonce(session),
      present: () => this.#present(),
    }
  }

  /** Forgets a handle whose object is no more. */
  forget(what: 'secret' | 'private', id: string): void {
    this.#handles.delete(what + id)
  }

  /** Random bytes are drawn for many nonces at once: over a network each draw is a round trip. */
  #nonce(session: Handle): Buffer {
    if (this.#nonces.length === 0) this.#nonces = this.#cryptoki.random(session, NONCE_BYTES * NONCES_AT_ONCE)
    const nonce = Buffer.from(this.#nonces.subarray(0, NONCE_BYTES))
    this.#nonces = this.#nonces.subarray(NONCE_BYTES)
    return nonce
  }

  /** Whether the token still answers: some libraries find nothing when the device is gone, instead of saying so. */
  #present(): boolean {
    try {
      return this.#cryptoki.findToken(this.name) !== null
    } catch {
      return false
    }
  }

  /** A session that nobody else has, with the generation that it belongs to: while one waits for it, the others may be dropped. */
  async #take(): Promise<{ session: Handle; generation: number }> {
    for (;;) {
      try {
        this.open()
        const session = this.#idle.pop() ?? this.#another()
        if (session) return { session, generation: this.#generation }
      } catch (error) {
        // Who waits behind has as little to hope for, and is not to wait in vain.
        this.#waiting.shift()?.()
        throw error
      }
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
  }

  /** Another session; null when there are as many as there may be. */
  #another(): Handle | null {
    if (this.#opened >= this.#limit || !this.#slot) return null
    try {
      const session = this.#cryptoki.openSession(this.#slot)
      this.#opened++
      return session
    } catch (error) {
      // The device has fewer sessions than we would like: the ones we have must do.
      if (returnValueOf(error) === 'CKR_SESSION_COUNT' && this.#opened > 0) {
        this.#limit = this.#opened
        return null
      }
      this.#drop(this.#generation, (error as Error).message)
      throw new Away(this.#reason)
    }
  }

  #giveBack(session: Handle, generation: number): void {
    if (generation === this.#generation) this.#idle.push(session)
    else this.#closeQuietly(session)
    this.#waiting.shift()?.()
  }

  #drop(generation: number, reason: string): void {
    if (generation !== this.#generation) return
    this.#generation++
    this.#handles.clear()
    this.#nonces = Buffer.alloc(0)
    const [last, ...others] = this.#idle.splice(0)
    for (const session of others) this.#closeQuietly(session)
    if (last) {
      try {
        this.#cryptoki.logout(last)
      } catch {
        // It may be logged out already, or gone.
      }
      this.#closeQuietly(last)
    }
    this.#opened = 0
    this.#up = false
    this.#leaveAloneUntil = 0
    this.#tell(reason)
    for (const wake of this.#waiting.splice(0)) wake()
  }

  #closeQuietly(session: Handle): void {
    try {
      this.#cryptoki.closeSession(session)
    } catch {
      // A session that can't be closed is void already.
    }
  }

  #tell(reason: string): void {
    this.#reason = reason
    this.#changed(this.state)
  }
}
