// The chain of stored checkpoints. Each names the one before it, and a record names the last one, so that a deletion shows.

import { floorsNow } from '../../ledger/floor.ts'
import type { Ledger } from '../../ledger/ledger.ts'
import { type Change, INSTALLATION, insert, type Kind, update } from '../../ledger/record.ts'
import { eventsUpTo } from '../../storage/lane.ts'
import { CHECKPOINT, type Checkpoint, checkpointId, type StoredCheckpoint } from './checkpoint.ts'

/** The `seq` of the last stored checkpoint. Absent in databases of earlier releases. */
const LAST_CHECKPOINT: Kind<{ readonly seq: number }> = { name: 'trail-last-checkpoint', counted: false }
const LAST_ID = 'last'
/** How many times the checkpoints are read again while a server stores or drops checkpoints. */
const ROUNDS = 5
/** The most checkpoints in memory at a time. */
const PAGE = 1000

type Reads = Pick<Ledger, 'between'>

/** The checkpoints with `after` < `seq` < `before`, in ascending order, page by page. */
export async function* checkpointsByPage(
  ledger: Reads,
  after: number,
  before: number,
): AsyncGenerator<readonly StoredCheckpoint[], void, void> {
  for (let last = checkpointId(after); ; ) {
    const where = { after: last, before: checkpointId(before), limit: PAGE }
    const found = await ledger.between(CHECKPOINT, INSTALLATION, where)
    if (found.length > 0) yield found.map(({ body }) => body)
    if (found.length < PAGE) return
    last = found.at(-1)?.id ?? last
  }
}

/** All checkpoints with `after` < `seq` < `before`, in ascending order. */
export async function checkpointsBetween(
  ledger: Reads,
  after: number,
  before: number,
): Promise<readonly StoredCheckpoint[]> {
  const all: StoredCheckpoint[] = []
  for await (const page of checkpointsByPage(ledger, after, before)) all.push(...page)
  return all
}

/** The last stored checkpoint, read from the database; null where no record names it, as in databases of earlier releases. */
export async function lastCheckpoint(ledger: Reads): Promise<StoredCheckpoint | null> {
  const last = await lastStored(ledger)
  if (!last) return null
  const where = { after: checkpointId(last.seq - 1), before: checkpointId(last.seq + 1), limit: 1 }
  const [record] = await ledger.between(CHECKPOINT, INSTALLATION, where)
  return record?.body ?? null
}

/** The changes that store a checkpoint after the last one; null when this checkpoint or a later one is already stored. */
export async function storing(checkpoint: Checkpoint, ledger: Pick<Ledger, 'get'>): Promise<Change[] | null> {
  const { seq, at } = checkpoint
  const last = await ledger.get(LAST_CHECKPOINT, INSTALLATION, LAST_ID)
  if (last && last.body.seq >= seq) return null
  const previous = last?.body.seq ?? null
  return [
    insert(CHECKPOINT, { ...INSTALLATION, id: checkpointId(seq), createdAt: at, body: { ...checkpoint, previous } }),
    last
      ? update(last, { body: { seq } })
      : insert(LAST_CHECKPOINT, { ...INSTALLATION, id: LAST_ID, createdAt: at, body: { seq } }),
  ]
}

/**
 * Describes the first stored checkpoint that is missing; null when none is. A checkpoint that was dropped together with its events is not
 * missing. `known` is the `seq` of a checkpoint that was seen in the database, or 0. Waits for `giveWay` after each step.
 */
export async function missingCheckpoint(
  ledger: Reads,
  known: number,
  giveWay: () => Promise<void> = async () => {},
): Promise<string | null> {
  for (let round = 1; ; round++) {
    const before = await dropped(ledger)
    const missing = await firstMissing(ledger, known, giveWay)
    // Checkpoints that a server dropped during the reading are not missing.
    const moved = missing !== null && (await dropped(ledger)) !== before
    if (!moved || round === ROUNDS) return missing
  }
}

async function firstMissing(ledger: Reads, known: number, giveWay: () => Promise<void>): Promise<string | null> {
  const last = await lastStored(ledger)
  const named = [last?.seq ?? 0, known]
  const there = new Set<number>()
  const gaps: number[] = []
  let [before, isLinked] = [0, false]
  for await (const page of checkpointsByPage(ledger, 0, Number.MAX_SAFE_INTEGER)) {
    for (const { seq, previous } of page) {
      isLinked ||= previous !== undefined
      // A server of an earlier release stores checkpoints without `previous`; so the one before in order need not be the one named.
      if (previous && previous !== before && !(await isStored(previous, ledger))) gaps.push(previous)
      if (named.includes(seq)) there.add(seq)
      before = seq
    }
    await giveWay()
  }
  const floor = await dropped(ledger)
  const [missing] = [...gaps, ...named.filter((seq) => !there.has(seq))]
    .filter((seq) => seq > floor)
    .sort((a, b) => a - b)
  if (missing !== undefined) return `the signed checkpoint at event ${missing} is missing: it was deleted`
  // Without any record of the last checkpoint, linked checkpoints prove that an attacker deleted the record, to hide other deletions.
  return last || !isLinked ? null : 'the record of the last signed checkpoint is missing: it was deleted'
}

async function isStored(seq: number, ledger: Reads): Promise<boolean> {
  const where = { after: checkpointId(seq - 1), before: checkpointId(seq + 1), limit: 1 }
  return (await ledger.between(CHECKPOINT, INSTALLATION, where)).length > 0
}

/** The number of events dropped after their retention. */
async function dropped(ledger: Reads): Promise<number> {
  return eventsUpTo(await floorsNow(ledger))
}

/** The record of the last checkpoint, read from the database. */
async function lastStored(ledger: Reads): Promise<{ readonly seq: number } | null> {
  const where = { after: '', before: `${LAST_ID}~`, limit: 1 }
  const [record] = await ledger.between(LAST_CHECKPOINT, INSTALLATION, where)
  return record?.body ?? null
}
