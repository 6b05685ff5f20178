import type { TrailEvent } from '../../service/replies/trail.ts'

/** Who made a call, as lists name them. */
export function userOf({ userIdentity }: TrailEvent): string {
  return userIdentity?.userName ?? userIdentity?.type ?? ''
}
