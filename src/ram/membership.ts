// Membership of users in groups.
import type { Resource } from '../api/operation.ts'
import type { RamContext } from './operation.ts'
import { ramResource } from './resources.ts'

/** The id of a membership's record. It contains the user's name, because lists of members are sorted by name. */
export function membershipId(groupId: string, userName: string): string {
  return `${groupId}/${userName.toLowerCase()}`
}

/** Locates the user and the group whose membership a call adds or removes. */
export async function locateMembership(
  { UserName, GroupName }: { readonly UserName: string; readonly GroupName: string },
  context: RamContext,
): Promise<Resource[]> {
  return [await ramResource('user', UserName, context), await ramResource('group', GroupName, context)]
}
