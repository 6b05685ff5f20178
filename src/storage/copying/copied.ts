// What is copied when a database is backed up, restored or moved: the rows of its tables, in this order. The index of records is rebuilt from
// the records. The log of changes is left out: only running servers need it.
import { sql } from '../kysely.ts'
import { type Statement, statement, type Value } from '../statement.ts'
import type { Row } from '../storage.ts'
import { builder, type Dialect } from '../tables.ts'

type Type = 'text' | 'bigint' | 'bytea'

/** A table that both databases have alike. Rows are read by its key, from what comes before all keys. */
export interface CopiedTable {
  readonly columns: readonly (readonly [name: string, type: Type])[]
  readonly key: readonly string[]
  readonly before: readonly Value[]
  /** How many rows are read at once: few where they are long. */
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
 * All that is copied, in its order. `change_number` has one row with the number. A row of `nonces` has when nonces expire, and their digests, one
 * after the other.
 */
export const COPIED = ['record', 'tally', 'change_number', 'nonces', 'event', 'event_index'] as const
export type CopiedName = (typeof COPIED)[number]

/** A row: its table, and its columns in the order of the table. Bytes are in Base64. */
export type Copied = readonly [table: CopiedName, ...values: (string | number | null)[]]

export type Counts = Readonly<Record<CopiedName, number>>

/** The bytes of a nonce's digest. */
export const DIGEST_BYTES = 16

/** A database at one moment, from which all rows are read. Throws Unavailable. */
export interface CopySource extends AsyncDisposable {
  /** The version of its tables. */
  readonly schema: number
  counts(): Promise<Counts>
  /** The revisions of all records of a kind, by their ids. */
  revisions(kind: string): Promise<ReadonlyMap<string, number>>
  /** The rows of a kind of record, not verified; the first ones where there are more. */
  ofKind(kind: string, atMost: number): Promise<readonly Row[]>
  /** The clock of the database's machine, in milliseconds since 1970; null where it is this machine's. */
  clock(): Promise<number | null>
  /** All rows, some at a time. */
  rows(): AsyncGenerator<readonly Copied[]>
}

/** A source that nobody changes until it is closed. */
export interface MovedSource extends CopySource {
  /** Tells this state of the database from every other one. */
  readonly fingerprint: string
  /** Where the database was moved to, or null. */
  readonly movedTo: string | null
  /** Marks the database as moved, durably: no server starts on it any more. */
  markMoved(to: string): Promise<void>
}

/** A database that is being filled. Until `finish`, no server starts on it. Throws Unavailable. */
export interface CopyTarget extends AsyncDisposable {
  /** The version of its tables. */
  readonly schema: number
  /**
   * Begins to fill the database, or goes on with it; returns how many rows of this source are in it. Throws where it is not empty, or is
   * being filled from another source.
   */
  begin(source: string): Promise<number>
  /** Stores the next rows durably, all or none. Throws where somebody else fills the database at the same time. */
  write(rows: readonly Copied[]): Promise<void>
  /** Makes it a database like any other. */
  finish(): Promise<void>
}

/** The next rows of a table after one with this key. */
export function pageStatement({ columns, key }: CopiedTable, name: string, dialect: Dialect) {
  const db = builder(dialect)
  return statement<Readonly<Record<string, Value>>>((given) => ({
    compile: () =>
      sql`SELECT ${names(columns.map(([column]) => column))} FROM ${sql.table(name)} WHERE (${names(key)}) > (${sql.join(
        key.map((column) => sql`${given[column]}`),
      )}) ORDER BY ${names(key)} LIMIT ${given['limit']}`.compile(db),
  }))
}

/** Puts one row into SQLite; its parameters are named by their columns. */
export function insertStatement({ columns }: CopiedTable, name: string): Statement<Readonly<Record<string, Value>>> {
  return statement<Readonly<Record<string, Value>>>((given) => ({
    compile: () =>
      sql`INSERT INTO ${sql.table(name)} (${names(columns.map(([column]) => column))}) VALUES (${sql.join(
        columns.map(([column]) => sql`${given[column]}`),
      )})`.compile(builder('sqlite')),
  }))
}

/** Puts many rows into PostgreSQL, as a JSON array of objects, with bytes in Base64. */
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
