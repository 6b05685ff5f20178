// The users and AccessKeys that log on, and the sessions that they have: looked up in the records at each call, so that a session is over
// at once, on every server, when what it rests on changes.
import { createHash } from 'node:crypto'
import type { AccountCaller, UserCaller } from '../api/caller.ts'
import { refuse } from '../api/errors.ts'
import type { House } from '../gateway/house.ts'
import { INSTALLATION } from '../ledger/record.ts'
import type { LedgerView } from '../ledger/view.ts'
import { ACCOUNT_ALIAS, type AccountSettings, accountSettings } from '../ram/account-settings.ts'
import { userByName } from '../ram/find.ts'
import { LOG_ON, type LogOns } from '../ram/log-on.ts'
import { type LoginProfile, ramScope, USER, type User } from '../ram/records.ts'
import type { Session } from './sealed.ts'

export type PersonCaller = AccountCaller | UserCaller

/** The user as the caller of its own log-on. */
export function callerOf({ account, id, body }: User): UserCaller {
  return { type: 'ram-user', accountId: account, principalId: id, userName: body.userName, accessKeyId: '' }
}

const HOUR_MS = 3_600_000

/** What stands for a password's hash or a secret in a session; it says nothing of either. */
export function markOf(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url')
}

/** A user as a log-on finds it. */
export interface Found {
  readonly user: User
  readonly profile: LoginProfile | null
  readonly settings: AccountSettings
  readonly logOns: LogOns | null
}

/** One form of the name that was typed: blanks, case and `.onaliyun.com` make no difference. */
export function plainName(typed: string): string {
  return typed
    .trim()
    .toLowerCase()
    .replace(/\.onaliyun\.com$/, '')
}

/** The user that `name@alias` or `name@account` means, with or without `.onaliyun.com`; null where there is none. */
export async function userNamed(typed: string, view: LedgerView): Promise<Found | null> {
  const [, name = '', account = ''] = /^([a-z0-9._-]{1,64})@([a-z0-9.-]{1,80})$/.exec(plainName(typed)) ?? []
  if (name === '') return null
  const accountId = /^\d+$/.test(account)
    ? account
    : (await view.get(ACCOUNT_ALIAS, INSTALLATION, account))?.body.accountId
  if (accountId === undefined) return null
  const user = await userByName(name, { ledger: view, caller: { accountId } })
  return user && found(user, view)
}

/** The user with this id; null where there is none. */
export async function userWithId(accountId: string, userId: string, view: LedgerView): Promise<Found | null> {
  const user = await view.get(USER, ramScope(accountId), userId)
  return user && found(user, view)
}

async function found(user: User, view: LedgerView): Promise<Found> {
  const settings = await accountSettings({ ledger: view, caller: { accountId: user.account } })
  const logOns = await view.get(LOG_ON, ramScope(user.account), user.id)
  return { user, profile: user.body.loginProfile, settings, logOns }
}

/** A session's principal, now. Refuses with Session.None when the session is over. */
export async function principalOf(
  session: Session,
  now: number,
  house: House,
  view: LedgerView,
): Promise<PersonCaller> {
  const { accountId, principalId, since, until, mfa } = session
  const { securityPreference } = await accountSettings({ ledger: view, caller: { accountId } })
  const last = Math.min(until, since + securityPreference.LoginSessionDuration * HOUR_MS)
  const logOns = await view.get(LOG_ON, ramScope(accountId), principalId)
  if (now >= last || !logOns?.body.sessions.some(({ id }) => id === session.id)) throw refuse('Session.None')
  const caller = session.accessKeyId === '' ? await ofPassword(session, view) : await ofAccessKey(session, house, view)
  return { ...caller, accessKeyId: '', loggedOn: { since, mfa } }
}

async function ofPassword({ accountId, principalId, mark }: Session, view: LedgerView): Promise<PersonCaller> {
  const user = await view.get(USER, ramScope(accountId), principalId)
  const profile = user?.body.loginProfile
  if (!user || !profile || markOf(profile.passwordHash) !== mark) throw refuse('Session.None')
  return callerOf(user)
}

async function ofAccessKey(session: Session, { accessKeys }: House, view: LedgerView): Promise<PersonCaller> {
  const accessKey = await accessKeys.find(session.accessKeyId, view)
  const caller = accessKey?.caller
  const isSame =
    accessKey?.active === true &&
    markOf(accessKey.secret) === session.mark &&
    caller?.accountId === session.accountId &&
    caller.principalId === session.principalId
  if (!isSame || caller?.type === 'service') throw refuse('Session.None')
  return caller as PersonCaller
}
