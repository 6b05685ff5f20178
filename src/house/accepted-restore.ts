// Records in the trail of each account that the operator has accepted an older trail: the restore concerns all accounts.
import { headIn } from '../ledger/chain.ts'
import { storedServiceWork } from '../ledger/stored-event.ts'
import { laneOf } from '../storage/lane.ts'
import type { Heads } from '../storage/storage.ts'
import type { OpenHouse } from './open.ts'

const EVENTS_AT_ONCE = 1000

/**
 * Records the event AcceptRestoredTrail in the trail of every account; `about` are the resources of the event. With `since` (heads of the
 * trail), an account that has an equal event after these heads gets no second one.
 */
export async function recordAcceptedRestore(
  { ledger, accounts, runtime, region }: Pick<OpenHouse, 'ledger' | 'accounts' | 'runtime' | 'region'>,
  about: Parameters<typeof storedServiceWork>[1] = [],
  since: Heads | null = null,
): Promise<void> {
  const body = storedServiceWork('AcceptRestoredTrail', about)
  const done = since ? await accountsWith(body, since, ledger) : new Set()
  for (const { id: account } of await accounts.list()) {
    if (done.has(account)) continue
    const event = { eventId: runtime.newId(), account, region, at: runtime.now(), body }
    // A change of the root keys at the same moment makes the commit return 'moved'.
    while ((await ledger.commit({ changes: [], nonce: null, event })) === 'moved');
  }
}

/** The accounts that have an event with this body after the heads. */
async function accountsWith(body: string, since: Heads, ledger: OpenHouse['ledger']): Promise<ReadonlySet<string>> {
  const found = new Set<string>()
  for (const { seq: end } of await ledger.heads())
    for (let at = headIn(since, laneOf(end)).seq; at < end; ) {
      const events = await ledger.events.after(at, EVENTS_AT_ONCE, end)
      for (const event of events) if (event.body === body) found.add(event.account)
      at = events.at(-1)?.seq ?? end
    }
  return found
}
