// The way of a call (ARCHITECTURE.md, "The path of a call") from the HTTP request to the answer:
//
//   authenticate   prove the caller and the integrity of the request; a refusal up to here belongs to no account and has no event
//   route          find the operation and the region
//   admit          check the account's rate; nothing is read for a call above it
//   perform        parse the parameters, locate the resources, authorize, decide, and commit changes, nonce and event in one transaction
//
// From `route` on, refusals are recorded too, unless the account's refused calls have written too much.
import type { Caller } from '../api/caller.ts'
import { type Refusal, refuse } from '../api/errors.ts'
import type { LedgerView } from '../ledger/view.ts'
import { anonymousDoor, anonymousOperation, unsigned } from './anonymous.ts'
import { asRefusal } from './as-refusal.ts'
import type { Named, Progress } from './call-event.ts'
import { type Door, SIGNED } from './door.ts'
import { type Answer, chosenFormat, encodeRefusal, encodeReply } from './encode.ts'
import type { House } from './house.ts'
import { again, identified, RETRY_MS } from './identify.ts'
import { admissionOf, perform } from './perform.ts'
import type { Admission } from './rate-limit.ts'
import { ownerOf, recorded } from './refused-calls.ts'
import { type HttpRequest, header } from './request.ts'
import { checkRoute, routeOf } from './route.ts'
import type { Traced, Tracer } from './tracer.ts'

/**
 * Answers a request, and calls `recognize` when its caller is authenticated by a signature or session. Never rejects: every error becomes a refusal.
 */
export function answer(
  request: HttpRequest,
  house: House,
  recognize: () => void,
  door: Door = SIGNED,
): Promise<Answer> {
  const { tracer } = house
  return tracer
    ? tracer.following(() => answered(request, house, recognize, door))
    : answered(request, house, recognize, door)
}

async function answered(request: HttpRequest, house: House, recognize: () => void, door: Door): Promise<Answer> {
  let requestId = house.runtime.newId()
  const host = header(request, 'host')
  const formatOf = (asked = '') => (door.json ? 'JSON' : chosenFormat(asked, header(request, 'accept')))
  let format = formatOf()
  const begin = house.runtime.monotonic()
  let known: Named | null = null
  let caller: Caller | null = null
  let first: LedgerView | null = null
  let [asked, entrance] = [request, door]
  try {
    checkRoute(request)
    const read = door.read(request)
    const anonymous = door === SIGNED ? anonymousOperation(request, read, house.products) : null
    if (anonymous) [asked, entrance] = [unsigned(request), anonymousDoor(anonymous)]
    const unverified = anonymous ? entrance.read(asked) : read
    format = formatOf(unverified.get('Format'))
    const now = house.now()
    const { authenticated, view } = await identified(asked, unverified, house, entrance)
    first = view
    if (!anonymous) recognize()
    const route = routeOf(asked, unverified, authenticated, entrance, house)
    format = formatOf(route.parameters.get('Format'))
    known = route.known
    if (!anonymous) caller = authenticated.caller
    if ('jsonOnly' in route.operation) format = 'JSON'
    if (known.product.requestIds === 'upper case') requestId = requestId.toUpperCase()
    const { parameters, region, version } = route
    const common = { requestId, now, request: asked, door: entrance, parameters, region, version, authenticated, view }
    if ('refusal' in route) throw await refused({ ...common, operation: route.operation }, route.refusal, house)
    const call = { ...common, operation: route.operation }
    // A call whose caller is only claimed does not count against the account's rate.
    const admitted = authenticated.unverified ? 'admitted' : admissionOf(call, house)
    const admission = admitted instanceof Promise ? await admitted : admitted
    if (admission !== 'admitted') throw await throttled(call, admission, house)
    const reply = await perform(call, house)
    house.observer.answered(call.operation, 'OK', house.runtime.monotonic() - begin)
    if (house.tracer) traced(request, call.operation, 'OK', requestId, authenticated.caller, house.tracer)
    return encodeReply(reply, call.operation.name, requestId, format)
  } catch (error) {
    const refusal = asRefusal(error, requestId, house)
    if (known) house.observer.answered(known, refusal.entry, house.runtime.monotonic() - begin)
    else house.observer.turnedAway(refusal.entry, request.sourceAddress)
    if (house.tracer && known && caller) traced(request, known, refusal.entry, requestId, caller, house.tracer)
    return encodeRefusal(refusal, { host, endpoint: request.endpoint }, requestId, format)
  } finally {
    if (first) house.ledger.ended(first)
  }
}

/** Reports a call with a proven caller to the tracer. A claimed caller is proven only when the call succeeds. */
function traced(
  request: HttpRequest,
  operation: Named,
  outcome: Traced['outcome'],
  requestId: string,
  caller: Caller,
  tracer: Tracer,
): void {
  const [account, traceparent] = [ownerOf(caller), header(request, 'traceparent')]
  tracer.traced({ operation, outcome, requestId, account, traceparent })
}

/** Returns the refusal of a throttled call. Nothing is read for the call, and at most its event is written. */
async function throttled(call: Progress, admission: Admission, house: House): Promise<Refusal> {
  if (admission === 'throttled') return refused(call, call.operation.product.throttled(), house)
  const { rateLimiter, settings, observer } = house
  const owner = ownerOf(call.authenticated.caller)
  rateLimiter.refused.skip(owner, settings.refusedBytesPerSecond, call.now)
  observer.unrecorded(owner)
  return call.operation.product.throttled()
}

/** Records a call that is refused before anything except its caller is read, and returns its refusal. */
async function refused(begun: Progress<Named>, refusal: Refusal, house: House): Promise<Refusal> {
  let call = begun
  for (const deadline = house.now() + RETRY_MS; house.now() <= deadline; call = await again(call, house)) {
    const answered = await recorded(call, [], refusal, house)
    if (answered !== 'moved') return answered
  }
  return refuse('ServiceUnavailableTemporary')
}
