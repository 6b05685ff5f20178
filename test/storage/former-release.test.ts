// A server of a former release that still runs when this one migrates its database: none of its statements works any more, so that it commits
// nothing on what it no longer knows. And all that it stored is there.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, it } from 'node:test'
import postgres from 'postgres'
import { openStorage } from '../../src/storage/open.ts'
import { serverAndFolder } from './server-and-folder.ts'

const frozen = (name: string) => readFileSync(new URL(`migrations/${name}.sql`, import.meta.url), 'utf8')
const VERSION_2 = (dialect: string) => frozen(`${dialect}-1`) + frozen(`${dialect}-2`)
const ROWS = `
  INSERT INTO record VALUES ('cmk', '1', 'r', 'a', NULL, 5, 9, 1, '{}', 'mac');
  INSERT INTO event VALUES (1, 'e', '1', 'r', 5, '[]', 'h');`
/** As version 0.2 said them; every commit read the installation's record so, for which `a` stands here. */
const FORMER = [
  `SELECT kind, account, region, id, parent, created_at, due_at, revision, body, mac FROM record WHERE id = 'a'`,
  `INSERT INTO record (kind, account, region, id, parent, created_at, due_at, revision, body, mac) VALUES ('cmk', '1', 'r', 'b', NULL, 5, 9, 1, '{}', 'mac')`,
  `UPDATE record SET parent = NULL, created_at = 5, due_at = 9, revision = 2, body = '{}', mac = 'mac' WHERE id = 'a' AND revision = 1`,
]

const databases = serverAndFolder()

async function assertIsWhole(url: string): Promise<void> {
  const storage = await openStorage(url)
  const record = await storage.get('cmk', '1', 'r', 'a')
  assert.deepEqual([record?.createdAt, record?.dueAt, record?.revision], [5, 9, 1])
  assert.deepEqual((await storage.due('cmk', 9, 10)).length, 1)
  const events = await storage.events.after(0, 10)
  assert.deepEqual(events, [
    { seq: 1, eventId: 'e', account: '1', region: 'r', at: 5, body: '[]', hash: 'h', change: null },
  ])
  assert.deepEqual(await storage.changesSince(0), { number: 0, keys: [] })
  await storage.close()
}

describe('a database of the former release that is migrated under its server', () => {
  it('on SQLite', async () => {
    const path = join(databases.folder, 'former.db')
    const former = new DatabaseSync(path)
    former.exec(`PRAGMA journal_mode = WAL; ${VERSION_2('sqlite')} ${ROWS} PRAGMA user_version = 2`)
    const statements = FORMER.map((text) => former.prepare(text))
    await assertIsWhole(path)
    for (const statement of statements) assert.throws(() => statement.all(), /due_at/)
    former.close()
  })

  it('on PostgreSQL', async () => {
    const url = databases.server.database()
    const former = postgres(url, { max: 1, onnotice: () => {} })
    await former.unsafe(`${VERSION_2('postgresql')} ${ROWS}
      CREATE TABLE strongroom_version (version bigint NOT NULL); INSERT INTO strongroom_version VALUES (2)`)
    for (const text of FORMER.slice(0, 1)) await former.unsafe(text, [], { prepare: true })
    await assertIsWhole(url)
    for (const text of FORMER) await assert.rejects(async () => former.unsafe(text, [], { prepare: true }), /due_at/)
    await former.end()
  })
})
