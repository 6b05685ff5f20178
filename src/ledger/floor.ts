// Where the chain begins: the last event that was dropped because its time was over.

import type { Head } from '../storage/storage.ts'
import { FLOOR, FLOOR_ID, GENESIS } from './chain.ts'
import type { Ledger } from './ledger.ts'
import { INSTALLATION } from './record.ts'

/** The head that the first event still there follows, as the database has it now: another process may have dropped events since. */
export async function floorNow(ledger: Pick<Ledger, 'between'>): Promise<Head> {
  const [record] = await ledger.between(FLOOR, INSTALLATION, { after: '', before: `${FLOOR_ID}~`, limit: 1 })
  return record?.body ?? GENESIS
}

/** The head that the first event still there follows, as this server knows it. */
export async function floorOf(ledger: Pick<Ledger, 'get'>): Promise<Head> {
  return (await ledger.get(FLOOR, INSTALLATION, FLOOR_ID))?.body ?? GENESIS
}
