// Who pays for the events of a refused call, and its event for the account whose resource it was about.
import type { Caller } from '../api/caller.ts'
import type { Refusal } from '../api/errors.ts'
import type { Resource } from '../api/operation.ts'
import type { EventRow } from '../storage/storage.ts'
import { furtherEvents, type Named, type Progress } from './call-event.ts'
import type { House } from './house.ts'

/** The user or role that calls; all sessions of a role are one. */
export function principalOf(caller: Caller): string {
  return caller.type === 'assumed-role' ? caller.roleId : caller.principalId
}

/** The account to which a call is charged; a service pays for itself. */
export function ownerOf(caller: Caller): string {
  return caller.accountId || caller.accessKeyId
}

/** What an event takes, in bytes. */
export function sizeOf(event: EventRow | null): number {
  return Buffer.byteLength(event?.body ?? '')
}

/** The copy of an event; `untold` takes back that it tells of unrecorded calls, where it was not committed. */
interface Copy {
  readonly events: readonly EventRow[] | undefined
  untold(): void
}

const NO_COPY: Copy = { events: undefined, untold: () => {} }

/**
 * The event of a refused call for the account whose resource it was about; none for next to all calls, and none where the caller's account
 * has written too much over there. The caller is answered the same in each case, and pays the same: it must not learn what exists.
 */
export function copyOfRefused(
  call: Progress<Named>,
  resources: readonly Resource[],
  refusal: Refusal,
  { rateLimiter, settings, observer, newId }: House,
): Copy {
  const [event] = furtherEvents(call, resources, { refusal }, newId) ?? []
  if (!event) return NO_COPY
  const { refused } = rateLimiter
  const [payer, owner] = [ownerOf(call.authenticated.caller), event.account]
  const before = refused.admitCopy(payer, owner, sizeOf(event), settings.refusedBytesPerSecond, call.now)
  if (before === null) {
    observer.unrecorded(owner)
    return NO_COPY
  }
  const events = before === 0 ? [event] : furtherEvents(call, resources, { refusal }, newId, { unrecorded: before })
  return { events, untold: () => refused.untoldCopy(payer, owner, before) }
}
