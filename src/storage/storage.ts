// The storage port: rows that the ledger authenticates, and batches of calls that commit all or nothing, each.
// An adapter knows nothing of keys or policies; it must be as right with many writers as with one.

/** A stored record. `body` is JSON text, times are milliseconds since 1970, `mac` authenticates all other fields. */
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

/** A kind of record in one account and region. */
export interface Place {
  readonly kind: string
  readonly account: string
  readonly region: string
}

/** Where a list is read: all records of a kind in one account and region, or those of one parent. */
export interface Range extends Place {
  readonly parent: string | null
}

/** A row of a kind whose number in each account and region is kept; `atMost` so many there may be. */
export interface Counted {
  readonly atMost: number | null
}

/** The change of one row, valid only if the row still has the revision it was decided on. */
export type RowChange =
  | { readonly change: 'insert'; readonly row: Row; readonly counted: Counted | null }
  | { readonly change: 'update'; readonly row: Row; readonly from: number }
  | { readonly change: 'delete'; readonly row: Row; readonly counted: boolean }
  | { readonly change: 'expect'; readonly row: Row }

/** An event as it is stored; `body` is the event's JSON. */
export interface EventRow {
  readonly eventId: string
  readonly account: string
  readonly region: string
  readonly at: number
  readonly body: string
}

/** What one call leaves behind. */
export interface Commit {
  readonly changes: readonly RowChange[]
  readonly nonce: { readonly digest: Uint8Array; readonly expiresAt: number } | null
  readonly event: EventRow | null
  /** Whether the change removes secrets, so that no old page or log frame may keep them. */
  readonly scrub: boolean
}

/**
 * `moved`: a row changed since it was decided on. `full`: a count would pass its limit. `nonce-used`: the call was replayed.
 * Nothing of such a call is stored.
 */
export type Outcome = 'committed' | 'moved' | 'full' | 'nonce-used'

/** Throws Unavailable when the database can't be reached or written; nothing of the batch is stored then. */
export interface Storage {
  get(kind: string, account: string, region: string, id: string): Promise<Row | null>
  /** Rows of a range by creation time, then id. `total` is the range's count, which tells the shorter way to `offset`. */
  page(range: Range, offset: number, limit: number, total: number): Promise<readonly Row[]>
  /** Rows of a kind in one account and region whose ids lie between two, both excluded, by id in byte order. */
  between(place: Place, after: string, before: string, limit: number): Promise<readonly Row[]>
  /** How many rows a range has; of a whole account and region only for kinds that are counted. */
  count(range: Range): Promise<number>
  /** Rows of a kind whose `dueAt` is not after `now`, the oldest first. */
  due(kind: string, now: number, limit: number): Promise<readonly Row[]>
  /** Commits the calls in order, in one transaction; each call all or nothing. */
  commit(batch: readonly Commit[]): Promise<readonly Outcome[]>
  /** Removes up to `limit` nonces that expired before `now`; returns how many. */
  dropNonces(now: number, limit: number): Promise<number>
  /** Events after `seq`, oldest first. */
  events(afterSeq: number, limit: number): Promise<readonly (EventRow & { readonly seq: number })[]>
  close(): Promise<void>
}

/** The database can't serve now: unreachable, full, read-only. Nothing was changed. */
export class Unavailable extends Error {}
