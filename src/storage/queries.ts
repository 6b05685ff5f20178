// Every statement of the storage, compiled once per dialect by Kysely; adapters only bind and run them.
import {
  type ColumnDefinitionBuilder,
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresQueryCompiler,
  SqliteAdapter,
  SqliteQueryCompiler,
  sql,
} from 'kysely'

interface RecordTable {
  kind: string
  account: string
  region: string
  id: string
  parent: string | null
  created_at: number
  due_at: number | null
  revision: number
  body: string
  mac: Uint8Array
}

interface Tables {
  record: RecordTable
  tally: { kind: string; account: string; region: string; n: number }
  nonce: { digest: Uint8Array; expires_at: number }
  nonce_batch: { seq: number; expires_at: number; digests: Uint8Array }
  event: { seq: number; event_id: string; account: string; region: string; at: number; body: string; hash: string }
  event_index: {
    first_seq: number
    last_seq: number
    from_at: number
    to_at: number
    last_hash: string
    terms_hash: string
    postings_hash: string
    mac: Uint8Array
    terms: Uint8Array
    postings: Uint8Array
  }
}

export type Dialect = 'sqlite' | 'postgresql'

function builder(dialect: Dialect): Kysely<Tables> {
  return new Kysely<Tables>({
    dialect: {
      createAdapter: () => (dialect === 'sqlite' ? new SqliteAdapter() : new PostgresAdapter()),
      createDriver: () => new DummyDriver(),
      createQueryCompiler: () => (dialect === 'sqlite' ? new SqliteQueryCompiler() : new PostgresQueryCompiler()),
      createIntrospector: () => {
        throw new Error('statements are only compiled here')
      },
    },
  })
}

/**
 * The statements, as SQL text. Parameters are bound in the order in which each comment lists them.
 * A guarded statement changes one row or none, and returns a row for each that it changed.
 */
