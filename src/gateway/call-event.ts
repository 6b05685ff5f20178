// The events of a call: one for its own account, and one for another account whose resource it names.

import { parseArn } from '../api/arn.ts'
import { Refusal } from '../api/errors.ts'
import type { Reply, Resource } from '../api/operation.ts'
import { isPiece } from '../api/pieces.ts'
import { type CallFacts, storedCall } from '../ledger/stored-call.ts'
import type { Unsaid } from '../ledger/stored-event.ts'
import type { LedgerView } from '../ledger/view.ts'
import type { EventRow } from '../storage/storage.ts'
import type { Authenticated } from './authenticate.ts'
import type { Door } from './door.ts'
import type { CallOperation } from './house.ts'
import { type HttpRequest, header, type Parameters } from './request.ts'

/** The part of an operation that events need. */
export type Named = Pick<CallOperation, 'product' | 'name' | 'access' | 'trail' | 'parameters'>

/** A call of an authenticated caller, in progress. */
export interface Progress<O extends Named = CallOperation> {
  readonly requestId: string
  readonly now: number
  readonly request: HttpRequest
  readonly door: Door
  readonly parameters: Parameters
  readonly region: string
  readonly operation: O
  readonly version: string
  readonly authenticated: Authenticated
  /** The view of this attempt of the call. The caller was looked up in it. */
  readonly view: LedgerView
}

/** How a call ended. */
type Outcome = { readonly reply: Reply } | { readonly refusal: Refusal }

/** Returns the call's event, or null where the operation has none. */
export function eventOf(
  call: Progress<Named>,
  resources: readonly Resource[],
  outcome: Outcome,
  unsaid: Unsaid | null = null,
): EventRow | null {
  const { operation, requestId, now, region, authenticated } = call
  const { caller } = authenticated
  // A service belongs to no account. Its event is in the trail of the account whose role it assumes.
  const account = caller.accountId || (parseArn(resources[0]?.arn ?? '')?.account ?? '')
  if (operation.trail === null || account === '') return null
  const facts = factsOf(call, operation.trail, account, resources, outcome)
  const body = storedCall(unsaid ? { ...facts, unsaid } : facts)
  return { eventId: requestId, account, region, at: now, body }
}

/** Returns the event for another account whose resource the call names; undefined for nearly all calls. */
export function furtherEvents(
  call: Progress<Named>,
  resources: readonly Resource[],
  outcome: Outcome,
  newId: () => string,
  unsaid: Unsaid | null = null,
): readonly EventRow[] | undefined {
  const { operation, requestId, now, region, authenticated } = call
  const owner = resources.find((resource) => resource.owner)?.owner
  if (!owner || operation.trail === null || authenticated.caller.accountId === '') return undefined
  const { account } = owner
  const owned = resources.map((resource) => ({ ...resource, ...resource.owner }))
  const seen = 'refusal' in outcome ? { refusal: ownersView(outcome.refusal, resources) } : outcome
  const facts = { ...factsOf(call, operation.trail, account, owned, seen), requestId }
  const body = storedCall(unsaid ? { ...facts, unsaid } : facts)
  return [{ eventId: newId(), account, region, at: now, body }]
}

/** Returns the refusal with the resource's ARN in its owner's account. */
function ownersView(refusal: Refusal, resources: readonly Resource[]): Refusal {
  const { entry, code, message, denial } = refusal
  const owner = resources.find(({ arn }) => arn === denial?.resource)?.owner
  return denial && owner ? new Refusal(entry, code, message, { ...denial, resource: owner.arn }) : refusal
}

function factsOf(
  call: Progress<Named>,
  trail: NonNullable<CallOperation['trail']>,
  account: string,
  resources: readonly Resource[],
  outcome: Outcome,
): CallFacts {
  const { operation, request, authenticated, parameters, version } = call
  return {
    product: operation.product.name,
    apiVersion: version,
    operation: operation.name,
    access: operation.access,
    trail: authenticated.unverified && trail.unverified ? { ...trail, show: trail.unverified } : trail,
    host: header(request, 'host').replace(/:\d+$/, '').slice(0, 255),
    sourceAddress: request.sourceAddress,
    userAgent: header(request, 'user-agent'),
    caller: authenticated.caller,
    account,
    parameters,
    isPiece: (name) => isPiece(operation.parameters, name),
    resources,
    reply: 'reply' in outcome ? outcome.reply : null,
    refusal: 'refusal' in outcome ? outcome.refusal : null,
  }
}
