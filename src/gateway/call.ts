// A call's way through the house: decode, authenticate, find the operation, validate, decide, commit, encode.
// Whatever goes wrong becomes one refusal, one event where the caller is known, one answer.

import { storedCall } from '../actiontrail/event.ts'
import { Refusal, refuse } from '../api/errors.ts'
import type { Reply, Resource } from '../api/operation.ts'
import { readValues } from '../api/parameters.ts'
import type { Keystore } from '../keystore/keystore.ts'
import { forgetDestroyed } from '../kms/destruction.ts'
import type { KmsContext, KmsOperation, KmsSettings } from '../kms/operation.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { type EventRow, Unavailable } from '../storage/storage.ts'
import { type Authenticated, authenticate, type FindAccessKey } from './authenticate.ts'
import { type Answer, chosenFormat, encodeRefusal, encodeReply } from './encode.ts'
import { type DecodedParameters, decodeParameters, type HttpRequest, header, pathOf } from './request.ts'

/** How long a call is decided again while others keep changing its records. */
const RETRY_MS = 10_000

/** A product of the cloud: what its Version leads to. */
export interface Product {
  readonly version: string
  readonly operations: ReadonlyMap<string, KmsOperation>
}

/** What the gateway needs. Time and randomness come from outside. */
export interface House {
  readonly products: readonly Product[]
  readonly settings: KmsSettings
  readonly ledger: Ledger
  readonly keystore: Keystore
  readonly findAccessKey: FindAccessKey
  now(): number
  /** A new UUID for a request. */
  newId(): string
  /** A new UUID for a record, later ones being greater: neighbours in time are neighbours in the database. */
  newRecordId(): string
  randomBytes(length: number): Uint8Array
  /** Whether the database answers. */
  ready(): Promise<boolean>
  /** Told of failures that are ours; never of what a caller did wrong. */
  failed(message: string, error: unknown): void
}

/** The call as far as it is known when it fails. */
interface Progress {
  readonly requestId: string
  readonly now: number
  readonly request: HttpRequest
  readonly parameters: DecodedParameters
  readonly region: string
  readonly operation: KmsOperation
  readonly version: string
  readonly authenticated: Authenticated
}

/** Answers a request; never rejects. */
export async function answer(request: HttpRequest, house: House): Promise<Answer> {
  const requestId = house.newId()
  const host = header(request, 'host')
  let format = chosenFormat('', header(request, 'accept'))
  try {
    checkRoute(request)
    const parameters = decodeParameters(request)
    format = chosenFormat(parameters.all.get('Format') ?? '', header(request, 'accept'))
    const now = house.now()
    const authenticated = await authenticate(request, parameters, house.findAccessKey, now)
    const { operation, version } = findOperation(request, parameters, house)
    const region = regionOf(host, parameters, house.settings.regions)
    const call = { requestId, now, request, parameters, region, operation, version, authenticated }
    return encodeReply(await perform(call, house), operation.name, requestId, format)
  } catch (error) {
    return encodeRefusal(asRefusal(error, requestId, house), host, requestId, format)
  }
}

function asRefusal(error: unknown, requestId: string, house: House): Refusal {
  if (error instanceof Refusal) return error
  house.failed(`request ${requestId} failed`, error)
  return refuse(error instanceof Unavailable ? 'ServiceUnavailableTemporary' : 'InternalFailure')
}

function checkRoute(request: HttpRequest): void {
  if (request.method !== 'GET' && request.method !== 'POST') throw refuse('UnsupportedHTTPMethod')
  if (!/^\/{0,2}$/.test(pathOf(request))) throw refuse('InvalidAction.NotFound')
}

function findOperation(request: HttpRequest, { all }: DecodedParameters, { products }: House) {
  const named = (name: 'Action' | 'Version') => {
    const [parameter, fromHeader] = [all.get(name) ?? '', header(request, `x-acs-${name.toLowerCase()}`)]
    if (parameter !== '' && fromHeader !== '' && parameter !== fromHeader)
      throw refuse('InvalidParameter', { name, rule: `The header x-acs-${name.toLowerCase()} says another one.` })
    if (parameter === '' && fromHeader === '') throw refuse('MissingParameter', { name })
    return parameter || fromHeader
  }
  const action = named('Action')
  const version = named('Version')
  const product = products.find((one) => one.version === version)
  if (!product) throw refuse('InvalidVersion')
  const operation = product.operations.get(action)
  if (!operation) throw refuse('InvalidAction.NotFound')
  return { operation, version }
}

/** The host's region, else the parameter RegionId, else the first that is served (contract/wire.md section 1). */
function regionOf(host: string, { all }: DecodedParameters, regions: readonly string[]): string {
  const label = /^(?:kms|kms-vpc|kms-intranet)\.([a-z0-9-]+)\./.exec(host)?.[1]
  if (label !== undefined && regions.includes(label)) return label
  const asked = all.get('RegionId') || regions[0] || ''
  if (regions.includes(asked)) return asked
  throw refuse('InvalidParameter', { name: 'RegionId', rule: `This server serves ${regions.join(', ')}.` })
}

/** Decides and commits, again whenever a record moved meanwhile. */
async function perform(call: Progress, house: House): Promise<Reply> {
  const { operation, parameters } = call
  const { nonce } = call.authenticated
  const context = contextOf(call, house)
  for (const deadline = house.now() + RETRY_MS; house.now() <= deadline; ) {
    let resources: readonly Resource[] = []
    try {
      const values = readValues(operation.parameters, parameters.all) as never
      resources = await operation.locate(values, context)
      const { changes, reply, made = [] } = await operation.decide(values, context)
      const event = eventOf(call, [...resources, ...made], reply, null)
      const outcome = await house.ledger.commit({ changes, nonce, event })
      if (outcome === 'full') throw refuse('Rejected.LimitExceeded')
      if (outcome === 'moved') continue
      forgetDestroyed(changes, house.keystore)
      return reply
    } catch (error) {
      const refusal = asRefusal(error, call.requestId, house)
      if (refusal.code === 'SignatureNonceUsed' || refusal.code === 'ServiceUnavailableTemporary') throw refusal
      // A refused call changes nothing, and leaves its event.
      await house.ledger.commit({ changes: [], nonce, event: eventOf(call, resources, null, refusal) })
      throw refusal
    }
  }
  throw refuse('ServiceUnavailableTemporary')
}

function contextOf({ authenticated, region, now }: Progress, house: House): KmsContext {
  const { ledger, keystore, settings, newRecordId, randomBytes } = house
  const { caller } = authenticated
  return {
    caller,
    scope: { account: caller.accountId, region },
    now,
    ledger,
    keystore,
    settings,
    newRecordId,
    randomBytes,
  }
}

function eventOf(
  call: Progress,
  resources: readonly Resource[],
  reply: Reply | null,
  refusal: Refusal | null,
): EventRow | null {
  const { operation, requestId, now, request, region, authenticated, parameters, version } = call
  const { caller } = authenticated
  if (operation.trail === null) return null
  const body = storedCall({
    product: operation.product,
    apiVersion: version,
    operation: operation.name,
    access: operation.access,
    trail: operation.trail,
    host: header(request, 'host').replace(/:\d+$/, '').slice(0, 255),
    sourceAddress: request.sourceAddress,
    userAgent: header(request, 'user-agent'),
    caller,
    parameters: parameters.all,
    resources,
    reply,
    refusal,
  })
  return { eventId: requestId, account: caller.accountId, region, at: now, body }
}
