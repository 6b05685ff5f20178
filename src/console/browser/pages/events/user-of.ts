import type { TrailEvent } from '../../service/replies.ts'

/** Who made a call, as lists name them. */
export function userOf({ userIdentity }: TrailEvent): string {
  return userIdentity?.userName ?? userIdentity?.type ?? ''
}