export function statements(dialect: Dialect) {
  const db = builder(dialect)
  const no = '' as never
  const columns = [
    'kind',
    'account',
    'region',
    'id',
    'parent',
    'created_at',
    'due_at',
    'revision',
    'body',
    'mac',
  ] as const
  const record = db.selectFrom('record').select(columns)
  const range = record.where('kind', '=', no).where('account', '=', no).where('region', '=', no)
  const owned = range.where('parent', '=', no)
  const guarded = range.where('id', '=', no).where('revision', '=', 1)
  const forwards = (query: typeof range) =>
    query.orderBy('created_at', 'asc').orderBy('id', 'asc').limit(1).offset(1).compile().sql
  const backwards = (query: typeof range) =>
    query.orderBy('created_at', 'desc').orderBy('id', 'desc').limit(1).offset(1).compile().sql
  const place = { kind: no, account: no, region: no, id: no }
  const rest = { parent: no, created_at: 1, due_at: 1, revision: 1, body: no, mac: no }
  return {
    /** kind, account, region, id */
    get: range.where('id', '=', no).compile().sql,
    /** kind, account, region, id, revision; on PostgreSQL the row is held until the transaction ends */
    guard: (dialect === 'postgresql' ? guarded.forShare() : guarded).compile().sql,
    /** kind, account, region, after, before, limit */
    between: range.where('id', '>', no).where('id', '<', no).orderBy('id').limit(1).compile().sql,
    /** kind, account, region, id of the row before; limit */
    scan: record
      .where(sql<boolean>`(kind, account, region, id) > (${no}, ${no}, ${no}, ${no})`)
      .orderBy('kind')
      .orderBy('account')
      .orderBy('region')
      .orderBy('id')
      .limit(1)
      .compile().sql,
    size: db.selectFrom('record').select(sql<number>`count(*)`.as('n')).compile().sql,
    /** kind, account, region, limit, offset */
    page: forwards(range),
    pageFromEnd: backwards(range),
    /** kind, account, region; creation time and id of the row before; limit */
    pageAfter: range
      .where(sql<boolean>`(created_at, id) > (${1}, ${no})`)
      .orderBy('created_at')
      .orderBy('id')
      .limit(1)
      .compile().sql,
    /** kind, account, region, parent, limit, offset */
    ownedPage: forwards(owned),
    ownedPageFromEnd: backwards(owned),
    /** kind, account, region */
    count: db
      .selectFrom('tally')
      .select('n')
      .where('kind', '=', no)
      .where('account', '=', no)
      .where('region', '=', no)
      .compile().sql,
    /** kind, account, region, parent */
    ownedCount: db
      .selectFrom('record')
      .select(sql<number>`count(*)`.as('n'))
      .where('kind', '=', no)
      .where('account', '=', no)
      .where('region', '=', no)
      .where('parent', '=', no)
      .compile().sql,
    /** kind, now, limit */
    due: record.where('kind', '=', no).where('due_at', '<=', 1).orderBy('due_at').limit(1).compile().sql,
    /** kind, account, region, id, parent, created_at, due_at, revision, body, mac. Guarded. */
    insert: db
      .insertInto('record')
      .values({ ...place, ...rest })
      .onConflict((conflict) => conflict.doNothing())
      .returning('id')
      .compile().sql,
    /** parent, created_at, due_at, revision, body, mac; kind, account, region, id, revision it had. Guarded. */
    update: db
      .updateTable('record')
      .set(rest)
      .where('kind', '=', no)
      .where('account', '=', no)
      .where('region', '=', no)
      .where('id', '=', no)
      .where('revision', '=', 1)
      .returning('id')
      .compile().sql,
    /** kind, account, region, id, revision. Guarded. */
    delete: db
      .deleteFrom('record')
      .where('kind', '=', no)
      .where('account', '=', no)
      .where('region', '=', no)
      .where('id', '=', no)
      .where('revision', '=', 1)
      .returning('id')
      .compile().sql,
    /** kind, account, region, id, revision. Guarded: the row is held until the transaction ends. */
    expect: (dialect === 'postgresql'
      ? range.where('id', '=', no).where('revision', '=', 1).forShare()
      : range.where('id', '=', no).where('revision', '=', 1)
    ).compile().sql,
    /** kind, account, region, id: the row, held until the transaction ends. */
    lockHead: (dialect === 'postgresql' ? range.where('id', '=', no).forUpdate() : range.where('id', '=', no)).compile()
      .sql,
    /** kind, account, region: makes the tally's row when there is none. */
    openTally: db
      .insertInto('tally')
      .values({ kind: no, account: no, region: no, n: sql`0` })
      .onConflict((conflict) => conflict.doNothing())
      .compile().sql,
    /** step, kind, account, region, highest count allowed before the step. Guarded. */
    stepTally: db
      .updateTable('tally')
      .set({ n: sql`n + ${1}` })
      .where('kind', '=', no)
      .where('account', '=', no)
      .where('region', '=', no)
      .where('n', '<=', 1)
      .returning('n')
      .compile().sql,
    /** digest, expires_at. Guarded. */
    nonce: db
      .insertInto('nonce')
      .values({ digest: no, expires_at: 1 })
      .onConflict((conflict) => conflict.doNothing())
      .returning('expires_at')
      .compile().sql,
    /** now, limit */
    dropNonces: db
      .deleteFrom('nonce')
      .where('digest', 'in', (inner) => inner.selectFrom('nonce').select('digest').where('expires_at', '<', 1).limit(1))
      .returning('expires_at')
      .compile().sql,
    /** expires_at, digests: the nonces of one batch, where memory tells which were used (SQLite). */
    nonceBatch: db
      .insertInto('nonce_batch')
      .values({ expires_at: 1, digests: no } as never)
      .compile().sql,
    /** limit, offset */
    nonceBatches: db
      .selectFrom('nonce_batch')
      .select(['expires_at', 'digests'])
      .orderBy('seq')
      .limit(1)
      .offset(1)
      .compile().sql,
    /** now, limit */
    dropNonceBatches: db
      .deleteFrom('nonce_batch')
      .where('seq', 'in', (inner) => inner.selectFrom('nonce_batch').select('seq').where('expires_at', '<', 1).limit(1))
      .returning('seq')
      .compile().sql,
    ...eventStatements(db, dialect),
  }
}

/** The statements on events and their index. */
function eventStatements(db: Kysely<Tables>, dialect: Dialect) {
  const no = '' as never
  const part = { last_seq: 1, from_at: 1, to_at: 1, last_hash: no, terms_hash: no, postings_hash: no, mac: no }
  const event = db.selectFrom('event').select(['seq', 'event_id', 'account', 'region', 'at', 'body', 'hash'])
  return {
    /** seq, event_id, account, region, at, body, hash */
    event: db
      .insertInto('event')
      .values({ seq: 1, event_id: no, account: no, region: no, at: 1, body: no, hash: no })
      .compile().sql,
    /** seq, limit */
    events: event.where('seq', '>', 1).orderBy('seq').limit(1).compile().sql,
    /** seqs: the text of a JSON array for SQLite, of an array for PostgreSQL */
    eventsAt: event
      .where(
        'seq',
        'in',
        dialect === 'sqlite'
          ? sql<number>`(SELECT value FROM json_each(${no}))`
          : sql<number>`(SELECT unnest(${no}::bigint[]))`,
      )
      .orderBy('seq')
      .compile().sql,
    /** seq, limit */
    dropEvents: db
      .deleteFrom('event')
      .where('seq', 'in', (inner) =>
        inner.selectFrom('event').select('seq').where('seq', '<=', 1).orderBy('seq').limit(1),
      )
      .returning('seq')
      .compile().sql,
    /** first_seq, last_seq, from_at, to_at, last_hash, terms_hash, postings_hash, mac, terms, postings */
    addPart: db
      .insertInto('event_index')
      .values({ first_seq: 1, ...part, terms: no, postings: no })
      .onConflict((conflict) =>
        conflict.column('first_seq').doUpdateSet((columns) => ({
          last_seq: columns.ref('excluded.last_seq'),
          from_at: columns.ref('excluded.from_at'),
          to_at: columns.ref('excluded.to_at'),
          last_hash: columns.ref('excluded.last_hash'),
          terms_hash: columns.ref('excluded.terms_hash'),
          postings_hash: columns.ref('excluded.postings_hash'),
          mac: columns.ref('excluded.mac'),
          terms: columns.ref('excluded.terms'),
          postings: columns.ref('excluded.postings'),
        })),
      )
      .compile().sql,
    /** mac, first_seq, the mac that it had */
    renewPart: db.updateTable('event_index').set({ mac: no }).where('first_seq', '=', 1).where('mac', '=', no).compile()
      .sql,
    /** first_seq, limit */
    parts: db
      .selectFrom('event_index')
      .select(['first_seq', 'last_seq', 'from_at', 'to_at', 'last_hash', 'terms_hash', 'postings_hash', 'mac'])
      .where('first_seq', '>', 1)
      .orderBy('first_seq')
      .limit(1)
      .compile().sql,
    /** first_seq */
    terms: db.selectFrom('event_index').select('terms').where('first_seq', '=', 1).compile().sql,
    /** first_seq */
    postings: db.selectFrom('event_index').select('postings').where('first_seq', '=', 1).compile().sql,
    /** seq */
    dropParts: db.deleteFrom('event_index').where('last_seq', '<=', 1).compile().sql,
  }
}

