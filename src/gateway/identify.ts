// Who calls, in a view of the ledger: what the answer says of the caller is held to that view until it is committed or confirmed.
import { Refusal, refuse } from '../api/errors.ts'
import type { LedgerView } from '../ledger/view.ts'
import type { Named, Progress } from './call-event.ts'
import { type Door, SIGNED } from './door.ts'
import type { House } from './house.ts'
import type { HttpRequest, Parameters } from './request.ts'

/** How long a call is retried while other calls keep changing its records. */
export const RETRY_MS = 10_000

/** A caller, and the view that it was looked up in. */
type Identified = Pick<Progress, 'authenticated' | 'view'>

/**
 * Authenticates a request in a new view of the ledger. A refusal leaves no event whose commit would tell that it rests on the present state
 * of the AccessKey, so the ledger confirms it. `former` is the view of the call's last attempt. Refuses as `authenticate`.
 */
export async function identified(
  request: HttpRequest,
  unverified: Parameters,
  house: House,
  door: Door = SIGNED,
  former: LedgerView | null = null,
): Promise<Identified> {
  const { ledger } = house
  for (const deadline = house.now() + RETRY_MS; house.now() <= deadline; ) {
    const view = ledger.view(former)
    try {
      return { authenticated: await door.authenticate(request, unverified, house, view), view }
    } catch (error) {
      if (error instanceof Refusal ? await ledger.confirms(view) : view.rootEpoch === ledger.rootEpoch) throw error
    }
  }
  throw refuse('ServiceUnavailableTemporary')
}

/** The call with its caller authenticated again: something that it rested on has changed. Refuses as `authenticate`. */
export async function again<O extends Named>(call: Progress<O>, house: House): Promise<Progress<O>> {
  const { request, door, view } = call
  return { ...call, ...(await identified(request, door.read(request), house, door, view)) }
}
