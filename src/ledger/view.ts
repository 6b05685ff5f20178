// The reads of one attempt of a call, from authentication on. A record, or its absence, stays as the attempt first read it: so an operation
// decides on the records that it was authorized on. The commit finds out whether any of them has changed.
import type { MaybePromise } from '../runtime/maybe-promise.ts'
import { type EventStorage, type Heads, placeKey, recordKey } from '../storage/storage.ts'
import type { Kind, Recorded, Scope } from './record.ts'
import type { FoundRecords, Sought } from './search.ts'

type Place = { readonly parent?: string; readonly offset: number; readonly limit: number }
type Steps<B> = AsyncGenerator<readonly Recorded<B>[], void, void>
type Span = { readonly after: string; readonly before: string; readonly limit: number }

/** The source of a view's first reads: see Reader. */
export interface Source {
  readonly events: EventStorage
  heads(): Promise<Heads>
  /** `key` is the record's key (recordKey), where it is known. */
  get<B>(kind: Kind<B>, scope: Scope, id: string, key?: string): MaybePromise<Recorded<B> | null>
  page<B>(kind: Kind<B>, scope: Scope, where: Place): Promise<{ records: readonly Recorded<B>[]; total: number }>
  between<B>(kind: Kind<B>, scope: Scope, where: Span): Promise<readonly Recorded<B>[]>
  byCreation<B>(kind: Kind<B>, scope: Scope): Steps<B>
  byId<B>(kind: Kind<B>, scope: Scope, after: string): Steps<B>
  search<B>(kind: Kind<B>, scope: Scope, sought: Sought<B>, where: Omit<Place, 'parent'>): Promise<FoundRecords<B>>
  searchById<B>(kind: Kind<B>, scope: Scope, sought: Sought<B>, after: string): Steps<B>
  count<B>(kind: Kind<B>, scope: Scope, parent?: string | null): Promise<number>
  turn(): Promise<void>
  /** Milliseconds of a monotonic clock. */
  monotonic(): number
}

/** The known changes: see FollowedChanges. */
interface Changes {
  readonly number: number
  since(number: number, keys: readonly string[]): boolean
}

/** A value derived from records, for use by many calls: the keys of the records, and a change number at which the value was current. */
export interface Derived {
  readonly keys: readonly string[]
  number: number
}

const NO_CHANGES: Changes = { number: 0, since: () => false }
/** Beyond this many reads, a map replaces the search through the list. */
const FEW = 16
/** How many milliseconds a call works in one go. */
const IN_ONE_GO = 2

type Found = MaybePromise<Recorded<unknown> | null>

/** A read: few are compared by their parts, so that a record that is read again needs no key. */
interface Read {
  readonly kind: string
  readonly account: string
  readonly region: string
  readonly id: string
  readonly key: string
  readonly found: Found
}

export class LedgerView implements Omit<Source, 'monotonic'> {
  readonly #source: Source
  readonly #changes: Changes
  /** The change number followed when the view was made. What the view reads is as it was at that number, or later. */
  readonly basis: number
  /** The epoch of the root keys when the view was made; the call seals under these keys. */
  readonly rootEpoch: number
  /** The number of the call's attempt; 1 for the first. */
  readonly attempt: number
  /** The view of the first attempt of its call, by which the attempts of a call know each other. */
  readonly first: LedgerView
  readonly #read: Read[] = []
  /** All that was read, by key, once it is not few. */
  #byKey: Map<string, Read> | null = null
  /** The keys behind what was derived from records. */
  #derived: (readonly string[])[] | null = null
  /** The places of the lists that were read. */
  #lists: string[] | null = null
  /** When the call first or last gave way, by the monotonic clock. */
  #gaveWayAt: number | null = null

  constructor(source: Source, changes: Changes = NO_CHANGES, rootEpoch = 0, former: LedgerView | null = null) {
    this.#source = source
    this.#changes = changes
    this.basis = changes.number
    this.rootEpoch = rootEpoch
    this.attempt = former ? former.attempt + 1 : 1
    this.first = former?.first ?? this
  }

  /** Whether something that the view read has changed since, as far as this server knows. `lists`: whether lists count. */
  moved(lists: boolean): boolean {
    return this.basis < this.#changes.number && this.#changes.since(this.basis, this.reads(lists))
  }

