// What follows a step of a log-on: the code of the MFA device or its binding, a new password where one is due, or the session.
import { refuse } from '../api/errors.ts'
import type { House } from '../gateway/house.ts'
import type { Change } from '../ledger/record.ts'
import { markOf, personOf } from '../ram/logged-on.ts'
import type { LoggedOnSession } from '../ram/logged-on-session.ts'
import { qrCode, SEED_BYTES, seedText } from '../ram/one-time-code.ts'
import type { LoginProfile } from '../ram/records.ts'
import type { EventRow } from '../storage/storage.ts'
import type { Found } from './found-user.ts'
import { logOnEvent, type Where } from './log-on-event.ts'
import { passwordDue, TICKET_MS } from './log-on-rules.ts'
import type { SavedMfa, Ticket } from './sealed.ts'
import { begun } from './session.ts'
import type { Decided } from './settling.ts'

/** What a step leads to: a session, or another step. */
export type Outcome =
  | { readonly session: LoggedOnSession; readonly saved?: SavedMfa }
  | { readonly next: Ticket; readonly show: Readonly<Record<string, unknown>> }

/** The ticket of a user whose password was right; its step is decided later. */
export function ticketOf({ user }: Found, profile: LoginProfile, typed: string, { now }: Where): Ticket {
  const whose = { accountId: user.account, userId: user.id, mark: markOf(profile.passwordHash) }
  return { step: 'Code', ...whose, typed: typed.slice(0, 256), mfa: false, seed: '', until: now + TICKET_MS }
}

/** The next step of a user whose password was right, or its session. `changes` and the event `own` come from the step that was passed. */
export async function nextStep(
  found: Found,
  passed: Ticket,
  where: Where,
  house: House,
  changes: readonly Change[] = [],
  own: EventRow | null = null,
): Promise<Decided<Outcome>> {
  const { user, profile, settings, logOns } = found
  const { securityPreference, furtherPreference, passwordPolicy } = settings
  if (!profile) throw refuse('LogOn.Expired')
  const caller = personOf(user)
  const next = (step: Ticket['step'], show: Readonly<Record<string, unknown>>, seed = ''): Decided<Outcome> => {
    const result = { next: { ...passed, step, seed }, show }
    return changes.length === 0 ? { result } : { result, changes, event: own }
  }
  if (!passed.mfa && user.body.mfaDevice !== undefined)
    return next('Code', { MaySave: securityPreference.EnableSaveMFATicket })
  if (!passed.mfa && (profile.mfaBindRequired || furtherPreference.MFAOperationForLogin === 'mandatory')) {
    const seed = house.runtime.randomBytes(SEED_BYTES)
    const label = `${user.body.userName}@${settings.alias || user.account}`
    const show = { Base32StringSeed: seedText(seed), QRCodePNG: await qrCode(seed, label) }
    return next('BindMFADevice', show, Buffer.from(seed).toString('base64'))
  }
  if (passwordDue(profile, settings, where.now) === 'due')
    return next('NewPassword', { PasswordPolicy: passwordPolicy })
  const kept = { accessKeyId: '', mark: passed.mark, mfa: passed.mfa }
  const { session, change } = begun(caller, kept, logOns, securityPreference, where.now, house)
  const event = logOnEvent('ConsoleSignin', where, caller, passed.typed, passed.mfa)
  return { result: { session }, changes: [...changes, change], event, ...(own && { further: [own] }) }
}
