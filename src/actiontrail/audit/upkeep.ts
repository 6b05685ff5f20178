// The background work of the trail: extending its index, storing checkpoints, and dropping events after the retention.
import { FLOOR, FLOOR_ID } from '../../ledger/chain.ts'
import { floorOf } from '../../ledger/floor.ts'
import type { Ledger } from '../../ledger/ledger.ts'
import { type Change, INSTALLATION, insert, remove, update } from '../../ledger/record.ts'
import type { Head } from '../../storage/storage.ts'
import type { EventIndex } from '../lookup/event-index.ts'
import { CHECKPOINT, type Checkpoint, checkpointId, publicKeyOf, type TrailSigner } from './checkpoint.ts'
import { checkpointsBetween, storing } from './checkpoint-chain.ts'
import { ChainWalk } from './verify.ts'

const DAY = 86_400_000
/** A checkpoint is due after this many events, or after this long when there was an event. */
const CHECKPOINT_EVENTS = 10_000
const CHECKPOINT_MS = 60_000
const DROPPED_AT_ONCE = 1000
const WALKED_AT_ONCE = 5000

interface Rooms {
  readonly ledger: Ledger
  readonly eventIndex: EventIndex
  readonly trailSigner: TrailSigner
}

export class TrailUpkeep {
  readonly #rooms: Rooms
  /** The event of the last checkpoint that is known to be stored, and when that was known. */
  #latest: { readonly seq: number; readonly at: number } = { seq: 0, at: 0 }
  #stored: number | undefined

  constructor(rooms: Rooms) {
    this.#rooms = rooms
  }

  /** The event of the checkpoint that this process stored last. */
  get stored(): number | undefined {
    return this.#stored
  }

  /** Extends the index to the last events, and calls `giveWay` between the parts. */
  async extendIndex(giveWay: () => Promise<void>): Promise<void> {
    while (await this.#rooms.eventIndex.extend()) await giveWay()
  }

  /** Signs the head of the chain, and stores the checkpoint when one is due, or `always`. */
  async checkpoint(now: number, always = false): Promise<Checkpoint> {
    const { ledger, trailSigner } = this.#rooms
    const head = await ledger.head()
    const checkpoint = trailSigner.checkpoint(head, now)
    const events = head.seq - this.#latest.seq
    const due = events >= CHECKPOINT_EVENTS || now - this.#latest.at >= CHECKPOINT_MS
    if (events === 0 || !(due || always)) return checkpoint
    const changes = await storing(checkpoint, ledger)
    if (changes) {
      // Another server stores one at this moment; the next call of this method follows it.
      if ((await ledger.commit({ changes, nonce: null, event: null })) !== 'committed') return checkpoint
      this.#stored = head.seq
    }
    this.#latest = { seq: head.seq, at: now }
    return checkpoint
  }

  /**
   * Drops the events of days before the retention, oldest first and in small batches. Returns how many.
   * Drops nothing after the last signed checkpoint that the chain leads to, so that an altered event is never dropped unnoticed.
   */
  async prune(now: number, retentionDays: number, giveWay: () => Promise<void>): Promise<number> {
    const { ledger } = this.#rooms
    const cutoff = Math.floor((now - retentionDays * DAY) / DAY) * DAY
    const before = await floorOf(ledger)
    const floor = await this.#verifiedUpTo(before, cutoff, giveWay)
    if (floor.seq > before.seq && !(await this.#raiseFloor(floor, now))) return 0
    let dropped = 0
    for (let some = DROPPED_AT_ONCE; some === DROPPED_AT_ONCE; dropped += some) {
      some = await ledger.events.drop(floor.seq, DROPPED_AT_ONCE)
      await giveWay()
    }
    await ledger.events.dropParts(floor.seq)
    return dropped
  }

  /** The last checkpoint that the chain leads to before the first event from the cutoff on. Throws when the chain is broken before. */
  async #verifiedUpTo(start: Head, cutoff: number, giveWay: () => Promise<void>): Promise<Head> {
    const { ledger, trailSigner } = this.#rooms
    const [first] = await ledger.events.after(start.seq, 1)
    if (!first || first.at >= cutoff) return start
    const checkpoints = await checkpointsBetween(ledger, start.seq, (await ledger.head()).seq + 1)
    const walk = new ChainWalk(start, checkpoints, publicKeyOf(trailSigner.publicKey))
    for (;;) {
      const rows = await ledger.events.after(walk.head.seq, WALKED_AT_ONCE)
      const kept = rows.findIndex(({ at }) => at >= cutoff)
      const fault = walk.take(kept < 0 ? rows : rows.slice(0, kept))
      if (fault) throw new Error(`no events are dropped: ${fault.message}`)
      if (kept >= 0 || rows.length === 0) return walk.trusted
      await giveWay()
    }
  }

  /** Commits the new floor before any event is dropped. Returns false when another server does so at this moment. */
  async #raiseFloor(body: Head, now: number): Promise<boolean> {
    const { ledger } = this.#rooms
    const record = await ledger.get(FLOOR, INSTALLATION, FLOOR_ID)
    const change = record
      ? update(record, { body })
      : insert(FLOOR, { ...INSTALLATION, id: FLOOR_ID, createdAt: now, body })
    const former = await ledger.between(CHECKPOINT, INSTALLATION, {
      after: '',
      before: checkpointId(body.seq),
      limit: DROPPED_AT_ONCE,
    })
    const changes: Change[] = [change, ...former.map((checkpoint) => remove(CHECKPOINT, checkpoint))]
    return (await ledger.commit({ changes, nonce: null, event: null })) === 'committed'
  }
}
