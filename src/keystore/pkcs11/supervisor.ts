// Keeps a process of the library running (supervisor-state.ts). It restarts a process that ended, with growing pauses. A process that lost a token
// or misses a key is replaced with a fresh one without interruption. A token that refused a PIN gets it again only after the PIN or its file has
// changed.
import { Child, Failed } from './child.ts'
import { noteRefusals, type PinSource, type Refusals, TokensLeftAlone } from './left-alone.ts'
import type { News, Opening, TokenState, Work, Works } from './protocol.ts'
import { Pauses, Timers } from './supervisor-pauses.ts'
import { after, type Happening, initial, type State } from './supervisor-state.ts'

/** How often the supervisor checks whether a PIN that a token refused has changed. */
const WATCH_PIN_MS = 2000
/** How long the start of the service waits for the device. */
const START_WAIT_MS = 5000
/** A process is killed if loading the library, or opening a token, takes longer. */
const OPEN_WITHIN_MS = 15_000

interface SupervisorSettings {
  readonly opening: Omit<Opening, 'pin' | 'tokens'> & { readonly tokens: readonly string[] }
  readonly pin: PinSource
  readonly environment: Readonly<Record<string, string | undefined>>
  /** How long the library may be silent while a request is open. */
  readonly patienceMs: number
  /** How long a replaced process has to finish its requests. */
  readonly retireMs: number
  /** Receives each trouble once. */
  report(trouble: string): void
  /** The tokens can be used again. */
  recovered(): void
}

export class Supervisor {
  readonly #settings: SupervisorSettings
  readonly #leftAlone: TokensLeftAlone
  readonly #pauses = new Pauses()
  readonly #timers = new Timers<'begin' | 'replace' | 'watch PIN'>()
  readonly #whenSettled: (() => void)[] = []
  #state: State<Child> = initial()
  /** The states of the tokens in the last process that served. */
  #tokens: readonly TokenState[] = []
  #reason = 'the HSM is not connected yet'
  #reported = ''
  #setupFailed = false

  constructor(settings: SupervisorSettings) {
    this.#settings = settings
    this.#leftAlone = new TokensLeftAlone(settings.opening.tokens, settings.pin)
  }

  /** What keeps the device from serving; null when it serves. */
  get trouble(): string | null {
    return this.#state.now?.process.answers ? null : this.#reason
  }

  /** Whether the library can't be used at all until the operator changes something. */
  get setupFailed(): boolean {
    return this.#setupFailed
  }

  get tokens(): readonly TokenState[] {
    return this.#tokens
  }

