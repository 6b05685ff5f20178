// Principals as callers: how the service sees a call of a user, or of a session of a role.
import type { Caller, SessionCaller } from '../api/caller.ts'
import type { OpenHouse } from '../house/open.ts'
import { roleByName, userByName } from '../ram/find.ts'
import type { Role, User } from '../ram/records.ts'
import { UsageError } from '../settings/usage-error.ts'

/** The caller that an ARN names. Throws UsageError. */
export async function callerOf(principal: string, rooms: Pick<OpenHouse, 'ledger' | 'accounts'>): Promise<Caller> {
  const [, accountId = '', kind, name = ''] = /^acs:ram:\*?:(\d+):(root|user\/|role\/)(.*)$/.exec(principal) ?? []
  const context = { ledger: rooms.ledger, caller: { accountId } }
  if (kind === 'root' && (await rooms.accounts.exists(accountId)))
    return { type: 'root-account', accountId, principalId: accountId, userName: 'root', accessKeyId: '' }
  const user = kind === 'user/' ? await userByName(name, context) : null
  if (user) return userCaller(user)
  const role = kind === 'role/' ? await roleByName(name, context) : null
  if (role) return roleCaller(role)
  throw new UsageError(`there is no principal \`${principal}\`: it must be acs:ram::ACCOUNT:user/NAME or …:role/NAME`)
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
