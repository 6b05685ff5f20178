// Two servers on one database: one chain of events, without gaps, whoever commits when.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import postgres from 'postgres'
import { GENESIS, link } from '../../src/ledger/chain.ts'
import { openStorage } from '../../src/storage/open.ts'
import { HEAD_PLACE } from '../../src/storage/storage.ts'
import { removeFolder, runProgram, startProgram, temporaryFolder } from '../acceptance/program.ts'
import { until } from '../until.ts'
import { beginChain, commit } from './chained.ts'
import { startPostgresql } from './postgresql-server.ts'

function call(eventId: string) {
  return { changes: [], nonce: null, event: { eventId, account: '1', region: 'r', at: 5, body: '{}' }, scrub: false }
}

describe('two servers on one PostgreSQL', () => {
  it('make one chain in the order of their commits', async () => {
    await using server = await startPostgresql()
    const url = server.database()
    const storages = await Promise.all([openStorage(url), openStorage(url)])
    const [first] = storages
    assert.ok(first)
    await beginChain(first)
    await Promise.all(
      storages.map(async (storage, s) => {
        for (let i = 0; i < 60; i++) {
          const outcomes = await commit(storage, [call(`${s}-${i}-a`), call(`${s}-${i}-b`)])
          assert.deepEqual(outcomes, ['committed', 'committed'])
        }
      }),
    )
    const rows = await first.events.after(0, 1000)
    assert.equal(rows.length, 240)
    let { hash } = GENESIS
    for (const [i, row] of rows.entries()) {
      assert.equal(row.seq, i + 1)
      hash = link(hash, row.seq, row, row.change)
      assert.equal(row.hash, hash)
    }
    for (const storage of storages) await storage.close()
  })

  it('wait for each other so long and no longer, and leave nothing waiting behind', async () => {
    await using server = await startPostgresql()
    const url = server.database()
    const storage = await openStorage(url)
    await beginChain(storage)
    const other = postgres(url, { max: 2, onnotice: () => {} })
    await other.begin(async (transaction) => {
      await transaction`SELECT 1 FROM record WHERE kind = ${HEAD_PLACE.kind} FOR UPDATE`
      await assert.rejects(commit(storage, [call('late')]), /lock timeout/)
      const waiting =
        await other`SELECT query FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
      assert.deepEqual([...waiting], [])
    })
    assert.deepEqual(await commit(storage, [call('in time')]), ['committed'])
    assert.deepEqual(
      (await storage.events.after(0, 10)).map(({ eventId }) => eventId),
      ['in time'],
    )
    await other.end()
    await storage.close()
  })

  it('store nonces in one order, whatever that of their calls: no two of them wait for each other', async (test) => {
    await using server = await startPostgresql()
    const url = server.database()
    const storage = await openStorage(url)
    test.after(() => storage.close())
    await beginChain(storage)
    const other = postgres(url, { max: 2, onnotice: () => {} })
    test.after(() => other.end())
    const digest = (byte: number) => new Uint8Array(16).fill(byte)
    const calls = [2, 1].map((byte) => ({ ...call(`nonce ${byte}`), nonce: { digest: digest(byte), expiresAt: 10 } }))
    const waiting = () =>
      other`SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
    const outcomes = await other.begin(async (transaction) => {
      const store = (byte: number) => transaction`INSERT INTO nonce VALUES (${digest(byte)}, 10)`
      await store(1)
      const stored = commit(storage, calls)
      await until(async () => (await waiting()).length > 0)
      // It waits for the first nonce, and has not stored the second one before.
      await transaction`SET LOCAL lock_timeout = 1`
      await store(2)
      return { stored }
    })
    assert.deepEqual(await outcomes.stored, ['nonce-used', 'nonce-used'])
  })

  it('are not held up by one that is stopped in the middle', async () => {
    await using server = await startPostgresql()
    const url = server.database()
    const data = temporaryFolder()
    const program = await startProgram({ data, flags: ['--database', url] })
    const watch = postgres(url, { max: 1, onnotice: () => {} })
    const holding = () =>
      watch`SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'`
    const state = { going: true }
    const callers = Array.from({ length: 16 }, async () => {
      while (state.going) await program.call('CreateKey')
    })
    // Again and again, until it is stopped in the middle of a transaction.
    await until(async () => {
      program.process.kill('SIGSTOP')
      await pause(20)
      const isHolding = (await holding()).length > 0
      if (!isHolding) program.process.kill('SIGCONT')
      return isHolding
    })
    await until(async () => (await holding()).length === 0)
    state.going = false
    program.process.kill('SIGCONT')
    await Promise.all(callers)
    assert.equal((await program.call('CreateKey')).status, 200)
    assert.equal(await program.stop(), 0)
    await watch.end()
    assert.equal((await runProgram(['audit', 'verify', '--data', data, '--database', url])).code, 0)
    removeFolder(data)
  })
})
