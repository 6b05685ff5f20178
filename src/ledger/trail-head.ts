// The heads of the trail's lanes, and the witness outside of the database that remembers them. Together they reveal that somebody restored
// an older copy of the database.
import type { RootKeys } from '../keystore/root-keys.ts'
import { countIn } from '../storage/lane.ts'
import type { Heads, RowKey, Storage } from '../storage/storage.ts'
import type { Alarm } from './alarm.ts'
import { headIn, laneOfHead, Rewound, type WatchfulChaining } from './chain.ts'
import type { FollowedChanges, Store } from './followed-changes.ts'
import { headRows, missingHead } from './head-rows.ts'
import { isCurrent } from './record.ts'
import type { RootWatch } from './root-watch.ts'
import { withSecondLook } from './second-look.ts'

/** Remembers, outside of the database, how far the trail has come. */
export interface TrailWitness {
  /** Remembers these heads; on disk when it resolves. Rejects when that fails. */
  saw(heads: Heads): Promise<void>
  /** Remembers that the database went back behind these heads, which its own heads no longer show. */
  rewound(heads: Heads): Promise<void>
}

const NO_WITNESS = 'the witness of the trail could not be written'

interface Rooms {
  readonly storage: Storage
  readonly keys: RootKeys
  readonly chaining: WatchfulChaining
  readonly roots: RootWatch
  readonly changes: FollowedChanges
  readonly alarm: Alarm
}

export class TrailHead {
  readonly #rooms: Rooms
  #witness: TrailWitness | null = null
  #reporting: Promise<void> | null = null

  constructor(rooms: Rooms) {
    this.#rooms = rooms
  }

  /** Sets the witness for all reports from now on. */
  witnessedBy(witness: TrailWitness): void {
    this.#witness = witness
  }

  /** The head of each lane, on disk. Throws Forged or Unavailable. */
  async read(): Promise<Heads> {
    const heads = await this.#noting(() => this.#read())
    await this.#rooms.storage.synced()
    return heads
  }

  /** The number of lanes. Throws Forged or Unavailable. */
  async lanes(): Promise<number> {
    return (await this.#noting(() => this.#read())).length
  }

  /**
   * Commits the record of a head (by default of this server's lane), as a recorded call does, without an event. It uses its own
   * transaction, because the events of other calls would move the same head. Throws Forged or Unavailable.
   */
  async move(place: RowKey = this.#rooms.chaining.place): Promise<void> {
    const attempt = () => this.#rooms.changes.commit((store) => this.#move(place, store))
    while (!(await this.#noting(attempt)));
  }

  /** Returns whether this call, or another process, has done it. */
  async #move({ kind, account, region, id }: RowKey, store: Store): Promise<boolean> {
    const { storage, keys, chaining } = this.#rooms
    const seen = chaining.seen()
    const row = await storage.get(kind, account, region, id)
    if (!row) throw missingHead(laneOfHead(id))
    const head = chaining.headAfter(row, headIn(seen, laneOfHead(id)))
    const change = { change: 'update', row: chaining.moved(row, head), before: row } as const
    const commit = { changes: [change], nonce: null, event: null, scrub: false }
    const { outcomes } = await store(
      () => [[]],
      (basis) => storage.commit([commit], chaining, basis),
    )
    if (outcomes[0] === 'committed') return true
    // Another process may have moved the head under the former root keys: then the row must be moved again.
    const now = await storage.get(kind, account, region, id)
    return now !== null && isCurrent(now, keys)
  }

  /** Does the work as withSecondLook does, and notes an error. */
  async #noting<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await withSecondLook(this.#rooms.roots, work)
    } catch (error) {
      await this.note(error)
      throw error
    }
  }

  /** Others may commit during this read; so the result must not be older than what this server saw before the read. */
  async #read(): Promise<Heads> {
    const { storage, keys, chaining } = this.#rooms
    const seen = chaining.seen()
    const rows = await headRows(storage, keys)
    return Array.from({ length: Math.max(seen.length, rows.length) }, (_, lane) => {
      const [row, before] = [rows[lane], headIn(seen, lane)]
      if (row) return chaining.headAfter(row, before)
      throw new Rewound(`lane ${lane} of the trail is missing, and this server saw its event ${countIn(before.seq)}`)
    })
  }

  /** Begins to report the heads to the witness. */
  report(): void {
    if (!this.#witness) return
    const witness = this.#witness
    // A failure only raises an alarm: the call is already committed. The next upkeep of the trail reports again.
    const mine = this.read()
      .then((heads) => witness.saw(heads))
      .catch((error: unknown) => this.#rooms.alarm(NO_WITNESS, error))
      .then(() => {
        if (this.#reporting === mine) this.#reporting = null
      })
    this.#reporting = mine
  }

  /** The report in progress, which replies wait for; null without one. */
  get reporting(): Promise<void> | null {
    return this.#reporting
  }

  /** Reports to the witness that the database went back, if that is the error. Otherwise a restarted server would not know it. */
  async note(error: unknown): Promise<void> {
    if (!(error instanceof Rewound)) return
    await this.#witness
      ?.rewound(this.#rooms.chaining.seen())
      .catch((trouble: unknown) => this.#rooms.alarm(NO_WITNESS, trouble))
  }
}
