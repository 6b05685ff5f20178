// PostgreSQL that ends connections in the middle of batches: every commit is answered, rightly, and the chain stays whole.
import assert from 'node:assert/strict'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { describe, it } from 'node:test'
import postgres from 'postgres'
import { GENESIS, link } from '../../src/ledger/chain.ts'
import { openSource } from '../../src/storage/copying/open.ts'
import { openStorage } from '../../src/storage/open.ts'
import { openPostgresql } from '../../src/storage/postgresql.ts'
import { closedError, connect as connectPool, reaching } from '../../src/storage/postgresql-connections.ts'
import { Unavailable } from '../../src/storage/storage.ts'
import { until } from '../until.ts'
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
      hash = link(hash, row.seq, row, row.change)
      assert.equal(row.hash, hash)
    }
    await storage.close()
  })
})

describe('a connection that is closed', () => {
  it('is reported as closed, without the host that the driver connects to by default', async () => {
    await using server = await startPostgresql()
    const pool = connectPool(server.database())
    await pool.sql.unsafe('SELECT 1')
    const query = assert.rejects(
      reaching(() => pool.sql.unsafe('SELECT 2')),
      { message: 'PostgreSQL: a connection was closed', cause: closedError() },
    )
    await pool.end(0)
    await query
  })

  it('says why another one could not be opened', async () => {
    const refused = await openSource('postgresql://user@127.0.0.1:1/nowhere').catch((error: unknown) => error)
    assert.ok(refused instanceof Unavailable, String(refused))
    assert.match(refused.message, /^PostgreSQL: 127\.0\.0\.1:1: connect ECONNREFUSED/)
  })
})

describe('a storage that is closed', () => {
  it('opens no further connection, which nobody would close', async () => {
    await using server = await startPostgresql()
    const url = server.database()
    const storage = await openStorage(url)
    await beginChain(storage)
    await storage.close()
    await assert.rejects(storage.size(), Unavailable)
    await assert.rejects(commit(storage, [{ changes: [], nonce: null, event: null, scrub: false }]), Unavailable)
    const watcher = postgres(url, { max: 1, onnotice: () => {} })
    const others = () =>
      watcher`SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()`
    await until(async () => (await others()).length === 0)
    await watcher.end()
  })
})

/** A way to the server at `url` on which every connection that is open can fall silent, and stays open; later ones work. */
async function silenceable(url: string) {
  const { port } = new URL(url)
  const open = new Set<{ readonly ends: readonly Socket[]; silent: boolean }>()
  const server = createServer((client) => {
    const upstream = connect(Number(port), '127.0.0.1')
    const line = { ends: [client, upstream], silent: false }
    open.add(line)
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      from.on('data', (data) => void (line.silent || to.write(data)))
      from.on('close', () => void (line.silent || to.destroy()))
      from.on('error', () => {})
    }
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const through = new URL(url)
  through.port = String((server.address() as AddressInfo).port)
  return {
    url: through.href,
    silence() {
      for (const line of open) line.silent = true
    },
    async [Symbol.asyncDispose]() {
      for (const { ends } of open) for (const end of ends) end.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

describe('a connection that falls silent', () => {
  it('ends a read as unavailable, and reads and commits go on over other connections', async () => {
    await using server = await startPostgresql()
    await using way = await silenceable(server.database())
    const storage = await openPostgresql(way.url, undefined, 2000)
    try {
      await beginChain(storage)
      const read = () => storage.get('thing', '', '', 'x')
      await until(() =>
        read().then(
          () => true,
          () => false,
        ),
      )
      way.silence()
      await assert.rejects(
        read(),
        (error) => error instanceof Unavailable && /no answer within 2000 ms/.test(error.message),
      )
      const event = { eventId: 'after', account: '1', region: 'r', at: 5, body: '{}' }
      const change = { changes: [], nonce: null, event, scrub: false }
      await until(() =>
        commit(storage, [change]).then(
          ([outcome]) => outcome === 'committed',
          () => false,
        ),
      )
      await until(() =>
        read().then(
          (row) => row === null,
          () => false,
        ),
      )
    } finally {
      await storage.close()
    }
  })
})
