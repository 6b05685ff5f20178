// Calls without a signature. A token among their parameters proves the caller; the operation itself verifies it. Before that, a call costs
// little and is throttled by its source. Only a verified call counts against the rate of its claimant (docs/pods.md).
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

/** Returns the operation that a request names if its calls are not signed; otherwise null. */
export function anonymousOperation(
  request: HttpRequest,
  parameters: Parameters,
  products: readonly ProductVersion[],
): Anonymous | null {
  const named = (name: 'Action' | 'Version') => parameters.get(name) || header(request, `x-acs-${name.toLowerCase()}`)
  const version = named('Version')
  const operation = products.find((product) => product.version === version)?.operations.get(named('Action'))
  return operation?.claimant ? { ...operation, claimant: operation.claimant } : null
}

/** Returns the request without the header Authorization, which such a call does not use. */
export function unsigned(request: HttpRequest): HttpRequest {
  return { ...request, headers: { ...request.headers, authorization: undefined } }
}

/** The door of calls that are not signed. Their callers are claimed, not proven. */
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
    complete: (_, parameters) => parameters,
  }
}

/** Whether the rate of a verified call's claimant allows the call. */
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

/** Returns the claimed caller. For an unknown one, refuses with the first fault of the parameters, if there is one. */
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
