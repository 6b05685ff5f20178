// Membership of users in groups.
import type { Resource } from '../api/operation.ts'
import type { RamContext } from './operation.ts'
import { ramResource } from './resources.ts'

/** The id of a membership's record; lists of a group's members go by the user's name. */
export function membershipId(groupId: string, userName: string): string {
  return `${groupId}/${userName.toLowerCase()}`
}

/** Locates the user and the group of a membership that is added or removed. */
export async function locateMembership(
  { UserName, GroupName }: { readonly UserName: string; readonly GroupName: string },
  context: RamContext,
): Promise<Resource[]> {
  return [await ramResource('user', UserName, context), await ramResource('group', GroupName, context)]
}
