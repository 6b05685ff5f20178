// Doors: the ways in which calls arrive.
import type { LedgerView } from '../ledger/view.ts'
import type { MaybePromise } from '../runtime/maybe-promise.ts'
import { type Authenticated, authenticate } from './authenticate.ts'
import type { House } from './house.ts'
import { decodeUnverified, decodeVerified, type HttpRequest, type Parameters } from './request.ts'

/** A way in which calls arrive: signed, or in a session of the console. It reads the parameters and authenticates; all else is the same for both. */
export interface Door {
  /** Whether answers are always JSON. */
  readonly json: boolean
  /** Returns the parameters that may be read before authentication. Refuses a request that can't be decoded. */
  read(request: HttpRequest): Parameters
  /** Authenticates the caller through `view`, or refuses the request. `parameters` are those of `read`. */
  authenticate(
    request: HttpRequest,
    parameters: Parameters,
    house: House,
    view: LedgerView,
  ): MaybePromise<Authenticated>
  /** Returns all parameters of an authenticated request; `parameters` are those of `read`. Refuses a request that can't be decoded. */
  complete(request: HttpRequest, parameters: Parameters): Parameters
}

/** Signed calls, as SDKs send them. */
export const SIGNED: Door = {
  json: false,
  read: decodeUnverified,
  authenticate: (request, parameters, house, view) => authenticate(request, parameters, house, house, view),
  complete: decodeVerified,
}
