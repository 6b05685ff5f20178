// A disk that fails while SQLite's log is synced: nothing is acknowledged from then on, and nothing more is stored, until a restart.
import assert from 'node:assert/strict'
import fs, { symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { openSource } from '../../src/storage/copying/open.ts'
import { openStorage } from '../../src/storage/open.ts'
import { Unavailable } from '../../src/storage/storage.ts'
import { WalSync } from '../../src/storage/wal-sync.ts'
import { removeFolder, temporaryFolder } from '../acceptance/program.ts'
import { beginChain, commit } from './chained.ts'

describe('the log of SQLite', () => {
  it('that can not be synced fails for good, and says so', async () => {
    const folder = temporaryFolder()
    // There is no log to sync: the system's own error stands for that of a disk.
    const sync = new WalSync(join(folder, 'none.db'))
    await assert.rejects(sync.synced(), Unavailable)
    await assert.rejects(sync.synced(), /can't be synced to disk/)
    assert.ok(sync.failure)
    await sync.close()
    removeFolder(folder)
  })

  it('is synced on the main thread while that is fast, and by another after a slow sync for twenty times as long', async () => {
    const folder = temporaryFolder()
    for (const name of ['a.db', 'a.db-wal']) writeFileSync(join(folder, name), 'x')
    const clock = { now: 0, slow: 0 }
    const sync = new WalSync(join(folder, 'a.db'), () => {
      clock.now += clock.slow
      return clock.now
    })
    assert.equal(sync.syncedNow(), false, 'the log is not open yet')
    const first = sync.synced()
    assert.equal(sync.syncedNow(), false, 'another sync is under way')
    await first
    assert.equal(sync.syncedNow(), true)
    clock.slow = 3
    assert.equal(sync.syncedNow(), true)
    clock.slow = 0
    assert.equal(sync.syncedNow(), false)
    clock.now += 59
    assert.equal(sync.syncedNow(), false)
    clock.now += 1
    assert.equal(sync.syncedNow(), true)
    // Much faster ones make it a slow one.
    for (let i = 0; i < 40; i++) await sync.synced()
    clock.slow = 0.1
    assert.equal(sync.syncedNow(), true)
    assert.equal(sync.syncedNow(), false)
    await sync.close()
    removeFolder(folder)
  })

  it('that can not be synced on the main thread fails for good, too', async () => {
    const folder = temporaryFolder()
    for (const name of ['a.db', 'a.db-wal']) writeFileSync(join(folder, name), 'x')
    const sync = new WalSync(join(folder, 'a.db'))
    await sync.synced()
    // A file that is closed stands for a disk that is gone.
    await sync.close()
    assert.throws(() => sync.syncedNow(), Unavailable)
    assert.equal(sync.syncedNow(), false)
    await assert.rejects(sync.synced(), Unavailable)
    removeFolder(folder)
  })

  it('is synced before anybody follows what another process has changed', async () => {
    const folder = temporaryFolder()
    const path = join(folder, 'a.db')
    const [one, other] = [await openStorage(path), await openStorage(path)]
    await beginChain(one)
    const { number } = await other.changesSince(null)
    const key = { kind: 'k', account: 'a', region: 'r', id: 'i' }
    const row = { ...key, parent: null, createdAt: 1, dueAt: null, revision: 1, body: '{}', mac: Buffer.alloc(32) }
    await commit(one, [{ changes: [{ change: 'insert', row, counted: null }], nonce: null, event: null, scrub: false }])
    assert.equal((await other.changesSince(number)).number, number + 1)
    await other.close()
    // Without its name, the log of the third can be read and written, but not synced: no sync has opened it yet.
    const third = await openStorage(path)
    unlinkSync(`${path}-wal`)
    assert.equal((await third.changesSince(number + 1)).number, number + 1)
    await assert.rejects(third.changesSince(number), Unavailable)
    await assert.rejects(third.changesSince(null), Unavailable)
    for (const storage of [one, third]) await storage.close()
    removeFolder(folder)
  })

  it('is synced before anybody does work that another process has made due', async () => {
    const folder = temporaryFolder()
    const path = join(folder, 'a.db')
    const one = await openStorage(path)
    await beginChain(one)
    const key = { kind: 'k', account: 'a', region: 'r', id: 'i' }
    const row = { ...key, parent: null, createdAt: 1, dueAt: 5, revision: 1, body: '{}', mac: Buffer.alloc(32) }
    await commit(one, [{ changes: [{ change: 'insert', row, counted: null }], nonce: null, event: null, scrub: false }])
    const other = await openStorage(path)
    // As above, the log of the other can be read, but not synced.
    unlinkSync(`${path}-wal`)
    assert.deepEqual(await other.due('k', 4, 10), [])
    await assert.rejects(other.due('k', 5, 10), Unavailable)
    for (const storage of [one, other]) await storage.close()
    removeFolder(folder)
  })

  it('is synced before a copy shows what a server has committed', async (t) => {
    const folder = temporaryFolder()
    const path = join(folder, 'a.db')
    const storage = await openStorage(path)
    await beginChain(storage)
    const synced = t.mock.method(fs, 'fdatasyncSync')
    syncBuiltinESMExports()
    try {
      await (await openSource(path))[Symbol.asyncDispose]()
      assert.equal(synced.mock.callCount(), 1)
      synced.mock.mockImplementation(() => {
        throw new Error('EIO')
      })
      await assert.rejects(openSource(path), /^Error: SQLite's log can't be synced to disk: EIO: repair the disk$/)
    } finally {
      t.mock.restoreAll()
      syncBuiltinESMExports()
    }
    await storage.close()
    removeFolder(folder)
  })

  it('is synced where the path of the database is a symbolic link', async () => {
    const [folder, elsewhere] = [temporaryFolder(), temporaryFolder()]
    await (await openStorage(join(folder, 'a.db'))).close()
    const link = join(elsewhere, 'b.db')
    symlinkSync(join(folder, 'a.db'), link)
    const storage = await openStorage(link)
    await beginChain(storage)
    await storage.synced()
    await (await openSource(link))[Symbol.asyncDispose]()
    await storage.close()
    for (const each of [folder, elsewhere]) removeFolder(each)
  })

  it('is synced once for all that come while a sync runs', async () => {
    const folder = temporaryFolder()
    const storage = await openStorage(join(folder, 'a.db'))
    await beginChain(storage)
    const event = (eventId: string) => ({ eventId, account: '1', region: 'r', at: 5, body: '{}' })
    const all = Array.from({ length: 200 }, (_, i) =>
      commit(storage, [{ changes: [], nonce: null, event: event(String(i)), scrub: false }]),
    )
    assert.deepEqual(new Set((await Promise.all(all)).flat()), new Set(['committed']))
    assert.equal(storage.failure, null)
    await storage.close()
    const again = await openStorage(join(folder, 'a.db'))
    assert.equal((await again.events.after(0, 1000)).length, 200)
    await again.close()
    removeFolder(folder)
  })
})
