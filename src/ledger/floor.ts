// The beginnings of the lanes: for each, the last event that was dropped after the retention.
import type { Head, Heads } from '../storage/storage.ts'
import { GENESIS } from './chain.ts'
import type { Ledger } from './ledger.ts'
import { type Change, INSTALLATION, insert, type Kind, type Recorded, update } from './record.ts'

/** The last dropped event of lane 0, and those of the further lanes, in order. */
export type StoredFloor = Head & { readonly further?: Heads }

/** A record of the installation. Absent when no event has been dropped. */
export const FLOOR: Kind<StoredFloor> = { name: 'event-floor', counted: false }
const FLOOR_ID = 'floor'

type Reads = Pick<Ledger, 'between'>

/** Read from the database: another process may have dropped events. */
async function stored(ledger: Reads): Promise<Recorded<StoredFloor> | null> {
  const [record] = await ledger.between(FLOOR, INSTALLATION, { after: '', before: `${FLOOR_ID}~`, limit: 1 })
  return record ?? null
}

/** The heads before the first remaining events. A lane that they do not name still has all of its events. */
export async function floorsNow(ledger: Reads): Promise<Heads> {
  const record = await stored(ledger)
  if (!record) return [GENESIS]
  return floorsIn(record.body)
}

/** The floors of all lanes that the record names. */
export function floorsIn({ seq, hash, further = [] }: StoredFloor): Heads {
  return [{ seq, hash }, ...further]
}

/** The change that raises the floors; `now` is milliseconds since 1970. */
export async function raised(ledger: Reads, [first = GENESIS, ...further]: Heads, now: number): Promise<Change> {
  const body = { seq: first.seq, hash: first.hash, ...(further.length > 0 && { further }) }
  const record = await stored(ledger)
  return record ? update(record, { body }) : insert(FLOOR, { ...INSTALLATION, id: FLOOR_ID, createdAt: now, body })
}
