// A call's way through the house (ARCHITECTURE.md, "The way of a call"), from the HTTP request to the answer:
//
//   authenticate   who calls, and that nobody altered the request; a refusal until here belongs to no account and leaves no event
//   route          which operation, in which region
//   admit          whether the account's rate allows it; if not, nothing is read for it
//   perform        read the parameters, locate the resources, authorize, decide, and commit changes, nonce and event in one transaction
//
// From `route` on every refusal is recorded, too, unless the account's refused calls have written too much. When something that a call rests
// on changed before its commit, its caller is authenticated again and the call is performed again.
import type { Caller } from '../api/caller.ts'
import { because, Refusal, refuse, refuseDryRun } from '../api/errors.ts'
import { locate, locateReadable } from '../api/locate.ts'
import type { Reply, Resource } from '../api/operation.ts'
import { readValues } from '../api/parameters.ts'
import { dryRunKeystore } from '../keystore/dry-run.ts'
import { type Keystore, Unreachable } from '../keystore/keystore.ts'
import { destroyUncommitted, forgetDestroyed } from '../kms/destruction.ts'
import type { LedgerView } from '../ledger/view.ts'
import { TooManySearches, Unavailable } from '../storage/storage.ts'
import { admitsVerified, anonymousDoor, anonymousOperation, unsigned } from './anonymous.ts'
import { eventOf, furtherEvents, type Named, type Progress } from './call-event.ts'
import { type Door, SIGNED } from './door.ts'
import { type Answer, chosenFormat, encodeRefusal, encodeReply } from './encode.ts'
import type { CallContext, CallOperation, House } from './house.ts'
import { again, identified, RETRY_MS } from './identify.ts'
import { accountOf, demandAccount } from './on-behalf.ts'
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

/** Returns the refusal for any error, and reports failures of the server. */
export function asRefusal(error: unknown, requestId: string, house: House): Refusal {
  if (error instanceof Refusal) return error
  // The key store reports a device that is away once, instead of with every call.
  if (error instanceof Unreachable) return refuse('ServiceUnavailableTemporary')
  house.failed(`request ${requestId} failed`, error)
  return refuse(error instanceof Unavailable ? 'ServiceUnavailableTemporary' : 'InternalFailure')
}

/** Whether the account's rate limit lets the call go on. */
function admissionOf(
  { operation, region, now, authenticated }: Progress,
  { settings, rateLimiter }: House,
): Admission | Promise<Admission> {
  const account = ownerOf(authenticated.caller)
  const rates = settings.accounts.get(account)?.rates ?? settings.rates
  return rateLimiter.admit(rates, { account, region }, operation, now)
}

