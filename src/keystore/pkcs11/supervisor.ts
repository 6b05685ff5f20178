// Keeps a process of the library alive: starts it again when it ended, with growing pauses, and replaces one that lost a token or misses
// a key by a fresh one, without a gap. A PIN that a token refused is not shown to it again until it, or its file, has changed.
import { Child, Failed } from './child.ts'
import { noteRefusals, type PinSource, type Refusals, TokensLeftAlone } from './left-alone.ts'
import type { News, Opening, TokenState, Work, Works } from './protocol.ts'

const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 2000
/** How long to wait before a process with a fault is replaced; doubles up to a minute while that mends nothing for long. */
const REPLACE_AFTER_MS = 2000
const REPLACE_AT_MOST_EVERY_MS = 60_000
const MENDED_MS = 120_000
/** How often a PIN that a token refused is looked at, whether it has changed. */
const WATCH_PIN_MS = 2000
/** How long the start of the service waits for the device. */
const START_WAIT_MS = 5000
/** A process that has not loaded the library, or opened a token, by then is given up. */
const OPEN_WITHIN_MS = 15_000

export interface SupervisorSettings {
  readonly opening: Omit<Opening, 'pin' | 'tokens'> & { readonly tokens: readonly string[] }
  readonly pin: PinSource
  readonly environment: Readonly<Record<string, string | undefined>>
  /** How long the library may give no sign of life while something is asked. */
  readonly patienceMs: number
  /** How long a process that was replaced has for what it was asked before. */
  readonly retireMs: number
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
  #replacedAt = Number.NEGATIVE_INFINITY
  /** A call failed that a fresh process may serve. */
  #isWanting = false
  #watching: NodeJS.Timeout | null = null
  readonly #leftAlone: TokensLeftAlone
  /** What refused the PIN that the serving process has. */
  #servingPin: Refusals | null = null
  #reason = 'the HSM is not connected yet'
  #reported = ''
  #setupFailed = false
  #stopped = false
  #whenSettled: (() => void)[] = []

  constructor(settings: SupervisorSettings) {
    this.#settings = settings
    this.#leftAlone = new TokensLeftAlone(settings.opening.tokens, settings.pin)
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
    for (const timer of [this.#timer, this.#replacing, this.#watching]) if (timer) clearTimeout(timer)
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
      // A fresh process may do it: a library may keep an old picture of a token that was restored, or a fault of its own.
      if (error instanceof Failed && ['missing', 'away'].includes(error.trouble) && child === this.#child) {
        this.#isWanting = true
        this.#replaceSoon()
      }
      throw error
    }
  }

  #begin(): void {
    if (this.#stopped || this.#starting) return
    this.#timer = null
    let next: ReturnType<TokensLeftAlone['next']>
    try {
      next = this.#leftAlone.next()
    } catch (error) {
      this.#fault(`the PIN of the HSM can't be read: ${(error as Error).message}`)
      this.#again()
      return
    }
    if (next.tokens.every(({ leftAlone }) => leftAlone?.pinRefused)) {
      this.#again()
      return
    }
    try {
      this.#beginChild(next)
    } catch (error) {
      this.#fault(`no process can be begun for the PKCS #11 library: ${(error as Error).message}`)
      this.#again()
    }
  }

  #beginChild({ refusals, ...next }: ReturnType<TokensLeftAlone['next']>): void {
    let isExpected = false
    let at: string | null = null
    let overdue: NodeJS.Timeout | undefined
    const expectSoon = () => {
      clearTimeout(overdue)
      overdue = setTimeout(() => {
        if (child !== this.#starting) return
        if (at !== null) this.#leftAlone.silence(at)
        child.kill()
      }, OPEN_WITHIN_MS).unref()
    }
    const opening = { ...this.#settings.opening, ...next }
    const child = new Child(opening, this.#settings.environment, this.#settings.patienceMs, {
      news: (news) => {
        if (news.news === 'opening') {
          at = news.token
          expectSoon()
          return
        }
        if (news.news === 'ready') this.#servingPin = refusals
        this.#noteRefusals(news, refusals)
        isExpected ||= news.news === 'failed'
        this.#setupFailed = news.news === 'failed' && news.setup
        this.#heard(child, news)
      },
      hangs: (how) => {
        if (child !== this.#child) return
        if (how !== null) this.#fault(how)
        else this.#judge()
      },
      stuck: () => {
        if (child !== this.#child) return
        this.#report('the PKCS #11 library does not end what it began')
        this.#isWanting = true
        this.#replaceSoon()
      },
      ended: () => this.#ended(child, isExpected),
    })
    this.#starting = child
    expectSoon()
  }

  /** Of tokens that refuse the PIN; the process that serves with it is told of them: it may have logged in when they took it. */
  #noteRefusals(news: Exclude<News, { news: 'opening' }>, refusals: Refusals): void {
    const fresh = noteRefusals(refusals, news.news === 'token' ? [news.state] : news.tokens)
    if (fresh.length > 0 && refusals === this.#servingPin) this.#child?.tellRefused(fresh)
  }

  #heard(child: Child, news: Exclude<News, { news: 'opening' }>): void {
    if (news.news === 'failed') {
      if (child === this.#child || !this.#child) this.#fault(news.reason)
      // It may not come to its end by itself while a thread of it is in the library.
      child.kill()
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
    this.#isWanting = false
    this.#child = child
    this.#tokens = news.tokens
    this.#pauseMs = FIRST_PAUSE_MS
    void former?.retire(this.#settings.retireMs)
    this.#judge()
    this.#settled()
  }

  /** Reports what changed, and has a process replaced that lost a token: a fresh one may find it again. */
  #judge(): void {
    const down = this.#tokens.filter(({ up }) => !up)
    if (down.length < this.#tokens.length) this.#report(down.map(({ reason }) => reason).join('; '))
    if (down.some(({ pinRefused }) => !pinRefused)) this.#replaceSoon()
    if (down.some(({ pinRefused }) => pinRefused)) this.#watchPin()
  }

  #ended(child: Child, isExpected: boolean): void {
    if (child === this.#starting) {
      this.#starting = null
      // What it was to mend is to be mended still.
      if (this.#child) this.#replaceSoon()
    }
    if (child === this.#child) {
      this.#child = null
      if (!isExpected) this.#fault('the process of the PKCS #11 library ended unasked')
    } else if (!isExpected && !this.#child) this.#fault('the process of the PKCS #11 library ended at its start')
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
    const isMended = performance.now() - this.#replacedAt > MENDED_MS
    this.#replacePauseMs = isMended ? REPLACE_AFTER_MS : Math.min(REPLACE_AT_MOST_EVERY_MS, this.#replacePauseMs * 2)
    this.#replacing = setTimeout(() => {
      this.#replacing = null
      if (!this.#child) return
      const lost = this.#tokens.filter(({ up, pinRefused }) => !up && !pinRefused)
      if (!this.#isWanting && lost.every(({ token }) => this.#leftAlone.of(token))) {
        if (lost.length > 0) this.#replaceSoon()
        return
      }
      this.#replacedAt = performance.now()
      this.#begin()
    }, this.#replacePauseMs).unref()
  }

  /** Has the process replaced when the PIN changes that one of its tokens refused. */
  #watchPin(): void {
    if (this.#stopped || this.#watching) return
    this.#watching = setTimeout(() => {
      this.#watching = null
      if (!this.#child) return
      if (this.#leftAlone.hasNewPin()) {
        // Until a process with the new PIN serves: the first may fail at its start.
        this.#isWanting = true
        this.#begin()
      } else this.#judge()
    }, WATCH_PIN_MS).unref()
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
