// What pages do for the command line (docs/decisions/0035-log-on-of-the-command-line.md): a person who is logged on allows it a session, on this
// machine by a link that it opened, or on another one by a code that it shows.
import { refuse } from '../api/errors.ts'
import { isoSeconds } from '../api/time.ts'
import type { House } from '../gateway/house.ts'
import { sourceOf } from '../gateway/source.ts'
import { type Change, INSTALLATION, insert, update } from '../ledger/record.ts'
import { keepLogOns, logOnsOf } from '../ram/log-on.ts'
import { forgetCode, LOG_ON_CODE, type LogOnCode, type LogOnCodeBody, logOnCode } from '../ram/log-on-code.ts'
import type { JsonObject } from '../runtime/json.ts'
import type { EventRow } from '../storage/storage.ts'
import type { Attempt, AttemptLimits } from './attempts.ts'
import { boundedText } from './body.ts'
import type { Sessions } from './door.ts'
import { logOnEvent, type Where } from './log-on-event.ts'
import type { Sealing } from './sealed.ts'
import { withSession } from './session.ts'
import { settled } from './settling.ts'
import { CODE_MS, plainCode } from './user-code.ts'

/** The command line fetches its session at once. */
const GRANT_MS = 60_000
const CHALLENGE = /^[A-Za-z0-9_-]{43}$/

export class Allowing {
  readonly #sealing: Sealing
  readonly #sessions: Sessions
  readonly #attempts: AttemptLimits

  constructor(sealing: Sealing, sessions: Sessions, attempts: AttemptLimits) {
    this.#sealing = sealing
    this.#sessions = sessions
    this.#attempts = attempts
  }

  /** Allows whoever knows the verifier of `Challenge` one session. The page brings the code to a port of its own machine. Refuses with LogOn.Throttled. */
  async allow(given: JsonObject, where: Where, house: House): Promise<object> {
    const { Challenge: challenge } = given
    if (typeof challenge !== 'string' || !CHALLENGE.test(challenge))
      throw refuse('InvalidParameter', { name: 'Challenge', rule: 'SHA-256 of the verifier, Base64url.' })
    const { request, now } = where
    await this.#admit('allow', where, house)
    return settled(
      async (view) => {
        const { session, caller } = await this.#sessions.of(request, house, view)
        const logOns = await logOnsOf(session.principalId, { ledger: view, caller })
        const grant = { id: house.runtime.newId(), session, challenge, until: now + GRANT_MS }
        const listed = { id: grant.id, until: grant.until, of: session.id, waiting: true } as const
        const result = { Code: this.#sealing.seal('log-on-grant', grant) }
        const event = eventOf('allowed', { session, caller }, where)
        return { result, changes: [withSession(listed, session, logOns, now)], event }
      },
      where,
      house,
    )
  }

  /** Types a code, asks what became of it, or decides on what asks under it. Refuses with LogOn.CodeFailed a code that another has typed, and with LogOn.OtherSession one that the person typed in another session. */
  async code(given: JsonObject, where: Where, house: House): Promise<object> {
    const code = plainCode(boundedText(given['UserCode'], 'UserCode', 16))
    const decision = decisionIn(given)
    const { request, now } = where
    const attempt = await this.#admit('code', where, house)
    const { body, isKnown } = await settled(
      async (view) => {
        const person = await this.#sessions.of(request, house, view)
        const { session, caller } = person
        const record = await logOnCode(code, view)
        const current = record && record.body.until > now ? record : null
        if (current && current.body.sessionId !== session.id)
          throw refuse(current.body.principalId === session.principalId ? 'LogOn.OtherSession' : 'LogOn.CodeFailed')
        if (decision) return decided(current, decision, person, where)
        if (current) return { result: { body: current.body, isKnown: true } }
        const logOns = await logOnsOf(session.principalId, { ledger: view, caller })
        if (!logOns) throw refuse('Session.None')
        const fresh: LogOnCodeBody = {
          principalId: session.principalId,
          sessionId: session.id,
          session: this.#sealing.seal('log-on-code', session),
          until: now + CODE_MS,
          asks: null,
          decision: null,
        }
        const former = logOns.body.code
        const changes: Change[] = [
          keepLogOns(logOns, session, { ...logOns.body, code }, now),
          record
            ? update(record, { body: fresh })
            : insert(LOG_ON_CODE, { ...INSTALLATION, id: code, createdAt: now, body: fresh }),
          ...(former === undefined || former === code ? [] : await forgetCode(former, session.principalId, view)),
        ]
        return { result: { body: fresh, isKnown: false }, changes, event: null }
      },
      where,
      house,
    )
    // What guesses is the first time that a code is typed.
    if (isKnown) this.#attempts.succeeded(attempt)
    return shown(code, body)
  }

  /** Counts an attempt of whoever is logged on. Refuses with Session.None and LogOn.Throttled. */
  async #admit(what: 'allow' | 'code', { request, now }: Where, house: House): Promise<Attempt> {
    const asking = { request, requestId: '', now }
    const { caller } = await settled(
      async (view) => ({ result: await this.#sessions.of(request, house, view) }),
      asking,
      house,
    )
    const attempt = await this.#attempts.admit(sourceOf(request.sourceAddress), `${what} ${caller.principalId}`, now)
    if (!attempt) throw refuse('LogOn.Throttled')
    return attempt
  }
}

interface Decision {
  /** Of what the person was shown. */
  readonly id: string
  readonly decision: 'allowed' | 'denied'
}

function decisionIn(given: JsonObject): Decision | null {
  const { Decision: said } = given
  if (said === undefined) return null
  if (said !== 'Allow' && said !== 'Deny')
    throw refuse('InvalidParameter', { name: 'Decision', rule: 'Allow or Deny.' })
  return { id: boundedText(given['Id'], 'Id', 64), decision: said === 'Allow' ? 'allowed' : 'denied' }
}

function decided(record: LogOnCode | null, { id, decision }: Decision, person: Person, where: Where) {
  if (!record || record.body.asks?.id !== id || record.body.decision !== null) throw refuse('LogOn.Expired')
  const body = { ...record.body, decision }
  return {
    result: { body, isKnown: true },
    changes: [update(record, { body })],
    event: eventOf(decision, person, where),
  }
}

/** Whoever is logged on to the console. */
type Person = Awaited<ReturnType<Sessions['of']>>

function eventOf(decision: Decision['decision'], { session, caller }: Person, where: Where): EventRow {
  const name = decision === 'allowed' ? 'ConsoleAllow' : 'ConsoleDeny'
  return logOnEvent(name, where, caller, session.accessKeyId || caller.userName, session.mfa)
}

function shown(code: string, { asks, decision, until }: LogOnCodeBody): object {
  return {
    UserCode: code,
    ExpiresAt: isoSeconds(until),
    Asks: asks && { Id: asks.id, Name: asks.name, Address: asks.address, Since: isoSeconds(asks.at) },
    Decision: decision === null ? '' : decision === 'allowed' ? 'Allow' : 'Deny',
  }
}
