// Where the lanes of the trail end, and the witness outside of the database that remembers it: together they tell that the database was
// put back to an older copy.
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

/** Keeps, outside of the database, how far the trail has come. */
export interface TrailWitness {
  /** On disk when it resolves. Rejects when that can't be. */
  saw(heads: Heads): Promise<void>
  /** Notes that the database went back behind these heads: its own heads no longer count. */
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
  readonly #storage: Storage
  readonly #keys: RootKeys
  readonly #chaining: WatchfulChaining
  readonly #roots: RootWatch
  readonly #changes: FollowedChanges
  readonly #alarm: Alarm
  #witness: TrailWitness | null = null
  #reporting: Promise<void> | null = null

  constructor({ storage, keys, chaining, roots, changes, alarm }: Rooms) {
    this.#storage = storage
    this.#keys = keys
    this.#chaining = chaining
    this.#roots = roots
    this.#changes = changes
    this.#alarm = alarm
  }

  /** Sets the witness that changes are reported to from now on. */
  witnessedBy(witness: TrailWitness): void {
    this.#witness = witness
  }

  /** Where each lane ends, on disk. Throws Forged or Unavailable. */
  async read(): Promise<Heads> {
    const heads = await this.#noting(() => withSecondLook(this.#roots, () => this.#read()))
    await this.#storage.synced()
    return heads
  }

  /** How many lanes there are. Throws Forged or Unavailable. */
  async lanes(): Promise<number> {
    return (await this.#noting(() => withSecondLook(this.#roots, () => this.#read()))).length
  }

  /**
   * Commits the record of a head, this server's where none is named, as every recorded call does, without an event. It takes a transaction
   * of its own, since the events of calls in the same one would move the head too. Throws Forged or Unavailable.
   */
  async move(place: RowKey = this.#chaining.place): Promise<void> {
    const attempt = () => this.#changes.commit((store) => this.#move(place, store))
    while (!(await this.#noting(() => withSecondLook(this.#roots, attempt))));
  }

  /** Returns whether it, or another process, has done it. */
  async #move({ kind, account, region, id }: RowKey, store: Store): Promise<boolean> {
    const seen = this.#chaining.seen()
    const row = await this.#storage.get(kind, account, region, id)
    if (!row) throw missingHead(laneOfHead(id))
    const head = this.#chaining.headAfter(row, headIn(seen, laneOfHead(id)))
    const change = { change: 'update', row: this.#chaining.moved(row, head), from: row.revision } as const
    const commit = { changes: [change], nonce: null, event: null, scrub: false }
    const { outcomes } = await store(
      () => [[]],
      (basis) => this.#storage.commit([commit], this.#chaining, basis),
    )
    if (outcomes[0] === 'committed') return true
    // Who moved it meanwhile may have begun under the former root keys.
    const now = await this.#storage.get(kind, account, region, id)
    return now !== null && isCurrent(now, this.#keys)
  }

  async #noting<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      await this.note(error)
      throw error
    }
  }

  /** Others may commit while this reads: what it finds is not older than what was seen before. */
  async #read(): Promise<Heads> {
    const seen = this.#chaining.seen()
    const rows = await headRows(this.#storage, this.#keys)
    return Array.from({ length: Math.max(seen.length, rows.length) }, (_, lane) => {
      const [row, before] = [rows[lane], headIn(seen, lane)]
      if (row) return this.#chaining.headAfter(row, before)
      throw new Rewound(`lane ${lane} of the trail is missing, and this server saw its event ${countIn(before.seq)}`)
    })
  }

  /** Begins to report to the witness how far the trail has come. */
  report(): void {
    if (!this.#witness) return
    const witness = this.#witness
    // A failure is reported and refuses nothing, since the call is done; the next upkeep of the trail tries again.
    const mine = this.read()
      .then((heads) => witness.saw(heads))
      .catch((error: unknown) => this.#alarm(NO_WITNESS, error))
      .then(() => {
        if (this.#reporting === mine) this.#reporting = null
      })
    this.#reporting = mine
  }

  /** The report to the witness that is under way, which replies wait for; null for none. */
  get reporting(): Promise<void> | null {
    return this.#reporting
  }

  /** Has the witness remember that the database went back, if that is the error: nothing else tells a restarted server. */
  async note(error: unknown): Promise<void> {
    if (!(error instanceof Rewound)) return
    await this.#witness?.rewound(this.#chaining.seen()).catch((trouble: unknown) => this.#alarm(NO_WITNESS, trouble))
  }
}
