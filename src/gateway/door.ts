// The doors that calls come in by.
import type { LedgerView } from '../ledger/view.ts'
import { type Authenticated, authenticate } from './authenticate.ts'
import type { House } from './house.ts'
import { decodeUnverified, type HttpRequest, type Parameters } from './request.ts'

/** How calls come in: signed, or within a session of the console. It says what is asked and who asks; all else is the same for both. */
export interface Door {
  /** Whether answers are JSON whatever the call asks for. */
  readonly json: boolean
  /** The parameters that may be read before the caller is known. Refuses what can't be decoded. */
  read(request: HttpRequest): Parameters
  /** The caller, looked up through `view`; refuses a request that proves none. `parameters` are those of `read`. */
  authenticate(request: HttpRequest, parameters: Parameters, house: House, view: LedgerView): Promise<Authenticated>
}

/** The calls of SDKs, each with a signature of its own. */
export const SIGNED: Door = {
  json: false,
  read: decodeUnverified,
  authenticate: (request, parameters, house, view) => authenticate(request, parameters, house, house, view),
}
