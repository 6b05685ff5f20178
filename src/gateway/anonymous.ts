// Calls that nobody signs: their callers prove themselves by a token among the parameters, which the operation itself verifies. Until then
// each is throttled, by where it comes from and by whom it claims to be, and costs little (docs/pods.md).
import type { Caller } from '../api/caller.ts'
import { Refusal } from '../api/errors.ts'
import { readableValues, readValues } from '../api/parameters.ts'
import type { LedgerView } from '../ledger/view.ts'
import type { Authenticated } from './authenticate.ts'
import { timeOf } from './claim.ts'
import type { Door } from './door.ts'
import type { CallOperation, ProductVersion } from './house.ts'
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
    authenticate: async (request, parameters, { rateLimiter, settings, now, wallNow }, view) => {
      const admit = (whose: string) => rateLimiter.admitAnonymous(whose, settings.oidc.callsPerSecond, now())
      if (!(await admit(sourceOf(request.sourceAddress)))) throw product.throttled()
      const timestamp = parameters.get('Timestamp') ?? ''
      if (timestamp !== '') timeOf(timestamp, wallNow())
      const caller = await claimedBy(operation, parameters, view)
      if (!(await admit(caller.principalId))) throw product.throttled()
      const host: Authenticated['host'] = parameters.get('Action') ? 'must agree' : 'decides'
      return { caller, nonce: null, host, scope: null }
    },
  }
}

/** Whom the call claims to be of. Refuses a call of nobody known with the first fault of its parameters. */
async function claimedBy(
  { parameters: declared, claimant }: Anonymous,
  parameters: Parameters,
  ledger: LedgerView,
): Promise<Caller> {
  try {
    return await claimant(readableValues(declared, parameters) as never, { ledger })
  } catch (error) {
    if (error instanceof Refusal) readValues(declared, parameters)
    throw error
  }
}
