// The end of a restore or a migration: verifies every record and the whole trail with the root keys.
import { verifyTrail } from '../actiontrail/audit/audit.ts'
import { type Checkpoint, headsOf, publicKeyOf } from '../actiontrail/audit/checkpoint.ts'
import type { OpenHouse } from '../house/open.ts'
import { contradiction } from '../house/witness.ts'
import { headIn } from '../ledger/chain.ts'
import { authentic } from '../ledger/record.ts'
import { laneOf } from '../storage/lane.ts'
import type { Heads, Row, RowKey } from '../storage/storage.ts'
import type { Progress } from './copy.ts'

const ROWS_AT_ONCE = 1000

export interface Verdict {
  readonly records: number
  readonly events: number
  /** Records that are authentic under none of the root keys; at most MOST_NAMED of them. */
  readonly forged: readonly RowKey[]
  /** The first fault of the trail, or null. */
  readonly fault: string | null
}

const MOST_NAMED = 20

/** Verifies every record and the whole trail with the root keys. */
export async function verifyAll(house: OpenHouse, progress: { records: Progress; events: Progress }): Promise<Verdict> {
  const { storage, ring, trailSigner } = house
  const total = await storage.size()
  const forged: RowKey[] = []
  let records = 0
  for (let after: Row | null = null; ; ) {
    const rows: readonly Row[] = await storage.scan(after, ROWS_AT_ONCE)
    for (const row of rows) if (forged.length < MOST_NAMED && !authentic(row, ring.keys)) forged.push(row)
    records += rows.length
    progress.records(records, total)
    after = rows.at(-1) ?? null
    if (rows.length < ROWS_AT_ONCE) break
  }
  const always = { from: null, to: null }
  const { events, fault } = await verifyTrail(house, always, publicKeyOf(trailSigner.publicKey), [], progress.events)
  return { records, events, forged, fault: fault?.message ?? null }
}

/** What a trail with the heads `end` lacks of a witness; null where it lacks nothing. `events` counts the missing events. */
export async function lacking(
  witness: Checkpoint,
  end: Heads,
  { ledger }: Pick<OpenHouse, 'ledger'>,
): Promise<{ readonly events: number; readonly why: string } | null> {
  const why = await contradiction(witness, ledger, end)
  if (!why) return null
  const events = headsOf(witness).reduce((sum, { seq }) => sum + Math.max(0, seq - headIn(end, laneOf(seq)).seq), 0)
  return { events, why }
}
