// Principals as callers: a user, the account, or a session of a role.
import type { Caller, SessionCaller } from '../api/caller.ts'
import type { Accounts } from '../ram/account.ts'
import type { Reads } from '../ram/find.ts'
import { roleByName, userByName } from '../ram/find.ts'
import type { Role, User } from '../ram/records.ts'

interface Rooms {
  readonly ledger: Reads['ledger']
  readonly accounts: Pick<Accounts, 'exists'>
}

/** Returns the caller that an ARN names; null where it does not exist. */
export async function callerOf(principal: string, rooms: Rooms): Promise<Caller | null> {
  const [, accountId = '', kind, name = ''] = /^acs:ram:\*?:(\d+):(root|user\/|role\/)(.*)$/.exec(principal) ?? []
  const context = { ledger: rooms.ledger, caller: { accountId } }
  if (kind === 'root' && (await rooms.accounts.exists(accountId))) return rootCaller(accountId)
  const user = kind === 'user/' ? await userByName(name, context) : null
  if (user) return userCaller(user)
  const role = kind === 'role/' ? await roleByName(name, context) : null
  if (role) return roleCaller(role)
  return null
}

/** The account itself. */
export function rootCaller(accountId: string): Caller {
  return { type: 'root-account', accountId, principalId: accountId, userName: 'root', accessKeyId: '' }
}

export function userCaller({ account, id, body }: User): Caller {
  return { type: 'ram-user', accountId: account, principalId: id, userName: body.userName, accessKeyId: '' }
}

export function roleCaller({ account, body }: Role): SessionCaller {
  const { roleId, roleName } = body
  return {
    type: 'assumed-role',
    accountId: account,
    principalId: `${roleId}:session`,
    userName: `${roleName}:session`,
    accessKeyId: '',
    roleId,
    roleName,
    sessionName: 'session',
    sessionPolicy: null,
    startedAt: 0,
    invokedBy: null,
  }
}
