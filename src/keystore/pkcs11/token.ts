// One token: its login, which is renewed after every error that may void sessions or handles, and the queue for its sessions.
import type { Cryptoki } from './cryptoki.ts'
import { Away, describeFault, faultOf, Late, Missing, Voided, voidsSessions } from './faults.ts'
import { Access, Login } from './login.ts'
import { type LeftAlone, monotonicMs, type TokenState } from './protocol.ts'
import type { Handle } from './session.ts'
import { type SlowWork, SlowWorkGates } from './slow-work.ts'

/** The pause after a failed attempt to open a token, in milliseconds. */
const LEAVE_ALONE_MS = 500

interface TokenSettings {
  /** Label or serial number. */
  readonly name: string
  /** Secret. */
  readonly pin: string
  /** The most sessions. */
  readonly sessions: number
  /** Why the token must not be used at all; null when it may be. */
  readonly leftAlone: LeftAlone | null
}

/** The consequences of failed work for the session, for its login and for the caller. */
type Aftermath = {
  /** A session is discarded if an operation may still be active on it. */
  readonly session: 'given back' | 'discarded'
  /** The error for the caller; null when the work is tried again. */
  readonly thrown: unknown
} & ({ readonly login: 'goes on' } | { readonly login: 'ends'; readonly trouble: string })

