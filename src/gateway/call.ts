// A call's way through the house: decode, authenticate, find the operation, validate, decide, commit, encode.
// Whatever goes wrong becomes one refusal, one event where the caller is known, one answer.

import type { EventIndex } from '../actiontrail/event-index.ts'
import type { ActionTrailContext, TrailSettings } from '../actiontrail/operation.ts'
import type { PageTokens } from '../actiontrail/page-token.ts'
import { type CallFacts, storedCall } from '../actiontrail/stored-event.ts'
import type { DeliveryTarget } from '../actiontrail/targets/target.ts'
import { parseArn } from '../api/arn.ts'
import { Refusal, refuse, refuseDenied, refuseDryRun } from '../api/errors.ts'
import type { AnyOperation, Reply, Resource } from '../api/operation.ts'
import { readValues } from '../api/parameters.ts'
import { isPiece } from '../api/pieces.ts'
import { dryRunKeystore } from '../keystore/dry-run.ts'
import { type Keystore, Unreachable } from '../keystore/keystore.ts'
import { destroyUncommitted, forgetDestroyed } from '../kms/destruction.ts'
import type { KmsContext, KmsSettings } from '../kms/operation.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Change } from '../ledger/record.ts'
import type { AccessKeys } from '../ram/access-key.ts'
import type { Authorizer } from '../ram/authorize.ts'
import type { LastUsed } from '../ram/last-used.ts'
import type { RamContext } from '../ram/operation.ts'
import type { RamQuotas } from '../ram/settings.ts'
import { type EventRow, Unavailable } from '../storage/storage.ts'
import type { StsContext } from '../sts/operation.ts'
import type { SecurityTokens } from '../sts/security-token.ts'
import { type Authenticated, authenticate, type Clock } from './authenticate.ts'
import { type Answer, chosenFormat, encodeRefusal, encodeReply } from './encode.ts'
import type { Observer } from './metrics.ts'
import type { Admission, RateLimiter, Rates } from './rate-limit.ts'
import { decodeUnverified, decodeVerified, type HttpRequest, header, type Parameters } from './request.ts'
import { checkRoute, findOperation, regionOf } from './route.ts'

/** How long a call is decided again while others keep changing its records. */
const RETRY_MS = 10_000

/** What a call of any product may use. */
export type CallContext = KmsContext & RamContext & StsContext & ActionTrailContext
export type CallOperation = AnyOperation<CallContext, Change>

/** A product of the cloud: what its Version leads to. */
export interface Product {
  readonly name: string
  readonly version: string
  readonly operations: ReadonlyMap<string, CallOperation>
}

/** What the gateway needs. Time and randomness come from outside. */
export interface House extends Clock {
  readonly products: readonly Product[]
  readonly settings: KmsSettings &
    TrailSettings & {
      readonly quotas: RamQuotas
      readonly rates: Rates
      /** The accounts whose limits are others. */
      readonly accounts: ReadonlyMap<string, Pick<KmsSettings, 'maxKeys' | 'maxAliases'> & { readonly rates: Rates }>
    }
  readonly rateLimiter: RateLimiter
  readonly ledger: Ledger
  readonly keystore: Keystore
  readonly accessKeys: AccessKeys
  readonly securityTokens: SecurityTokens
  readonly eventIndex: EventIndex
  readonly pageTokens: PageTokens
  readonly authorizer: Authorizer
  readonly lastUsed: LastUsed
  /** Moves the clock, in --dev alone; answers how many keys what fell due has changed. */
  readonly dev: { advance(ms: number): Promise<number> } | null
  readonly deliveryTarget: DeliveryTarget
  /** A new UUID for a request. */
  newId(): string
  /** A new UUID for a record, later ones being greater: neighbours in time are neighbours in the database. */
  newRecordId(): string
  randomBytes(length: number): Uint8Array
  /** Whether the database answers. */
  ready(): Promise<boolean>
  readonly observer: Observer
  /** Told of failures that are ours; never of what a caller did wrong. */
  failed(message: string, error: unknown): void
}

/** The call as far as it is known when it fails. */
interface Progress {
  readonly requestId: string
  readonly now: number
  readonly request: HttpRequest
  readonly parameters: Parameters
  readonly region: string
  readonly operation: CallOperation
  readonly version: string
  readonly authenticated: Authenticated
  /** Ledger.rootEpoch before the caller was looked up: it is looked up again when what was kept of it is not trusted any more. */
  readonly rootEpoch: number
}

