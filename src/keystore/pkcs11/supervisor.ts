// Keeps a process of the library alive: starts it again when it ended, with growing pauses, and replaces one that lost a token or misses
// a key by a fresh one, without a gap. A PIN that was refused is not tried again until it, or its file, has changed.
import { Child, Failed } from './child.ts'
import type { News, Opening, TokenState, Work, Works } from './protocol.ts'

const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 2000
/** How long to wait before a process with a fault is replaced; doubles up to a minute while that mends nothing. */
const REPLACE_AFTER_MS = 2000
const REPLACE_AT_MOST_EVERY_MS = 60_000
const RETIRE_MS = 10_000
/** How long the start of the service waits for the device. */
const START_WAIT_MS = 5000
/** A process that has not opened the library by then is given up. */
const OPEN_WITHIN_MS = 15_000

/** Where the PIN comes from; `stamp` changes whenever it was written anew. Secret. */
export type PinSource = () => { readonly pin: string; readonly stamp: string }

export interface SupervisorSettings {
  readonly opening: Omit<Opening, 'pin'>
  readonly pin: PinSource
  readonly environment: Readonly<Record<string, string | undefined>>
  /** How long the library may give no sign of life while something is asked. */
  readonly patienceMs: number
  /** Told once of each trouble, and when it is over. */
  report(message: string): void
}

export class Supervisor {
  readonly #settings: SupervisorSettings
  #child: Child | null = null
  #starting: Child | null = null
  #tokens: readonly TokenState[] = []
  #pauseMs = FIRST_PAUSE_MS
  #replacePauseMs = REPLACE_AFTER_MS
  #timer: NodeJS.Timeout | null = null
  #replacing: NodeJS.Timeout | null = null
  #refusedPin: string | null = null
  #reason = 'the HSM is not connected yet'
  #reported = ''
  #setupFailed = false
  #stopped = false
  #whenSettled: (() => void)[] = []

  constructor(settings: SupervisorSettings) {
    this.#settings = settings
  }

  /** What keeps the device from serving; null when it serves. */
  get trouble(): string | null {
    return this.#child?.answers ? null : this.#reason
  }

  /** Whether the library can't be used at all until the operator changes something. */
  get setupFailed(): boolean {
    return this.#setupFailed
  }

  get tokens(): readonly TokenState[] {
    return this.#tokens
  }

