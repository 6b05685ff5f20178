// Searches on PostgreSQL: they have connections of their own, and an end. Whatever they take, commits go on.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import postgres from 'postgres'
import { openPostgresql } from '../../src/storage/postgresql.ts'
import { type Row, type Search, type Storage, Unavailable } from '../../src/storage/storage.ts'
import { until } from '../until.ts'
import { beginChain, commit } from './chained.ts'
import { type PostgresqlServer, startPostgresql } from './postgresql-server.ts'

const of = ({ body }: Row) => ({ facets: 0, turns: null, goneAt: null, labels: '', text: body })
const OPENING = { indexing: { kinds: new Set(['found']), of }, notice: () => {} }
const wanted = (account: string): Search => ({
  ...{ kind: 'found', account, region: 'r', now: 1, unwanted: 0, labels: [], text: 'a', through: 'none' },
})
const event = (eventId: string) => ({
  ...{ changes: [], nonce: null, scrub: false },
  event: { eventId, account: '1', region: 'r', at: 5, body: '{}' },
})

describe('searches on PostgreSQL', () => {
  let server: PostgresqlServer
  before(async () => {
    server = await startPostgresql()
  })
  after(() => server[Symbol.asyncDispose]())

  /** A storage, and an administrator of its database who locks what searches read. */
  async function opened(patienceMs: number) {
    const url = server.database()
    const storage = await openPostgresql(url, OPENING, patienceMs)
    await beginChain(storage)
    const admin = postgres(url, { max: 2, onnotice: () => {} })
    /** How many statements wait for a lock. */
    const waiting = async () => {
      const [row] = await admin`SELECT count(*)::int AS n FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'`
      return row?.['n'] as number
    }
    return {
      storage,
      admin,
      waiting,
      async [Symbol.asyncDispose]() {
        await admin.end()
        await storage.close()
      },
    }
  }

  /** Locks the index of records for as long as `work` takes. */
  const locked = (admin: postgres.Sql, work: () => Promise<void>) =>
    admin.begin(async (sql) => {
      await sql`LOCK TABLE record_index IN ACCESS EXCLUSIVE MODE`
      await work()
    })

  it('leave commits their connections, however many accounts search', async () => {
    await using one = await opened(60_000)
    const { storage, admin, waiting } = one
    const searches: Promise<unknown>[] = []
    await locked(admin, async () => {
      for (let i = 0; i < 20; i++) searches.push(storage.search(wanted(`${i}`), 0, 10))
      await until(async () => (await waiting()) === 2)
      for (let i = 0; i < 20; i++) assert.deepEqual(await commit(storage, [event(`e${i}`)]), ['committed'])
      assert.equal(await waiting(), 2)
    })
    await Promise.all(searches)
  })

  it('are ended by the database after a time, as unavailable, and nothing else is', async () => {
    await using one = await opened(3000)
    const { storage, admin } = one
    await locked(admin, async () => {
      await assert.rejects(
        storage.search(wanted('1'), 0, 10),
        (error) => error instanceof Unavailable && /statement timeout/.test(error.message),
      )
    })
    await assertStays(storage, admin, async () => {
      assert.equal((await storage.search(wanted('1'), 0, 10)).total, 0)
    })
  })

  /** Asserts that no connection of the storage closes while it works, and commits. */
  async function assertStays(storage: Storage, admin: postgres.Sql, work: () => Promise<void>): Promise<void> {
    const began = async () =>
      (
        await admin`SELECT min(backend_start)::text AS at FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'postgres.js' AND pid <> pg_backend_pid()`
      )[0]?.['at']
    const before = await began()
    await work()
    assert.deepEqual(await commit(storage, [event('last')]), ['committed'])
    assert.equal(await began(), before)
  }

  it('and no other wait for a free connection makes commits lose theirs', async () => {
    await using one = await opened(60_000)
    const { storage, admin, waiting } = one
    const reads: Promise<unknown>[] = []
    await assertStays(storage, admin, async () => {
      await admin.begin(async (sql) => {
        await sql`LOCK TABLE record IN ACCESS EXCLUSIVE MODE`
        for (let i = 0; i < 8; i++) reads.push(storage.get('thing', '1', 'r', `${i}`))
        await until(async () => (await waiting()) === 8)
        await assert.rejects(
          commit(storage, [event('waits')]),
          (error) => error instanceof Unavailable && /in use/.test(error.message),
        )
      })
      assert.deepEqual(await Promise.all(reads), Array(8).fill(null))
    })
  })
})