/** Answers a request; never rejects. */
export async function answer(request: HttpRequest, house: House): Promise<Answer> {
  let requestId = house.newId()
  const host = header(request, 'host')
  let format = chosenFormat('', header(request, 'accept'))
  const begin = performance.now()
  let known: CallOperation | null = null
  try {
    checkRoute(request)
    const unverified = decodeUnverified(request)
    format = chosenFormat(unverified.get('Format') ?? '', header(request, 'accept'))
    const now = house.now()
    const { rootEpoch } = house.ledger
    const authenticated = await authenticate(request, unverified, house, house)
    const parameters = decodeVerified(request, unverified)
    format = chosenFormat(parameters.get('Format') ?? '', header(request, 'accept'))
    const { operation, product, version } = findOperation(request, parameters, authenticated, house.products)
    known = operation
    if (operation.jsonOnly) format = 'JSON'
    if (product !== 'Kms') requestId = requestId.toUpperCase()
    const region = regionOf(request, parameters, authenticated, product, request.regions)
    const call = { requestId, now, request, parameters, region, operation, version, authenticated, rootEpoch }
    const admission = admissionOf(call, house)
    if (admission !== 'admitted') throw await throttled(call, admission, house)
    const reply = await perform(call, house)
    house.observer.answered(operation, 'OK', performance.now() - begin)
    return encodeReply(reply, operation.name, requestId, format)
  } catch (error) {
    const refusal = asRefusal(error, requestId, house)
    if (known) house.observer.answered(known, refusal.entry, performance.now() - begin)
    else house.observer.turnedAway(refusal.entry, request.sourceAddress)
    return encodeRefusal(refusal, host, requestId, format)
  }
}

/** Whatever went wrong, as one refusal; what is our fault is reported. */
export function asRefusal(error: unknown, requestId: string, house: House): Refusal {
  if (error instanceof Refusal) return error
  // The key store reports its device's troubles itself, once and not with every call.
  if (error instanceof Unreachable) return refuse('ServiceUnavailableTemporary')
  house.failed(`request ${requestId} failed`, error)
  return refuse(error instanceof Unavailable ? 'ServiceUnavailableTemporary' : 'InternalFailure')
}

/** Whether the account's rate limit lets the call go on. */
function admissionOf({ operation, region, now, authenticated }: Progress, { settings, rateLimiter }: House): Admission {
  const account = authenticated.caller.accountId
  const rates = settings.accounts.get(account)?.rates ?? settings.rates
  return rateLimiter.admit(rates, { account, region }, operation, now)
}

/** What refuses a throttled call: nothing is read for it, and its event is all that is written. */
async function throttled(call: Progress, admission: Admission, { ledger }: House): Promise<Refusal> {
  const refusal = refuse(call.operation.product === 'Kms' ? 'Rejected.Throttling' : 'Throttling.User')
  const event = admission === 'throttled' ? eventOf(call, [], null, refusal) : null
  if (event) await ledger.commit({ changes: [], nonce: call.authenticated.nonce, event })
  return refusal
}

/** Decides and commits, again whenever a record moved meanwhile. */
async function perform(begun: Progress, house: House): Promise<Reply> {
  const { operation, parameters, request } = begun
  const { nonce } = begun.authenticated
  const dry = isDryRun(begun)
  let call = begun
  for (const deadline = house.now() + RETRY_MS; house.now() <= deadline; ) {
    let resources: readonly Resource[] = []
    const { rootEpoch } = house.ledger
    // Its AccessKey may have been disabled meanwhile.
    if (rootEpoch !== call.rootEpoch)
      call = { ...call, rootEpoch, authenticated: await authenticate(request, decodeUnverified(request), house, house) }
    const context = contextOf(call, house, dry ? dryRunKeystore : house.keystore)
    try {
      const values = readValues(operation.parameters, parameters) as never
      resources = await operation.locate(values, context)
      await authorize(operation, values, resources, context)
      const { changes, reply, made = [] } = await operation.decide(values, context)
      if (dry) throw refuse('DryRunOperationError')
      const event = eventOf(call, [...resources, ...made], reply, null)
      const further = furtherEvents(call, house, [...resources, ...made], reply, null)
      const outcome = await house.ledger
        .commit({ changes, nonce, event, further, rootEpoch })
        .catch((error: unknown) => {
          // A replayed call surely left nothing; of a database that broke off, that is not so sure.
          if (error instanceof Refusal && error.code === 'SignatureNonceUsed')
            destroyUncommitted(changes, house.keystore)
          throw error
        })
      if (outcome !== 'committed') destroyUncommitted(changes, house.keystore)
      if (outcome === 'full') throw refuse(operation.quotaRefusal ?? 'Rejected.LimitExceeded')
      if (outcome === 'moved') continue
      forgetDestroyed(changes, house.keystore)
      return reply
    } catch (error) {
      // What was read under other root keys may not open any more: that is no failure of the call.
      if (rootEpoch !== house.ledger.rootEpoch && !(error instanceof Refusal)) continue
      const cause = asRefusal(error, call.requestId, house)
      const refusal = dry ? refuseDryRun(cause) : cause
      if (refusal.code === 'SignatureNonceUsed') throw refusal
      // The database is away, and takes no event either; a device that is away leaves one.
      if (refusal.code === 'ServiceUnavailableTemporary' && !(error instanceof Unreachable)) throw refusal
      // A refused call changes nothing, and leaves its event.
      const event = eventOf(call, resources, null, refusal)
      const further = furtherEvents(call, house, resources, null, refusal)
      if ((await house.ledger.commit({ changes: [], nonce, event, further, rootEpoch })) === 'moved') continue
      throw refusal
    }
  }
  throw refuse('ServiceUnavailableTemporary')
}