  /** The id of the library's process; undefined while there is none. */
  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** Starts; resolves when the device serves, or when the first try failed. It goes on trying then. */
  start(): Promise<void> {
    if (this.#child) return Promise.resolve()
    return new Promise((resolve) => {
      const waited = setTimeout(() => this.#settled(), START_WAIT_MS)
      this.#whenSettled.push(() => {
        clearTimeout(waited)
        resolve()
      })
      if (!this.#starting && !this.#timer) this.#begin()
    })
  }

  async stop(): Promise<void> {
    this.#stopped = true
    for (const timer of [this.#timer, this.#replacing]) if (timer) clearTimeout(timer)
    this.#starting?.kill()
    await this.#child?.retire(1000)
  }

  /** Rejects with Failed within `withinMs`. */
  async ask<W extends Work>(
    work: W,
    ask: Works[W]['ask'],
    withinMs: number,
    late?: (answer: Works[W]['answer']) => void,
  ): Promise<Works[W]['answer']> {
    const child = this.#child
    if (!child) throw new Failed('away', this.#reason)
    try {
      return await child.ask(work, ask, withinMs, late)
    } catch (error) {
      // The key may be there for a fresh process: a library may keep an old picture of a token that was restored.
      if (error instanceof Failed && error.trouble === 'missing' && child === this.#child) this.#replaceSoon()
      throw error
    }
  }

  #begin(): void {
    if (this.#stopped || this.#starting) return
    this.#timer = null
    let opening: Opening
    let stamp: string
    try {
      const source = this.#settings.pin()
      stamp = source.stamp
      opening = { ...this.#settings.opening, pin: source.pin }
    } catch (error) {
      this.#fault(`the PIN of the HSM can't be read: ${(error as Error).message}`)
      this.#again()
      return
    }
    if (this.#refusedPin === stamp) {
      this.#again()
      return
    }
    let cause: string | null = null
    const child = new Child(opening, this.#settings.environment, this.#settings.patienceMs, {
      news: (news) => {
        if (news.news === 'failed') cause = news.cause
        this.#setupFailed = news.news === 'failed' && news.cause === 'setup'
        if (news.news === 'failed' && news.cause === 'pin') this.#refusedPin = stamp
        this.#heard(child, news)
      },
      hangs: (isHanging) => {
        if (child !== this.#child) return
        if (isHanging) this.#fault('the PKCS #11 library hangs')
        else this.#judge()
      },
      ended: () => this.#ended(child, cause),
    })
    this.#starting = child
    const overdue = () => {
      if (child === this.#starting) child.kill()
    }
    setTimeout(overdue, OPEN_WITHIN_MS).unref()
  }

  #heard(child: Child, news: News): void {
    if (news.news === 'failed') {
      if (child === this.#child || !this.#child) this.#fault(news.reason)
      return
    }
    if (news.news === 'token') {
      if (child !== this.#child) return
      this.#tokens = this.#tokens.map((state) => (state.token === news.state.token ? news.state : state))
      this.#judge()
      return
    }
    this.#starting = null
    if (this.#stopped) {
      child.kill()
      return
    }
    const former = this.#child
    this.#child = child
    this.#tokens = news.tokens
    this.#pauseMs = FIRST_PAUSE_MS
    this.#refusedPin = null
    void former?.retire(RETIRE_MS)
    this.#judge()
    this.#settled()
  }

  /** Reports what changed, and has a process replaced that lost a token: a fresh one may find it again. */
  #judge(): void {
    const down = this.#tokens.filter(({ up }) => !up)
    if (down.length < this.#tokens.length) this.#report(down.map(({ reason }) => reason).join('; '))
    if (down.some(({ pinRefused }) => !pinRefused)) this.#replaceSoon()
    else if (down.length === 0) this.#replacePauseMs = Math.max(REPLACE_AFTER_MS, this.#replacePauseMs / 2)
  }

  #ended(child: Child, cause: string | null): void {
    if (child === this.#starting) this.#starting = null
    if (child === this.#child) {
      this.#child = null
      if (cause === null) this.#fault('the process of the PKCS #11 library ended unasked')
    } else if (cause === null && !this.#child) this.#fault('the process of the PKCS #11 library ended at its start')
    if (!this.#child && !this.#starting) this.#again()
    this.#settled()
  }

  #again(): void {
    this.#settled()
    if (this.#stopped || this.#timer) return
    this.#timer = setTimeout(() => {
      this.#timer = null
      this.#begin()
    }, this.#pauseMs).unref()
    this.#pauseMs = Math.min(LONGEST_PAUSE_MS, this.#pauseMs * 2)
  }

  #replaceSoon(): void {
    if (this.#stopped || this.#replacing) return
    this.#replacing = setTimeout(() => {
      this.#replacing = null
      if (this.#child) this.#begin()
    }, this.#replacePauseMs).unref()
    this.#replacePauseMs = Math.min(REPLACE_AT_MOST_EVERY_MS, this.#replacePauseMs * 2)
  }

  #fault(reason: string): void {
    this.#reason = reason
    this.#report(reason)
  }

  #report(trouble: string): void {
    if (trouble === this.#reported) return
    this.#reported = trouble
    if (!this.#stopped) this.#settings.report(trouble === '' ? 'the HSM serves again' : `the HSM: ${trouble}`)
  }

  #settled(): void {
    for (const resolve of this.#whenSettled.splice(0)) resolve()
  }
}
