// The storage port: rows that the ledger authenticates, and batches of calls, each of which commits all or nothing. An adapter knows
// nothing of keys or policies. It is correct with any number of writers.
import type { Head } from './lane.ts'

export type { Head, Heads } from './lane.ts'

/** A stored record. `body` is JSON, times are milliseconds since 1970, `mac` (32 bytes) authenticates all other fields. */
export interface Row {
  readonly kind: string
  readonly account: string
  readonly region: string
  readonly id: string
  /** The id of the record that owns this one, for lists of an owner's records. */
  readonly parent: string | null
  readonly createdAt: number
  /** When background work on the record is due; null for never. */
  readonly dueAt: number | null
  readonly revision: number
  readonly body: string
  readonly mac: Uint8Array
}

/**
 * A row as it was read: all that its MAC covers. The MAC itself is left out, since it tells no two rows apart that are the same in all else.
 */
export type FormerRow = Omit<Row, 'mac'>

/** The primary key of the table of records. */
export type RowKey = Pick<Row, 'kind' | 'account' | 'region' | 'id'>

/** A row's key as one string. No part contains a line break. */
export function recordKey(kind: string, account: string, region: string, id: string): string {
  return `${kind}\n${account}\n${region}\n${id}`
}

/** The key for all rows of a kind in one account and region; it changes with each of them. No row has the id ''. */
export function placeKey({ kind, account, region }: Place): string {
  return recordKey(kind, account, region, '')
}

/** A kind of record in one account and region. */
export interface Place {
  readonly kind: string
  readonly account: string
  readonly region: string
}

/** The range of a list: all records of a kind in one account and region, or those of one parent. */
export interface Range extends Place {
  readonly parent: string | null
}

/** The criteria of a search in an account and region; a record must fit all of them. See search.ts. */
export interface Search extends Place {
  /** The moment for criteria that depend on time. */
  readonly now: number
  /** The facets that a record must not have. */
  readonly unwanted: number
  /** Parts of the record's labels, at most MAX_LABELS. */
  readonly labels: readonly string[]
  /** A part of the record's text, or of the text of one of its children of the kind `through`; folded, '' for any text. */
  readonly text: string
  readonly through: string
}

export const MAX_LABELS = 20

/** The result of a search at one moment. null stands for an index entry without its record. */
export interface FoundRows {
  readonly rows: readonly (Row | null)[]
  /** For a search by text: the children of the kind `through` of the found rows. */
  readonly owned: readonly Row[]
}

/** `total` counts all results, on all pages. */
export interface Found extends FoundRows {
  readonly total: number
}

/** For a kind whose records are counted in each account and region: the most records, or null for no limit. */
export interface Counted {
  readonly atMost: number | null
}

/**
 * The change of one row. An update replaces `before` by `row`; a delete removes `row`, and an expect requires that `row` exists.
 * INVARIANT: an update, a delete or an expect is valid only if the stored row equals the row on which it was decided, in every field. The
 * revision alone is not enough: a row that was deleted and inserted again has revisions from 1, and possibly the same creation time.
 */
export type RowChange =
  | { readonly change: 'insert'; readonly row: Row; readonly counted: Counted | null }
  | { readonly change: 'update'; readonly row: Row; readonly before: FormerRow }
  | { readonly change: 'delete'; readonly row: FormerRow; readonly counted: boolean }
  | { readonly change: 'expect'; readonly row: FormerRow }

/** An event as it is stored; `body` is the JSON of its facts. Nothing in it holds a line break. */
export interface EventRow {
  readonly eventId: string
  readonly account: string
  readonly region: string
  readonly at: number
  readonly body: string
}

/** An event with its place in the chain. Events from before there was a chain have the hash ''. */
export interface ChainedEvent extends EventRow {
  /** The number; within a lane, numbers have no gaps: see lane.ts. */
  readonly seq: number
  readonly hash: string
  /** The change number under which the event was decided; null for events of earlier releases. */
  readonly change: number | null
}

/** The key of the row with the head of lane 0, which is created with the database. The rows of further lanes differ in their id. */
export const HEAD_PLACE = { kind: 'event-head', account: '', region: '', id: 'head' } as const

/** How to chain events: the storage decides when, the holder of the keys how. */
export interface Chaining {
  /** The key of the head's row in the lane that takes the batch's events. */
  readonly place: RowKey
  /** The hash of the event at `seq`, decided under the change number `change`, after an event with the hash `previous`. */
  link(previous: string, seq: number, event: EventRow, change: number | null): string
  /** The head in a row. Throws when the row is not authentic. */
  headOf(row: Row): Head
  /** The row with a new head. */
  moved(row: Row, head: Head): Row
}

