// The storage port on a simulated database. What travels in between, and what is lost there, is the line's business.
import { laneEnd, laneOf } from '../../src/storage/lane.ts'
import { changedKeys } from '../../src/storage/rows.ts'
import { type Indexing, NO_INDEXING } from '../../src/storage/search.ts'
import {
  type Basis,
  type ChainedEvent,
  type Chaining,
  type Changes,
  type Commit,
  ENOUGH,
  type EventStorage,
  type Found,
  type FoundRows,
  type IndexPart,
  type Outcome,
  type Place,
  placeKey,
  type Range,
  type Row,
  type RowKey,
  recordKey,
  type Search,
  Stale,
  type Storage,
  type Stored,
  Unavailable,
} from '../../src/storage/storage.ts'
import type { Database, Met } from './database.ts'

/** Between a server and the database. */
export interface Line {
  /**
   * Has the work done at the database, and `before` some time earlier in the same transaction; where that throws, the work is not done.
   * Rejects with Unavailable when request or reply is lost: then it may have been done. While `waits` says so, it waits for another
   * transaction.
   */
  ask<T>(what: string, work: () => T, before?: () => void, waits?: () => boolean): Promise<T>
  /** Resolves when the transactions committed so far are durable. Rejects with Unavailable. */
  sync(): Promise<void>
  /** Why nothing can be committed until a restart, or null. */
  readonly failure: Unavailable | null
  /** Whether one transaction holds all calls of a batch or none, and calls of a batch that can't be stored are tried one by one. */
  readonly isShared: boolean
  /** What a server sees of the changes of others. */
  seen(changes: Changes): Changes
  /** The turns of servers to change rows; null where one process owns the database. */
  readonly turns: Turns | null
  /** Which step of the run this is. */
  step(): number
}

/** Of the present turn; any object tells one from others. */
export interface Turns {
  /** Whether nobody has the turn but, where it is one, `mine`. */
  isFree(mine: object | null): boolean
  begin(mine: object): void
  /** Ends the turn where it is this one. */
  end(mine: object): void
}

export class SimulatedStorage implements Storage {
  readonly enough = ENOUGH
  readonly risks: readonly string[] = []
  readonly events: EventStorage
  readonly #database: Database
  readonly #line: Line
  readonly #indexing: Indexing
  /** The turn that the next transaction is committed in. */
  #turn: object | null = null

  constructor(database: Database, line: Line, indexing = NO_INDEXING) {
    this.#database = database
    this.#line = line
    this.#indexing = indexing
    this.events = new SimulatedEvents(database, line)
  }

  get failure(): Unavailable | null {
    return this.#line.failure
  }

  get(kind: string, account: string, region: string, id: string): Promise<Row | null> {
    return this.#line.ask(`get ${kind}`, () => this.#database.rows.get(recordKey(kind, account, region, id)) ?? null)
  }

  page(range: Range, offset: number, limit: number): Promise<readonly Row[]> {
    return this.#rows(`page ${range.kind}`, (row) => isIn(row, range), byCreation, { offset, limit })
  }

  pageAfter(place: Place, after: Pick<Row, 'createdAt' | 'id'> | null, limit: number): Promise<readonly Row[]> {
    const isAfter = (row: Row) => after === null || byCreation(row, after) > 0
    const selects = (row: Row) => isIn(row, { ...place, parent: null }) && isAfter(row)
    return this.#rows(`page ${place.kind}`, selects, byCreation, { limit })
  }

  between(place: Place, after: string, before: string, limit: number): Promise<readonly Row[]> {
    const selects = (row: Row) => isIn(row, { ...place, parent: null }) && row.id > after && row.id < before
    return this.#rows(`between ${place.kind}`, selects, (one, other) => compare(one.id, other.id), { limit })
  }

