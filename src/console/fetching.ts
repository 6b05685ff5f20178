// The command line's side of its session (docs/decisions/0035-log-on-of-the-command-line.md): it asks for a session under a code, fetches the
// session that a person allowed, and ends it. Before a person allows it, nothing is stored: the command line keeps the state in sealed values.
import { createHash } from 'node:crypto'
import { principalArn } from '../api/caller.ts'
import { refuse } from '../api/errors.ts'
import { isoSeconds } from '../api/time.ts'
import { NONCE_BYTES } from '../cryptography/xaes.ts'
import type { House } from '../gateway/house.ts'
import { type Change, remove, update } from '../ledger/record.ts'
import type { LedgerView } from '../ledger/view.ts'
import { newSessionAccessKeyId } from '../ram/identifiers.ts'
import { type LogOns, logOnsOf } from '../ram/log-on.ts'
import { LOG_ON_CODE, logOnCode } from '../ram/log-on-code.ts'
import { endOf, type PersonCaller, principalOf } from '../ram/logged-on.ts'
import type { LoggedOnSession } from '../ram/logged-on-session.ts'
import type { JsonObject } from '../runtime/json.ts'
import { boundedText } from './body.ts'
import { userWithId } from './found-user.ts'
import { logOnEvent, type Where } from './log-on-event.ts'
import { hindranceOf } from './log-on-rules.ts'
import type { DeviceCode, Sealing } from './sealed.ts'
import { ended, withSession } from './session.ts'
import { type Decided, settled } from './settling.ts'
import { CODE_MS, newUserCode } from './user-code.ts'

/** Seconds between two requests of a waiting command line. */
const INTERVAL = 5
const MAX_SEALED = 4096
const MAX_TOKEN = 16_384

export class Fetching {
  readonly #sealing: Sealing

  constructor(sealing: Sealing) {
    this.#sealing = sealing
  }

  /** Starts a request: returns a code for a person to type, and one that fetches the session. */
  ask(given: JsonObject, { request, now }: Where, house: House): object {
    const name = boundedText(given['Name'], 'Name', 64)
    if (/\p{C}/u.test(name)) throw refuse('InvalidParameter', { name: 'Name', rule: 'Characters that can be shown.' })
    const userCode = newUserCode(house.runtime)
    const asking = {
      id: house.runtime.newId(),
      name,
      address: request.sourceAddress,
      at: now,
      userCode,
      until: now + CODE_MS,
    }
    return {
      DeviceCode: this.#sealing.seal('log-on-device-code', asking),
      UserCode: `${userCode.slice(0, 4)}-${userCode.slice(4)}`,
      ExpiresIn: CODE_MS / 1000,
      Interval: INTERVAL,
    }
  }

  /** The credentials of an allowed session. Refuses with LogOn.Pending, LogOn.Denied, LogOn.Expired and LogOn.Failed. */
  async fetch(given: JsonObject, where: Where, house: House): Promise<object> {
    const credentials =
      'DeviceCode' in given
        ? await this.#underCode(boundedText(given['DeviceCode'], 'DeviceCode', MAX_SEALED), where, house)
        : await this.#withGrant(given, where, house)
    house.observer.loggedOn('OK')
    return credentials
  }

  /** Ends the session of a security token, if it is an open session of the command line. */
  async end(given: JsonObject, where: Where, house: House): Promise<object> {
    const opened = house.securityTokens.open(boundedText(given['SecurityToken'], 'SecurityToken', MAX_TOKEN))
    if (!opened || !('person' in opened)) throw refuse('InvalidSecurityToken.Malformed')
    const { person } = opened
    await settled<null>(
      async (view) => {
        const caller = await principalOf(person, where.now, house, view)
        const logOns = caller && (await logOnsOf(person.principalId, { ledger: view, caller }))
        if (!caller || !logOns) return { result: null }
        const event = logOnEvent('ConsoleSignout', where, caller, person.accessKeyId || caller.userName, person.mfa)
        return { result: null, changes: [ended(person, logOns, where.now)], event }
      },
      where,
      house,
    )
    return {}
  }

