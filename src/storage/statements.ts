// All statements on records and tallies, compiled once per dialect, together with those on changes, nonces, events and the index.
import type { ExpressionBuilder, Kysely } from 'kysely'
import { type ChangeStatements, changeStatements } from './change-statements.ts'
import { type EventStatements, eventStatements } from './event-statements.ts'
import { sql } from './kysely.ts'
import { type NonceStatements, nonceStatements } from './nonce-statements.ts'
import { type SearchStatements, searchStatements } from './search-statements.ts'
import { type Bound, grouped, type Statement, statement } from './statement.ts'
import type { FormerRow, Place, Row, RowKey } from './storage.ts'
import { builder, type Dialect, type Tables } from './tables.ts'

type Page = Place & { readonly limit: number; readonly offset: number }
type Owned = Place & { readonly parent: string }
/** What an update replaces, beside the row that it stores. */
type Replaced = {
  readonly formerParent: string | null
  readonly formerCreatedAt: number
  readonly formerDueAt: number | null
  readonly formerRevision: number
  readonly formerBody: string
}

export interface Reads {
  readonly get: Statement<RowKey>
  readonly between: Statement<Place & { after: string; before: string; limit: number }>
  readonly scan: Statement<RowKey & { limit: number }>
  readonly size: Statement<Record<never, never>>
  readonly page: Statement<Page>
  readonly pageFromEnd: Statement<Page>
  readonly pageAfter: Statement<Place & { createdAt: number; id: string; limit: number }>
  readonly ownedPage: Statement<Page & Owned>
  readonly ownedPageFromEnd: Statement<Page & Owned>
  readonly count: Statement<Place>
  readonly ownedCount: Statement<Owned>
  readonly due: Statement<{ kind: string; now: number; limit: number }>
}

/**
 * All statements except `moveHead`, `openTally` and `lockHead` are guarded: they change one row or none. On PostgreSQL a guarded statement
 * returns a row if it has changed one. SQLite reports the number of changed rows instead, because it would keep a journal for a statement
 * that returns rows.
 */
export interface Changes {
  readonly insert: Statement<Row>
  /** The statement of a group of rows (GROUPS). It touches the rows that are new. */
  readonly insertGroup: (rows: readonly Row[]) => Bound
  readonly update: Statement<Row & Replaced>
  /** Moves the row of a head from the revision `from`, and leaves alone all that indexes hold. Not guarded: the transaction has read the row. */
  readonly moveHead: Statement<Pick<Row, keyof RowKey | 'revision' | 'body' | 'mac'> & { from: number }>
  readonly delete: Statement<FormerRow>
  /** Changes nothing. On PostgreSQL nobody else changes the row until the transaction ends. */
  readonly expect: Statement<FormerRow>
  /** Reads a row. On PostgreSQL nobody else changes or locks it until the transaction ends. */
  readonly lockHead: Statement<RowKey>
  /** Creates the tally's row if there is none. */
  readonly openTally: Statement<Place>
  /** `atMost` is the highest count before the step. */
  readonly stepTally: Statement<Place & { by: number; atMost: number }>
}

export interface Statements
  extends Reads,
    Changes,
    ChangeStatements,
    NonceStatements,
    EventStatements,
    SearchStatements {}

const COLUMNS = ['kind', 'account', 'region', 'id', 'parent', 'created_at', 'due', 'revision', 'body', 'mac'] as const

type OfRecord = ExpressionBuilder<Tables, 'record'>
type OfTally = ExpressionBuilder<Tables, 'tally'>

const within =
  ({ kind, account, region }: Place) =>
  (columns: OfRecord) =>
    columns.and({ kind, account, region })

const ownedBy =
  ({ kind, account, region, parent }: Owned) =>
  (columns: OfRecord) =>
    columns.and({ kind, account, region, parent })

const at =
  ({ kind, account, region, id }: RowKey) =>
  (columns: OfRecord) =>
    columns.and({ kind, account, region, id })

/** The very row that a change was decided on: see RowChange. */
const stillAs =
  ({ kind, account, region, id, parent, createdAt, dueAt, revision, body }: FormerRow) =>
  (columns: OfRecord) =>
    columns.and([
      columns.and({ kind, account, region, id, revision, body }),
      // With the sign, SQLite goes by the primary key. By the index of creation times, which an update writes, the update takes nearly twice as long.
      columns(sql<number>`+created_at`, '=', createdAt),
      columns('parent', 'is not distinct from', parent),
      columns('due', 'is not distinct from', dueAt),
    ])

/** The row that an update replaces. */
const replacedBy = (row: Row & Replaced): FormerRow => ({
  ...keyOf(row),
  parent: row.formerParent,
  createdAt: row.formerCreatedAt,
  dueAt: row.formerDueAt,
  revision: row.formerRevision,
  body: row.formerBody,
})