  search(search: Search, offset: number, limit: number): Promise<Found> {
    return this.#line.ask(`search ${search.kind}`, () => {
      const found = this.#found(search).sort(byCreation)
      return { ...this.#withOwned(found.slice(offset, offset + limit), search), total: found.length }
    })
  }

  searchById(search: Search, after: string, limit: number): Promise<FoundRows> {
    return this.#line.ask(`search ${search.kind}`, () => {
      const found = this.#found(search)
        .filter(({ id }) => id > after)
        .sort((one, other) => compare(one.id, other.id))
      return this.#withOwned(found.slice(0, limit), search)
    })
  }

  #withOwned(rows: readonly Row[], { account, region, through, text }: Search): FoundRows {
    const owners = new Set(text === '' ? [] : rows.map(({ id }) => id))
    const isOwned = (row: Row) =>
      row.parent !== null && owners.has(row.parent) && isIn(row, { kind: through, account, region, parent: row.parent })
    return { rows, owned: [...this.#database.rows.values()].filter(isOwned) }
  }

  /** The index, made of the records as they are. */
  #found(search: Search): Row[] {
    const { now, unwanted, labels, text } = search
    const of = (kind: string) =>
      [...this.#database.rows.values()].filter((row) => isIn(row, { ...search, kind, parent: null }))
    const named = of(search.through).filter((row) => this.#indexing.of(row).text.includes(text))
    const parents = new Set(named.map(({ parent }) => parent))
    return of(search.kind).filter((row) => {
      const entry = this.#indexing.of(row)
      const facets = entry.turns && entry.turns.at <= now ? entry.turns.facets : entry.facets
      if ((entry.goneAt !== null && entry.goneAt <= now) || (facets & unwanted) !== 0) return false
      if (!labels.every((label) => entry.labels.includes(label))) return false
      return entry.text.includes(text) || parents.has(row.id)
    })
  }

  count({ kind, account, region, parent }: Range): Promise<number> {
    return this.#line.ask(`count ${kind}`, () => {
      if (parent === null) return this.#database.tallies.get(placeKey({ kind, account, region })) ?? 0
      return [...this.#database.rows.values()].filter((row) => isIn(row, { kind, account, region, parent })).length
    })
  }

  async due(kind: string, now: number, limit: number): Promise<readonly Row[]> {
    const selects = (row: Row) => row.kind === kind && row.dueAt !== null && row.dueAt <= now
    const rows = await this.#rows(`due ${kind}`, selects, (a, b) => (a.dueAt ?? 0) - (b.dueAt ?? 0), { limit })
    if (rows.length > 0) await this.#line.sync()
    return rows
  }

  scan(after: RowKey | null, limit: number): Promise<readonly Row[]> {
    return this.#rows('scan', (row) => after === null || byKey(row, after) > 0, byKey, { limit })
  }

  #rows(
    what: string,
    selects: (row: Row) => boolean,
    order: (one: Row, other: Row) => number,
    { offset = 0, limit }: { readonly offset?: number; readonly limit: number },
  ): Promise<readonly Row[]> {
    return this.#line.ask(what, () =>
      [...this.#database.rows.values()]
        .filter(selects)
        .sort(order)
        .slice(offset, offset + limit),
    )
  }

  size(): Promise<number> {
    return this.#line.ask('size', () => this.#database.rows.size)
  }

  async commit(batch: readonly Commit[], chaining: Chaining, basis: Basis | null): Promise<Stored> {
    if (this.failure) throw this.failure
    for (const { changes, event } of batch)
      if (event && changes.length > 0) this.#database.askedAt.set(event.eventId, this.#line.step())
    const stored = await (this.#line.isShared
      ? this.#commitTogether(batch, chaining, basis)
      : this.#transaction(batch, chaining, basis))
    await this.#line.sync()
    return stored
  }

  /** As PostgreSQL does: what can't be committed as a whole is tried call by call. */
  async #commitTogether(batch: readonly Commit[], chaining: Chaining, basis: Basis | null): Promise<Stored> {
    const together = await this.#whole(batch, chaining, basis)
    if (typeof together !== 'string') return together
    if (batch.length === 1) return { outcomes: [together], number: basis && !basis.reads ? basis.number : null }
    const outcomes: Outcome[] = []
    let present = basis
    let isFollowed = true
    for (const [i, commit] of batch.entries())
      try {
        const own = present?.reads ? { ...present, reads: present.reads.slice(i, i + 1) } : present
        const alone = await this.#whole([commit], chaining, own)
        outcomes.push(typeof alone === 'string' ? alone : (alone.outcomes[0] ?? 'moved'))
        if (typeof alone === 'string') continue
        const { number, others } = alone
        if (number === null || others) isFollowed = false
        else if (present) present = { ...present, number }
      } catch (error) {
        const isFirst = outcomes.every((outcome) => outcome !== 'committed')
        if (isFirst && !(error instanceof Unavailable)) throw error
        outcomes.push(error instanceof Stale ? 'moved' : 'unavailable')
        isFollowed = false
      }
    return { outcomes, number: isFollowed && present ? present.number : null }
  }

  /** Commits all of the calls that the basis holds for, or none of them and returns the outcome of the first that can't be. */
  async #whole(batch: readonly Commit[], chaining: Chaining, basis: Basis | null): Promise<Stored | Outcome> {
    try {
      return await this.#transaction(batch, chaining, basis, ({ outcomes }, { moved }) => {
        const failed = outcomes.find((outcome, i) => outcome !== 'committed' && !moved[i])
        if (failed) throw new Aborted(failed)
      })
    } catch (error) {
      if (error instanceof Aborted) return error.outcome
      throw error
    }
  }

  /** When the answer is lost, the database is asked whether the last event is stored, as the adapter of PostgreSQL does. */
  async #transaction(
    batch: readonly Commit[],
    chaining: Chaining,
    basis: Basis | null,
    check: (stored: Stored, met: Met) => void = () => {},
  ): Promise<Stored> {
    const database = this.#database
    const { turns } = this.#line
    const turn = this.#turn
    this.#turn = null
    const changes = changedKeys(batch).length > 0
    const head = () => database.rows.get(recordKey(...placeOf(chaining.place)))
    let stored: Stored | null = null
    // A batch that changes nothing is held against its basis at one moment, and stored later; its lane's head stays locked in between.
    let held: { readonly met: Met; readonly head: unknown } | null = null
    const hold = () => {
      held = { met: database.meets(basis), head: head() }
    }
    const work = () => {
      if (turn) turns?.end(turn)
      const met = held && held.head === head() ? held.met : database.meets(basis)
      stored = database.transaction(() => {
        const outcomes = database.commitAll(batch, chaining, basis, met.moved)
        const isChanged = changedKeys(batch.filter((_, i) => outcomes[i] === 'committed')).length > 0
        const result = { outcomes, ...(basis ? this.#known(this.#line.seen(met.changes), isChanged) : UNKNOWN) }
        check(result, met)
        return result
      })
      return stored
    }
    try {
      const waits = () => changes && turns !== null && !turns.isFree(turn)
      return await this.#line.ask('commit', work, this.#line.isShared && !changes ? hold : undefined, waits)
    } catch (error) {
      const last = batch.findLast(({ event }) => event)?.event?.eventId
      if (!(error instanceof Unavailable) || !this.#line.isShared || last === undefined) throw error
      const isStored = await this.#line.ask('whether it is stored', () => database.eventIds.has(last))
      if (isStored && stored) return stored
      throw error
    }
  }

  /** What a batch learns of changes that it met; `isChanged` says whether it changed something itself. */
  #known({ number, keys }: Changes, isChanged: boolean): Omit<Stored, 'outcomes'> {
    if (!keys) return UNKNOWN
    return { number: number + Number(isChanged), ...(keys.length > 0 && { others: { number, keys } }) }
  }

  get takeTurn(): Storage['takeTurn'] {
    const { ask, turns } = this.#line
    if (!turns) return null
    return async () => {
      const turn = {}
      await ask(
        'take a turn',
        () => turns.begin(turn),
        undefined,
        () => !turns.isFree(null),
      )
      let hasEnded = false
      const next = () => {
        const mine = hasEnded ? null : turn
        hasEnded = true
        return mine
      }
      return {
        commit: (...batch) => {
          this.#turn = next()
          return this.commit(...batch)
        },
        end: async () => {
          const mine = next()
          if (mine) await ask('end a turn', () => turns.end(mine)).catch(() => {})
        },
      }
    }
  }

  async changesSince(number: number): Promise<Changes> {
    const changes = await this.#line.ask('changes', () => this.#line.seen(this.#database.changesSince(number)))
    if (changes.number !== number) await this.#line.sync()
    return changes
  }

  dropNonces(now: number, limit: number): Promise<number> {
    const database = this.#database
    return this.#line.ask('drop nonces', () => database.transaction(() => database.dropNonces(now, limit)))
  }

  synced(): Promise<void> {
    return this.#line.sync()
  }

  /** A simulated database has no pages. */
  async scrubbed(): Promise<void> {}

  async close(): Promise<void> {}
}

const UNKNOWN = { number: null }

class Aborted extends Error {
  readonly outcome: Outcome
  constructor(outcome: Outcome) {
    super(outcome)
    this.outcome = outcome
  }
}

class SimulatedEvents implements EventStorage {
  readonly #database: Database
  readonly #line: Line

  constructor(database: Database, line: Line) {
    this.#database = database
    this.#line = line
  }

  #select(what: string, selects: (seq: number) => boolean, limit: number): Promise<readonly ChainedEvent[]> {
    return this.#line.ask(what, () =>
      [...this.#database.events.values()]
        .filter(({ seq }) => selects(seq))
        .sort((one, other) => one.seq - other.seq)
        .slice(0, limit),
    )
  }

  after(seq: number, limit: number, last = laneEnd(laneOf(seq))): Promise<readonly ChainedEvent[]> {
    return this.#select('events after', (one) => one > seq && one <= last, limit)
  }

  at(seqs: readonly number[]): Promise<readonly ChainedEvent[]> {
    return this.#select('events at', (one) => seqs.includes(one), seqs.length)
  }

  drop(seq: number, limit: number): Promise<number> {
    return this.#change('drop events', (database) => database.dropEvents(seq, limit))
  }

  addPart(part: IndexPart, terms: Uint8Array, postings: Uint8Array, former: Uint8Array | null): Promise<void> {
    return this.#change('add part', (database) => {
      const present = database.parts.get(part.firstSeq)
      const replaces = former !== null && present && Buffer.compare(present.part.mac, former) === 0
      if (!present || replaces) database.putPart({ part, terms, postings })
    })
  }

  renewPart(part: IndexPart, mac: Uint8Array): Promise<void> {
    return this.#change('renew part', (database) => {
      const stored = database.parts.get(part.firstSeq)
      if (stored && Buffer.compare(stored.part.mac, part.mac) === 0)
        database.putPart({ ...stored, part: { ...stored.part, mac } })
    })
  }

  parts(after: number, last: number, limit: number): Promise<readonly IndexPart[]> {
    return this.#line.ask('parts', () =>
      [...this.#database.parts.values()]
        .map(({ part }) => part)
        .filter(({ firstSeq }) => firstSeq > after && firstSeq <= last)
        .sort((one, other) => one.firstSeq - other.firstSeq)
        .slice(0, limit),
    )
  }

  terms(firstSeq: number): Promise<Uint8Array | null> {
    return this.#line.ask('terms', () => this.#database.parts.get(firstSeq)?.terms ?? null)
  }

  postings(firstSeq: number): Promise<Uint8Array | null> {
    return this.#line.ask('postings', () => this.#database.parts.get(firstSeq)?.postings ?? null)
  }

  dropParts(seq: number): Promise<void> {
    const selects = ({ lastSeq }: IndexPart) => lastSeq <= seq && laneOf(lastSeq) === laneOf(seq)
    return this.#change('drop parts', (database) => database.dropParts(selects))
  }

  dropIndex(): Promise<void> {
    return this.#change('drop parts', (database) => database.dropParts(() => true))
  }

  #change<T>(what: string, change: (database: Database) => T): Promise<T> {
    return this.#line.ask(what, () => this.#database.transaction(() => change(this.#database)))
  }
}

function isIn(row: Row, { kind, account, region, parent }: Range): boolean {
  if (row.kind !== kind || row.account !== account || row.region !== region) return false
  return parent === null || row.parent === parent
}

function placeOf({ kind, account, region, id }: RowKey): [string, string, string, string] {
  return [kind, account, region, id]
}

/** In the order of bytes: all ids are ASCII. */
function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0
}

function byCreation(one: Pick<Row, 'createdAt' | 'id'>, other: Pick<Row, 'createdAt' | 'id'>): number {
  return one.createdAt - other.createdAt || compare(one.id, other.id)
}

function byKey(one: RowKey, other: RowKey): number {
  return (
    compare(one.kind, other.kind) ||
    compare(one.account, other.account) ||
    compare(one.region, other.region) ||
    compare(one.id, other.id)
  )
}

/** A line on which nothing takes time and nothing is lost. */
export const PERFECT_LINE: Line = {
  ask: async (_, work, before) => {
    before?.()
    return work()
  },
  sync: async () => {},
  failure: null,
  isShared: true,
  seen: (changes) => changes,
  turns: null,
  step: () => 0,
}
