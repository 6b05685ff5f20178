// One token: a login to it, begun again after every error that may void sessions or handles, and the queue for its sessions.
import type { Cryptoki } from './cryptoki.ts'
import { Away, describeFault, faultOf, Late, Missing, Voided, voidsSessions } from './faults.ts'
import { Access, Login } from './login.ts'
import { type LeftAlone, monotonicMs, type TokenState } from './protocol.ts'
import type { Handle } from './session.ts'
import { type SlowWork, SlowWorkGates } from './slow-work.ts'

/** How long a token that could not be opened is left alone, in milliseconds. */
const LEAVE_ALONE_MS = 500

export interface TokenSettings {
  /** Label or serial number. */
  readonly name: string
  /** Secret. */
  readonly pin: string
  /** The most sessions. */
  readonly sessions: number
  /** Why the token must not be used at all; null when it may be. */
  readonly leftAlone: LeftAlone | null
}

/** What happens to a session, to its login and to the caller after work has failed. */
type Aftermath = {
  /** A session on which an operation may still be under way is discarded. */
  readonly session: 'given back' | 'discarded'
  /** The caller's error; null when the work is done once more. */
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

  /** Whether another token is the same one by another name. */
  isSameAs(other: Token): boolean {
    return this.#login !== null && other.#login !== null && this.#login.slot.equals(other.#login.slot)
  }

  /** Logs in, unless it is logged in already. Throws Away. */
  open(): Login {
    if (this.#login) return this.#login
    // A PIN that was refused once is not tried again: a token locks after a few such tries.
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

  /** Notes that the PIN was refused to another process: it is not tried again after the present login. */
  refusePin(): void {
    this.#pinRefused = true
  }

  /**
   * Does work on a session. The work begins before `expiresAt` (monotonicMs), or `takesMs` before it if it has to wait for a session.
   * `spare` is the number of sessions that it may have beyond those of others. After an error that may void sessions, all of them are
   * dropped, and the work is done once more after a fresh login. If it fails again, the device does not do this work, unless it serves
   * nothing else either. Throws Away, Late, Missing, and the work's own errors.
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

  /** Does slow work like `use`, and leaves sessions to other work. */
  useSlowly<T>(kind: SlowWork, work: (access: Access) => T | Promise<T>, expiresAt: number): Promise<T> {
    return this.#slowWork.through(kind, () => this.use(work, expiresAt), expiresAt)
  }

  /**
   * Asks the device for a sign of life, on a session beyond those of others, so that it waits for none of them. A device that has no such
   * session is at work. Throws Away and Late.
   */
  async ping(expiresAt: number): Promise<void> {
    if (this.#login?.isBusy(this.#settings.sessions + 1)) return
    await this.use((access) => this.#cryptoki.random(access, 8), expiresAt, { spare: 1 })
  }

  /** Decides what follows from an error of work. `isLast`: whether this was the last attempt. */
  #aftermath(error: unknown, access: Access, login: Login, isLast: boolean): Aftermath {
    const trouble = this.#troubleOf(error, access)
    // The error of other work ended the login: this work itself has not failed.
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

  /** The trouble of the device that this error shows; null when it shows none. */
  #troubleOf(error: unknown, access: Access): string | null {
    if (voidsSessions(error)) return describeFault(error)
    if (!(error instanceof Missing)) return null
    if (!this.#isPresent()) return 'the token is gone'
    return this.#isLoggedIn(access) ? null : 'the token has logged out'
  }

  /** Whether the device does something else. */
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

  /** A session for this work alone, with its login: another login may have begun while the work waited. */
  async #take(expiresAt: number, takesMs: number, spare: number): Promise<{ login: Login; session: Handle }> {
    let latest = expiresAt
    for (let failed = false; ; ) {
      const free = this.#free(latest, failed, spare)
      if (free === 'failed') failed = true
      else if (free === 'busy') {
        await new Promise<void>((resolve) => this.#waiting.push(resolve))
        // A request that has waited so long that its answer would come too late leaves the session to others.
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
      // The next waiting work tries for itself, instead of waiting for a session that never comes.
      this.#waiting.shift()?.()
      throw error
    }
  }

  #giveBack(login: Login, session: Handle): void {
    login.giveBack(session)
    this.#waiting.shift()?.()
  }

  /** Closes a session on which an operation may still be under way. */
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
      // Its state says why.
    }
  }

  #tell(reason: string): void {
    this.#reason = reason
    this.#changed(this.state)
  }
}