/** Whether the rates of the claimant and of its account let a call go on whose token was verified. */
async function verifiedAdmitted(call: Progress, house: House): Promise<boolean> {
  if (!(await admitsVerified(call.authenticated.caller, house, call.now))) return false
  return (await admissionOf(call, house)) === 'admitted'
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

/** Performs a call that was admitted, and returns its reply. Throws its refusal. */
async function perform(begun: Progress, house: House): Promise<Reply> {
  const { operation, parameters } = begun
  const { tracer } = house
  const { nonce } = begun.authenticated
  const dry = isDryRun(begun)
  let call = begun
  let verified = false
  for (const deadline = house.now() + RETRY_MS; house.now() <= deadline; call = await again(call, house)) {
    let resources: readonly Resource[] | null = null
    const { view } = call
    const owner = accountOf(call)
    const account = typeof owner === 'string' ? owner : await owner
    const context = contextOf(call, account, house, dry ? dryRunKeystore : house.keystore)
    try {
      const values = readValues(operation.parameters, parameters) as never
      if (operation.claimant) {
        await operation.claimant.verify(values, context)
        const { unverified, ...authenticated } = call.authenticated
        call = { ...call, authenticated }
        if (!verified && !(await verifiedAdmitted(call, house))) throw operation.product.throttled()
        verified = true
      }
      resources = await locate(operation, values, context)
      await authorize(operation, values, resources, context)
      demandAccount(call, account)
      const { changes, reply, made = [], ownWork } = await operation.decide(values, context)
      if (dry) throw refuse('DryRunOperationError')
      const named = made.length > 0 ? [...resources, ...made] : resources
      const event = eventOf(call, named, { reply })
      const others = furtherEvents(call, named, { reply }, house.newId)
      const own = ownWork?.map((body) => ({ ...context.scope, eventId: house.newId(), at: context.now, body }))
      const further = own ? [...(others ?? []), ...own] : others
      const { isAbandoned } = call.request
      const commit = house.ledger.commit({ changes, nonce, event, further, view, isAbandoned })
      const outcome = await (tracer ? tracer.committing(commit) : commit).catch((error: unknown) => {
        // A replayed nonce certainly stored nothing; a lost connection to the database may have.
        if (error instanceof Refusal && error.code === 'SignatureNonceUsed') destroyUncommitted(changes, house.keystore)
        throw error
      })
      if (outcome !== 'committed') destroyUncommitted(changes, house.keystore)
      if (outcome === 'full') throw refuse(operation.quotaRefusal ?? 'Rejected.LimitExceeded')
      if (outcome === 'abandoned') throw refuse('ServiceUnavailableTemporary')
      if (outcome === 'moved') continue
      forgetDestroyed(changes, house)
      return reply
    } catch (error) {
      // Records read under former root keys may not open any more: retry under the present ones.
      if (view.rootEpoch !== house.ledger.rootEpoch && !(error instanceof Refusal)) continue
      const isCrowded = error instanceof TooManySearches
      const cause = isCrowded
        ? because(operation.product.throttled(), error.message)
        : asRefusal(error, call.requestId, house)
      const refusal = dry ? refuseDryRun(cause) : cause
      if (refusal.code === 'SignatureNonceUsed') throw refusal
      // Without the database there can be no event; without a device there can.
      if (refusal.code === 'ServiceUnavailableTemporary' && !(error instanceof Unreachable)) throw refusal
      resources ??= await locateReadable(operation, parameters, context).catch((failure: unknown) => {
        house.failed(`request ${call.requestId}: the resources of its event could not be found`, failure)
        return []
      })
      const answered = await recorded(call, resources, refusal, house)
      if (answered === 'moved') continue
      throw answered
    }
  }
  throw refuse('ServiceUnavailableTemporary')
}

/** Whether the call is a dry run. */
function isDryRun({ operation, parameters }: Progress): boolean {
  return operation.parameters['DryRun'] !== undefined && parameters.get('DryRun')?.toLowerCase() === 'true'
}

/** Refuses unless policies allow the caller the action on each of the resources. */
async function authorize(
  operation: CallOperation,
  values: never,
  resources: readonly Resource[],
  { authorizer, caller, facts, ledger }: CallContext,
): Promise<void> {
  const { action, otherActions, product, selfService } = operation
  if (action === null || caller.type === 'root-account') return
  const requestTags = operation.requestTags?.(values) ?? []
  const further = operation.requestKeys?.(values)
  const known = { ...facts, requestTags, ...(further && { further }) }
  const asked = { caller, action, otherActions, resources, selfService, ledger, facts: known }
  const denial = await authorizer.denial(asked)
  if (denial) throw product.denied(denial)
}

function contextOf(
  { authenticated, region, now, request, view }: Progress,
  account: string,
  house: House,
  keystore: Keystore,
): CallContext {
  const { settings, newRecordId, randomBytes, authorizer, securityTokens, oidcTokens, mfaSeeds, accessKeys, lastUsed } =
    house
  const { eventIndex, pageTokens, deliveryTarget, hsmTokens, dataKeys, publicKeys, ring } = house
  const { caller } = authenticated
  const own = settings.accounts.get(account)
  return {
    caller,
    scope: { account, region },
    ofOperator: ring.record.body.firstAccount === caller.accountId,
    now,
    ledger: view,
    keystore,
    publicKeys,
    hsmTokens,
    dataKeys,
    settings: own ? { ...settings, ...own } : settings,
    quotas: settings.quotas,
    authorizer,
    securityTokens,
    oidcTokens,
    mfaSeeds,
    eventIndex,
    pageTokens,
    deliveryTarget,
    facts: { now, secureTransport: request.secure, sourceAddress: request.sourceAddress, requestTags: [] },
    newRecordId,
    randomBytes,
    sealAccessKeySecret: (id, secret) => accessKeys.seal(id, secret),
    accessKeyLastUsed: (id) => lastUsed.at(id),
  }
}
