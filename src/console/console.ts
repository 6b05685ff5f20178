// The console's part of the server's port: pages, sessions, and the calls of sessions. Its paths are all below /console.
import { Refusal, refuse } from '../api/errors.ts'
import { isoSeconds } from '../api/time.ts'
import { asRefusal } from '../gateway/as-refusal.ts'
import { answer as answerCall } from '../gateway/call.ts'
import type { ConsoleAnswer, ConsolePort, House } from '../gateway/house.ts'
import { type HttpRequest, header, pathOf } from '../gateway/request.ts'
import type { RootKeys } from '../keystore/root-keys.ts'
import type { LedgerView } from '../ledger/view.ts'
import { accountSettings } from '../ram/account-settings.ts'
import { logOnsOf } from '../ram/log-on.ts'
import { endOf, principalOf } from '../ram/logged-on.ts'
import type { LoggedOnSession } from '../ram/logged-on-session.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { VERSION } from '../settings/version.ts'
import { inBrowser, json, NOT_KEPT, refused } from './answers.ts'
import type { AttemptLimits } from './attempts.ts'
import { objectIn, strangersObjectIn } from './body.ts'
import { type CommandLineWork, commandLineWork } from './command-line.ts'
import { cookieOf, setCookie } from './cookies.ts'
import { declarationsOf } from './declarations.ts'
import { callIn, Sessions } from './door.ts'
import { Files } from './files.ts'
import { demandOwnPage } from './guard.ts'
import { LogOn } from './log-on.ts'
import { logOnEvent, type Where } from './log-on-event.ts'
import { SAVED_MFA_MS } from './log-on-rules.ts'
import type { Outcome } from './next-step.ts'
import { admitted, QUESTIONS } from './questions.ts'
import { Sealing } from './sealed.ts'
import { ended } from './session.ts'
import { settled } from './settling.ts'
import { readStep, type Step } from './step.ts'

/** Refused log-ons are answered at multiples of this, so that the time tells nothing of what was done for them. */
const BEAT_MS = 250

export class Console implements ConsolePort {
  readonly #sealing: Sealing
  readonly #sessions: Sessions
  readonly #logOn: LogOn
  readonly #commandLine: ReadonlyMap<string, CommandLineWork>
  readonly #files: Files
  #declarations: ReturnType<typeof declarationsOf> | null = null

  /** `builds` is the folder with builds of the application: see Files. `attempts` counts for all processes of the server. */
  constructor(keys: RootKeys, runtime: Runtime, builds: string | null, attempts: AttemptLimits) {
    this.#sealing = new Sealing(keys, runtime)
    this.#sessions = new Sessions(this.#sealing)
    this.#logOn = new LogOn(this.#sealing, attempts)
    this.#commandLine = commandLineWork(this.#sealing, this.#sessions, attempts)
    this.#files = new Files(builds)
  }

  async answer(request: HttpRequest, house: House, recognize: () => void): Promise<ConsoleAnswer> {
    const path = pathOf(request)
    if (path === '/console/session') return this.#session(request, house, recognize)
    const ofCommandLine = request.method === 'POST' ? this.#commandLine.get(path) : undefined
    if (ofCommandLine) return this.#doneFor(ofCommandLine, request, house, recognize)
    if (path.startsWith('/console/api/')) return this.#api(request, house, recognize)
    if (request.method === 'GET' || request.method === 'HEAD') return this.#files.answer(request, house.runtime)
    return refused(refuse('UnsupportedHTTPMethod'), request, house.runtime.newId())
  }

