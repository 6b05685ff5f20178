// Finds the user of a typed name.
import { INSTALLATION } from '../ledger/record.ts'
import type { LedgerView } from '../ledger/view.ts'
import { ACCOUNT_ALIAS, type AccountSettings, accountSettings } from '../ram/account-settings.ts'
import { userByName } from '../ram/find.ts'
import { ACCOUNT } from '../ram/key-holder.ts'
import { LOG_ON, type LogOns } from '../ram/log-on.ts'
import { type LoginProfile, ramScope, USER, type User } from '../ram/records.ts'

/** A user that a log-on has found. */
export interface Found {
  readonly user: User
  readonly profile: LoginProfile | null
  readonly settings: AccountSettings
  readonly logOns: LogOns | null
}

/** The canonical form of a typed name: without blanks and `.onaliyun.com`, in one case. */
export function plainName(typed: string): string {
  return typed
    .trim()
    .toLowerCase()
    .replace(/\.onaliyun\.com$/, '')
}

/** The user `name@alias` or `name@account`, with or without `.onaliyun.com`; null if there is none. */
export async function userNamed(typed: string, view: LedgerView): Promise<Found | null> {
  const [, name = '', account = ''] = /^([a-z0-9._-]{1,64})@([a-z0-9.-]{1,80})$/.exec(plainName(typed)) ?? []
  if (name === '') return null
  const accountId = await accountNamed(account, view)
  if (accountId === undefined) return null
  const user = await userByName(name, { ledger: view, caller: { accountId } })
  return user && found(user, view)
}

/** The account with this id or alias. The id goes first: no account can take the name of another. */
async function accountNamed(name: string, view: LedgerView): Promise<string | undefined> {
  const account = /^\d+$/.test(name) ? await view.get(ACCOUNT, INSTALLATION, name) : null
  return account?.id ?? (await view.get(ACCOUNT_ALIAS, INSTALLATION, name))?.body.accountId
}

/** The user with this id; null if there is none. */
export async function userWithId(accountId: string, userId: string, view: LedgerView): Promise<Found | null> {
  const user = await view.get(USER, ramScope(accountId), userId)
  return user && found(user, view)
}

async function found(user: User, view: LedgerView): Promise<Found> {
  const settings = await accountSettings({ ledger: view, caller: { accountId: user.account } })
  const logOns = await view.get(LOG_ON, ramScope(user.account), user.id)
  return { user, profile: user.body.loginProfile, settings, logOns }
}
