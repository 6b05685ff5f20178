// Authenticates the caller in a view of the ledger. The answer relies on that view until it is committed or confirmed.
import { Refusal, refuse } from '../api/errors.ts'
import type { LedgerView } from '../ledger/view.ts'
import type { Named, Progress } from './call-event.ts'
import { type Door, SIGNED } from './door.ts'
import type { House } from './house.ts'
import type { HttpRequest, Parameters } from './request.ts'

/** How long a call is retried while other calls keep changing its records. */
export const RETRY_MS = 10_000

/** A caller, and the view in which it was looked up. */
type Identified = Pick<Progress, 'authenticated' | 'view'>

/**
 * Authenticates a request in a new view of the ledger. A refusal has no event whose commit would check the records that it relies on, such as the
 * AccessKey, so the ledger confirms them. `former` is the view of the call's previous attempt. Refuses as `authenticate` does.
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
      const found = door.authenticate(request, unverified, house, view)
      return { authenticated: found instanceof Promise ? await found : found, view }
    } catch (error) {
      if (error instanceof Refusal ? await ledger.confirms(view) : view.rootEpoch === ledger.rootEpoch) throw error
    }
  }
  throw refuse('ServiceUnavailableTemporary')
}

/** Returns the call with its caller authenticated again, after a record that it read has changed. Refuses as `authenticate` does. */
export async function again<O extends Named>(call: Progress<O>, house: House): Promise<Progress<O>> {
  const { request, door, view } = call
  return { ...call, ...(await identified(request, door.read(request), house, door, view)) }
}
