// Tags of cloud services, acs:…: a service that assumed a role marks with them the keys that it works with, and its role's policies
// go by them. Nobody else sets, removes or sees them.
import type { Caller } from '../api/caller.ts'
import type { Tags } from '../api/operation.ts'

function isServiceTag(key: string): boolean {
  return /^acs:/i.test(key)
}

/** Whether the caller is a service, in a session of a role that trusts it. */
function isService(caller: Caller): boolean {
  return caller.type === 'assumed-role' && caller.invokedBy !== null
}

/** Whether the caller may give these tags to a key. */
export function maySet(tags: Tags, caller: Caller): boolean {
  return isService(caller) || !tags.some(([key]) => isServiceTag(key))
}

/** The tags that are there for the caller. */
export function visibleTags(tags: Tags, caller: Caller): Tags {
  return isService(caller) ? tags : tags.filter(([key]) => !isServiceTag(key))
}

/** The tags without those that the caller removes; a key that is not there for the caller removes none. */
export function withoutTags(tags: Tags, removes: (key: string) => boolean, caller: Caller): Tags {
  const service = isService(caller)
  return tags.filter(([key]) => !removes(key) || (!service && isServiceTag(key)))
}
