// Keeps the records in memory exact. They reflect the database at change number `#number` or later. When a batch finds that another server
// has moved the number, this server reads the change log once and drops exactly the records that it lists.
import { type Basis, type Changes, Stale, type Storage, type Stored, Unavailable } from '../storage/storage.ts'
import type { Alarm } from './alarm.ts'
import type { KnownRecords } from './known-records.ts'
import { RecentChanges } from './recent-changes.ts'
import type { RootWatch } from './root-watch.ts'

interface Rooms {
  readonly storage: Pick<Storage, 'changesSince'>
  readonly known: KnownRecords
  readonly roots: RootWatch
  readonly alarm: Alarm
}

/** The keys that each call of a batch has read. */
type Reads = readonly (readonly string[])[]

/** Commits a batch by `commit`, on a basis with `reads`. Throws Stale. */
export type Store = (reads: () => Reads, commit: (basis: Basis) => Promise<Stored>) => Promise<Stored>

/** After a batch that met changes by others, this many batches expect more of them. */
const CONTENDED_BATCHES = 16

export class FollowedChanges {
  readonly #rooms: Rooms
  readonly #recent = new RecentChanges()
  /** Called with the keys that others changed (null for any), before the change number moves up. */
  readonly followers: ((keys: ReadonlySet<string> | null) => Promise<void> | void)[] = []
  #number = 0
  /** The change number up to which others' changes were dropped from memory. */
  #dropped = 0
  #turn: Promise<unknown> = Promise.resolve()
  #next: Promise<void> | null = null
  #wentBack = false
  /** The number of batches that still expect changes by others. */
  #contendedBatches = 0

  constructor(rooms: Rooms) {
    this.#rooms = rooms
  }

  /** The change number up to which all changes were followed. */
  get number(): number {
    return this.#number
  }

  /** The change number of the last followed change by others. */
  get ofOthers(): number {
    return this.#dropped
  }

  /** Whether one of these records or places has changed after `number`, as far as this server has followed. */
  since(number: number, keys: readonly string[]): boolean {
    return number < this.#number && this.#recent.since(number, keys)
  }

  /**
   * Begins at the present change number. Nothing is in memory yet that earlier changes could affect, except the root keys; so this looks at
   * them. Throws Unavailable.
   */
  async begin(): Promise<void> {
    const { number } = await this.#rooms.storage.changesSince(null)
    await this.#rooms.roots.look()
    this.#recent.noteAll(number)
    this.#number = number
  }

  /**
   * Takes over the changes that others committed before this call. One read of the log is in progress at a time; callers that arrive during
   * it share the next read. Throws Unavailable when the log can't be read, or new root keys can't be opened.
   */
  follow(): Promise<void> {
    this.#next ??= this.#turn.then(() => {
      this.#next = null
      return this.#follow()
    })
    const mine = this.#next
    this.#turn = mine.catch(() => {})
    return mine
  }

  async #follow(): Promise<void> {
    const before = this.#number
    const changes = await this.#rooms.storage.changesSince(before)
    if (changes.number < before) throw this.#backTo(changes.number)
    this.#wentBack = false
    await this.#takeOver(changes)
  }

  /** Takes over the changes since a followed number. Throws Unavailable when new root keys can't be opened. */
  async #takeOver({ number, keys }: Changes): Promise<void> {
    const { known, roots } = this.#rooms
    // A batch of this server may have moved the number further meanwhile.
    if (number <= this.#number) return
    this.#dropped = Math.max(this.#dropped, number)
    if (keys) known.drop(keys)
    else known.dropAll()
    const changed = keys && new Set(keys)
    // INVARIANT: no call is decided under this number and under root keys that are no longer in use, or on values derived from the former
    // ones.
    if (!changed || (roots.key !== null && changed.has(roots.key))) await roots.look()
    for (const follow of this.followers) await follow(changed)
    if (number <= this.#number) return
    if (keys) this.#recent.note(keys, number)
    else this.#recent.noteAll(number)
    this.#number = number
  }

  /** Somebody restored an older copy of the database while the server ran. */
  #backTo(number: number): Unavailable {
    this.#rooms.known.dropAll()
    this.#recent.noteAll(this.#number)
    const error = new Unavailable(
      `the change number of the database went back from ${this.#number} to ${number}: restart on the right copy`,
    )
    if (!this.#wentBack) this.#rooms.alarm('the database was restored from an older copy', error)
    this.#wentBack = true
    return error
  }

  /**
   * Notes what this server changed up to the change number `number`, when others changed nothing in between. Returns false when a later
   * change has been followed already: then these rows may be an older state, and nothing would drop them from memory again.
   */
  took(keys: Iterable<string>, number: number): boolean {
    if (number <= Math.max(this.#number, this.#dropped)) return false
    this.#recent.note(keys, number)
    this.#number = number
    return true
  }

  /**
   * Commits by `attempt`, which stores its batch by `store`. The first attempt demands that nothing at all has changed since this server
   * followed. After a change by others, the second attempt demands only that each call's reads, and the root keys, are unchanged. While
   * others keep changing records, the first attempt would only fail, so it is left out; but not in a turn, when nobody else changes
   * records.
   */
  async commit<T>(attempt: (store: Store) => Promise<T>, inTurn = false): Promise<T> {
    const isContended = this.#contendedBatches > 0 && !inTurn
    if (isContended) this.#contendedBatches--
    try {
      return await attempt(isContended ? this.#contendedStore : this.#firstStore)
    } catch (error) {
      if (!(error instanceof Stale)) throw error
    }
    this.#contendedBatches = CONTENDED_BATCHES
    await this.follow()
    return attempt(this.#laterStore)
  }

  readonly #firstStore: Store = (_, commit) => commit({ number: this.#number, reads: null })

  readonly #laterStore: Store = async (reads, commit) => {
    const { key } = this.#rooms.roots
    const own = key === null ? reads() : reads().map((some) => [key, ...some])
    return this.#takingOver(await commit({ number: this.#number, reads: own }))
  }

  /** As later attempts. When all calls are moved, the root keys may have changed: then this server must follow first. */
  readonly #contendedStore: Store = async (...batch) => {
    const stored = await this.#laterStore(...batch)
    if (stored.outcomes.every((outcome) => outcome === 'moved')) throw new Stale()
    return stored
  }

  /** Takes over the changes of others before a batch, if the database returned them with the batch. */
  async #takingOver(stored: Stored): Promise<Stored> {
    const { outcomes, others } = stored
    if (!others) return stored
    try {
      await this.#takeOver(others)
      this.#contendedBatches = CONTENDED_BATCHES
      return stored
    } catch {
      // The batch may be stored. The next batch meets the same error when it follows these changes.
      this.#contendedBatches = 0
      return { outcomes, number: null }
    }
  }
}
