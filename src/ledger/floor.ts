// Where the chain begins: after the last event that was dropped because it had been kept long enough.
import type { Head } from '../storage/storage.ts'
import { FLOOR, FLOOR_ID, GENESIS } from './chain.ts'
import type { Ledger } from './ledger.ts'
import { INSTALLATION } from './record.ts'

/** The head before the first event that is left, read from the database: another process may have dropped events since. */
export async function floorNow(ledger: Pick<Ledger, 'between'>): Promise<Head> {
  const [record] = await ledger.between(FLOOR, INSTALLATION, { after: '', before: `${FLOOR_ID}~`, limit: 1 })
  return record?.body ?? GENESIS
}

/** The head before the first event that is left, as far as this server knows: it may come from the cache. */
export async function floorOf(ledger: Pick<Ledger, 'get'>): Promise<Head> {
  return (await ledger.get(FLOOR, INSTALLATION, FLOOR_ID))?.body ?? GENESIS
}