  /** The keys of all that it read, absent records included; with `lists`, the places of its lists too. */
  reads(lists: boolean): readonly string[] {
    const keys = this.#read.map(({ key }) => key)
    if (!this.#derived && !(lists && this.#lists)) return keys
    return [...keys, ...(this.#derived ?? []).flat(), ...((lists && this.#lists) || [])]
  }

  /** Whether a derived value is still current. If so, the records that it came from count as read. */
  relies(derived: Derived): boolean {
    const { number } = this.#changes
    if (derived.number < number) {
      if (this.#changes.since(derived.number, derived.keys)) return false
      derived.number = number
    }
    this.#derived ??= []
    if (this.#derived.at(-1) !== derived.keys) this.#derived.push(derived.keys)
    return true
  }

  /** The record, or null; the same one each time. Throws as the ledger does. */
  get<B>(kind: Kind<B>, scope: Scope, id: string): MaybePromise<Recorded<B> | null> {
    const { account, region } = scope
    const known = this.#find(kind.name, account, region, id)
    if (known) return known.found as MaybePromise<Recorded<B> | null>
    const key = recordKey(kind.name, account, region, id)
    const found = this.#source.get(kind, scope, id, key)
    const read = { kind: kind.name, account, region, id, key, found }
    this.#read.push(read)
    if (this.#read.length > FEW) {
      this.#byKey ??= new Map(this.#read.map((one) => [one.key, one]))
      this.#byKey.set(key, read)
    }
    return found
  }

  /** A page as it is now. Records that `get` has read before appear as they were then. */
  async page<B>(
    kind: Kind<B>,
    scope: Scope,
    where: Place,
  ): Promise<{ records: readonly Recorded<B>[]; total: number }> {
    this.#listed(kind, scope)
    const { records, total } = await this.#source.page(kind, scope, where)
    return { records: await this.#asRead(kind, records), total }
  }

  /** Records by id as they are now. Records that `get` has read before appear as they were then. */
  async between<B>(kind: Kind<B>, scope: Scope, where: Span): Promise<readonly Recorded<B>[]> {
    this.#listed(kind, scope)
    return this.#asRead(kind, await this.#source.between(kind, scope, where))
  }

  /** All records of a kind in a scope by creation time, step by step, as in `page`. */
  byCreation<B>(kind: Kind<B>, scope: Scope): Steps<B> {
    this.#listed(kind, scope)
    return this.#stepsAsRead(kind, this.#source.byCreation(kind, scope))
  }

  /** All records of a kind in a scope with ids after `after`, by id, step by step, as in `between`. */
  byId<B>(kind: Kind<B>, scope: Scope, after: string): Steps<B> {
    this.#listed(kind, scope)
    return this.#stepsAsRead(kind, this.#source.byId(kind, scope, after))
  }

  /** A page of a search's results, as in `page`. */
  async search<B>(
    kind: Kind<B>,
    scope: Scope,
    sought: Sought<B>,
    where: Omit<Place, 'parent'>,
  ): Promise<FoundRecords<B>> {
    this.#searched(kind, scope, sought)
    const { records, total } = await this.#source.search(kind, scope, sought, where)
    return { records: await this.#asRead(kind, records), total }
  }

  /** All results of a search with ids after `after`, by id, step by step, as in `between`. */
  searchById<B>(kind: Kind<B>, scope: Scope, sought: Sought<B>, after: string): Steps<B> {
    this.#searched(kind, scope, sought)
    return this.#stepsAsRead(kind, this.#source.searchById(kind, scope, sought, after))
  }

  async *#stepsAsRead<B>(kind: Kind<B>, steps: Steps<B>): Steps<B> {
    for await (const records of steps) yield this.#asRead(kind, records)
  }

  count<B>(kind: Kind<B>, scope: Scope, parent: string | null = null): Promise<number> {
    this.#listed(kind, scope)
    return this.#source.count(kind, scope, parent)
  }

  /** Lets other calls run between two steps of long work. */
  turn(): Promise<void> {
    return this.#source.turn()
  }

  /** Lets other calls run if this one has worked for long since it last did. A turn for each piece of short work would delay a call under load. */
  async giveWay(): Promise<void> {
    const now = this.#source.monotonic()
    this.#gaveWayAt ??= now
    if (now - this.#gaveWayAt < IN_ONE_GO) return
    await this.#source.turn()
    this.#gaveWayAt = this.#source.monotonic()
  }

  get events(): EventStorage {
    return this.#source.events
  }

  heads(): Promise<Heads> {
    return this.#source.heads()
  }

  async #asRead<B>(kind: Kind<B>, records: readonly Recorded<B>[]): Promise<readonly Recorded<B>[]> {
    if (this.#read.length === 0) return records
    const shown: Recorded<B>[] = []
    for (const record of records) {
      const read = this.#find(kind.name, record.account, record.region, record.id)
      const found = read ? await read.found : record
      if (found) shown.push(found as Recorded<B>)
    }
    return shown
  }

  #find(kind: string, account: string, region: string, id: string): Read | undefined {
    if (this.#byKey) return this.#byKey.get(recordKey(kind, account, region, id))
    for (const read of this.#read)
      if (read.kind === kind && read.id === id && read.account === account && read.region === region) return read
    return undefined
  }

  /** A search by text also depends on the records whose text counts for their parents. */
  #searched<B>(kind: Kind<B>, scope: Scope, { search, through }: Sought<B>): void {
    this.#listed(kind, scope)
    if (search.text !== '') this.#listed(through, scope)
  }

  #listed({ name: kind }: Kind<unknown>, { account, region }: Scope): void {
    this.#lists ??= []
    this.#lists.push(placeKey({ kind, account, region }))
  }
}
