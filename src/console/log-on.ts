// The steps of a log-on (docs/decisions/0020-console-sessions.md): a password or an AccessKey; the code of the user's MFA device, or the binding
// of a device if one is required; a new password if one is due; a session. Between the steps the browser has a sealed ticket, and the
// server keeps no state.
import { timingSafeEqual } from 'node:crypto'
import { refuse } from '../api/errors.ts'
import type { House } from '../gateway/house.ts'
import { sourceOf } from '../gateway/source.ts'
import { insert, update } from '../ledger/record.ts'
import type { LedgerView } from '../ledger/view.ts'
import { accountSettings } from '../ram/account-settings.ts'
import { HeavyWork, type InTurn } from '../ram/heavy-work.ts'
import { logOnsOf } from '../ram/log-on.ts'
import { markOf, personOf } from '../ram/logged-on.ts'
import { deviceByName, deviceOf, MFA_DEVICE, ownDeviceName, serialNumber } from '../ram/mfa-device.ts'
import { withPassword } from '../ram/new-password.ts'
import { stepOf, stepOfConsecutive } from '../ram/one-time-code.ts'
import { canCheck, isPassword } from '../ram/password.ts'
import { type LoginProfile, ramScope } from '../ram/records.ts'
import type { Attempt, AttemptLimits } from './attempts.ts'
import { type Found, plainName, userNamed, userWithId } from './found-user.ts'
import { logOnEvent, ownCallEvent, type Where } from './log-on-event.ts'
import { hindranceOf, isSaved, passwordDue, refusedFor, SAVED_MFA_MS } from './log-on-rules.ts'
import { nextStep, type Outcome, ticketOf } from './next-step.ts'
import type { Sealing, Ticket } from './sealed.ts'
import { begun } from './session.ts'
import { settled } from './settling.ts'

/** A hash that matches no password, so that an unknown user costs the same work. */
const NOBODYS_HASH = Buffer.alloc(48).toString('base64')

export class LogOn {
  readonly #sealing: Sealing
  readonly #attempts: AttemptLimits
  /** The passwords of users at addresses from which they logged on before: strangers at many addresses take all turns of the others. */
  readonly #knownWork = new HeavyWork()
  readonly #work = new HeavyWork()

  constructor(sealing: Sealing, attempts: AttemptLimits) {
    this.#sealing = sealing
    this.#attempts = attempts
  }

