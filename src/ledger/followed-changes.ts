// Following the change number: what is known in memory is the state of the database at the number that was followed, or a later one.
// Whoever meets another number reads the log of changes once for all, and drops exactly what changed.
import { type Basis, Stale, type Storage, Unavailable } from '../storage/storage.ts'
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
    const { storage, known, roots } = this.#rooms
    const before = this.#number
    const { number, keys } = await storage.changesSince(before)
    if (number < before) throw this.#backTo(number)
    this.#wentBack = false
    // A batch of this server may have brought its own changes meanwhile.
    if (number <= this.#number) return
    this.#dropped = number
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
   * Commits by `attempt`, which asks for the basis: at first that nothing at all has changed since it was followed, and after a change by
   * others that for each call its reads have not. With them go the root keys, under which everything is committed.
   */
  async commit<T>(attempt: (basis: (reads: () => Reads) => Basis) => Promise<T>): Promise<T> {
    const { key } = this.#rooms.roots
    try {
      return await attempt(() => ({ number: this.#number, reads: null }))
    } catch (error) {
      if (!(error instanceof Stale)) throw error
    }
    await this.follow()
    return attempt((reads) => ({
      number: this.#number,
      reads: key === null ? reads() : reads().map((some) => [key, ...some]),
    }))
  }
}
