// Kysely as CommonJS, without the files that no statement needs: as ES modules, or with all 262 files, it loads slower, which matters at each
// start.
import { createRequire } from 'node:module'

type Kysely = typeof import('kysely')

// The package exports its files only all together, so they are found beside the one that it exports.
const load = createRequire(createRequire(import.meta.url).resolve('kysely'))

export const { Kysely }: Pick<Kysely, 'Kysely'> = load('./kysely.js')
export const { DummyDriver }: Pick<Kysely, 'DummyDriver'> = load('./driver/dummy-driver.js')
export const { PostgresAdapter }: Pick<Kysely, 'PostgresAdapter'> = load('./dialect/postgres/postgres-adapter.js')
export const { PostgresQueryCompiler }: Pick<Kysely, 'PostgresQueryCompiler'> = load(
  './dialect/postgres/postgres-query-compiler.js',
)
export const { SqliteAdapter }: Pick<Kysely, 'SqliteAdapter'> = load('./dialect/sqlite/sqlite-adapter.js')
export const { SqliteQueryCompiler }: Pick<Kysely, 'SqliteQueryCompiler'> = load(
  './dialect/sqlite/sqlite-query-compiler.js',
)
export const { sql }: Pick<Kysely, 'sql'> = load('./raw-builder/sql.js')
