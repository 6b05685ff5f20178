// Runs a suite on every database: SQLite, and a real PostgreSQL that is started for it.
import { after, before, describe } from 'node:test'
import { openTestHouse, type TestHouse } from './house.ts'
import { type PostgresqlServer, startPostgresql } from './storage/postgresql-server.ts'

/** Opens a house on the suite's database. */
export type Open = (flags?: readonly string[]) => Promise<TestHouse>

export function eachDatabase(suite: (open: Open, name: string) => void): void {
  describe('on SQLite', () => suite((flags) => openTestHouse(null, flags), 'SQLite'))
  describe('on PostgreSQL', () => {
    let server: PostgresqlServer
    before(async () => {
      server = await startPostgresql()
    })
    after(() => server[Symbol.asyncDispose]())
    suite((flags) => openTestHouse(server.database(), flags), 'PostgreSQL')
  })
}
