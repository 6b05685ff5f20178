// What tests of databases share: a PostgreSQL server and a folder for SQLite.
import { after, before } from 'node:test'
import { removeFolder, temporaryFolder } from '../acceptance/program.ts'
import { type PostgresqlServer, startPostgresql } from './postgresql-server.ts'

/** A server and a folder, there from the first test of a file to its last. */
export function serverAndFolder(): { readonly server: PostgresqlServer; readonly folder: string } {
  let server: PostgresqlServer | null = null
  const folder = temporaryFolder()
  before(async () => {
    server = await startPostgresql()
  })
  after(async () => {
    try {
      await server?.[Symbol.asyncDispose]()
    } finally {
      removeFolder(folder)
    }
  })
  return {
    get server() {
      if (!server) throw new Error('the server starts before the first test')
      return server
    },
    folder,
  }
}