export class Token {
  readonly name: string
  readonly #cryptoki: Cryptoki
  readonly #settings: TokenSettings
  readonly #changed: (state: TokenState) => void
  #login: Login | null = null
  #waiting: (() => void)[] = []
  readonly #slowWork = new SlowWorkGates(
    () => this.#login?.capacity(this.#settings.sessions) ?? this.#settings.sessions,
  )
  #pinRefused: boolean
  #reason: string
  #leaveAloneUntil = 0

  constructor(cryptoki: Cryptoki, settings: TokenSettings, changed: (state: TokenState) => void) {
    this.#cryptoki = cryptoki
    this.name = settings.name
    this.#settings = settings
    this.#pinRefused = settings.leftAlone?.pinRefused ?? false
    this.#reason = settings.leftAlone?.reason ?? 'not opened yet'
    this.#changed = changed
  }

  get state(): TokenState {
    return { token: this.name, up: this.#login !== null, pinRefused: this.#pinRefused, reason: this.#reason }
  }

  /** Model, serial number and firmware of the device; null while there is no login. */
  get device(): string | null {
    return this.#login?.device ?? null
  }

  /** Whether another token is the same device under another name. */
  isSameAs(other: Token): boolean {
    return this.#login !== null && other.#login !== null && this.#login.slot.equals(other.#login.slot)
  }

  /** Logs in, unless it is logged in already. Throws Away. */
  open(): Login {
    if (this.#login) return this.#login
    // A refused PIN is not tried again, because a token locks after a few attempts.
    if (this.#pinRefused || this.#settings.leftAlone) throw new Away(this.#reason, this.#pinRefused)
    if (performance.now() < this.#leaveAloneUntil) throw new Away(this.#reason)
    try {
      this.#login = Login.begin(this.#cryptoki, this.#settings)
      this.#tell('')
      return this.#login
    } catch (error) {
      this.#leaveAloneUntil = performance.now() + LEAVE_ALONE_MS
      this.#pinRefused = faultOf(error) === 'pin'
      const said = describeFault(error)
      this.#tell(
        this.#pinRefused
          ? `the token \`${this.name}\` refuses the PIN (${said}): correct it in its file, or in STRONGROOM_HSM_PIN and start again`
          : said,
      )
      throw new Away(this.#reason, this.#pinRefused)
    }
  }

  /** Notes that the token refused the PIN in another process. The PIN is not used again after the present login. */
  refusePin(): void {
    this.#pinRefused = true
  }

  /**
   * Does work on a session. The work begins before `expiresAt` (monotonicMs), or, if it has to wait for a session, at least `takesMs` earlier.
   * `spare` is how many sessions beyond the limit it may use. After an error that may void sessions, all sessions are dropped, and the work is tried
   * once more after a fresh login. If it fails again although the device serves other requests, the login is kept. Throws Away, Late, Missing, and
   * the work's own errors.
   */
  async use<T>(
    work: (access: Access) => T | Promise<T>,
    expiresAt: number,
    { takesMs = 0, spare = 0 } = {},
  ): Promise<T> {
    for (let failures = 0; ; ) {
      const { login, session } = await this.#take(expiresAt, takesMs, spare)
      const access = new Access(login, session, () => this.#isPresent())
      const { isFresh } = login
      try {
        const answer = await work(access)
        login.hasServed = true
        this.#giveBack(login, session)
        return answer
      } catch (error) {
        const after = this.#aftermath(error, access, login, failures === 1 || isFresh)
        if (after.session === 'discarded') this.#discard(login, session)
        else this.#giveBack(login, session)
        if (after.login === 'ends') {
          failures++
          this.#end(login, after.trouble)
        }
        if (after.thrown === null) continue
        if (after.login === 'ends') this.#tryToOpen()
        throw after.thrown
      }
    }
  }

  /** As `use`, for slow work: it leaves sessions free for other work. */
  useSlowly<T>(kind: SlowWork, work: (access: Access) => T | Promise<T>, expiresAt: number): Promise<T> {
    return this.#slowWork.through(kind, () => this.use(work, expiresAt), expiresAt)
  }

  /**
   * Checks that the device responds. It uses an extra session, so that it does not wait for other work. A device without an extra session is busy
   * and thus counts as responding. Throws Away and Late.
   */
  async ping(expiresAt: number): Promise<void> {
    if (this.#login?.isBusy(this.#settings.sessions + 1)) return
    await this.use((access) => this.#cryptoki.random(access, 8), expiresAt, { spare: 1 })
  }

  /** Decides the consequences of failed work. `isLast`: whether this was the last attempt. */
  #aftermath(error: unknown, access: Access, login: Login, isLast: boolean): Aftermath {
    const trouble = this.#troubleOf(error, access)
    // An error of other work ended the login. This work itself has not failed.
    if (login.isOver && (trouble !== null || error instanceof Voided))
      return { session: 'given back', login: 'goes on', thrown: null }
    if (trouble === null)
      return { session: error instanceof Missing ? 'given back' : 'discarded', login: 'goes on', thrown: error }
    if (!isLast) return { session: 'given back', login: 'ends', trouble, thrown: null }
    const thrown = new Away(trouble)
    if (!this.#serves(access)) return { session: 'given back', login: 'ends', trouble, thrown }
    login.forgetAll()
    return { session: 'discarded', login: 'goes on', thrown }
  }

  /** The trouble of the device that the error reveals; null when the error has another cause. */
  #troubleOf(error: unknown, access: Access): string | null {
    if (voidsSessions(error)) return describeFault(error)
    if (!(error instanceof Missing)) return null
    if (!this.#isPresent()) return 'the token is gone'
    return this.#isLoggedIn(access) ? null : 'the token has logged out'
  }

  /** Whether the device serves another request. */
  #serves(access: Access): boolean {
    try {
      this.#cryptoki.random(access, 8)
      return this.#cryptoki.isLoggedIn(access)
    } catch {
      return false
    }
  }

  #isLoggedIn(access: Access): boolean {
    try {
      return this.#cryptoki.isLoggedIn(access)
    } catch {
      return false
    }
  }

  /** Whether the token is still present: some libraries find no objects when the device is gone, and report no error. */
  #isPresent(): boolean {
    try {
      return this.#cryptoki.findToken(this.name) !== null
    } catch {
      return false
    }
  }

  /** Waits for a free session and returns it with its login. A new login may have begun meanwhile. */
  async #take(expiresAt: number, takesMs: number, spare: number): Promise<{ login: Login; session: Handle }> {
    let latest = expiresAt
    for (let failed = false; ; ) {
      const free = this.#free(latest, failed, spare)
      if (free === 'failed') failed = true
      else if (free === 'busy') {
        await new Promise<void>((resolve) => this.#waiting.push(resolve))
        // After a wait, the work starts only if its answer can still come in time; otherwise it leaves the session to others.
        latest = expiresAt - takesMs
      } else return free
    }
  }

  #free(latest: number, hasFailed: boolean, spare: number): { login: Login; session: Handle } | 'busy' | 'failed' {
    try {
      if (monotonicMs() >= latest) throw new Late()
      const login = this.open()
      try {
        const session = login.take(this.#settings.sessions + spare)
        return session ? { login, session } : 'busy'
      } catch (error) {
        this.#end(login, describeFault(error))
        if (hasFailed) throw new Away(describeFault(error))
        return 'failed'
      }
    } catch (error) {
      // Wakes the next waiting work to try by itself. Otherwise it might wait for a session that is never returned.
      this.#waiting.shift()?.()
      throw error
    }
  }

  #giveBack(login: Login, session: Handle): void {
    login.giveBack(session)
    this.#waiting.shift()?.()
  }

  /** Closes a session on which an operation may still be active. */
  #discard(login: Login, session: Handle): void {
    try {
      login.discard(session)
    } catch (error) {
      this.#end(login, describeFault(error))
      this.#tryToOpen()
    }
    this.#waiting.shift()?.()
  }

  #end(login: Login, reason: string): void {
    if (login !== this.#login) return
    login.end()
    this.#login = null
    this.#leaveAloneUntil = 0
    this.#tell(reason)
    for (const wake of this.#waiting.splice(0)) wake()
  }

  #tryToOpen(): void {
    try {
      this.open()
    } catch {
      // The token's state contains the reason.
    }
  }

  #tell(reason: string): void {
    this.#reason = reason
    this.#changed(this.state)
  }
}