/** Whether the call asks to be checked and not done. */
function isDryRun({ operation, parameters }: Progress): boolean {
  return operation.parameters['DryRun'] !== undefined && parameters.get('DryRun')?.toLowerCase() === 'true'
}

/** Refuses unless policies let the caller do this to each of the resources. */
async function authorize(
  operation: CallOperation,
  values: never,
  resources: readonly Resource[],
  { authorizer, caller, facts, ledger }: CallContext,
): Promise<void> {
  const { action, product, selfService } = operation
  if (action === null || caller.type === 'root-account') return
  const requestTags = operation.requestTags?.(values) ?? []
  const asked = { caller, action, resources, selfService, ledger, facts: { ...facts, requestTags } }
  const denial = await authorizer.denial(asked)
  if (denial) throw refuseDenied(product, denial)
}

function contextOf({ authenticated, region, now, request }: Progress, house: House, keystore: Keystore): CallContext {
  const { ledger, settings, newRecordId, randomBytes, authorizer, securityTokens, accessKeys, lastUsed } = house
  const { eventIndex, pageTokens, deliveryTarget } = house
  const { caller } = authenticated
  const own = settings.accounts.get(caller.accountId)
  return {
    caller,
    scope: { account: caller.accountId, region },
    now,
    ledger: ledger.view(),
    keystore,
    settings: own ? { ...settings, ...own } : settings,
    quotas: settings.quotas,
    authorizer,
    securityTokens,
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

function eventOf(
  call: Progress,
  resources: readonly Resource[],
  reply: Reply | null,
  refusal: Refusal | null,
): EventRow | null {
  const { operation, requestId, now, region, authenticated } = call
  const { caller } = authenticated
  // What a service does belongs to the account whose role it assumes.
  const account = caller.accountId || (parseArn(resources[0]?.arn ?? '')?.account ?? '')
  if (operation.trail === null || account === '') return null
  const body = storedCall(factsOf(call, operation.trail, account, resources, reply, refusal))
  return { eventId: requestId, account, region, at: now, body }
}

/** The events for other accounts whose resources the call is about; undefined for next to all calls. */
function furtherEvents(
  call: Progress,
  { newId }: House,
  resources: readonly Resource[],
  reply: Reply | null,
  refusal: Refusal | null,
): readonly EventRow[] | undefined {
  const { operation, requestId, now, region, authenticated } = call
  const owner = resources.find((resource) => resource.owner)?.owner
  if (!owner || operation.trail === null || authenticated.caller.accountId === '') return undefined
  const { account } = owner
  const owned = resources.map((resource) => ({ ...resource, ...resource.owner }))
  const facts = factsOf(call, operation.trail, account, owned, reply, refusal && ownersView(refusal, resources))
  const body = storedCall({ ...facts, requestId })
  return [{ eventId: newId(), account, region, at: now, body }]
}

/** The refusal with the resource as its owner calls it. */
function ownersView(refusal: Refusal, resources: readonly Resource[]): Refusal {
  const { entry, code, message, denial } = refusal
  const owner = resources.find(({ arn }) => arn === denial?.resource)?.owner
  return denial && owner ? new Refusal(entry, code, message, { ...denial, resource: owner.arn }) : refusal
}

function factsOf(
  call: Progress,
  trail: NonNullable<CallOperation['trail']>,
  account: string,
  resources: readonly Resource[],
  reply: Reply | null,
  refusal: Refusal | null,
): CallFacts {
  const { operation, request, authenticated, parameters, version } = call
  return {
    product: operation.product,
    apiVersion: version,
    operation: operation.name,
    access: operation.access,
    trail,
    host: header(request, 'host').replace(/:\d+$/, '').slice(0, 255),
    sourceAddress: request.sourceAddress,
    userAgent: header(request, 'user-agent'),
    caller: authenticated.caller,
    account,
    parameters,
    isPiece: (name) => isPiece(operation.parameters, name),
    resources,
    reply,
    refusal,
  }
}
