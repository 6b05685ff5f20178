// A database as the storage port sees it: rows, tallies, nonces, events and their index, changed by transactions that can be undone from
// the last one backwards, as a crash before a sync does.
import { GrowingChain } from '../../src/storage/growing-chain.ts'
import { laneOf } from '../../src/storage/lane.ts'
import { changedKeys, movedCalls } from '../../src/storage/rows.ts'
import {
  type Basis,
  type ChainedEvent,
  type Chaining,
  type Changes,
  type Commit,
  type EventRow,
  type FormerRow,
  type IndexPart,
  type Outcome,
  type Place,
  placeKey,
  type Row,
  type RowChange,
  type RowKey,
  recordKey,
  Stale,
  UNLOGGED_KINDS,
} from '../../src/storage/storage.ts'

interface StoredPart {
  readonly part: IndexPart
  readonly terms: Uint8Array
  readonly postings: Uint8Array
}

/** What a row was, or that it was absent, since the change number became `from`. */
export interface Version {
  readonly row: Row | null
  readonly from: number
}

/** What others changed since the basis of a batch, and of each call, whether it read something of that. */
export interface Met {
  readonly moved: readonly boolean[]
  readonly changes: Changes
}

/** What changed a row, for those who watch. */
export type Watcher = (before: Row | null, after: Row | null) => void

/** How many changes the log keeps, unless a run has it keep fewer. */
const LOGGED = 10_000

const COMPARED = ['parent', 'createdAt', 'dueAt', 'revision', 'body'] as const

/** Whether the row, at the key of `before`, is the very row that a change was decided on. */
function isStill(row: Row | null, before: FormerRow): boolean {
  return row !== null && COMPARED.every((field) => row[field] === before[field])
}

export class Database {
  readonly rows: Map<string, Row>
  readonly tallies: Map<string, number>
  /** When each expires. */
  readonly nonces: Map<string, number>
  /** The change number. */
  number: number
  /** The keys of what changed, by the number that each change led to. */
  readonly log: Map<number, readonly string[]>
  logged = LOGGED
  /** What rows were that have changed since the beginning, the oldest first. */
  readonly versions = new Map<string, Version[]>()
  readonly events: Map<number, ChainedEvent>
  readonly parts: Map<number, StoredPart>
  /** The transaction that stored each event, by the event's id; 0 for those that were there at the beginning. */
  readonly eventIds: Map<string, number>
  /** The step at which a server last asked to commit each call that changes something, by the id of its event. */
  readonly askedAt = new Map<string, number>()
  /** Planted: one event in ten is not stored. */
  dropsEvents = false
  /** Planted: no event of a rotation of the root key is stored. */
  dropsRotations = false
  /** Planted: calls are stored although records that they had read have changed. */
  ignoresReads = false
  #added = 0
  /** How to undo each transaction since the beginning. */
  readonly #transactions: (readonly (() => void)[])[] = []
  #undo: (() => void)[] = []
  #watcher: Watcher = () => {}

  constructor(like?: Database) {
    this.rows = new Map(like?.rows)
    this.tallies = new Map(like?.tallies)
    this.nonces = new Map(like?.nonces)
    this.events = new Map(like?.events)
    this.parts = new Map(like?.parts)
    this.number = like?.number ?? 0
    this.log = new Map(like?.log)
    this.eventIds = new Map([...(like?.eventIds.keys() ?? [])].map((id) => [id, 0]))
  }

  /** Sets what hears of each row that a transaction changes. */
  watch(watcher: Watcher): void {
    this.#watcher = watcher
  }

  /** How many transactions were committed since the beginning. */
  get committed(): number {
    return this.#transactions.length
  }

  /** Whether the event is stored by one of the first `durable` transactions. */
  isDurable(eventId: string, durable: number): boolean {
    return (this.eventIds.get(eventId) ?? Number.POSITIVE_INFINITY) <= durable
  }

