// Calls that nobody signs: their callers prove themselves by a token among the parameters, which the operation itself verifies. Until then
// each is throttled by where it comes from, and costs little. Only a verified call draws on the rate of whom it is of (docs/pods.md).
import type { Caller } from '../api/caller.ts'
import { Refusal } from '../api/errors.ts'
import { readableValues, readValues } from '../api/parameters.ts'
import type { LedgerView } from '../ledger/view.ts'
import type { Authenticated } from './authenticate.ts'
import { timeOf } from './claim.ts'
import type { Door } from './door.ts'
import type { CallOperation, House, ProductVersion } from './house.ts'
import type { AnonymousRate } from './rate-limit.ts'
import { decodeUnverified, type HttpRequest, header, type Parameters } from './request.ts'
import { sourceOf } from './source.ts'

type Anonymous = Pick<CallOperation, 'parameters' | 'product'> & {
  readonly claimant: NonNullable<CallOperation['claimant']>
}

/** The operation that a request names if it is one that nobody signs; else null. */
export function anonymousOperation(
  request: HttpRequest,
  parameters: Parameters,
  products: readonly ProductVersion[],
): Anonymous | null {
  const named = (name: 'Action' | 'Version') => parameters.get(name) || header(request, `x-acs-${name.toLowerCase()}`)
  const version = named('Version')
  const operation = products.find((one) => one.version === version)?.operations.get(named('Action'))
  return operation?.claimant ? { ...operation, claimant: operation.claimant } : null
}

/** The request without the header by which a signer would name itself: it means nothing here. */
export function unsigned(request: HttpRequest): HttpRequest {
  return { ...request, headers: { ...request.headers, authorization: undefined } }
}

/** The door of calls to an operation that nobody signs. Its callers are claimed, not proven. */
export function anonymousDoor(operation: Anonymous): Door {
  const { product } = operation
  return {
    json: false,
    read: decodeUnverified,
    authenticate: async (request, parameters, house, view) => {
      const { now, wallNow } = house
      const source = sourceOf(request.sourceAddress)
      if (!(await admits('source', source, house, now()))) throw product.throttled()
      const timestamp = parameters.get('Timestamp') ?? ''
      if (timestamp !== '') timeOf(timestamp, wallNow())
      const caller = await claimedBy(operation, parameters, view)
      const pair = `${source} ${caller.principalId}`
      if (!(await admits('source for a claimant', pair, house, now()))) throw product.throttled()
      const host: Authenticated['host'] = parameters.get('Action') ? 'must agree' : 'decides'
      return { caller, nonce: null, host, scope: null, unverified: true }
    },
  }
}

/** Whether the rate of whom a verified call is of lets it go on. */
export function admitsVerified({ principalId }: Caller, house: House, now: number): boolean | Promise<boolean> {
  return admits('verified claimant', principalId, house, now)
}

function admits(
  rate: AnonymousRate,
  whose: string,
  { rateLimiter, settings }: House,
  now: number,
): boolean | Promise<boolean> {
  return rateLimiter.admitAnonymous(rate, whose, settings.oidc.callsPerSecond, now)
}

/** Whom the call claims to be of. Refuses a call of nobody known with the first fault of its parameters. */
async function claimedBy(
  { parameters: declared, claimant }: Anonymous,
  parameters: Parameters,
  ledger: LedgerView,
): Promise<Caller> {
  try {
    return await claimant.find(readableValues(declared, parameters) as never, { ledger })
  } catch (error) {
    if (error instanceof Refusal) readValues(declared, parameters)
    throw error
  }
}
