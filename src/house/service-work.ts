// Events of what was done to the installation, which all accounts share.
import { type ServiceWork, storedServiceWork } from '../ledger/stored-event.ts'
import type { OpenHouse } from './open.ts'

/** Records in the trail of every account what was done; `about` are the resources of the event. */
export async function recordServiceWork(
  name: ServiceWork,
  { ledger, accounts, runtime }: Pick<OpenHouse, 'ledger' | 'accounts' | 'runtime'>,
  region = '',
  about: Parameters<typeof storedServiceWork>[1] = [],
): Promise<void> {
  for (const { id: account } of await accounts.list()) {
    const body = storedServiceWork(name, about)
    const event = { eventId: runtime.newId(), account, region, at: runtime.now(), body }
    // It has moved where the root keys change at this moment.
    while ((await ledger.commit({ changes: [], nonce: null, event })) === 'moved');
  }
}
