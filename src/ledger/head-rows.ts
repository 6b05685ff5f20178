// The records of the heads, one for each lane, and a record of the number of lanes, so that a removed head is noticed.
import type { RootKeys } from '../keystore/root-keys.ts'
import { MOST_LANES } from '../storage/lane.ts'
import { HEAD_PLACE, type Row, type Storage, Unavailable } from '../storage/storage.ts'
import { laneOfHead } from './chain.ts'
import { fromRow, INSTALLATION, type Kind } from './record.ts'

/** The number of lanes that were ever added. Absent in a database with lane 0 alone. */
export const LANES: Kind<{ readonly count: number }> = { name: 'event-lanes', counted: false }
export const LANES_ID = 'lanes'

/** The record of the number of lanes, or null. */
export function lanesRow(storage: Pick<Storage, 'get'>): Promise<Row | null> {
  return storage.get(LANES.name, INSTALLATION.account, INSTALLATION.region, LANES_ID)
}

/** The rows of all heads; the index is the lane. Throws Forged, and Unavailable when one is missing. */
export async function headRows(storage: Pick<Storage, 'get' | 'between'>, keys: RootKeys): Promise<readonly Row[]> {
  const count = async () => {
    const row = await lanesRow(storage)
    return row ? fromRow<{ readonly count: number }>(row, keys).body.count : 1
  }
  const atLeast = await count()
  const { kind, account, region } = HEAD_PLACE
  const found = await storage.between({ kind, account, region }, '', '~', MOST_LANES)
  const rows = found.toSorted((a, b) => laneOfHead(a.id) - laneOfHead(b.id))
  for (let lane = 0; lane < Math.max(atLeast, rows.length); lane++) {
    const row = rows[lane]
    if (!row || laneOfHead(row.id) !== lane) throw missingHead(lane)
  }
  // Counts again: another server may have added a lane since the first count.
  if (rows.length > atLeast && rows.length > (await count()))
    throw new Unavailable(
      `the trail has ${rows.length} lanes, and the record that counts them is missing or older: restore a backup`,
    )
  return rows
}

/** The error for a lane whose head is missing from the database. */
export function missingHead(lane: number): Unavailable {
  const which = lane === 0 ? 'the head of the event chain' : `the head of lane ${lane} of the event chains`
  return new Unavailable(`${which} is missing from the database: restore a backup`)
}
