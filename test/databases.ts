// Runs a suite on every database: SQLite, and a real PostgreSQL that is started for it; or with keys in each kind of HSM too.
import { after, before, describe } from 'node:test'
import { openTestHouse, type TestHouse } from './house.ts'
import { makeToken, TOKEN_KINDS } from './keystore/pkcs11/tokens.ts'
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

/** Runs a suite with software keys on every database, and with HSM keys on every token: the same tests hold for both protection levels. */
export function eachProtectionLevel(suite: (open: Open, name: string) => void): void {
  eachDatabase(suite)
  for (const kind of TOKEN_KINDS)
    describe(`in an HSM (${kind})`, () =>
      suite((flags) => openTestHouse(null, flags, { token: makeToken(kind) }), kind))
}
