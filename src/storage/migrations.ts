// The schema: the statements that migrate a database from each version to the next.
import type { ColumnDefinitionBuilder } from 'kysely'
import { sql } from './kysely.ts'
import { builder, type Dialect } from './tables.ts'

/** The first version with an index of records. */
export const INDEXED_SINCE = 4

/**
 * Whether the index of records has the form that it had before its release, while its migration still changed in place. The index holds
 * nothing that records do not have, so it is dropped and made again.
 */
export const HAS_UNRELEASED_INDEX: Readonly<Record<Dialect, string>> = {
  sqlite: "SELECT 1 FROM pragma_table_info('record_index') WHERE name = 'kind'",
  postgresql: `SELECT 1 FROM information_schema.columns
    WHERE table_schema = current_schema() AND table_name = 'record_index' AND column_name = 'kind'`,
}
export const DROP_INDEX = 'DROP TABLE record_index'

/** The migrations in order: the statements from version i to i + 1. A released migration never changes. */
export function migrations(dialect: Dialect): readonly (readonly string[])[] {
  const db = builder(dialect)
  const { schema } = db
  const bytes = dialect === 'sqlite' ? 'blob' : 'bytea'
  // Both databases order ids by their bytes, whatever the server's locale.
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
      // The long columns come last, so that the others are read without them.
      .addColumn('terms', bytes, required)
      .addColumn('postings', bytes, required),
    schema.createIndex('event_index_last').on('event_index').column('last_seq'),
  ]
  const numbered = [
    // No statement of an earlier release works without this column: a server of an earlier release would commit on records that it no
    // longer knows.
    schema.alterTable('record').renameColumn('due_at', 'due'),
    schema.alterTable('event').addColumn('change', 'bigint'),
    schema.createTable('change_number').addColumn('n', 'bigint', required),
    db.insertInto('change_number').values({ n: sql`0` }),
    schema
      .createTable('change_log')
      .addColumn('n', dialect === 'sqlite' ? 'integer' : 'bigint', (column) => column.primaryKey())
      .addColumn('records', text, required),
  ]
  const recordIndex = schema
    .createTable('record_index')
    // What searches read of all entries comes first. PostgreSQL finds a column at the least cost where all before it have fixed lengths and no nulls.
    .addColumn('created_at', 'bigint', required)
    .addColumn('steady_until', 'bigint', required)
    .addColumn('facets', 'bigint', required)
    .addColumn('later', 'bigint', required)
    .addColumn('gone_at', 'bigint', required)
    .addColumn('place', text, required)
    .addColumn('id', text, required)
    .addColumn('words', bytes, required)
    .addColumn('labels', bytes, required)
    .addColumn('parent', text)
    .addPrimaryKeyConstraint('record_index_key', ['place', 'created_at', 'id'])
  // A search goes through all entries of an account and region: they lie together.
  const indexed = [dialect === 'sqlite' ? recordIndex.modifyEnd(sql`WITHOUT ROWID`) : recordIndex]
  return [initial, chained, numbered, indexed].map((step) => step.map((statement) => statement.compile().sql))
}