const tallied =
  ({ kind, account, region }: Place) =>
  (columns: OfTally) =>
    columns.and({ kind, account, region })

const keyOf = ({ kind, account, region, id }: RowKey) => ({ kind, account, region, id })

const contentOf = ({ parent, createdAt, dueAt, revision, body, mac }: Omit<Row, keyof RowKey>) => ({
  parent,
  created_at: createdAt,
  due: dueAt,
  revision,
  body,
  mac,
})

export function statements(dialect: Dialect): Statements {
  const db = builder(dialect)
  return {
    ...reads(db),
    ...changes(db, dialect),
    ...changeStatements(db, dialect === 'postgresql'),
    ...nonceStatements(db),
    ...eventStatements(db, dialect),
    ...searchStatements(db, dialect),
  }
}

function reads(db: Kysely<Tables>): Reads {
  const record = db.selectFrom('record').select(COLUMNS)
  type Rows = typeof record
  const forwards = (rows: Rows, { limit, offset }: Page) =>
    rows.orderBy('created_at', 'asc').orderBy('id', 'asc').limit(limit).offset(offset)
  const backwards = (rows: Rows, { limit, offset }: Page) =>
    rows.orderBy('created_at', 'desc').orderBy('id', 'desc').limit(limit).offset(offset)
  return {
    get: statement((key) => record.where(at(key))),
    between: statement((span) =>
      record
        .where(within(span))
        .where('id', '>', span.after)
        .where('id', '<', span.before)
        .orderBy('id')
        .limit(span.limit),
    ),
    scan: statement(({ kind, account, region, id, limit }) =>
      record
        .where(sql<boolean>`(kind, account, region, id) > (${kind}, ${account}, ${region}, ${id})`)
        .orderBy('kind')
        .orderBy('account')
        .orderBy('region')
        .orderBy('id')
        .limit(limit),
    ),
    size: statement(() => db.selectFrom('record').select(sql<number>`count(*)`.as('n'))),
    page: statement((page) => forwards(record.where(within(page)), page)),
    pageFromEnd: statement((page) => backwards(record.where(within(page)), page)),
    pageAfter: statement((page) =>
      record
        .where(within(page))
        .where(sql<boolean>`(created_at, id) > (${page.createdAt}, ${page.id})`)
        .orderBy('created_at')
        .orderBy('id')
        .limit(page.limit),
    ),
    ownedPage: statement((page) => forwards(record.where(ownedBy(page)), page)),
    ownedPageFromEnd: statement((page) => backwards(record.where(ownedBy(page)), page)),
    count: statement((place) => db.selectFrom('tally').select('n').where(tallied(place))),
    ownedCount: statement((owned) =>
      db.selectFrom('record').select(sql<number>`count(*)`.as('n')).where(ownedBy(owned)),
    ),
    due: statement(({ kind, now, limit }) =>
      record.where('kind', '=', kind).where('due', '<=', now).orderBy('due').limit(limit),
    ),
  }
}

function changes(db: Kysely<Tables>, dialect: Dialect): Changes {
  const record = db.selectFrom('record').select(COLUMNS)
  const locks = dialect === 'postgresql'
  const returns = dialect === 'postgresql'
  const inserting = (rows: readonly Row[]) =>
    db
      .insertInto('record')
      .values(rows.map((row) => ({ ...keyOf(row), ...contentOf(row) })))
      .onConflict((conflict) => conflict.doNothing())
      .$if(returns, (insert) => insert.returning('id'))
  const insert = statement<Row>((row) => inserting([row]))
  return {
    insert,
    insertGroup: grouped(insert, inserting),
    update: statement((row) =>
      db
        .updateTable('record')
        .set(contentOf(row))
        .where(stillAs(replacedBy(row)))
        .$if(returns, (update) => update.returning('id')),
    ),
    moveHead: statement((row) =>
      db
        .updateTable('record')
        .set({ revision: row.revision, body: row.body, mac: row.mac })
        .where(at(row))
        .where('revision', '=', row.from),
    ),
    delete: statement((row) =>
      db
        .deleteFrom('record')
        .where(stillAs(row))
        .$if(returns, (remove) => remove.returning('id')),
    ),
    expect: statement((row) => {
      const rows = record.where(stillAs(row))
      return locks ? rows.forShare() : rows
    }),
    lockHead: statement((key) => {
      const rows = record.where(at(key))
      return locks ? rows.forUpdate() : rows
    }),
    openTally: statement(({ kind, account, region }) =>
      db
        .insertInto('tally')
        .values({ kind, account, region, n: sql`0` })
        .onConflict((conflict) => conflict.doNothing()),
    ),
    stepTally: statement((step) =>
      db
        .updateTable('tally')
        .set({ n: sql`n + ${step.by}` })
        .where(tallied(step))
        .where('n', '<=', step.atMost)
        .$if(returns, (update) => update.returning('n')),
    ),
  }
}
