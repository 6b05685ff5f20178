// Records refused calls: whether the event may still be written, whose limit it counts against, and its copy for the account of the named resource
// (docs/reference/events.md, "What leaves an event").
import type { Caller } from '../api/caller.ts'
import type { Refusal } from '../api/errors.ts'
import type { Resource } from '../api/operation.ts'
import type { Committed } from '../ledger/call.ts'
import type { EventRow } from '../storage/storage.ts'
import type { Authenticated } from './authenticate.ts'
import { eventOf, furtherEvents, type Named, type Progress } from './call-event.ts'
import type { House } from './house.ts'

/** The limit for an account's callers with OIDC tokens, as a part of the account's limit. */
const FEDERATED_PART = 1 / 16

/** The bucket that pays for the event of a refused call, and its rate. */
interface Payer {
  readonly owner: string
  readonly principal: string
  readonly perSecond: number
}

/**
 * Returns the payer: the account with the calling user or role; all sessions of a role count as one. Callers with OIDC tokens pay from a
 * separate, smaller bucket, of which all callers with an unverified token together have half. So unauthenticated callers can't suppress the
 * events of others' refused calls.
 */
function payerOf({ caller, unverified }: Authenticated, perSecond: number): Payer {
  const owner = ownerOf(caller)
  if (caller.type === 'oidc-provider') {
    const principal = unverified ? 'unverified' : caller.principalId
    return { owner: `${owner}/oidc`, principal, perSecond: perSecond * FEDERATED_PART }
  }
  return { owner, principal: caller.type === 'assumed-role' ? caller.roleId : caller.principalId, perSecond }
}

/** The account to which a call is charged; a service pays for itself. */
export function ownerOf(caller: Caller): string {
  return caller.accountId || caller.accessKeyId
}

/** The size of an event's body, in bytes. */
function sizeOf(event: EventRow | null): number {
  return Buffer.byteLength(event?.body ?? '')
}

/**
 * Records a refused call, which changes nothing, and returns its refusal. If the account's refused calls have written too much, the call is throttled
 * instead and gets no event; the next event has the count of such calls. `moved`: a record that the call read has changed.
 */
export async function recorded(
  call: Progress<Named>,
  resources: readonly Resource[],
  refusal: Refusal,
  house: House,
): Promise<Refusal | 'moved'> {
  const { nonce, caller } = call.authenticated
  const { owner, principal, perSecond } = payerOf(call.authenticated, house.settings.refusedBytesPerSecond)
  const limiter = house.rateLimiter.refused
  const event = eventOf(call, resources, { refusal })
  const before = await limiter.admit(owner, principal, sizeOf(event), perSecond, call.now)
  if (before === null) {
    house.observer.unrecorded(ownerOf(caller))
    return call.operation.product.throttled()
  }
  const told = before === 0 ? event : eventOf(call, resources, { refusal }, { unrecorded: before })
  const copy = await copyOfRefused(call, resources, refusal, house)
  const further = copy.events
  let outcome: Committed | null = null
  try {
    const commit = house.ledger.commit({ changes: [], nonce, event: told, further, view: call.view })
    outcome = await (house.tracer ? house.tracer.committing(commit) : commit)
    return outcome === 'moved' ? outcome : refusal
  } finally {
    if (outcome !== 'committed') {
      limiter.untold(owner, before)
      copy.untold()
    }
  }
}

/** The copy of an event. `untold` restores its count of unrecorded calls when the copy was not committed. */
interface Copy {
  readonly events: readonly EventRow[] | undefined
  untold(): void
}

const NO_COPY: Copy = { events: undefined, untold: () => {} }

/**
 * Returns the event of a refused call for the account whose resource the call named: none for nearly all calls, and none if the caller's account has
 * written too much there. The answer to the caller and the caller's limits are the same in each case, so they do not reveal what exists.
 */
async function copyOfRefused(
  call: Progress<Named>,
  resources: readonly Resource[],
  refusal: Refusal,
  { rateLimiter, settings, observer, runtime }: House,
): Promise<Copy> {
  const [event] = furtherEvents(call, resources, { refusal }, runtime.newId) ?? []
  if (!event) return NO_COPY
  const { refused } = rateLimiter
  const [payer, owner] = [ownerOf(call.authenticated.caller), event.account]
  const before = await refused.admitCopy(payer, owner, sizeOf(event), settings.refusedBytesPerSecond, call.now)
  if (before === null) {
    observer.unrecorded(owner)
    return NO_COPY
  }
  const events =
    before === 0 ? [event] : furtherEvents(call, resources, { refusal }, runtime.newId, { unrecorded: before })
  return { events, untold: () => refused.untoldCopy(payer, owner, before) }
}