  /** `savedMfa` is the cookie that says that a code was checked on this browser. Refuses with LogOn.Failed, and as `nextStep`. */
  async withPassword(typed: string, password: string, savedMfa: string, where: Where, house: House): Promise<Outcome> {
    const attempt = await this.#admitted(where, plainName(typed))
    const checked = new Map<string, boolean>()
    const isRight = async (hash: string) => {
      const right = checked.get(hash) ?? (await this.#hashing(where, attempt)(() => isPassword(password, hash)))
      checked.set(hash, right)
      return right
    }
    const outcome = await settled<Outcome>(
      async (view) => {
        const found = await userNamed(typed, view)
        // Existing and unknown users cost the same work.
        const right = await isRight(found?.profile?.passwordHash ?? NOBODYS_HASH)
        if (!found) return { refusal: refuse('LogOn.Failed') }
        const { profile } = found
        const cause = !profile ? 'The user has no password for the console.' : hindranceOf(found, where)
        if (!profile || cause !== null) return refusedFor(found, typed, cause ?? '', where)
        if (!canCheck(profile.passwordHash))
          return refusedFor(found, typed, 'The password was set outside FIPS mode: set a new one.', where)
        if (!right) return refusedFor(found, typed, 'The password is wrong.', where, 'password')
        if (passwordDue(profile, found.settings, where.now) === 'denied')
          return refusedFor(found, typed, 'The password has expired.', where, null, 'LogOn.PasswordExpired')
        const ticket = ticketOf(found, profile, typed, where)
        const saved = this.#sealing.open('console-saved-mfa', savedMfa)
        const device = await deviceOf(found.user, readsOf(found, view))
        const mfa = device !== null && isSaved(saved, device, ticket, found, where.now)
        return nextStep(found, { ...ticket, mfa }, where, house)
      },
      where,
      house,
    )
    this.#attempts.succeeded(attempt)
    return outcome
  }

  /** Logs the account itself or a user on with an AccessKey. Refuses with LogOn.Failed. */
  async withAccessKey(id: string, secret: string, where: Where, house: House): Promise<Outcome> {
    const attempt = await this.#admitted(where, id)
    const outcome = await settled<Outcome>(
      async (view) => {
        const accessKey = await house.accessKeys.find(id, view)
        const caller = accessKey?.caller
        if (!accessKey || !caller || caller.type === 'service') return { refusal: refuse('LogOn.Failed') }
        const isRight = timingSafeEqual(Buffer.from(markOf(secret)), Buffer.from(markOf(accessKey.secret)))
        const cause = !isRight ? 'The secret is wrong.' : accessKey.active ? null : 'The AccessKey is disabled.'
        if (cause !== null)
          return { refused: { caller, account: id, mfa: false, changes: [], refusal: refuse('LogOn.Failed'), cause } }
        const reads = { ledger: view, caller }
        const { securityPreference } = await accountSettings(reads)
        const logOns = await logOnsOf(caller.principalId, reads)
        const kept = { accessKeyId: id, mark: markOf(accessKey.secret), mfa: false }
        const { session, change } = begun(caller, kept, logOns, securityPreference, where.now, house)
        const event = logOnEvent('ConsoleSignin', where, caller, id, false)
        return { result: { session }, changes: [change], event }
      },
      where,
      house,
    )
    house.lastUsed.note(id, where.now)
    this.#attempts.succeeded(attempt)
    return outcome
  }

  /** Checks the second factor. With `save`, and if the security preference allows it, this browser is not asked again. */
  async withCode(sealed: string, code: string, save: boolean, where: Where, house: House): Promise<Outcome> {
    const ticket = this.#ticket(sealed, 'Code', where)
    const attempt = await this.#admitted(where, plainName(ticket.typed))
    const outcome = await settled<Outcome>(
      async (view) => {
        const { found, profile } = await holder(ticket, view)
        const cause = hindranceOf(found, where)
        if (cause !== null) return refusedFor(found, ticket.typed, cause, where)
        const device = await deviceOf(found.user, readsOf(found, view))
        if (!device?.body.bound) throw refuse('LogOn.Expired')
        const step = stepOf(house.mfaSeeds.open(device), code, where.now, device.body.lastStep)
        if (step === null)
          return refusedFor(found, ticket.typed, 'The code is wrong, or was used.', where, 'code', 'LogOn.CodeFailed')
        const used = update(device, { body: { ...device.body, lastStep: step } })
        const passed = { ...ticketOf(found, profile, ticket.typed, where), mfa: true }
        const decided = await nextStep(found, passed, where, house, [used])
        if (!save || !found.settings.securityPreference.EnableSaveMFATicket) return decided
        const { accountId, userId, mark } = passed
        const until = where.now + SAVED_MFA_MS
        const saved = { accountId, userId, mark, deviceId: device.id, boundAt: device.body.bound.at, until }
        return 'result' in decided && 'session' in decided.result
          ? { ...decided, result: { ...decided.result, saved } }
          : decided
      },
      where,
      house,
    )
    this.#attempts.succeeded(attempt)
    return outcome
  }

  /** Binds the device of the previous step, by two consecutive codes. */
  async withBinding(sealed: string, first: string, second: string, where: Where, house: House): Promise<Outcome> {
    const ticket = this.#ticket(sealed, 'BindMFADevice', where)
    return settled<Outcome>(
      async (view) => {
        const { found, profile } = await holder(ticket, view)
        const cause = hindranceOf(found, where)
        if (cause !== null) return refusedFor(found, ticket.typed, cause, where)
        const { user } = found
        if (user.body.mfaDevice !== undefined) throw refuse('LogOn.Expired')
        const seed = Buffer.from(ticket.seed, 'base64')
        const lastStep = stepOfConsecutive(seed, first, second, where.now)
        if (lastStep === null) throw refuse('CheckAuthenticationCodeFail')
        const reads = readsOf(found, view)
        const own = ownDeviceName(user)
        const deviceName = (await deviceByName(own, reads)) ? `${own.slice(0, 40)}-${user.id}` : own
        const place = { ...ramScope(user.account), id: deviceName.toLowerCase() }
        const sealedSeed = house.mfaSeeds.seal(place, seed)
        const body = { deviceName, sealedSeed, bound: { userId: user.id, at: where.now }, lastStep }
        const device = insert(
          MFA_DEVICE,
          { ...place, createdAt: where.now, body },
          house.settings.quotas['max-mfa-devices'],
        )
        const bound = update(user, { body: { ...user.body, mfaDevice: place.id } })
        const parameters = { UserName: user.body.userName, SerialNumber: serialNumber(device.after) }
        const event = ownCallEvent('BindMFADevice', parameters, where, personOf(user), house)
        const passed = { ...ticketOf(found, profile, ticket.typed, where), mfa: true }
        const after = { ...found, user: bound.after }
        return nextStep(after, passed, where, house, [device, bound], event)
      },
      where,
      house,
    )
  }

  /** The new password that is due. Refuses with InvalidParameter.Password.TooWeak. */
  async withNewPassword(sealed: string, password: string, where: Where, house: House): Promise<Outcome> {
    const ticket = this.#ticket(sealed, 'NewPassword', where)
    const attempt = await this.#admitted(where, plainName(ticket.typed))
    const given = new Map<LoginProfile, Awaited<ReturnType<typeof withPassword>>>()
    const outcome = await settled<Outcome>(
      async (view) => {
        const { found, profile } = await holder(ticket, view)
        const cause = hindranceOf(found, where)
        if (cause !== null) return refusedFor(found, ticket.typed, cause, where)
        const { user, settings } = found
        if (passwordDue(profile, settings, where.now) !== 'due') throw refuse('LogOn.Expired')
        const fresh =
          given.get(profile) ??
          (await withPassword(password, user.body, settings, where.now, house.runtime, this.#hashing(where, attempt)))
        given.set(profile, fresh)
        const loginProfile = { ...profile, ...fresh, passwordResetRequired: false }
        const changed = update(user, { body: { ...user.body, loginProfile } }, true)
        const event = ownCallEvent('ChangePassword', {}, where, personOf(user), house)
        const after = { ...found, user: changed.after, profile: loginProfile }
        const passed = { ...ticketOf(after, loginProfile, ticket.typed, where), mfa: ticket.mfa }
        return nextStep(after, passed, where, house, [changed], event)
      },
      where,
      house,
    )
    this.#attempts.succeeded(attempt)
    return outcome
  }

  #ticket(sealed: string, step: Ticket['step'], { now }: Where): Ticket {
    const ticket = this.#sealing.open('console-ticket', sealed)
    if (ticket?.step !== step || now >= ticket.until) throw refuse('LogOn.Expired')
    return ticket
  }

  async #admitted({ request, now }: Where, name: string): Promise<Attempt> {
    const attempt = await this.#attempts.admit(sourceOf(request.sourceAddress), name, now)
    if (!attempt) throw refuse('LogOn.Throttled')
    return attempt
  }

  /** The hashes of a log-on. Source addresses take turns. */
  #hashing({ request }: Where, { known }: Attempt): InTurn {
    const source = sourceOf(request.sourceAddress)
    const heavyWork = known ? this.#knownWork : this.#work
    return async (work) => {
      const done = await heavyWork.run(source, async () => ({ result: await work() }))
      if (!done) throw refuse('LogOn.Throttled')
      return done.result
    }
  }
}

/** The user of a ticket. Refuses with LogOn.Expired if the user or its password has changed. */
async function holder({ accountId, userId, mark }: Ticket, view: LedgerView) {
  const found = await userWithId(accountId, userId, view)
  const profile = found?.profile
  if (!profile || markOf(profile.passwordHash) !== mark) throw refuse('LogOn.Expired')
  return { found, profile }
}

function readsOf({ user }: Found, view: LedgerView) {
  return { ledger: view, caller: { accountId: user.account } }
}