  /** With the code that a page passed to this machine, and the verifier that only the asking command line has. */
  async #withGrant(given: JsonObject, where: Where, house: House): Promise<object> {
    const grant = this.#sealing.open('log-on-grant', boundedText(given['Code'], 'Code', MAX_SEALED))
    const verifier = boundedText(given['Verifier'], 'Verifier', 128)
    if (!grant || where.now >= grant.until) throw refuse('LogOn.Expired')
    if (createHash('sha256').update(verifier).digest('base64url') !== grant.challenge) throw refuse('LogOn.Failed')
    const { id, session } = grant
    return settled(
      async (view) => {
        const known = await holderOf(session, where, house, view)
        const listed = known.logOns.body.sessions.find((one) => one.id === id)
        if (listed?.waiting) return begun(id, session, known, where, house, view)
        if (!listed) throw refuse('LogOn.Expired')
        // Somebody else has seen the code, so nobody may get the session (RFC 6749, 4.1.2).
        const { caller, logOns } = known
        const changes = [ended({ ...session, id }, logOns, where.now)]
        const cause = 'The code was used twice, and its session was ended.'
        return { refused: { ...refusedOf(session, caller), changes, refusal: refuse('LogOn.Expired'), cause } }
      },
      where,
      house,
    )
  }

  /** By the code that a person typed, after the decision. */
  async #underCode(sealed: string, where: Where, house: House): Promise<object> {
    const asking = this.#sealing.open('log-on-device-code', sealed)
    if (!asking || where.now >= asking.until) throw refuse('LogOn.Expired')
    const credentials = await settled<object | null>(
      async (view) => {
        const record = await logOnCode(asking.userCode, view)
        if (!record || where.now >= record.body.until) return { result: null }
        const { asks, decision } = record.body
        // The person has typed the code; now the page can show which command line asks.
        if (!asks)
          return {
            result: null,
            changes: [update(record, { body: { ...record.body, asks: shownOf(asking) } })],
            event: null,
          }
        if (asks.id !== asking.id) throw refuse('LogOn.Expired')
        if (decision === null) return { result: null }
        if (decision === 'denied') throw refuse('LogOn.Denied')
        const session = this.#sealing.open('log-on-code', record.body.session)
        if (!session) throw refuse('LogOn.Expired')
        const known = await holderOf(session, where, house, view)
        return begun(asking.id, session, known, where, house, view, [remove(LOG_ON_CODE, record)])
      },
      where,
      house,
    )
    if (!credentials) throw refuse('LogOn.Pending')
    return credentials
  }
}

function shownOf({ id, name, address, at }: DeviceCode) {
  return { id, name, address, at }
}

interface Holder {
  readonly caller: PersonCaller
  readonly logOns: LogOns
}

/** The person who allowed the session. Refuses with LogOn.Expired if the person's session has ended. */
async function holderOf(session: LoggedOnSession, { now }: Where, house: House, view: LedgerView): Promise<Holder> {
  const caller = await principalOf(session, now, house, view)
  const logOns = caller && (await logOnsOf(session.principalId, { ledger: view, caller }))
  if (!caller || !logOns) throw refuse('LogOn.Expired')
  return { caller, logOns }
}

function refusedOf({ accessKeyId, mfa }: LoggedOnSession, caller: PersonCaller) {
  return { caller, account: accessKeyId || caller.userName, mfa }
}

/** Begins the session, with the rights and the end of the console's session. */
async function begun(
  id: string,
  session: LoggedOnSession,
  { caller, logOns }: Holder,
  where: Where,
  house: House,
  view: LedgerView,
  further: readonly Change[] = [],
): Promise<Decided<object>> {
  const { accountId, principalId, until } = session
  const found = session.accessKeyId === '' ? await userWithId(accountId, principalId, view) : null
  const cause = found && hindranceOf(found, where)
  const who = refusedOf(session, caller)
  if (cause) return { refused: { ...who, changes: [], refusal: refuse('LogOn.Failed'), cause } }
  const signsAs = newSessionAccessKeyId(house.runtime)
  const { token, secret } = house.securityTokens.issueTo(
    { ...session, id, signsAs },
    house.runtime.randomBytes(NONCE_BYTES),
  )
  const change = withSession({ id, until, of: session.id }, session, logOns, where.now)
  const event = logOnEvent('ConsoleSignin', where, caller, who.account, who.mfa)
  const result = {
    Arn: principalArn(caller),
    AccessKeyId: signsAs,
    AccessKeySecret: secret,
    SecurityToken: token,
    Expiration: isoSeconds(await endOf(session, view)),
  }
  return { result, changes: [change, ...further], event }
}
