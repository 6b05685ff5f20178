// One token: a login to it, begun again after every error that may void sessions or handles, and the queue for its sessions.
import type { Cryptoki, Handle } from './cryptoki.ts'
import { Away, describeFault, faultOf, Late, Missing, Voided, voidsSessions } from './faults.ts'
import { Gate } from './gate.ts'
import { Access, Login } from './login.ts'
import { type LeftAlone, monotonicMs, type TokenState } from './protocol.ts'

/** How long a token that could not be opened is left alone. */
const LEAVE_ALONE_MS = 500
/**
 * Work that may take seconds, by what it does. Of pairs only some are made at once, and wrapped keys are unwrapped one by one: several
 * at once get into each other's way in some libraries.
 */
export type SlowWork = 'pair' | 'unwrap' | 'other'
/** Of the sessions for slow work, as many may make pairs. */
const SHARE_OF_PAIRS = 0.25

export interface TokenSettings {
  /** Label or serial number. */
  readonly name: string
  /** Secret. */
  readonly pin: string
  /** Sessions at the most. */
  readonly sessions: number
  /** Why the token is not to be asked at all; null where it is. */
  readonly leftAlone: LeftAlone | null
}

/** What becomes of a session, of its login and of the caller after work has failed. */
type Aftermath = {
  /** A session on which an operation may still be under way is discarded. */
  readonly session: 'given back' | 'discarded'
  /** What the caller gets; null: the work is done once more. */
  readonly thrown: unknown
} & ({ readonly login: 'goes on' } | { readonly login: 'ends'; readonly trouble: string })

export class Token {
  readonly name: string
  readonly #cryptoki: Cryptoki
  readonly #settings: TokenSettings
  readonly #changed: (state: TokenState) => void
  #login: Login | null = null
  #waiting: (() => void)[] = []
  /** Half of the sessions, and never the last one: calls that use keys are to find one free. */
  readonly #slow = new Gate(() => this.#mostSlow)
  readonly #ofKind: Readonly<Record<SlowWork, Gate | null>> = {
    pair: new Gate(() => Math.max(1, Math.floor(this.#mostSlow * SHARE_OF_PAIRS))),
    unwrap: new Gate(() => 1),
    other: null,
  }
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

  /** Which device it is, by what that tells of itself; null while there is no login. */
  get device(): string | null {
    return this.#login?.device ?? null
  }

  /** Whether another token is the same one by another name. */
  isSameAs(other: Token): boolean {
    return this.#login !== null && other.#login !== null && this.#login.slot.equals(other.#login.slot)
  }

  /** Logs in, unless that was done. Throws Away. */
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

  /** Has a PIN that was refused to another process not tried again, once the present login is over. */
  refusePin(): void {
    this.#pinRefused = true
  }

  /**
   * Does work on a session, begun before `expiresAt` (monotonicMs); where it has to wait for one, `takesMs` before that. `spare`: so many
   * sessions more than others may have. After an error that may void sessions all of them are dropped, and it is done once more after a
   * fresh login. When that fails too, it is this work that the device does not do, unless it serves nothing else either.
   * Throws Away, Late, Missing, and what the work throws.
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

  /** `isLast`: whether the work is not tried again after this failure. */
  #aftermath(error: unknown, access: Access, login: Login, isLast: boolean): Aftermath {
    const trouble = this.#troubleOf(error, access)
    // Another work's error ended the login: this work has failed at nothing yet.
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

  /** Does slow work, and leaves sessions to the others. As `use`. */
  useSlowly<T>(kind: SlowWork, work: (access: Access) => T | Promise<T>, expiresAt: number): Promise<T> {
    const slowly = () => this.#slow.through(() => this.use(work, expiresAt), expiresAt)
    return this.#ofKind[kind]?.through(slowly, expiresAt) ?? slowly()
  }

  /**
   * Has the device give a sign of life: on a session more than others may have, so that it waits for none of them. A device without
   * one to spare is at work. Throws Away and Late.
   */
  async ping(expiresAt: number): Promise<void> {
    if (this.#login?.isBusy(this.#settings.sessions + 1)) return
    await this.use((access) => this.#cryptoki.random(access, 8), expiresAt, { spare: 1 })
  }

  get #mostSlow(): number {
    const { sessions } = this.#settings
    return Math.max(1, Math.floor((this.#login?.capacity(sessions) ?? sessions) / 2))
  }

  /** What of the device is in the way, if this error tells of any; null where it does not. */
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

  /** Whether the token is still present: some libraries find nothing when the device is gone, instead of saying so. */
  #isPresent(): boolean {
    try {
      return this.#cryptoki.findToken(this.name) !== null
    } catch {
      return false
    }
  }

  /** A session that nobody else has, with the login that it belongs to: while one waits for it, another may have begun. */
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
      // The next one that waits tries for itself, and does not wait for a session that never comes.
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
      // Its state tells.
    }
  }

  #tell(reason: string): void {
    this.#reason = reason
    this.#changed(this.state)
  }
}