  /** The present state of each configured token, even while no process serves. */
  get states(): readonly TokenState[] {
    const { now } = this.#state
    return this.#settings.opening.tokens.map((token) => {
      const known = now?.process.answers ? now.tokens.find((state) => state.token === token) : undefined
      if (known) return known
      const { reason, pinRefused } = this.#leftAlone.of(token) ?? { reason: this.#reason, pinRefused: false }
      return { token, up: false, pinRefused, reason }
    })
  }

  /** The id of the library's process; undefined while there is none. */
  get pid(): number | undefined {
    return this.#state.now?.process.pid
  }

  /** Starts. Resolves when the device serves, or when the first attempt failed; further attempts follow. */
  start(): Promise<void> {
    if (this.#state.now) return Promise.resolve()
    return new Promise((resolve) => {
      const waited = setTimeout(() => this.#settled(), START_WAIT_MS)
      this.#whenSettled.push(() => {
        clearTimeout(waited)
        resolve()
      })
      if (!this.#timers.has('begin')) this.#begin()
    })
  }

  async stop(): Promise<void> {
    const { now, next } = this.#state
    this.#go({ what: 'it stops' })
    this.#timers.clearAll()
    next?.kill()
    await now?.process.retire(1000)
  }

  /** Rejects with Failed within `withinMs`. */
  async ask<W extends Work>(
    work: W,
    ask: Works[W]['ask'],
    withinMs: number,
    late?: (answer: Works[W]['answer']) => void,
  ): Promise<Works[W]['answer']> {
    const child = this.#state.now?.process
    if (!child) throw new Failed('away', this.#reason)
    try {
      return await child.ask(work, ask, withinMs, late)
    } catch (error) {
      // A fresh process may succeed: the library may have an outdated view of a token that was restored, or an internal fault.
      if (error instanceof Failed && ['missing', 'away'].includes(error.trouble) && this.#serves(child))
        this.#wantFresh()
      throw error
    }
  }

  #go(happening: Happening<Child>): void {
    this.#state = after(this.#state, happening)
    if (this.#state.now) this.#tokens = this.#state.now.tokens
  }

  #serves(child: Child): boolean {
    return this.#state.now?.process === child
  }

  #begin(): void {
    if (this.#state.name === 'stopped' || this.#state.next) return
    this.#timers.clear('begin')
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
        if (child !== this.#state.next) return
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
        this.#noteRefusals(news, refusals)
        isExpected ||= news.news === 'failed'
        this.#setupFailed = news.news === 'failed' && news.setup
        this.#heard(child, news, refusals)
      },
      hangs: (how) => {
        if (!this.#serves(child)) return
        if (how !== null) this.#fault(how)
        else this.#judge()
      },
      stuck: () => {
        if (!this.#serves(child)) return
        this.#report('a request to the PKCS #11 library does not end')
        this.#wantFresh()
      },
      ended: () => this.#ended(child, isExpected),
    })
    this.#go({ what: 'next begins', process: child })
    expectSoon()
  }

  /** Informs the serving process with the same PIN which tokens refuse it now. They may have accepted it when that process logged in. */
  #noteRefusals(news: Exclude<News, { news: 'opening' }>, refusals: Refusals): void {
    const fresh = noteRefusals(refusals, news.news === 'token' ? [news.state] : news.tokens)
    const { now } = this.#state
    if (fresh.length > 0 && now?.refusals === refusals) now.process.tellRefused(fresh)
  }

  #heard(child: Child, news: Exclude<News, { news: 'opening' }>, refusals: Refusals): void {
    const { now, next } = this.#state
    switch (news.news) {
      case 'failed':
        if (now === null || this.#serves(child)) this.#fault(news.reason)
        // It may not end by itself while one of its threads is in the library.
        child.kill()
        return
      case 'token':
        if (!this.#serves(child)) return
        this.#go({ what: 'a token changes', token: news.state })
        this.#judge()
        return
      case 'ready':
        if (child !== next) {
          child.kill()
          return
        }
        this.#go({ what: 'next serves', tokens: news.tokens, refusals })
        this.#pauses.served()
        void now?.process.retire(this.#settings.retireMs)
        this.#judge()
        this.#settled()
    }
  }

  /** Reports changes. Schedules the replacement of a process that lost a token, because a fresh process may find it again. */
  #judge(): void {
    const down = this.#tokens.filter(({ up }) => !up)
    if (down.length < this.#tokens.length) this.#report(down.map(({ reason }) => reason).join('; '))
    if (down.some(({ pinRefused }) => !pinRefused)) this.#replaceSoon()
    if (down.some(({ pinRefused }) => pinRefused)) this.#watchPin()
  }

  #ended(child: Child, isExpected: boolean): void {
    if (this.#serves(child)) {
      this.#go({ what: 'now ends' })
      if (!isExpected) this.#fault('the process of the PKCS #11 library ended unasked')
    } else if (child === this.#state.next) {
      this.#go({ what: 'next ends' })
      // The fault that was the reason to start it still exists.
      if (this.#state.now) this.#replaceSoon()
      else if (!isExpected) this.#fault('the process of the PKCS #11 library ended at its start')
    }
    if (this.#state.name === 'away') this.#again()
    this.#settled()
  }

  #again(): void {
    this.#settled()
    if (this.#state.name === 'stopped' || this.#timers.has('begin')) return
    this.#timers.set('begin', this.#pauses.beforeStart(), () => this.#begin())
  }

  #wantFresh(): void {
    this.#go({ what: 'a fresh process is wanted' })
    this.#replaceSoon()
  }

  #replaceSoon(): void {
    if (this.#state.name === 'stopped' || this.#timers.has('replace')) return
    this.#timers.set('replace', this.#pauses.beforeReplacing(performance.now()), () => {
      const { now } = this.#state
      if (!now) return
      const lost = now.tokens.filter(({ up, pinRefused }) => !up && !pinRefused)
      if (!now.wantsFresh && lost.every(({ token }) => this.#leftAlone.of(token))) {
        if (lost.length > 0) this.#replaceSoon()
        return
      }
      this.#pauses.replaced(performance.now())
      this.#begin()
    })
  }

  /** Replaces the process once a PIN that one of its tokens refused has changed. */
  #watchPin(): void {
    if (this.#state.name === 'stopped') return
    this.#timers.set('watch PIN', WATCH_PIN_MS, () => {
      if (!this.#state.now) return
      if (this.#leftAlone.hasNewPin()) {
        // Stays set until a process with the new PIN serves, since the first one may fail at its start.
        this.#go({ what: 'a fresh process is wanted' })
        this.#begin()
      } else this.#judge()
    })
  }

  #fault(reason: string): void {
    this.#reason = reason
    this.#report(reason)
  }

  #report(trouble: string): void {
    if (trouble === this.#reported) return
    this.#reported = trouble
    if (this.#state.name === 'stopped') return
    if (trouble === '') this.#settings.recovered()
    else this.#settings.report(`the HSM: ${trouble}`)
  }

  #settled(): void {
    for (const resolve of this.#whenSettled.splice(0)) resolve()
  }
}
