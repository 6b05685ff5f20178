// Kysely as CommonJS: its 262 files load faster than as ES modules, which matters at each start.
import { createRequire } from 'node:module'

const kysely = createRequire(import.meta.url)('kysely') as typeof import('kysely')

export const { DummyDriver, Kysely, PostgresAdapter, PostgresQueryCompiler, SqliteAdapter, SqliteQueryCompiler, sql } =
  kysely
