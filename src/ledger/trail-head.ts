// Where the trail ends, and the witness outside of the database that remembers it: together they tell that the database was put back
// to an older copy.
import { type Basis, HEAD_PLACE, type Head, type Row, type Storage, Unavailable } from '../storage/storage.ts'
import type { Alarm } from './alarm.ts'
import { Rewound, type WatchfulChaining } from './chain.ts'
import type { FollowedChanges } from './followed-changes.ts'
import type { RootWatch } from './root-watch.ts'
import { withSecondLook } from './second-look.ts'

/** Keeps, outside of the database, how far the trail has come. */
export interface TrailWitness {
  /** On disk when it resolves. Rejects when that can't be. */
  saw(head: Head): Promise<void>
  /** Notes that the database went back behind this head: its own head no longer counts. */
  rewound(head: Head): Promise<void>
}

const NO_WITNESS = 'the witness of the trail could not be written'

interface Rooms {
  readonly storage: Storage
  readonly chaining: WatchfulChaining
  readonly roots: RootWatch
  readonly changes: FollowedChanges
  readonly alarm: Alarm
}

export class TrailHead {
  readonly #storage: Storage
  readonly #chaining: WatchfulChaining
  readonly #roots: RootWatch
  readonly #changes: FollowedChanges
  readonly #alarm: Alarm
  #witness: TrailWitness | null = null
  #reporting: Promise<void> | null = null

  constructor({ storage, chaining, roots, changes, alarm }: Rooms) {
    this.#storage = storage
    this.#chaining = chaining
    this.#roots = roots
    this.#changes = changes
    this.#alarm = alarm
  }

  /** Sets the witness that changes are reported to from now on. */
  witnessedBy(witness: TrailWitness): void {
    this.#witness = witness
  }

  /** The number and hash of the last event, on disk. Throws Forged or Unavailable. */
  async read(): Promise<Head> {
    try {
      const { head } = await withSecondLook(this.#roots, () => this.#read())
      await this.#storage.synced()
      return head
    } catch (error) {
      await this.note(error)
      throw error
    }
  }

  /**
   * Commits the record of the head as every recorded call does, without an event. It takes a transaction of its own, since the events
   * of calls in the same one would move the head too. Throws Forged or Unavailable.
   */
  async move(): Promise<void> {
    try {
      await withSecondLook(this.#roots, () => this.#changes.commit((basis) => this.#move(basis(() => []))))
    } catch (error) {
      await this.note(error)
      throw error
    }
  }

  async #move(basis: Basis): Promise<void> {
    const { row, head } = await this.#read()
    const moved = { change: 'update', row: this.#chaining.moved(row, head), from: row.revision } as const
    // Outcome `moved`: another commit has just done the same.
    await this.#storage.commit([{ changes: [moved], nonce: null, event: null, scrub: false }], this.#chaining, basis)
  }

  async #read(): Promise<{ readonly row: Row; readonly head: Head }> {
    const { kind, account, region, id } = HEAD_PLACE
    // Others may commit while this reads: what it finds is not older than what was seen before.
    const seen = this.#chaining.seen()
    const row = await this.#storage.get(kind, account, region, id)
    if (!row) throw new Unavailable('the head of the event chain is missing from the database: restore a backup')
    return { row, head: this.#chaining.headAfter(row, seen) }
  }

  /** Begins to report to the witness how far the trail has come. */
  report(): void {
    if (!this.#witness) return
    const witness = this.#witness
    // A failure is reported and refuses nothing, since the call is done; the next upkeep of the trail tries again.
    const mine = this.read()
      .then((head) => witness.saw(head))
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