export type Statements = ReturnType<typeof statements>

/** The migrations in order: the statements that lead from version i to i + 1. A released one never changes. */
export function migrations(dialect: Dialect): readonly (readonly string[])[] {
  const { schema } = builder(dialect)
  const bytes = dialect === 'sqlite' ? 'blob' : 'bytea'
  // Both order ids by their bytes, whatever the server's locale.
  const text = dialect === 'sqlite' ? ('text' as const) : sql`text COLLATE "C"`
  const required = (column: ColumnDefinitionBuilder) => column.notNull()
  const nonces = [
    schema
      .createTable('nonce')
      .addColumn('digest', bytes, (column) => column.primaryKey().notNull())
      .addColumn('expires_at', 'bigint', required),
    schema.createIndex('nonce_expiry').on('nonce').column('expires_at'),
  ]
  const nonceBatches = [
    schema
      .createTable('nonce_batch')
      .addColumn('seq', 'integer', (column) => column.primaryKey())
      .addColumn('expires_at', 'bigint', required)
      .addColumn('digests', bytes, required),
  ]
  const initial = [
    schema
      .createTable('record')
      .addColumn('kind', text, required)
      .addColumn('account', text, required)
      .addColumn('region', text, required)
      .addColumn('id', text, required)
      .addColumn('parent', text)
      .addColumn('created_at', 'bigint', required)
      .addColumn('due_at', 'bigint')
      .addColumn('revision', 'bigint', required)
      .addColumn('body', text, required)
      .addColumn('mac', bytes, required)
      .addPrimaryKeyConstraint('record_key', ['kind', 'account', 'region', 'id']),
    schema.createIndex('record_order').on('record').columns(['kind', 'account', 'region', 'created_at', 'id']),
    schema
      .createIndex('record_parent')
      .on('record')
      .columns(['kind', 'account', 'region', 'parent', 'created_at', 'id'])
      .where('parent', 'is not', null),
    schema.createIndex('record_due').on('record').columns(['kind', 'due_at']).where('due_at', 'is not', null),
    schema
      .createTable('tally')
      .addColumn('kind', text, required)
      .addColumn('account', text, required)
      .addColumn('region', text, required)
      .addColumn('n', 'bigint', required)
      .addPrimaryKeyConstraint('tally_key', ['kind', 'account', 'region']),
    ...(dialect === 'sqlite' ? nonceBatches : nonces),
    schema
      .createTable('event')
      .addColumn('seq', dialect === 'sqlite' ? 'integer' : 'bigserial', (column) => column.primaryKey())
      .addColumn('event_id', text, required)
      .addColumn('account', text, required)
      .addColumn('region', text, required)
      .addColumn('at', 'bigint', required)
      .addColumn('body', text, required),
  ]
  const chained = [
    schema.alterTable('event').addColumn('hash', text, (column) => column.notNull().defaultTo('')),
    schema
      .createTable('event_index')
      .addColumn('first_seq', 'bigint', (column) => column.primaryKey().notNull())
      .addColumn('last_seq', 'bigint', required)
      .addColumn('from_at', 'bigint', required)
      .addColumn('to_at', 'bigint', required)
      .addColumn('last_hash', text, required)
      .addColumn('terms_hash', text, required)
      .addColumn('postings_hash', text, required)
      .addColumn('mac', bytes, required)
      // The long ones come last, so that the others are read without them.
      .addColumn('terms', bytes, required)
      .addColumn('postings', bytes, required),
    schema.createIndex('event_index_last').on('event_index').column('last_seq'),
  ]
  return [initial, chained].map((step) => step.map((statement) => statement.compile().sql))
}