  async #api(request: HttpRequest, house: House, recognize: () => void): Promise<ConsoleAnswer> {
    const call = callIn(request, house)
    if (call) return inBrowser(await answerCall(call, house, recognize, this.#sessions.door(request)))
    return this.#guarded(request, house, async (where) => {
      const path = pathOf(request)
      if (path === '/console/api/declarations') return this.#declared(request, house)
      const question = request.method === 'POST' ? QUESTIONS.get(path) : undefined
      if (!question) throw refuse('InvalidAction.NotFound')
      const { caller } = await this.#current(request, house)
      recognize()
      await admitted(caller, where, house)
      const given = objectIn(request.body)
      const decide = async (view: LedgerView) => ({ result: await question(given, { caller, request, house, view }) })
      return json(200, await settled(decide, where, house))
    })
  }

  /** What pages and the command line do for a session of the command line. */
  async #doneFor(
    { work, guard, proves }: CommandLineWork,
    request: HttpRequest,
    house: House,
    recognize: () => void,
  ): Promise<ConsoleAnswer> {
    const answered = async (where: Where) => {
      const answer = await work(strangersObjectIn(request.body), where, house)
      if (proves) recognize()
      return json(200, { ...answer, RequestId: where.requestId })
    }
    return this.#guarded(request, house, answered, guard)
  }

  async #session(request: HttpRequest, house: House, recognize: () => void): Promise<ConsoleAnswer> {
    return this.#guarded(request, house, (where) => {
      switch (request.method) {
        case 'POST':
          return this.#step(where, house, recognize)
        case 'GET':
          return this.#show(where, house, recognize)
        case 'DELETE':
          return this.#logOff(where, house)
        default:
          throw refuse('UnsupportedHTTPMethod')
      }
    })
  }

  /** Does what a page of the console asks for; every error becomes a refusal. */
  async #guarded(
    request: HttpRequest,
    house: House,
    work: (where: Where) => Promise<ConsoleAnswer>,
    guard = demandOwnPage,
  ): Promise<ConsoleAnswer> {
    const where = { request, requestId: house.runtime.newId(), now: house.now() }
    try {
      guard(request)
      return await work(where)
    } catch (error) {
      const refusal = asRefusal(error, where.requestId, house)
      const isWaiting = refusal.entry === 'LogOn.Pending'
      const hasNoCookie = request.method === 'GET' && cookieOf(request, 'session') === ''
      const isFirstVisit = refusal.entry === 'Session.None' && hasNoCookie
      if (!isWaiting && !isFirstVisit && /^(?:Session|LogOn)\./.test(refusal.entry))
        house.observer.turnedAway(refusal.entry, request.sourceAddress)
      return refused(refusal, request, where.requestId)
    }
  }

  /** One step of a log-on. */
  async #step(where: Where, house: House, recognize: () => void): Promise<ConsoleAnswer> {
    const { request } = where
    const begin = house.runtime.monotonic()
    try {
      const outcome = await this.#taken(readStep(request.body), where, house)
      recognize()
      if ('session' in outcome) house.observer.loggedOn('OK')
      return await this.#told(outcome, where, house)
    } catch (error) {
      if (!(error instanceof Refusal) || !error.entry.startsWith('LogOn.')) throw error
      house.observer.loggedOn(error.entry)
      const spent = house.runtime.monotonic() - begin
      await house.runtime.pause(BEAT_MS - (spent % BEAT_MS))
      throw error
    }
  }

  #taken(step: Step, where: Where, house: House): Promise<Outcome> {
    switch (step.kind) {
      case 'password':
        return this.#logOn.withPassword(step.userName, step.password, cookieOf(where.request, 'mfa'), where, house)
      case 'access key':
        return this.#logOn.withAccessKey(step.accessKeyId, step.accessKeySecret, where, house)
      case 'code':
        return this.#logOn.withCode(step.ticket, step.code, step.save, where, house)
      case 'binding':
        return this.#logOn.withBinding(step.ticket, step.first, step.second, where, house)
      case 'new password':
        return this.#logOn.withNewPassword(step.ticket, step.password, where, house)
    }
  }

  async #told(outcome: Outcome, where: Where, house: House): Promise<ConsoleAnswer> {
    if ('next' in outcome) {
      const { next, show } = outcome
      return json(200, { Next: next.step, Ticket: this.#sealing.seal('console-ticket', next), ...show })
    }
    const { session, saved } = outcome
    const decide = async (view: LedgerView) => ({ result: await shown(session, where, house, view) })
    const cookies = [setCookie(where.request, 'session', this.#sealing.seal('console-session', session))]
    if (saved) {
      const sealed = this.#sealing.seal('console-saved-mfa', saved)
      cookies.push(setCookie(where.request, 'mfa', sealed, SAVED_MFA_MS / 1000))
    }
    const body = { Session: await settled(decide, where, house) }
    return json(200, body, { 'set-cookie': cookies })
  }

  async #show(where: Where, house: House, recognize: () => void): Promise<ConsoleAnswer> {
    const decide = async (view: LedgerView) => {
      const { session } = await this.#sessions.of(where.request, house, view)
      return { result: await shown(session, where, house, view) }
    }
    const Session = await settled(decide, where, house)
    recognize()
    return json(200, { Session })
  }

  /** The session of a request, confirmed to be current. Refuses with Session.None. */
  #current(request: HttpRequest, house: House) {
    const where = { request, requestId: '', now: house.now() }
    return settled(async (view) => ({ result: await this.#sessions.of(request, house, view) }), where, house)
  }

  async #declared(request: HttpRequest, house: House): Promise<ConsoleAnswer> {
    if (request.method !== 'GET') throw refuse('UnsupportedHTTPMethod')
    this.#declarations ??= declarationsOf(house.products, house.settings)
    const { body, etag } = this.#declarations
    const headers = { ...NOT_KEPT, 'content-type': 'application/json', 'cache-control': 'private, no-cache', etag }
    return header(request, 'if-none-match') === etag
      ? { status: 304, headers, body: '' }
      : { status: 200, headers, body }
  }

  async #logOff(where: Where, house: House): Promise<ConsoleAnswer> {
    const { request, now } = where
    await settled(
      async (view) => {
        const { session, caller } = await this.#sessions.of(request, house, view)
        const logOns = await logOnsOf(session.principalId, { ledger: view, caller })
        if (!logOns) throw refuse('Session.None')
        const account = session.accessKeyId || caller.userName
        const event = logOnEvent('ConsoleSignout', where, caller, account, session.mfa)
        return { result: null, changes: [ended(session, logOns, now)], event }
      },
      where,
      house,
    )
    return json(200, { RequestId: where.requestId }, { 'set-cookie': [setCookie(request, 'session', '', 0)] })
  }
}

/** What a page shows of the session that it is in. */
async function shown(
  session: LoggedOnSession,
  { request, now }: Where,
  house: House,
  view: LedgerView,
): Promise<object> {
  const caller = await principalOf(session, now, house, view)
  if (!caller) throw refuse('Session.None')
  const { alias } = await accountSettings({ ledger: view, caller })
  const { regions } = request
  return {
    AccountId: session.accountId,
    AccountAlias: alias,
    Type: caller.type,
    UserName: caller.userName,
    UserId: session.principalId,
    MFAAuthenticated: session.mfa,
    CreatedAt: isoSeconds(session.since),
    ExpiresAt: isoSeconds(await endOf(session, view)),
    Regions: regions.map((Id) => ({ Id, Hsm: house.settings.hsmRegions.includes(Id) })),
    DefaultRegion: regions[0] ?? '',
    Version: VERSION,
    Dev: house.dev !== null,
  }
}
