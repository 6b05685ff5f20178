// A walk along a lane of the stored trail.
import type { KeyObject } from 'node:crypto'
import { genesisOf, headIn } from '../../ledger/chain.ts'
import type { ChainedEvent, Head } from '../../storage/storage.ts'
import { type Checkpoint, headsOf, type StoredCheckpoint } from './checkpoint.ts'
import { checkpointsByPage } from './checkpoint-chain.ts'
import type { Range, Reads } from './range.ts'
import { ChainWalk, Checkpoints, type TrailFault } from './verify.ts'

/** What the walks along all lanes share. */
export interface Walking {
  readonly ledger: Reads
  readonly publicKey: KeyObject
  readonly witnesses: readonly Checkpoint[]
  readonly range: Range
  readonly rowsAtOnce: number
}

/** A walk along a stored lane. It reads events and checkpoints page by page, so that memory holds only a few of either. */
export class StoredWalk {
  readonly #walk: ChainWalk
  readonly #ledger: Reads
  readonly #publicKey: KeyObject
  readonly #rowsAtOnce: number
  readonly #lane: number
  readonly #checkpoints: AsyncGenerator<readonly StoredCheckpoint[], void, void>
  /** The lane's last event that the checkpoints read so far name. */
  #known = -1

  constructor({ ledger, publicKey, witnesses, range, rowsAtOnce }: Walking, lane: number) {
    const { start } = range.lanes[lane] ?? { start: genesisOf(lane) }
    this.#walk = new ChainWalk(start, new Checkpoints(witnesses, publicKey))
    this.#ledger = ledger
    this.#publicKey = publicKey
    this.#rowsAtOnce = rowsAtOnce
    this.#lane = lane
    this.#checkpoints = checkpointsByPage(ledger, range.after, range.before)
  }

  get head(): Head {
    return this.#walk.head
  }

  get events(): number {
    return this.#walk.events
  }

  get confirmed(): number {
    return this.#walk.confirmed
  }

  /** Walks up to a head, and compares the walk with that head. */
  async to(end: Head, progress: (seen: number) => void | Promise<void>): Promise<TrailFault | null> {
    for await (const rows of this.rowsTo(end)) {
      const fault = await this.take(rows)
      if (fault) return fault
      await progress(this.events)
    }
    return this.#walk.expect(end)
  }

  /**
   * The events after the walk's head up to `end`, or to the last stored event, page by page. The caller must pass each page to `take`
   * before it asks for the next.
   */
  async *rowsTo(end: Head): AsyncGenerator<readonly ChainedEvent[], void, void> {
    while (this.head.seq < end.seq) {
      const rows = await this.#ledger.events.after(this.head.seq, Math.min(this.#rowsAtOnce, end.seq - this.head.seq))
      if (rows.length === 0) return
      yield rows
    }
  }

  /** Takes the next events. Returns the first fault. */
  async take(rows: readonly ChainedEvent[]): Promise<TrailFault | null> {
    const last = rows.at(-1)?.seq ?? 0
    while (this.#known <= last) {
      const { value: page } = await this.#checkpoints.next()
      this.#known = page ? this.#headIn(page) : Number.POSITIVE_INFINITY
      const fault = page ? this.#walk.know(new Checkpoints(page, this.#publicKey)) : null
      if (fault) return fault
    }
    return this.#walk.take(rows)
  }

  /** Compares the walk with a known head. */
  expect(known: Head): TrailFault | null {
    return this.#walk.expect(known)
  }

  /** The fault of the checkpoints that the walk did not reach; null when there is none. */
  async unmet(): Promise<TrailFault | null> {
    for await (const page of this.#checkpoints) {
      // Of the checkpoints ahead of the walk, the last one covers the others.
      const left = page.filter((checkpoint, i) => this.#headIn([checkpoint]) <= this.head.seq || i === page.length - 1)
      const fault = this.#walk.know(new Checkpoints(left, this.#publicKey))
      if (fault) return fault
    }
    return this.#walk.unmet()
  }

  #headIn(page: readonly StoredCheckpoint[]): number {
    const last = page.at(-1)
    return last ? headIn(headsOf(last), this.#lane).seq : -1
  }
}
