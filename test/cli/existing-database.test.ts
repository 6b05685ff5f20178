// A verb for what servers have stored leaves the database of another program as it is.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, it } from 'node:test'
import postgres from 'postgres'
import { openingExisting } from '../../src/cli/existing-database.ts'
import { openStorage } from '../../src/storage/open.ts'
import { withoutAccess } from '../acceptance/another-user.ts'
import { runHere } from '../acceptance/line.ts'
import { removeFolder, temporaryFolder } from '../acceptance/program.ts'
import { startPostgresql } from '../storage/postgresql-server.ts'

describe('the database of another program', () => {
  const isRefused = (url: string) =>
    assert.rejects(openingExisting(openStorage)(url), /^Error: there is no database of Strongroom at `/)

  it('stays as it is on SQLite', async () => {
    const path = join(temporaryFolder(), 'other.db')
    using other = new DatabaseSync(path)
    other.exec('CREATE TABLE own (n integer)')
    await isRefused(path)
    assert.deepEqual(other.prepare('SELECT name FROM sqlite_schema').all(), [{ __proto__: null, name: 'own' }])
    assert.equal(other.prepare('PRAGMA user_version').get()?.['user_version'], 0)
  })

  it('stays as it is on PostgreSQL', async () => {
    await using server = await startPostgresql()
    const url = server.database()
    const sql = postgres(url, { max: 1, onnotice: () => {} })
    await using _ = { [Symbol.asyncDispose]: () => sql.end() }
    await sql`CREATE TABLE own (n integer)`
    await isRefused(url)
    const tables = await sql`SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public'`
    assert.deepEqual([...tables], [{ name: 'own' }])
  })
})

describe('a database that another user owns', () => {
  it('is not called missing', async () => {
    const data = temporaryFolder()
    for (const words of [
      ['account', 'list'],
      ['backup', '--to', '-', '--recipient', 'age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p'],
    ]) {
      const run = () => runHere([...words, '--data', data])
      assert.match((await run()).err, /there is no database /)
      const { code, err } = await withoutAccess([data], run)
      assert.equal(code, 1)
      assert.match(
        err,
        /this user can't read `.*strongroom\.db` \(EACCES\): run this command as the user of the server/,
      )
    }
    removeFolder(data)
  })
})
