// The log-on sessions of people, in the console and on the command line. Each call looks its session up in the records, so a log-off or a
// change of password ends a session at once on every server.
import { createHash } from 'node:crypto'
import type { AccountCaller, UserCaller } from '../api/caller.ts'
import type { LedgerView } from '../ledger/view.ts'
import type { AccessKeys } from './access-key.ts'
import { accountSettings } from './account-settings.ts'
import { isListed, LOG_ON } from './log-on.ts'
import type { LoggedOnSession } from './logged-on-session.ts'
import { ramScope, USER, type User } from './records.ts'

export type PersonCaller = AccountCaller | UserCaller

/** The caller of each session's last call. Compiled permissions are cached by this object's identity, so later calls must reuse it. */
const callers = new WeakMap<LoggedOnSession, PersonCaller>()

const HOUR_MS = 3_600_000

/** The mark of a password's hash or of a secret in a session: a SHA-256 hash, from which the secret can't be read. */
export function markOf(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url')
}

/** The user as a caller without an AccessKey. */
export function personOf({ account, id, body }: User): UserCaller {
  return { type: 'ram-user', accountId: account, principalId: id, userName: body.userName, accessKeyId: '' }
}

/** When a session expires under the account's present settings. */
export async function endOf(
  { accountId, since, until }: LoggedOnSession,
  ledger: Pick<LedgerView, 'get'>,
): Promise<number> {
  const { securityPreference } = await accountSettings({ ledger, caller: { accountId } })
  return Math.min(until, since + securityPreference.LoginSessionDuration * HOUR_MS)
}

/** The present principal of a session; null when the session is over. Returns the same object while the principal keeps its name. */
export async function principalOf(
  session: LoggedOnSession,
  now: number,
  { accessKeys }: { readonly accessKeys: Pick<AccessKeys, 'find'> },
  ledger: Pick<LedgerView, 'get'>,
): Promise<PersonCaller | null> {
  const { accountId, principalId, since, mfa } = session
  const last = await endOf(session, ledger)
  const logOns = await ledger.get(LOG_ON, ramScope(accountId), principalId)
  if (now >= last || !isListed(session.id, logOns)) return null
  const caller =
    session.accessKeyId === '' ? await ofPassword(session, ledger) : await ofAccessKey(session, accessKeys, ledger)
  if (!caller) return null
  const known = callers.get(session)
  if (known?.userName === caller.userName) return known
  const fresh = { ...caller, accessKeyId: session.signsAs ?? '', loggedOn: { since, mfa } }
  callers.set(session, fresh)
  return fresh
}

async function ofPassword(
  { accountId, principalId, mark }: LoggedOnSession,
  ledger: Pick<LedgerView, 'get'>,
): Promise<PersonCaller | null> {
  const user = await ledger.get(USER, ramScope(accountId), principalId)
  const profile = user?.body.loginProfile
  return user && profile && markOf(profile.passwordHash) === mark ? personOf(user) : null
}

async function ofAccessKey(
  session: LoggedOnSession,
  accessKeys: Pick<AccessKeys, 'find'>,
  ledger: Pick<LedgerView, 'get'>,
): Promise<PersonCaller | null> {
  const accessKey = await accessKeys.find(session.accessKeyId, ledger)
  const caller = accessKey?.caller
  const isSame =
    accessKey?.active === true &&
    markOf(accessKey.secret) === session.mark &&
    caller?.accountId === session.accountId &&
    caller.principalId === session.principalId
  return isSame && caller && caller.type !== 'service' ? caller : null
}