/** A part of the index of events. Its terms and postings are read separately. */
export interface IndexPart {
  readonly firstSeq: number
  readonly lastSeq: number
  /** The earliest and the latest time of the part's events. */
  readonly fromAt: number
  readonly toAt: number
  /** The chain's hash at the part's last event, which binds the part to the recorded events. */
  readonly lastHash: string
  /** The SHA-256 of its terms, and of its postings, in Base64url. */
  readonly termsHash: string
  readonly postingsHash: string
  /** The holder of the keys makes and checks it. */
  readonly mac: Uint8Array
}

/** The length of a nonce's digest. */
export const NONCE_DIGEST_BYTES = 16

/** The rows, the nonce and the events of one call. */
export interface Commit {
  readonly changes: readonly RowChange[]
  readonly nonce: { readonly digest: Uint8Array; readonly expiresAt: number } | null
  readonly event: EventRow | null
  /** The call's events for other accounts, which follow its own event. */
  readonly further?: readonly EventRow[]
  /** Whether the changes remove secrets, which no old page or log frame may keep: see Storage.scrubbed. */
  readonly scrub: boolean
}

/**
 * `moved`: a row changed since the call was decided. `full`: a count would exceed its limit. `nonce-used`: the call is a replay.
 * `unavailable`: the database was lost before this call. All of these store nothing of the call.
 */
export type Outcome = 'committed' | 'moved' | 'full' | 'nonce-used' | 'unavailable'

/** The number of calls in a batch above which a larger batch hardly makes a call cheaper. See Storage.enough. */
export const ENOUGH = 32

/** The database. Its methods throw Unavailable when it can't be reached or written. */
export interface Storage {
  /**
   * The number of calls that makes a batch worth its cost: a smaller batch waits for calls that are on their way. With 1, no batch waits.
   */
  readonly enough: number
  get(kind: string, account: string, region: string, id: string): Promise<Row | null>
  /** Rows of a range by creation time, then id. `total` is the count of the range; it decides from which end to read the page. */
  page(range: Range, offset: number, limit: number, total: number): Promise<readonly Row[]>
  /** Rows of a kind in one account and region after `after`, by creation time, then id. null stands for the beginning. */
  pageAfter(place: Place, after: Pick<Row, 'createdAt' | 'id'> | null, limit: number): Promise<readonly Row[]>
  /** Rows of a kind in one account and region with `after` < id < `before`, by id in byte order. */
  between(place: Place, after: string, before: string, limit: number): Promise<readonly Row[]>
  /**
   * The results of a search of an indexed kind, by creation time, then id. Searches of one account run one after another. Throws
   * TooManySearches.
   */
  search(search: Search, offset: number, limit: number): Promise<Found>
  /** The results of a search with ids after `after`, by id in byte order. Throws TooManySearches. */
  searchById(search: Search, after: string, limit: number): Promise<FoundRows>
  /** The number of rows of a range. For a whole account and region, the kind must be counted. */
  count(range: Range): Promise<number>
  /**
   * Rows of a kind whose `dueAt` is at or before `now`, the oldest first, once they are durable: the work may destroy what an earlier state of
   * the database still names.
   */
  due(kind: string, now: number, limit: number): Promise<readonly Row[]>
  /** Rows of every kind and scope after `after`, in the order of their keys. null stands for the beginning. */
  scan(after: RowKey | null, limit: number): Promise<readonly Row[]>
  /** The number of rows that `scan` passes, for showing progress. */
  size(): Promise<number>
  /**
   * Commits the calls in order, in one transaction, each all or nothing, and chains their events. When it throws, nothing of the
   * batch is stored, except that after a failed sync, or a database server that never comes back after COMMIT was sent, the outcome is
   * unknown. `basis` is what the batch was decided on: a call that it does not hold for is `moved`, or the whole batch is refused with
   * Stale; null relies on the rows alone that the changes name.
   */
  commit(batch: readonly Commit[], chaining: Chaining, basis: Basis | null): Promise<Stored>
  /**
   * Begins a batch's transaction before its calls are decided: nobody else changes rows until the turn ends. `place` is the key of the
   * head's row in the lane that takes the batch's events. A turn gives calls a chance whose reads others would change again and again;
   * nothing else relies on turns. null where one process owns the database.
   */
  readonly takeTurn: ((place: RowKey) => Promise<Turn>) | null
  /** The changes since the change number was `number`, once they are durable. null reads only the number. */
  changesSince(number: number | null): Promise<Changes>
  /** Removes up to `limit` nonces that expired before `now`. Returns how many. */
  dropNonces(now: number, limit: number): Promise<number>
  readonly events: EventStorage
  /** Resolves when everything that was read before this call is durable. */
  synced(): Promise<void>
  /** Resolves when no page and no log frame contains anything that earlier commits removed with `scrub`. */
  scrubbed(): Promise<void>
  /** Why nothing can be committed until a restart; or null. */
  readonly failure: Unavailable | null
  /** Database settings that could lose acknowledged calls, each in a sentence. */
  readonly risks: readonly string[]
  close(): Promise<void>
}

