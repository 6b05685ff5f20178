// The background work on the trail: extends its index, stores checkpoints, and drops events after the retention.
import { headIn } from '../../ledger/chain.ts'
import { floorsNow, raised } from '../../ledger/floor.ts'
import type { Ledger } from '../../ledger/ledger.ts'
import { type Change, INSTALLATION, remove } from '../../ledger/record.ts'
import { eventsUpTo } from '../../storage/lane.ts'
import type { Head, Heads } from '../../storage/storage.ts'
import type { EventIndex } from '../lookup/event-index.ts'
import { CHECKPOINT, type Checkpoint, checkpointId, headsOf, publicKeyOf, type TrailSigner } from './checkpoint.ts'
import { checkpointsBetween, storing } from './checkpoint-chain.ts'
import { ChainWalk, Checkpoints } from './verify.ts'

const DAY = 86_400_000
/** A checkpoint is due after this many events, or after CHECKPOINT_MS when there was an event. */
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
  /** The last checkpoint that this process knows to be stored, and when it learned of it. */
  #latest: { readonly seq: number; readonly at: number } = { seq: 0, at: 0 }
  #stored: number | undefined

  constructor(rooms: Rooms) {
    this.#rooms = rooms
  }

  /** The `seq` of the last checkpoint that this process stored. */
  get stored(): number | undefined {
    return this.#stored
  }

  /**
   * Extends the index up to the last events of this server's lane, and calls `giveWay` between the parts. `now`: milliseconds since 1970.
   */
  async extendIndex(now: number, giveWay: () => Promise<void>): Promise<void> {
    const { eventIndex, ledger } = this.#rooms
    while (await eventIndex.extend({ lane: ledger.lane.number, now })) await giveWay()
  }

  /** Signs the heads of all lanes. Stores the checkpoint when one is due, or `always`. */
  async checkpoint(now: number, always = false): Promise<Checkpoint> {
    const { ledger, trailSigner } = this.#rooms
    const checkpoint = trailSigner.checkpoint(await ledger.heads(), now)
    const { seq } = checkpoint
    const events = seq - this.#latest.seq
    // A clock that was set back makes no checkpoint late.
    const due = events >= CHECKPOINT_EVENTS || Math.abs(now - this.#latest.at) >= CHECKPOINT_MS
    if (events === 0 || !(due || always)) return checkpoint
    const changes = await storing(checkpoint, ledger)
    if (changes) {
      // Another server stores a checkpoint at the same moment; the next call goes on after that one.
      if ((await ledger.commit({ changes, nonce: null, event: null })) !== 'committed') return checkpoint
      this.#stored = seq
    }
    this.#latest = { seq, at: now }
    return checkpoint
  }

  /**
   * Drops the events of days before the retention, oldest first and in small batches. Returns how many. Keeps all events after the last
   * signed checkpoint that every lane's chain leads to: an altered event is never dropped unnoticed.
   */
  async prune(now: number, retentionDays: number, giveWay: () => Promise<void>): Promise<number> {
    const { ledger } = this.#rooms
    const cutoff = Math.floor((now - retentionDays * DAY) / DAY) * DAY
    const before = await floorsNow(ledger)
    const floors = await this.#verifiedUpTo(before, cutoff, giveWay)
    if (floors !== before && !(await this.#raiseFloors(floors, now))) return 0
    let dropped = 0
    for (const { seq } of floors) {
      for (let some = DROPPED_AT_ONCE; some === DROPPED_AT_ONCE; dropped += some) {
        some = await ledger.events.drop(seq, DROPPED_AT_ONCE)
        await giveWay()
      }
      await ledger.events.dropParts(seq)
    }
    return dropped
  }

  /**
   * The heads of the last checkpoint that every lane's chain leads to, and that comes before each lane's first event at or after the
   * cutoff. Returns `floors` where there is none. Throws when a chain is broken.
   */
  async #verifiedUpTo(floors: Heads, cutoff: number, giveWay: () => Promise<void>): Promise<Heads> {
    const { ledger, trailSigner } = this.#rooms
    const heads = await ledger.heads()
    const lanes = heads.map((_, lane) => headIn(floors, lane))
    const firsts = await Promise.all(lanes.map(async ({ seq }) => (await ledger.events.after(seq, 1))[0]))
    if (!firsts.some((first) => first && first.at < cutoff)) return floors
    const stored = await checkpointsBetween(ledger, eventsUpTo(floors), eventsUpTo(heads) + 1)
    const checkpoints = new Checkpoints(stored, publicKeyOf(trailSigner.publicKey))
    const reached: Head[] = []
    for (const start of lanes) reached.push(await this.#walked(new ChainWalk(start, checkpoints), cutoff, giveWay))
    const isReached = (checkpoint: Checkpoint) =>
      headsOf(checkpoint).every(({ seq }, lane) => seq <= headIn(reached, lane).seq)
    const last = stored.findLast(isReached)
    return last ? headsOf(last) : floors
  }

  /** The last event of a lane before its first event at or after the cutoff. Throws when the chain is broken before. */
  async #walked(walk: ChainWalk, cutoff: number, giveWay: () => Promise<void>): Promise<Head> {
    for (;;) {
      const rows = await this.#rooms.ledger.events.after(walk.head.seq, WALKED_AT_ONCE)
      const kept = rows.findIndex(({ at }) => at >= cutoff)
      const fault = walk.take(kept < 0 ? rows : rows.slice(0, kept))
      if (fault) throw new Error(`no events are dropped: ${fault.message}`)
      if (kept >= 0 || rows.length === 0) return walk.head
      await giveWay()
    }
  }

  /** Commits the new floors; events are dropped only after that. Returns false when another server raised the floors at the same moment. */
  async #raiseFloors(floors: Heads, now: number): Promise<boolean> {
    const { ledger } = this.#rooms
    const change = await raised(ledger, floors, now)
    const former = await ledger.between(CHECKPOINT, INSTALLATION, {
      after: '',
      before: checkpointId(eventsUpTo(floors)),
      limit: DROPPED_AT_ONCE,
    })
    const changes: Change[] = [change, ...former.map((checkpoint) => remove(CHECKPOINT, checkpoint))]
    return (await ledger.commit({ changes, nonce: null, event: null })) === 'committed'
  }
}
