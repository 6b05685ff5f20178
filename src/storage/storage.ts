// The storage port: rows that the ledger authenticates, and batches of calls, of which each call commits all or nothing.
// An adapter knows nothing of keys or policies; it is correct with many writers as with one.
import type { Head } from './lane.ts'

export type { Head, Heads } from './lane.ts'

/** A stored record. `body` is JSON, times are milliseconds since 1970, `mac` (32 bytes) authenticates all other fields. */
export interface Row {
  readonly kind: string
  readonly account: string
  readonly region: string
  readonly id: string
  /** The id of the record it belongs to, for lists of one owner's records. */
  readonly parent: string | null
  readonly createdAt: number
  /** When background work is due on it. */
  readonly dueAt: number | null
  readonly revision: number
  readonly body: string
  readonly mac: Uint8Array
}

/** The primary key of the table of records. */
export type RowKey = Pick<Row, 'kind' | 'account' | 'region' | 'id'>

/** A row's key as one string. No part of it holds a line break. */
export function recordKey(kind: string, account: string, region: string, id: string): string {
  return `${kind}\n${account}\n${region}\n${id}`
}

/** Names all rows of a kind in one account and region: it changes with each of them. No row has the id ''. */
export function placeKey({ kind, account, region }: Place): string {
  return recordKey(kind, account, region, '')
}

/** A kind of record in one account and region. */
export interface Place {
  readonly kind: string
  readonly account: string
  readonly region: string
}

/** What a list shows: all records of a kind in one account and region, or, with a parent, those that belong to it. */
export interface Range extends Place {
  readonly parent: string | null
}

/** Which records of an account and region to find: those that have all that is named. See search.ts. */
export interface Search extends Place {
  /** The moment to judge by. */
  readonly now: number
  /** The facets that a record may not have. */
  readonly unwanted: number
  /** Parts of its labels, at most MAX_LABELS. */
  readonly labels: readonly string[]
  /** A part of its text, or of the text of a record of the kind `through` whose parent it is; folded, '' for any. */
  readonly text: string
  readonly through: string
}

export const MAX_LABELS = 20

/** What a search found at one moment: null stands for an entry of the index without its record. */
export interface FoundRows {
  readonly rows: readonly (Row | null)[]
  /** Where the search names a text: the rows of the kind `through` whose parents the others are. */
  readonly owned: readonly Row[]
}

/** `total` counts all, also those of other pages. */
export interface Found extends FoundRows {
  readonly total: number
}

/** Of a kind whose records are counted in each account and region: the most there may be, or null for any number. */
export interface Counted {
  readonly atMost: number | null
}

/** The change of one row, valid only if the row still has the revision that it was decided on. */
export type RowChange =
  | { readonly change: 'insert'; readonly row: Row; readonly counted: Counted | null }
  | { readonly change: 'update'; readonly row: Row; readonly from: number }
  | { readonly change: 'delete'; readonly row: Row; readonly counted: boolean }
  | { readonly change: 'expect'; readonly row: Row }

/** An event as it is stored; `body` is the JSON of its facts. Nothing in it holds a line break. */
export interface EventRow {
  readonly eventId: string
  readonly account: string
  readonly region: string
  readonly at: number
  readonly body: string
}

/** An event at its place in the chain. Events committed before there was a chain have the hash ''. */
export interface ChainedEvent extends EventRow {
  /** One more for each event of its lane, without gaps: see lane.ts. */
  readonly seq: number
  readonly hash: string
  /** The change number that the event was decided under; null for events of earlier releases. */
  readonly change: number | null
}

/** The key of the row that holds the head of lane 0; the row is made with the database. Those of further lanes differ in their id. */
export const HEAD_PLACE = { kind: 'event-head', account: '', region: '', id: 'head' } as const

/** How events are chained: the storage knows when, the holder of the keys how. */
export interface Chaining {
  /** The key of the row whose lane takes the events of the batch. */
  readonly place: RowKey
  /** The hash of the event that comes at `seq`, decided under the change number `change`, after the one with the hash `previous`. */
  link(previous: string, seq: number, event: EventRow, change: number | null): string
  /** The head that a row holds. Throws when it is not authentic. */
  headOf(row: Row): Head
  /** The row after the head moved. */
  moved(row: Row, head: Head): Row
}