/** A turn. The database ends it soon when its server does not, for example after the server stopped. */
export interface Turn {
  /** Commits a batch as Storage.commit does, and thereby ends the turn. Once the turn has ended, it is the same as Storage.commit. */
  commit: Storage['commit']
  /** Ends the turn, if it has not ended. Never rejects. */
  end(): Promise<void>
}

/** The recorded events and their index. Events are only added at the end of a lane and dropped from its beginning. */
export interface EventStorage {
  /** Events after `seq` up to `last`, in the order of the chain; by default up to the end of the lane. */
  after(seq: number, limit: number, last?: number): Promise<readonly ChainedEvent[]>
  /** The existing events among these numbers, in order. */
  at(seqs: readonly number[]): Promise<readonly ChainedEvent[]>
  /** Removes up to `limit` events of a lane up to `seq`, the oldest first. Returns how many. */
  drop(seq: number, limit: number): Promise<number>
  /** Adds a part of the index. A part that begins at the same event stays, unless its MAC is `former`: then it is replaced. */
  addPart(part: IndexPart, terms: Uint8Array, postings: Uint8Array, former: Uint8Array | null): Promise<void>
  /** Replaces the MAC of a part, if the part still has the MAC with which it was read. */
  renewPart(part: IndexPart, mac: Uint8Array): Promise<void>
  /** Parts with `after` < first event ≤ `last`, ascending. */
  parts(after: number, last: number, limit: number): Promise<readonly IndexPart[]>
  terms(firstSeq: number): Promise<Uint8Array | null>
  postings(firstSeq: number): Promise<Uint8Array | null>
  /** Removes the parts of a lane whose events are all at or before `seq`. */
  dropParts(seq: number): Promise<void>
  /** Removes all parts of all lanes. */
  dropIndex(): Promise<void>
}

/**
 * The basis of a batch's decisions. The change number increases by one in each transaction that changes rows, and the change log lists
 * these rows. If `reads` is null, the batch is Stale unless no row has changed since `number`. Otherwise `reads` has, for each call, the
 * keys (recordKey, placeKey) that must not have changed. In a transaction that changes rows, these rows stay unchanged until it ends; for
 * calls without changes, they are unchanged at one moment of the transaction. A call that has read a row that changed, or that may have
 * changed, is `moved`; the others are committed.
 */
export interface Basis {
  readonly number: number
  readonly reads: readonly (readonly string[])[] | null
}

/** The result of a batch. */
export interface Stored {
  readonly outcomes: readonly Outcome[]
  /** The change number after the batch; null when it is not known what others changed between the basis and the batch. */
  readonly number: number | null
  /** The changes of others in between, and the change number after them. Absent when there are none, or they are not known. */
  readonly others?: KnownChanges
}

/** The change number, and the changed keys (recordKey, placeKey); null when the log does not say what changed. */
export interface Changes {
  readonly number: number
  readonly keys: readonly string[] | null
}

/** Changes that the log lists completely. */
interface KnownChanges extends Changes {
  readonly keys: readonly string[]
}

/**
 * Kinds whose changes neither increase the change number nor enter the log: rows that change with events, or with time. No cache that
 * follows the change number may contain such rows.
 */
export const UNLOGGED_KINDS: ReadonlySet<string> = new Set([HEAD_PLACE.kind, 'event-lanes', 'server'])

/** Something has changed since the batch was decided (Basis). Nothing of the batch is stored. */
export class Stale extends Error {}

/** The database can't serve now: it is unreachable, full, or read-only. */
export class Unavailable extends Error {}

/** The database has no tables, and `Opening.existing` forbids to create them. */
export class NotSetUp extends Error {}

/** The account has the most searches waiting that it may have. It can search again when one of them has ended. */
export class TooManySearches extends Error {}
