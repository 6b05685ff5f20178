// Operations whose UserName may be absent: then they are about the calling user itself (contract/ram.md 3.2).
import { refuse } from '../api/errors.ts'
import type { Resource } from '../api/operation.ts'
import { optional } from '../api/parameters.ts'
import { ramResource } from './find.ts'
import type { RamContext } from './operation.ts'
import { userName } from './parameters.ts'

export const ownOrNamedUserName = optional(userName, null)

type Named = { readonly UserName: string | null }

/** The user that the call is about. Refuses with MissingParameter where the caller is no user. */
export function ownOrNamedUser({ UserName }: Named, { caller }: RamContext): string {
  if (UserName !== null) return UserName
  if (caller.type !== 'ram-user') throw refuse('MissingParameter', { name: 'UserName' })
  return caller.userName
}

export async function locateOwnOrNamedUser(values: Named, context: RamContext): Promise<Resource[]> {
  return [await ramResource('user', ownOrNamedUser(values, context), context)]
}
