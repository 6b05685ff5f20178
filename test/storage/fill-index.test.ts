// The index of records in a database of the former schema: migrating it makes the index of what is there, in one transaction.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, it } from 'node:test'
import postgres from 'postgres'
import { openStorage } from '../../src/storage/open.ts'
import type { Opening } from '../../src/storage/search.ts'
import type { Row, Search } from '../../src/storage/storage.ts'
import { serverAndFolder } from './server-and-folder.ts'

const frozen = (dialect: string) =>
  [1, 2, 3]
    .map((version) => readFileSync(new URL(`migrations/${dialect}-${version}.sql`, import.meta.url), 'utf8'))
    .join('')
/** The index in the form that it had before its release, and an entry of it. */
const UNRELEASED = `CREATE TABLE record_index (kind text NOT NULL, account text NOT NULL, region text NOT NULL, created_at bigint NOT NULL,
  id text NOT NULL, steady_until bigint NOT NULL, facets bigint NOT NULL, words text NOT NULL, labels text NOT NULL, parent text,
  gone_at bigint, turns_at bigint, later bigint, PRIMARY KEY (kind, account, region, created_at, id));
  INSERT INTO record_index VALUES ('found', '1', 'r', 1, 'id-1', 0, 0, 'number 1.', '', NULL, NULL, NULL, NULL);`
const INSERT = `INSERT INTO record (kind, account, region, id, created_at, revision, body, mac)`
/** Of these kinds `aaa` and `zzz` are not indexed, and the records of `damaged` are not what the program writes. */
const ROWS = (numbers: string) => `
  ${INSERT} SELECT kind, '1', 'r', 'id-' || n, n, 1, '{"text":"number ' || n || '."}', 'mac'
    FROM ${numbers}, (SELECT 'aaa' AS kind UNION SELECT 'found' UNION SELECT 'further' UNION SELECT 'zzz') AS kinds;
  ${INSERT} VALUES ('found', '1', 'r', 'damaged', 1, 1, 'no JSON', 'mac');`

function opening(notices: string[] = []): Opening {
  const of = ({ body }: Row) => ({ facets: 0, turns: null, goneAt: null, labels: '', text: JSON.parse(body).text })
  return { indexing: { kinds: new Set(['found', 'further']), of }, notice: (message) => void notices.push(message) }
}

const search = (kind: string, text: string): Search => ({
  ...{ kind, account: '1', region: 'r', now: 1, unwanted: 0, labels: [], text, through: 'none' },
})

async function assertIsIndexed(url: string, size: number, notices: string[] = []): Promise<void> {
  for (const _ of ['migrates', 'is migrated']) {
    const storage = await openStorage(url, opening(notices))
    for (const kind of ['found', 'further']) {
      const all = await storage.search(search(kind, ''), 0, 2)
      assert.deepEqual([all.rows.map((row) => row?.id), all.total], [['id-1', 'id-2'], size])
      const one = await storage.search(search(kind, `number ${size}.`), 0, 2)
      assert.deepEqual([one.rows.map((row) => row?.id), one.total], [[`id-${size}`], 1])
    }
    assert.equal((await storage.search(search('zzz', ''), 0, 1)).total, 0)
    await storage.close()
  }
}

const databases = serverAndFolder()

describe('a database of the former schema gets an index of its records', () => {
  const former = (name: string, size: number) => {
    const path = join(databases.folder, name)
    const db = new DatabaseSync(path)
    const numbers = `(WITH RECURSIVE up(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM up WHERE n < ${size}) SELECT n FROM up)`
    db.exec(`PRAGMA journal_mode = WAL; ${frozen('sqlite')} ${ROWS(numbers)} PRAGMA user_version = 3`)
    db.close()
    return path
  }

  it('on SQLite', async () => {
    const notices: string[] = []
    await assertIsIndexed(former('small.db', 2500), 2500, notices)
    assert.deepEqual(notices, [])
  })

  it('on SQLite, and says how far it has come where that takes long', async () => {
    const notices: string[] = []
    await assertIsIndexed(former('large.db', 50_000), 50_000, notices)
    assert.equal(notices.length, 2)
    assert.match(notices[0] ?? '', /50000 records are in it/)
  })

  it('on PostgreSQL', async () => {
    const url = databases.server.database()
    const sql = postgres(url, { max: 1, onnotice: () => {} })
    await sql.unsafe(`${frozen('postgresql')} ${ROWS('(SELECT generate_series(1, 2500) AS n) AS numbers')}
      CREATE TABLE strongroom_version (version bigint NOT NULL); INSERT INTO strongroom_version VALUES (3)`)
    await sql.end()
    await assertIsIndexed(url, 2500)
  })

  it('on SQLite, with an index from before its release', async () => {
    const path = former('unreleased.db', 10)
    const db = new DatabaseSync(path)
    db.exec(`${UNRELEASED} PRAGMA user_version = 4`)
    db.close()
    await assertIsIndexed(path, 10)
  })

  it('on PostgreSQL, with an index from before its release', async () => {
    const url = databases.server.database()
    const sql = postgres(url, { max: 1, onnotice: () => {} })
    await sql.unsafe(`${frozen('postgresql')} ${ROWS('(SELECT generate_series(1, 10) AS n) AS numbers')} ${UNRELEASED}
      CREATE TABLE strongroom_version (version bigint NOT NULL); INSERT INTO strongroom_version VALUES (4)`)
    await sql.end()
    await assertIsIndexed(url, 10)
  })

  it('or stays as it was if that fails, and gets it at the next attempt', async () => {
    const path = former('failing.db', 10)
    const failing: Opening = {
      ...opening(),
      indexing: {
        ...opening().indexing,
        get kinds(): ReadonlySet<string> {
          throw new Error('planted')
        },
      },
    }
    await assert.rejects(openStorage(path, failing), /planted/)
    const db = new DatabaseSync(path)
    assert.equal(db.prepare('PRAGMA user_version').get()?.['user_version'], 3)
    assert.deepEqual(db.prepare("SELECT name FROM sqlite_schema WHERE name = 'record_index'").all(), [])
    db.close()
    await assertIsIndexed(path, 10)
  })
})
