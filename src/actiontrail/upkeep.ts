// The trail's own work behind the calls: its index, its checkpoints, and dropping what has been kept long enough.

import { FLOOR, FLOOR_ID, GENESIS } from '../ledger/chain.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { type Change, INSTALLATION, insert, remove, update } from '../ledger/record.ts'
import type { ChainedEvent, Head } from '../storage/storage.ts'
import { CHECKPOINT, type Checkpoint, checkpointId, type TrailSigner } from './checkpoint.ts'
import type { EventIndex } from './event-index.ts'

const DAY = 86_400_000
/** A checkpoint comes after so many events, or after so much time in which there was any. */
const CHECKPOINT_EVENTS = 10_000
const CHECKPOINT_MS = 60_000
const DROPPED_AT_ONCE = 1000

interface Rooms {
  readonly ledger: Ledger
  readonly eventIndex: EventIndex
  readonly trailSigner: TrailSigner
}

/** The last event that is not in the chain any more. */
export async function floorOf(ledger: Pick<Ledger, 'get'>): Promise<Head> {
  return (await ledger.get(FLOOR, INSTALLATION, FLOOR_ID))?.body ?? GENESIS
}

/** The checkpoints between two events, both excluded, ascending. */
export async function checkpointsBetween(
  ledger: Pick<Ledger, 'between'>,
  after: number,
  before: number,
): Promise<readonly Checkpoint[]> {
  const limit = 1000
  const all: Checkpoint[] = []
  for (let last = checkpointId(after); ; ) {
    const found = await ledger.between(CHECKPOINT, INSTALLATION, { after: last, before: checkpointId(before), limit })
    all.push(...found.map(({ body }) => body))
    if (found.length < limit) return all
    last = found.at(-1)?.id ?? last
  }
}

export class TrailUpkeep {
  readonly #rooms: Rooms
  #stored: { readonly seq: number; readonly at: number } = { seq: 0, at: 0 }

  constructor(rooms: Rooms) {
    this.#rooms = rooms
  }

  /** Brings the index up to the last events; gives way between the parts. */
  async extendIndex(giveWay: () => Promise<void>): Promise<void> {
    while (await this.#rooms.eventIndex.extend()) await giveWay()
  }

  /** Signs the head of the chain; stores the checkpoint when one is due, or `always`. */
  async checkpoint(now: number, always = false): Promise<Checkpoint> {
    const { ledger, trailSigner } = this.#rooms
    const head = await ledger.head()
    const checkpoint = trailSigner.checkpoint(head, now)
    const events = head.seq - this.#stored.seq
    const due = events >= CHECKPOINT_EVENTS || now - this.#stored.at >= CHECKPOINT_MS
    if (events === 0 || !(due || always)) return checkpoint
    const change = insert(CHECKPOINT, { ...INSTALLATION, id: checkpointId(head.seq), createdAt: now, body: checkpoint })
    // Where another server stored one for the same event, it says the same.
    await ledger.commit({ changes: [change], nonce: null, event: null })
    this.#stored = { seq: head.seq, at: now }
    return checkpoint
  }

  /** Drops events of days that are kept no longer, the oldest first, a few at a time. Answers how many. */
  async prune(now: number, retentionDays: number, giveWay: () => Promise<void>): Promise<number> {
    const cutoff = Math.floor((now - retentionDays * DAY) / DAY) * DAY
    let dropped = 0
    for (;;) {
      const rows = await this.#rooms.ledger.events.after(0, DROPPED_AT_ONCE)
      const kept = rows.findIndex(({ at }) => at >= cutoff)
      const last = rows[(kept < 0 ? rows.length : kept) - 1]
      if (!last || !(await this.#raiseFloor(last, now))) return dropped
      dropped += await this.#rooms.ledger.events.drop(last.seq, DROPPED_AT_ONCE)
      await this.#rooms.ledger.events.dropParts(last.seq)
      await giveWay()
    }
  }

  /** Says where the chain begins before anything of it is dropped. false: another server is at it, or the database is busy. */
  async #raiseFloor(last: ChainedEvent, now: number): Promise<boolean> {
    const { ledger } = this.#rooms
    const record = await ledger.get(FLOOR, INSTALLATION, FLOOR_ID)
    if (last.seq <= (record?.body.seq ?? 0)) return true
    const body = { seq: last.seq, hash: last.hash }
    const change = record
      ? update(record, { body })
      : insert(FLOOR, { ...INSTALLATION, id: FLOOR_ID, createdAt: now, body })
    const former = await ledger.between(CHECKPOINT, INSTALLATION, {
      after: '',
      before: checkpointId(last.seq),
      limit: DROPPED_AT_ONCE,
    })
    const changes: Change[] = [change, ...former.map((checkpoint) => remove(CHECKPOINT, checkpoint))]
    return (await ledger.commit({ changes, nonce: null, event: null })) === 'committed'
  }
}
