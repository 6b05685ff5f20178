// Membership of users in groups.
import type { Resource } from '../api/operation.ts'
import { ramResource } from './find.ts'
import type { RamContext } from './operation.ts'

/** The id of a membership's record; lists of a group's members go by the user's name. */
export function membershipId(groupId: string, userName: string): string {
  return `${groupId}/${userName.toLowerCase()}`
}

/** What adding and removing a member is about: the user and the group. */
export async function locateMembership(
  { UserName, GroupName }: { readonly UserName: string; readonly GroupName: string },
  context: RamContext,
): Promise<Resource[]> {
  return [await ramResource('user', UserName, context), await ramResource('group', GroupName, context)]
}
