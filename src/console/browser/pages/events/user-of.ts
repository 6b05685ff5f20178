import type { TrailEvent } from '../../service/replies/trail.ts'

/** The name of a caller in lists. */
export function userOf({ userIdentity }: TrailEvent): string {
  return userIdentity?.userName ?? userIdentity?.type ?? ''
}
