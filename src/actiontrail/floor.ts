// Where the chain begins: the last event that was dropped because its time was over.
import { FLOOR, FLOOR_ID, GENESIS } from '../ledger/chain.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { INSTALLATION } from '../ledger/record.ts'
import type { Head } from '../storage/storage.ts'

/** The head that the first event still there follows. */
export async function floorOf(ledger: Pick<Ledger, 'get'>): Promise<Head> {
  return (await ledger.get(FLOOR, INSTALLATION, FLOOR_ID))?.body ?? GENESIS
}