  /** Undoes all transactions after the first `kept`. */
  undoTo(kept: number): void {
    while (this.#transactions.length > kept) for (const undo of (this.#transactions.pop() ?? []).toReversed()) undo()
  }

  /** Runs the work as one transaction: when it throws, nothing of it is left. */
  transaction<T>(work: () => T): T {
    this.#undo = []
    try {
      const result = work()
      this.#transactions.push(this.#undo)
      return result
    } catch (error) {
      for (const undo of this.#undo.toReversed()) undo()
      throw error
    }
  }

  /**
   * Commits the calls in order but those that are `moved` by the basis, each all or nothing, and chains their events. Only inside of a
   * transaction.
   */
  commitAll(batch: readonly Commit[], chaining: Chaining, basis: Basis | null, moved: Met['moved']): Outcome[] {
    const chain = batch.some(({ event }, i) => event && !moved[i]) ? this.#chain(chaining, basis) : null
    const outcomes = batch.map((commit, i) => (moved[i] ? 'moved' : this.#commitOne(commit, chain)))
    this.#logChanges(changedKeys(batch.filter((_, i) => outcomes[i] === 'committed')))
    if (chain) this.#change({ change: 'update', row: chain.row(), before: chain.before })
    return outcomes
  }

  #chain(chaining: Chaining, basis: Basis | null): GrowingChain {
    return new GrowingChain(this.#row(chaining.place) ?? null, chaining, basis?.number ?? null)
  }

  /** What a batch meets that was decided on this basis. Throws Stale where others changed something, and the basis names no reads. */
  meets(basis: Basis | null): Met {
    if (!basis || basis.number === this.number) return { moved: [], changes: { number: this.number, keys: [] } }
    if (this.ignoresReads) return { moved: [], changes: this.changesSince(basis.number) }
    if (!basis.reads) throw new Stale()
    const changes = this.changesSince(basis.number)
    return { moved: movedCalls(basis.reads, changes), changes }
  }

  #logChanges(keys: readonly string[]): void {
    if (keys.length === 0) return
    const before = this.number
    this.number++
    this.#undo.push(() => {
      this.number = before
    })
    this.#put(this.log, this.number, keys)
    this.#put(this.log, this.number - this.logged, null)
  }

  /** What has changed since the change number was `number`. */
  changesSince(number: number): Changes {
    const keys: string[] = []
    for (let n = number + 1; n <= this.number; n++) {
      const logged = this.log.get(n)
      if (!logged) return { number: this.number, keys: null }
      keys.push(...logged)
    }
    return { number: this.number, keys }
  }

  #commitOne({ changes, nonce, event, further = [] }: Commit, chain: GrowingChain | null): Outcome {
    const digest = nonce && Buffer.from(nonce.digest).toString('hex')
    if (digest && this.nonces.has(digest)) return 'nonce-used'
    const savepoint = this.#undo.length
    for (const change of changes) {
      const outcome = this.#change(change)
      if (outcome === 'committed') continue
      for (const undo of this.#undo.splice(savepoint).toReversed()) undo()
      return outcome
    }
    if (nonce && digest) this.#put(this.nonces, digest, nonce.expiresAt)
    if (event && chain) for (const one of [event, ...further]) if (!this.#drops(one)) this.#add(chain.add(one))
    return 'committed'
  }

  #drops({ body }: EventRow): boolean {
    if (this.dropsRotations && body.startsWith('[2,"RotateRootKey"')) return true
    return this.dropsEvents && ++this.#added % 10 === 0
  }

  #add(event: ChainedEvent): void {
    this.#put(this.events, event.seq, event)
    this.#put(this.eventIds, event.eventId, this.committed + 1)
  }

  #change(change: RowChange): 'committed' | 'moved' | 'full' {
    const present = this.#row(change.row) ?? null
    switch (change.change) {
      case 'insert':
        if (present) return 'moved'
        if (change.counted && !this.#count(change.row, 1, change.counted.atMost)) return 'full'
        return this.#replace(present, change.row, change.row)
      case 'update':
        return isStill(present, change.before) ? this.#replace(present, change.row, change.row) : 'moved'
      case 'delete':
        if (!isStill(present, change.row)) return 'moved'
        if (change.counted) this.#count(change.row, -1, null)
        return this.#replace(present, null, change.row)
      case 'expect':
        return isStill(present, change.row) ? 'committed' : 'moved'
    }
  }

  #replace(before: Row | null, after: Row | null, { kind, account, region, id }: RowKey): 'committed' {
    const key = recordKey(kind, account, region, id)
    this.#put(this.rows, key, after)
    if (!UNLOGGED_KINDS.has(kind)) this.#addVersion(key, before, after)
    this.#watcher(before, after)
    return 'committed'
  }

  #addVersion(key: string, before: Row | null, after: Row | null): void {
    const versions = this.versions.get(key) ?? [{ row: before, from: 0 }]
    this.#put(this.versions, key, [...versions, { row: after, from: this.number + 1 }])
  }

  #count(place: Place, by: 1 | -1, atMost: number | null): boolean {
    const count = (this.tallies.get(placeKey(place)) ?? 0) + by
    if (atMost !== null && count > atMost) return false
    this.#put(this.tallies, placeKey(place), count)
    return true
  }

  #row({ kind, account, region, id }: RowKey): Row | undefined {
    return this.rows.get(recordKey(kind, account, region, id))
  }

  /** Puts a value, or removes the one that is there, so that it can be undone. */
  #put<K, V>(map: Map<K, V>, key: K, value: V | null): void {
    const before = map.get(key)
    if (value === null) map.delete(key)
    else map.set(key, value)
    this.#undo.push(() => (before === undefined ? map.delete(key) : map.set(key, before)))
  }

  putPart(stored: StoredPart): void {
    this.#put(this.parts, stored.part.firstSeq, stored)
  }

  dropNonces(now: number, limit: number): number {
    const expired = [...this.nonces].filter(([, expiresAt]) => expiresAt < now).slice(0, limit)
    for (const [digest] of expired) this.#put(this.nonces, digest, null)
    return expired.length
  }

  dropEvents(seq: number, limit: number): number {
    const old = [...this.events.keys()].filter((one) => one <= seq && laneOf(one) === laneOf(seq))
    const some = old.sort((one, other) => one - other).slice(0, limit)
    for (const one of some) this.#put(this.events, one, null)
    return some.length
  }

  dropParts(selects: (part: IndexPart) => boolean): void {
    for (const [first, { part }] of [...this.parts]) if (selects(part)) this.#put(this.parts, first, null)
  }
}
