// Operations whose UserName is optional. Without it they concern the caller itself, a user or the account.
import { refuse } from '../api/errors.ts'
import type { Resource } from '../api/operation.ts'
import { optional } from '../api/parameters.ts'
import { INSTALLATION } from '../ledger/record.ts'
import { callingUser, findUser } from './find.ts'
import { ACCOUNT, type KeyHolder } from './key-holder.ts'
import type { RamContext } from './operation.ts'
import { userName } from './parameters.ts'
import type { User } from './records.ts'
import { ramResource } from './resources.ts'

export const ownOrNamedUserName = optional(userName, null)

type Named = { readonly UserName: string | null }

/** The user that the call concerns, by record or name; null for the account itself. Refuses a session with MissingParameter. */
async function ownOrNamed({ UserName }: Named, context: RamContext): Promise<User | string | null> {
  const { caller } = context
  if (UserName !== null) return UserName
  if (caller.type === 'root-account') return null
  if (caller.type !== 'ram-user') throw refuse('MissingParameter', { name: 'UserName' })
  return callingUser({ ...context, caller })
}

/** The holder of the AccessKeys that the call concerns. Refuses with MissingParameter and EntityNotExist.User. */
export async function ownOrNamedHolder(values: Named, context: RamContext): Promise<KeyHolder> {
  const user = await ownOrNamed(values, context)
  if (user !== null) return typeof user === 'string' ? findUser(user, context) : user
  const { accountId } = context.caller
  const account = await context.ledger.get(ACCOUNT, INSTALLATION, accountId)
  if (!account) throw new Error(`the record of account ${accountId} is missing`)
  return account
}

/** Locates the AccessKey, for the event: policies decide on the user. */
export function locateAccessKey({ UserAccessKeyId }: { readonly UserAccessKeyId: string }): readonly Resource[] {
  return [{ type: 'ACS::RAM::AccessKey', name: UserAccessKeyId, arn: '', onlyNamed: true }]
}

/** Locates the user. For the account itself there is no resource. */
export async function locateOwnOrNamed(values: Named, context: RamContext): Promise<Resource[]> {
  const user = await ownOrNamed(values, context)
  if (user === null) return []
  return [await ramResource('user', typeof user === 'string' ? user : user.body.userName, context)]
}
