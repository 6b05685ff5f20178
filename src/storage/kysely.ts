// Kysely as CommonJS: its 262 files load faster so than as modules, at each start.
import { createRequire } from 'node:module'

const kysely = createRequire(import.meta.url)('kysely') as typeof import('kysely')

export const { DummyDriver, Kysely, PostgresAdapter, PostgresQueryCompiler, SqliteAdapter, SqliteQueryCompiler, sql } =
  kysely
