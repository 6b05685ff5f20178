// Following the change number: what is known in memory is the state of the database at the number that was followed, or a later one.
// Whoever meets another number reads the log of changes once for all, and drops exactly what changed.
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

/** Of each call of a batch, what it has read. */
type Reads = readonly (readonly string[])[]

/** Commits a batch by `commit`, on a basis of `reads`. Throws Stale. */
export type Store = (reads: () => Reads, commit: (basis: Basis) => Promise<Stored>) => Promise<Stored>

/** After a batch that met changes of others, so many batches reckon with more of them. */
const RECKONING = 16

export class FollowedChanges {
  readonly #rooms: Rooms
  readonly #recent = new RecentChanges()
  /** Called with the keys of what others changed, null for anything, before the number moves up. */
  readonly followers: ((keys: ReadonlySet<string> | null) => Promise<void> | void)[] = []
  #number = 0
  /** The change number up to which others' changes were dropped from memory. */
  #dropped = 0
  #turn: Promise<unknown> = Promise.resolve()
  #next: Promise<void> | null = null
  #wentBack = false
  /** How many batches still reckon with changes of others. */
  #reckoning = 0

  constructor(rooms: Rooms) {
    this.#rooms = rooms
  }

  /** The change number up to which everything was followed. */
  get number(): number {
    return this.#number
  }

  /** The change number up to which something was changed by others, as far as was followed. */
  get ofOthers(): number {
    return this.#dropped
  }

  /** Whether one of these records, or places, changed after the number was `number`, as far as was followed. */
  since(number: number, keys: readonly string[]): boolean {
    return number < this.#number && this.#recent.since(number, keys)
  }

  /** Begins at the present number: nothing is in memory yet that an earlier change could touch, but the root keys, which are looked at. Throws Unavailable. */
  async begin(): Promise<void> {
    const { number } = await this.#rooms.storage.changesSince(null)
    await this.#rooms.roots.look()
    this.#recent.noteAll(number)
    this.#number = number
  }

  /**
   * Takes over the changes that others committed before the call. One read of the log is under way at a time, and who comes meanwhile
   * shares the next one. Throws Unavailable when the log can't be read, or root keys that came into use can't be opened.
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

  /** Takes over changes since a number that was followed. Throws Unavailable where root keys that came into use can't be opened. */
  async #takeOver({ number, keys }: Changes): Promise<void> {
    const { known, roots } = this.#rooms
    // A batch of this server may have brought its own changes meanwhile.
    if (number <= this.#number) return
    this.#dropped = Math.max(this.#dropped, number)
    if (keys) known.drop(keys)
    else known.dropAll()
    const changed = keys && new Set(keys)
    // INVARIANT: no call is decided under this number and under root keys that are not in use any more, or on what was made of others.
    if (!changed || (roots.key !== null && changed.has(roots.key))) await roots.look()
    for (const follow of this.followers) await follow(changed)
    if (number <= this.#number) return
    if (keys) this.#recent.note(keys, number)
    else this.#recent.noteAll(number)
    this.#number = number
  }

  /** The database was put back under the running server. */
  #backTo(number: number): Unavailable {
    this.#rooms.known.dropAll()
    this.#recent.noteAll(this.#number)
    const error = new Unavailable(
      `the change number of the database went back from ${this.#number} to ${number}: restart on the right copy`,
    )
    if (!this.#wentBack) this.#rooms.alarm('the database was put back to an older copy', error)
    this.#wentBack = true
    return error
  }

  /**
   * Notes what this server changed by the time of the number `number`, with no change of others in between. Returns whether it is news: what
   * comes while later changes are taken over may be an older state, and nothing would drop it any more.
   */
  took(keys: Iterable<string>, number: number): boolean {
    if (number <= Math.max(this.#number, this.#dropped)) return false
    this.#recent.note(keys, number)
    this.#number = number
    return true
  }

  /**
   * Commits by `attempt`, which stores its batch by `store`: at first on the basis that nothing at all has changed since it was followed, and
   * after a change by others that for each call its reads have not. With them go the root keys, under which everything is committed. Where
   * others keep changing records, the first of these would only fail, and is left out; not in a turn, in which nobody else changes any.
   */
  async commit<T>(attempt: (store: Store) => Promise<T>, inTurn = false): Promise<T> {
    const reckons = this.#reckoning > 0 && !inTurn
    if (reckons) this.#reckoning--
    try {
      return await attempt(reckons ? this.#reckoningStore : this.#firstStore)
    } catch (error) {
      if (!(error instanceof Stale)) throw error
    }
    this.#reckoning = RECKONING
    await this.follow()
    return attempt(this.#laterStore)
  }

  readonly #firstStore: Store = (_, commit) => commit({ number: this.#number, reads: null })

  readonly #laterStore: Store = async (reads, commit) => {
    const { key } = this.#rooms.roots
    const own = key === null ? reads() : reads().map((some) => [key, ...some])
    return this.#met(await commit({ number: this.#number, reads: own }))
  }

  /** As later attempts, but where none of the calls holds, the root keys have changed perhaps: then that is followed first. */
  readonly #reckoningStore: Store = async (...batch) => {
    const stored = await this.#laterStore(...batch)
    if (stored.outcomes.every((outcome) => outcome === 'moved')) throw new Stale()
    return stored
  }

  /** Takes over what others changed before a batch, as far as the database said so with the batch. */
  async #met(stored: Stored): Promise<Stored> {
    const { outcomes, others } = stored
    if (!others) return stored
    try {
      await this.#takeOver(others)
      this.#reckoning = RECKONING
      return stored
    } catch {
      // The batch may be stored. The next one meets the same error when it follows these changes.
      this.#reckoning = 0
      return { outcomes, number: null }
    }
  }
}