/** A part of the index of events, without its terms and postings, which are read apart. */
export interface IndexPart {
  readonly firstSeq: number
  readonly lastSeq: number
  /** The earliest and the latest time of its events. */
  readonly fromAt: number
  readonly toAt: number
  /** The chain's hash at its last event: it binds the part to what was recorded. */
  readonly lastHash: string
  /** SHA-256 of its terms and of its postings, Base64url. */
  readonly termsHash: string
  readonly postingsHash: string
  /** Made and checked by the holder of the keys. */
  readonly mac: Uint8Array
}

/** What one call stores. */
export interface Commit {
  readonly changes: readonly RowChange[]
  readonly nonce: { readonly digest: Uint8Array; readonly expiresAt: number } | null
  readonly event: EventRow | null
  /** The call's events for other accounts, which follow its own. */
  readonly further?: readonly EventRow[]
  /** Whether the changes remove secrets, so that no old page or log frame may keep them: see Storage.scrubbed. */
  readonly scrub: boolean
}

/**
 * `moved`: a row changed since the call was decided. `full`: a count would exceed its limit. `nonce-used`: the call was replayed.
 * `unavailable`: the database was lost before the call's turn. With all of these, nothing of the call is stored.
 */
export type Outcome = 'committed' | 'moved' | 'full' | 'nonce-used' | 'unavailable'

/** Throws Unavailable when the database can't be reached or written. */
export interface Storage {
  /** How many batches may be under way at once; they resolve in the order in which they came. */
  readonly commitsAtOnce: number
  /** How many calls make a batch worth its cost: one with fewer waits for calls that are on their way. 1: none waits. */
  readonly enough: number
  get(kind: string, account: string, region: string, id: string): Promise<Row | null>
  /** Rows of a range by creation time, then id. `total` is the range's count; it decides from which end the page is read. */
  page(range: Range, offset: number, limit: number, total: number): Promise<readonly Row[]>
  /** Rows of a kind in one account and region by creation time, then id, that come after `after`; null for the beginning. */
  pageAfter(place: Place, after: Pick<Row, 'createdAt' | 'id'> | null, limit: number): Promise<readonly Row[]>
  /** Rows of a kind in one account and region whose ids lie between two, both excluded, by id in byte order. */
  between(place: Place, after: string, before: string, limit: number): Promise<readonly Row[]>
  /** Rows of an indexed kind that a search finds, by creation time, then id. Searches of one account run one after the other; throws TooManySearches. */
  search(search: Search, offset: number, limit: number): Promise<Found>
  /** Rows that a search finds whose ids come after one, by id in byte order. Throws TooManySearches. */
  searchById(search: Search, after: string, limit: number): Promise<FoundRows>
  /** How many rows a range has; of a whole account and region only for kinds that are counted. */
  count(range: Range): Promise<number>
  /** Rows of a kind whose `dueAt` is not after `now`, the oldest first. */
  due(kind: string, now: number, limit: number): Promise<readonly Row[]>
  /** Rows of every kind and scope in the order of their keys, that come after `after`; null for the beginning. */
  scan(after: RowKey | null, limit: number): Promise<readonly Row[]>
  /** How many rows `scan` goes through, to show its progress. */
  size(): Promise<number>
  /**
   * Commits the calls in order, in one transaction, each all or nothing, and chains their events. When it throws, nothing of the
   * batch is stored, except that after a failed sync, or a database server that never comes back after COMMIT was sent, the outcome is
   * unknown. `basis` is what the batch was decided on: a call that it does not hold for is `moved`, or the whole batch is refused with
   * Stale; null relies on the revisions of rows alone.
   */
  commit(batch: readonly Commit[], chaining: Chaining, basis: Basis | null): Promise<Stored>
  /**
   * Begins the transaction of a batch before its calls are decided: nobody else changes rows until the turn ends. `place` is the key of the
   * row whose lane takes the events of the batch. It gives calls a chance whose reads others change each time; nothing else relies on it.
   * Null where one process has the database.
   */
  readonly takeTurn: ((place: RowKey) => Promise<Turn>) | null
  /** What has changed since the change number was `number`; null reads the number alone. */
  changesSince(number: number | null): Promise<Changes>
  /** Removes up to `limit` nonces that expired before `now`; returns how many. */
  dropNonces(now: number, limit: number): Promise<number>
  readonly events: EventStorage
  /** Resolves when everything that was read before the call is durable. */
  synced(): Promise<void>
  /** Resolves when no page and no log frame keeps what commits that ended before the call removed with `scrub`. */
  scrubbed(): Promise<void>
  /** Why nothing can be committed until a restart, or null. */
  readonly failure: Unavailable | null
  /** What in the database's settings could lose acknowledged calls, each in a sentence. */
  readonly risks: readonly string[]
  close(): Promise<void>
}

