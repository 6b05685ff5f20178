// What a call destroys is in no log frame of SQLite when the call is answered, whoever reads the database; and no other call waits for that.
import assert from 'node:assert/strict'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, it } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { SearchTurns } from '../../src/storage/search-turns.ts'
import { openSqlite } from '../../src/storage/sqlite.ts'
import { SqliteScrubs } from '../../src/storage/sqlite-scrubs.ts'
import type { Commit, Row } from '../../src/storage/storage.ts'
import { removeFolder, temporaryFolder } from '../acceptance/program.ts'
import { openTestHouse } from '../house.ts'
import { ramOf } from '../ram/ram.ts'
import { beginChain, commit } from './chained.ts'

/** A reader of the database, as another process is one: while it reads, the log can't be emptied. */
function reading(path: string) {
  const db = new DatabaseSync(path)
  db.exec('BEGIN')
  db.prepare('SELECT count(*) FROM record').get()
  return db
}

const row = (kind: string, id: string, body: string): Row => ({
  ...{ kind, account: '1', region: 'r', id, parent: null, createdAt: 1, dueAt: null, revision: 1, body },
  mac: new Uint8Array(32),
})
const call = (changes: Commit['changes'], scrub = false): Commit => ({ changes, nonce: null, event: null, scrub })
const insert = (one: Row) => ({ change: 'insert', row: one, counted: null }) as const

function scrubs(turns = new SearchTurns(1)) {
  const log = { isBusy: false, emptied: 0 }
  const emptiesLog = () => {
    if (!log.isBusy) log.emptied++
    return !log.isBusy
  }
  return { log, scrubs: new SqliteScrubs({ emptiesLog }, turns, () => {}) }
}

describe('scrubbing', () => {
  it('waits for the search that runs, and lets no other begin before the log is empty', async () => {
    const turns = new SearchTurns(1)
    const { log, scrubs: one } = scrubs(turns)
    await one.done()
    assert.equal(log.emptied, 1)
    let end = () => {}
    const first = turns.run('a', () => new Promise<void>((resolve) => (end = resolve)))
    one.due()
    one.tryNow()
    let second: number | null = null
    const done = one.done()
    const next = turns.run('b', async () => {
      second = log.emptied
    })
    await turn()
    assert.deepEqual([log.emptied, second], [1, null])
    end()
    await Promise.all([first, done, next])
    assert.deepEqual([log.emptied, second], [2, 2])
  })

  it('is done once for all that asked before it, and again for what comes later', async () => {
    const { log, scrubs: one } = scrubs()
    log.isBusy = true
    const before = [one.done(), one.done()]
    await turn()
    log.isBusy = false
    await Promise.all(before)
    assert.equal(log.emptied, 1)
    one.due()
    await one.done()
    assert.equal(log.emptied, 2)
    await one.done()
    assert.equal(log.emptied, 2)
  })

  it('lets searches run while another process is in its way, and ends when the database is closed', async () => {
    const turns = new SearchTurns(1)
    const { log, scrubs: one } = scrubs(turns)
    log.isBusy = true
    const done = one.done()
    assert.equal(await turns.run('a', async () => 1), 1)
    await one.close()
    await done
    assert.equal(log.emptied, 0)
  })

  it('empties what a process left in the log that was killed', async () => {
    const folder = temporaryFolder()
    const path = join(folder, 'one.db')
    const former = openSqlite(path)
    await beginChain(former)
    await commit(former, [call([insert(row('secret', 'one', 'removed'))])])
    // Its log stays as that of a killed process, since another one has the database open.
    const { size } = statSync(`${path}-wal`)
    assert.ok(size > 0)
    const next = openSqlite(path)
    await next.scrubbed()
    assert.equal(statSync(`${path}-wal`).size, 0)
    for (const storage of [next, former]) await storage.close()
    removeFolder(folder)
  })
})

describe('a call that destroys a secret', () => {
  it('is answered when the log is empty; other calls are answered meanwhile', async () => {
    await using house = await openTestHouse(null)
    const ram = ramOf(house)
    await ram.must('CreateUser', { UserName: 'u' })
    const { accessKeyId } = await ram.accessKeyOf('u')
    const path = join(house.data, 'strongroom.db')
    const reader = reading(path)
    let isAnswered = false
    const destroyed = ram.must('DeleteAccessKey', { UserName: 'u', UserAccessKeyId: accessKeyId }).then(() => {
      isAnswered = true
    })
    try {
      for (let i = 0; i < 3; i++) await house.must('CreateKey')
      while ((await ram.must('ListAccessKeys', { UserName: 'u' })).AccessKeys.AccessKey.length > 0);
      assert.equal(isAnswered, false)
    } finally {
      reader.close()
    }
    await destroyed
    assert.equal(statSync(`${path}-wal`).size, 0)
  })

  it('leaves nothing in the log when its storage says so, whatever is searched meanwhile', async () => {
    const folder = temporaryFolder()
    const path = join(folder, 'one.db')
    const of = ({ body }: Row) => ({ facets: 0, turns: null, goneAt: null, labels: '', text: body })
    const storage = openSqlite(path, { indexing: { kinds: new Set(['found']), of }, notice: () => {} })
    await beginChain(storage)
    await commit(storage, [call(Array.from({ length: 400 }, (_, i) => insert(row('found', `${i}`, 'a'.repeat(8000)))))])
    const wanted = { kind: 'found', account: '1', region: 'r', now: 1, unwanted: 0, labels: [], through: 'none' }
    let searches = 0
    let going = true
    const searcher = (async () => {
      for (; going; searches++) await storage.search({ ...wanted, text: `${'a'.repeat(200)}b` }, 0, 10)
    })()
    for (let i = 0; i < 20; i++) {
      const secret = row('secret', 'one', `canary ${i} ${'x'.repeat(40)}`)
      await commit(storage, [call([insert(secret)])])
      await commit(storage, [call([{ change: 'delete', row: secret, counted: false }], true)])
      await storage.scrubbed()
      assert.equal(readFileSync(`${path}-wal`).includes(secret.body), false)
      assert.equal(readFileSync(path).includes(secret.body), false)
    }
    const before = searches
    while (searches === before) await turn()
    going = false
    await searcher
    await storage.close()
    removeFolder(folder)
  })
})
