// The rules of log-ons with a password, from what RAM stores: pure functions.
import type { Code } from '../api/errors/catalogue.ts'
import { refuse } from '../api/errors.ts'
import type { AccountSettings } from '../ram/account-settings.ts'
import { keepLogOns, NO_LOG_ONS } from '../ram/log-on.ts'
import { personOf } from '../ram/logged-on.ts'
import type { MfaDevice } from '../ram/mfa-device.ts'
import { passwordSince } from '../ram/new-password.ts'
import { masksIn } from '../ram/parameters.ts'
import { inAddresses } from '../ram/policy/addresses.ts'
import type { LoginProfile } from '../ram/records.ts'
import type { Found } from './found-user.ts'
import type { Where } from './log-on-event.ts'
import type { SavedMfa, Ticket } from './sealed.ts'
import type { RefusedLogOn } from './settling.ts'

/** How long the steps of a log-on may take. */
export const TICKET_MS = 10 * 60_000
/** How long a code that was checked counts on a browser that may keep it. */
export const SAVED_MFA_MS = 7 * 86_400_000
/** How long too many failures lock a user. */
const LOCKED_MS = 3_600_000
const DAY_MS = 86_400_000
/** So many wrong codes in a row lock the user even without MaxLoginAttemps: a code has six digits, and who tries knows the password. */
const MOST_CODES = 10

/** Whether the address is in one of the masks, which `;` separates; without masks, every address is. */
function fromAllowedNetwork(address: string, masks: string): boolean {
  const each = masksIn(masks)
  return each.length === 0 || each.some((mask) => inAddresses(mask, address))
}

/** Why the user may not log on now, whatever the password is; null where it may. */
export function hindranceOf({ settings, logOns }: Found, { request, now }: Where): string | null {
  if (!fromAllowedNetwork(request.sourceAddress, settings.securityPreference.LoginNetworkMasks))
    return 'The address is not within LoginNetworkMasks.'
  return now < (logOns?.body.lockedUntil ?? 0) ? 'The user is locked after too many failures.' : null
}

/** Whether a new password is due; `denied` where the old one has expired and the user may not change it. */
export function passwordDue(
  profile: LoginProfile,
  { passwordPolicy, securityPreference }: AccountSettings,
  now: number,
): 'no' | 'due' | 'denied' {
  const { MaxPasswordAge, HardExpiry } = passwordPolicy
  const expired = MaxPasswordAge > 0 && now - passwordSince(profile) >= MaxPasswordAge * DAY_MS
  const may = securityPreference.AllowUserToChangePassword || profile.passwordResetRequired
  if (expired && (HardExpiry || !may)) return 'denied'
  return expired || profile.passwordResetRequired ? 'due' : 'no'
}

/** Whether a code of this very device was checked on this browser, with this password, not too long ago. */
export function isSaved(
  saved: SavedMfa | null,
  { id, body }: MfaDevice,
  { accountId, userId, mark }: Ticket,
  { settings }: Found,
  now: number,
): boolean {
  return (
    saved !== null &&
    settings.securityPreference.EnableSaveMFATicket &&
    saved.accountId === accountId &&
    saved.userId === userId &&
    saved.mark === mark &&
    saved.deviceId === id &&
    saved.boundAt === body.bound?.at &&
    now < saved.until
  )
}

/**
 * The refusal of a log-on. What failed counts where it can lock the user: a wrong password where MaxLoginAttemps says so, a wrong code
 * always.
 */
export function refusedFor(
  found: Found,
  account: string,
  cause: string,
  { now }: Where,
  wrong: 'password' | 'code' | null = null,
  code: Extract<Code, 'LogOn.Failed' | 'LogOn.CodeFailed' | 'LogOn.PasswordExpired'> = 'LogOn.Failed',
): { readonly refused: RefusedLogOn } {
  const { user, logOns, settings } = found
  const { MaxLoginAttemps } = settings.passwordPolicy
  const caller = personOf(user)
  const counts = wrong === 'code' || (wrong === 'password' && MaxLoginAttemps > 0)
  const before = logOns?.body ?? NO_LOG_ONS
  const failed = before.failed + 1
  const most = wrong === 'code' ? Math.min(MaxLoginAttemps || MOST_CODES, MOST_CODES) : MaxLoginAttemps
  const after = failed >= most ? { ...before, failed: 0, lockedUntil: now + LOCKED_MS } : { ...before, failed }
  const changes = counts ? [keepLogOns(logOns, caller, after, now)] : []
  return { refused: { caller, account, mfa: false, changes, refusal: refuse(code), cause } }
}
