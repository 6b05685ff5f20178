// A call's way through the house (ARCHITECTURE.md, "The way of a call"), from the HTTP request to the answer:
//
//   authenticate   who calls, and that nobody altered the request; a refusal until here belongs to no account and leaves no event
//   route          which operation, in which region
//   admit          whether the account's rate allows it; if not, nothing is read for it
//   perform        read the parameters, locate the resources, authorize, decide, and commit changes, nonce and event in one transaction
//
// From `route` on every refusal is recorded, too, unless the account's refused calls have written too much.
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

/** Answers a request, and calls `recognize` once its caller is authenticated, which one who does not sign never is. Never rejects: every error becomes a refusal. */
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
  let requestId = house.newId()
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
    const route = routeOf(asked, unverified, authenticated, house)
    format = formatOf(route.parameters.get('Format'))
    known = route.known
    if (!anonymous) caller = authenticated.caller
    if ('jsonOnly' in route.operation) format = 'JSON'
    if (known.product.requestIds === 'upper case') requestId = requestId.toUpperCase()
    const { parameters, region, version } = route
    const common = { requestId, now, request: asked, door: entrance, parameters, region, version, authenticated, view }
    if ('refusal' in route) throw await refused({ ...common, operation: route.operation }, route.refusal, house)
    const call = { ...common, operation: route.operation }
    // The account does not pay for a call that is only claimed to be of it.
    const admission = authenticated.unverified ? 'admitted' : await admissionOf(call, house)
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

/** Tells the tracer of a call whose caller is known: one who only claims to be somebody is not until the call succeeds. */
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

/** Returns the refusal of a throttled call. Nothing is read for it, and only its event is written. */
async function throttled(call: Progress, admission: Admission, house: House): Promise<Refusal> {
  if (admission === 'throttled') return refused(call, call.operation.product.throttled(), house)
  const { rateLimiter, settings, observer } = house
  const owner = ownerOf(call.authenticated.caller)
  rateLimiter.refused.skip(owner, settings.refusedBytesPerSecond, call.now)
  observer.unrecorded(owner)
  return call.operation.product.throttled()
}

/** Records a call that is refused before anything but its caller is read for it, and returns its refusal. */
async function refused(begun: Progress<Named>, refusal: Refusal, house: House): Promise<Refusal> {
  let call = begun
  for (const deadline = house.now() + RETRY_MS; house.now() <= deadline; call = await again(call, house)) {
    const answered = await recorded(call, [], refusal, house)
    if (answered !== 'moved') return answered
  }
  return refuse('ServiceUnavailableTemporary')
}