/** The database ends a turn that nobody ended soon, as after a stop of its server. */
export interface Turn {
  /** Commits a batch as Storage.commit does, and ends the turn with it. After its end it is no more than Storage.commit. */
  commit: Storage['commit']
  /** Ends the turn, if it has not ended. Never rejects. */
  end(): Promise<void>
}

/** The recorded events and their index. Events are only added at the end of a lane and dropped from its beginning. */
export interface EventStorage {
  /** Events after `seq`, in the order of the chain, up to `last`: where that is left out, to the end of the lane. */
  after(seq: number, limit: number, last?: number): Promise<readonly ChainedEvent[]>
  /** The events with these numbers, as far as they exist, in their order. */
  at(seqs: readonly number[]): Promise<readonly ChainedEvent[]>
  /** Removes up to `limit` events of a lane up to `seq`, the oldest first; returns how many. */
  drop(seq: number, limit: number): Promise<number>
  /** Adds a part of the index. One that begins at the same event stays, unless its MAC is `former`: then it is replaced. */
  addPart(part: IndexPart, terms: Uint8Array, postings: Uint8Array, former: Uint8Array | null): Promise<void>
  /** Replaces the MAC of a part that still has the MAC it was read with. */
  renewPart(part: IndexPart, mac: Uint8Array): Promise<void>
  /** Parts that begin after one event and not after another, ascending. */
  parts(after: number, last: number, limit: number): Promise<readonly IndexPart[]>
  terms(firstSeq: number): Promise<Uint8Array | null>
  postings(firstSeq: number): Promise<Uint8Array | null>
  /** Removes the parts of a lane whose events all come up to `seq`. */
  dropParts(seq: number): Promise<void>
  /** Removes all parts of all lanes. */
  dropIndex(): Promise<void>
}

/**
 * What a batch was decided on. The change number moves by one in each transaction that changes rows, and the change log says which.
 * `reads` null: nothing at all may have changed since, or the batch is Stale. Otherwise it has for each call the rows (recordKey, placeKey)
 * that may not have changed: in a transaction that changes rows they stay as they are until it ends, and the reads of calls that change none
 * hold at one moment of it. A call that read what changed, or may have, is `moved`; the others are committed.
 */
export interface Basis {
  readonly number: number
  readonly reads: readonly (readonly string[])[] | null
}

/** How a batch ended. */
export interface Stored {
  readonly outcomes: readonly Outcome[]
  /** The change number after the batch; null where it is not known what others changed between the basis and the batch. */
  readonly number: number | null
  /** What they changed, and the number that this led to. Absent where that is nothing, or not known. */
  readonly others?: KnownChanges
}

/** The change number, and the keys (recordKey, placeKey) of what changed; null where the log does not say. */
export interface Changes {
  readonly number: number
  readonly keys: readonly string[] | null
}

/** Changes of which the log says all. */
export interface KnownChanges extends Changes {
  readonly keys: readonly string[]
}

/**
 * Kinds whose changes neither move the change number nor are logged: rows that move with events, and with the time. Nobody keeps them in memory by the
 * change number.
 */
export const UNLOGGED_KINDS: ReadonlySet<string> = new Set([HEAD_PLACE.kind, 'event-lanes', 'server'])

/** Something has changed since the batch was decided (Basis). Nothing of the batch is stored. */
export class Stale extends Error {}

/** The database can't serve now: unreachable, full, read-only. */
export class Unavailable extends Error {}

/** An account has as many searches waiting as it may have. It can search again when one of them has ended. */
export class TooManySearches extends Error {}
