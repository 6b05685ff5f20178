// PostgreSQL that ends connections in the middle of batches: every commit is answered, rightly, and the chain stays whole.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import postgres from 'postgres'
import { GENESIS, link } from '../../src/ledger/chain.ts'
import { openStorage } from '../../src/storage/open.ts'
import { Unavailable } from '../../src/storage/storage.ts'
import { beginChain, commit } from './chained.ts'
import { startPostgresql } from './postgresql-server.ts'

describe('a connection that is lost while a batch is committed', () => {
  it('leaves no call unanswered, none acknowledged that is not stored, and none refused that is', async () => {
    await using server = await startPostgresql()
    const url = server.database()
    const storage = await openStorage(url)
    await beginChain(storage)
    const killer = postgres(url, { max: 1, onnotice: () => {} })
    const told = new Map<string, boolean>()
    let lost = 0
    for (let round = 0; round < 16 || lost === 0; round++) {
      const ids = Array.from({ length: round % 3 === 0 ? 300 : 3 }, (_, i) => `${round}-${i}`)
      const calls = ids.map((eventId) => ({
        changes: [],
        nonce: null,
        event: { eventId, account: '1', region: 'r', at: 5, body: '{}' },
        scrub: false,
      }))
      const killing = new Promise((resolve) => setTimeout(resolve, round % 7)).then(
        () =>
          killer`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
      )
      try {
        const outcomes = await commit(storage, calls)
        for (const [i, id] of ids.entries()) told.set(id, outcomes[i] === 'committed')
      } catch (error) {
        assert.ok(error instanceof Unavailable, String(error))
        lost++
        for (const id of ids) told.set(id, false)
      }
      await killing
    }
    await killer.end()
    const rows = await storage.events.after(0, 100_000)
    const stored = new Set(rows.map(({ eventId }) => eventId))
    for (const [id, acknowledged] of told) assert.equal(stored.has(id), acknowledged, id)
    let { hash } = GENESIS
    for (const [i, row] of rows.entries()) {
      assert.equal(row.seq, i + 1)
      hash = link(hash, row.seq, row)
      assert.equal(row.hash, hash)
    }
    await storage.close()
  })
})
