// Tags of cloud services. Their tag keys begin with acs:. A service in a session of a role tags the keys that it uses, and the role's policies
// have conditions on these tags. Other callers can't set, remove or see them.
import type { Caller } from '../api/caller.ts'
import type { Tags } from '../api/operation.ts'

function isServiceTag(key: string): boolean {
  return /^acs:/i.test(key)
}

/** Whether the caller is a cloud service in a session of a role that trusts it. */
function isService(caller: Caller): boolean {
  return caller.type === 'assumed-role' && caller.invokedBy !== null
}

/** Whether the caller may set tags with these keys, and search for them. */
export function mayUse(tagKeys: readonly string[], caller: Caller): boolean {
  return isService(caller) || !tagKeys.some(isServiceTag)
}

/** Returns the tags that the caller can see. */
export function visibleTags(tags: Tags, caller: Caller): Tags {
  return isService(caller) ? tags : tags.filter(([key]) => !isServiceTag(key))
}

/** Returns the tags without those that the caller removes. A tag that the caller can't see stays. */
export function withoutTags(tags: Tags, removes: (key: string) => boolean, caller: Caller): Tags {
  const service = isService(caller)
  return tags.filter(([key]) => !removes(key) || (!service && isServiceTag(key)))
}
