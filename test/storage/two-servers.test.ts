// Two servers on one database: one chain of events, without gaps, whoever commits when.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { GENESIS, link } from '../../src/ledger/chain.ts'
import { openStorage } from '../../src/storage/open.ts'
import { beginChain, commit } from './chained.ts'
import { startPostgresql } from './postgresql-server.ts'

describe('two servers on one PostgreSQL', () => {
  it('make one chain in the order of their commits', async () => {
    await using server = await startPostgresql()
    const url = server.database()
    const storages = await Promise.all([openStorage(url), openStorage(url)])
    const [first] = storages
    assert.ok(first)
    await beginChain(first)
    const event = (eventId: string) => ({ eventId, account: '1', region: 'r', at: 5, body: '{}' })
    const call = (id: string) => ({ changes: [], nonce: null, event: event(id), scrub: false })
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
      hash = link(hash, row.seq, row)
      assert.equal(row.hash, hash)
    }
    for (const storage of storages) await storage.close()
  })
})
