// The copied contents of a database, for a backup, a restore or a migration: the rows of its tables, in this order. The index of records is
// rebuilt from the records. The change log is left out, because only running servers need it.
import { sql } from '../kysely.ts'
import { type Statement, statement, type Value } from '../statement.ts'
import type { Row } from '../storage.ts'
import { builder, type Dialect } from '../tables.ts'

type Type = 'text' | 'bigint' | 'bytea'

/** A table that is the same in both databases. Rows are read in the order of its key; `before` comes before all keys. */
export interface CopiedTable {
  readonly columns: readonly (readonly [name: string, type: Type])[]
  readonly key: readonly string[]
  readonly before: readonly Value[]
  /** The rows of one page; few where rows are long. */
  readonly atOnce: number
}

export const TABLES = {
  record: {
    columns: [
      ['kind', 'text'],
      ['account', 'text'],
      ['region', 'text'],
      ['id', 'text'],
      ['parent', 'text'],
      ['created_at', 'bigint'],
      ['due', 'bigint'],
      ['revision', 'bigint'],
      ['body', 'text'],
      ['mac', 'bytea'],
    ],
    key: ['kind', 'account', 'region', 'id'],
    before: ['', '', '', ''],
    atOnce: 500,
  },
  tally: {
    columns: [
      ['kind', 'text'],
      ['account', 'text'],
      ['region', 'text'],
      ['n', 'bigint'],
    ],
    key: ['kind', 'account', 'region'],
    before: ['', '', ''],
    atOnce: 1000,
  },
  event: {
    columns: [
      ['seq', 'bigint'],
      ['event_id', 'text'],
      ['account', 'text'],
      ['region', 'text'],
      ['at', 'bigint'],
      ['body', 'text'],
      ['hash', 'text'],
      ['change', 'bigint'],
    ],
    key: ['seq'],
    before: [Number.MIN_SAFE_INTEGER],
    atOnce: 1000,
  },
  event_index: {
    columns: [
      ['first_seq', 'bigint'],
      ['last_seq', 'bigint'],
      ['from_at', 'bigint'],
      ['to_at', 'bigint'],
      ['last_hash', 'text'],
      ['terms_hash', 'text'],
      ['postings_hash', 'text'],
      ['mac', 'bytea'],
      ['terms', 'bytea'],
      ['postings', 'bytea'],
    ],
    key: ['first_seq'],
    before: [Number.MIN_SAFE_INTEGER],
    atOnce: 20,
  },
} as const satisfies Readonly<Record<string, CopiedTable>>

/**
 * All copied tables in order. `change_number` has one row with the number. A row of `nonces` has the nonces' expiry, and their digests in
 * sequence.
 */
export const COPIED = ['record', 'tally', 'change_number', 'nonces', 'event', 'event_index'] as const
export type CopiedName = (typeof COPIED)[number]

/** A row: its table, and its columns in the table's order. Bytes are in Base64. */
export type Copied = readonly [table: CopiedName, ...values: (string | number | null)[]]

export type Counts = Readonly<Record<CopiedName, number>>

/** A database at one moment, for reading all rows. Throws Unavailable. */
export interface CopySource extends AsyncDisposable {
  /** The version of the database's tables. */
  readonly schema: number
  counts(): Promise<Counts>
  /** The revisions of all records of a kind, by id. */
  revisions(kind: string): Promise<ReadonlyMap<string, number>>
  /** The rows of a kind of record, unverified; at most the first `atMost`. */
  ofKind(kind: string, atMost: number): Promise<readonly Row[]>
  /** The clock of the database's machine, in milliseconds since 1970; null where that is this machine. */
  clock(): Promise<number | null>
  /** All rows, in batches. */
  rows(): AsyncGenerator<readonly Copied[]>
}

/** A source that nobody else changes until it is closed. */
export interface MovedSource extends CopySource {
  /** Identifies this state of the database. */
  readonly fingerprint: string
  /** The place to which the database was moved, or null. */
  readonly movedTo: string | null
  /** Marks the database as moved, durably: no server starts on it any more. */
  markMoved(to: string): Promise<void>
}

/** A database that a copy is filling. No server starts on it before `finish`. Throws Unavailable. */
export interface CopyTarget extends AsyncDisposable {
  /** The version of the database's tables. */
  readonly schema: number
  /**
   * Begins to fill the database, or continues. Returns the number of rows of this source that it already has. Throws when it is not empty,
   * or another source is filling it.
   */
  begin(source: string): Promise<number>
  /** Stores the next rows durably, all or none. Throws when another process fills the database at the same time. */
  write(rows: readonly Copied[]): Promise<void>
  /** Ends the filling: from now on, servers start on the database. */
  finish(): Promise<void>
}

/** The rows of a table after a key, as many as the page's limit. */
export function pageStatement({ columns, key }: CopiedTable, name: string, dialect: Dialect) {
  const db = builder(dialect)
  return statement<Readonly<Record<string, Value>>>((given) => ({
    compile: () =>
      sql`SELECT ${names(columns.map(([column]) => column))} FROM ${sql.table(name)} WHERE (${names(key)}) > (${sql.join(
        key.map((column) => sql`${given[column]}`),
      )}) ORDER BY ${names(key)} LIMIT ${given['limit']}`.compile(db),
  }))
}

/** Inserts one row into SQLite. The parameters have the names of the columns. */
export function insertStatement({ columns }: CopiedTable, name: string): Statement<Readonly<Record<string, Value>>> {
  return statement<Readonly<Record<string, Value>>>((given) => ({
    compile: () =>
      sql`INSERT INTO ${sql.table(name)} (${names(columns.map(([column]) => column))}) VALUES (${sql.join(
        columns.map(([column]) => sql`${given[column]}`),
      )})`.compile(builder('sqlite')),
  }))
}

/** Inserts many rows into PostgreSQL, given as a JSON array of objects, with bytes in Base64. */
export function insertAllStatement(
  { columns }: Pick<CopiedTable, 'columns'>,
  name: string,
): Statement<{ rows: string }> {
  const values = columns.map(([column, type]) =>
    type === 'bytea' ? sql`decode(${sql.ref(column)}, 'base64')` : sql.ref(column),
  )
  const types = columns.map(([column, type]) => sql`${sql.ref(column)} ${sql.raw(type === 'bigint' ? type : 'text')}`)
  return statement<{ rows: string }>(({ rows }) => ({
    compile: () =>
      sql`INSERT INTO ${sql.table(name)} (${names(columns.map(([column]) => column))}) SELECT ${sql.join(
        values,
      )} FROM json_to_recordset(${rows}::text::json) AS given (${sql.join(types)})`.compile(builder('postgresql')),
  }))
}

function names(columns: readonly string[]) {
  return sql.join(columns.map((column) => sql.ref(column)))
}
