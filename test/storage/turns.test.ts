// Turns on PostgreSQL: nobody else changes rows until the batch of the turn is committed, or the turn has ended.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import postgres from 'postgres'
import { LaneLost } from '../../src/ledger/chain.ts'
import { openStorage } from '../../src/storage/open.ts'
import { HEAD_PLACE, Stale, type Storage, type Turn } from '../../src/storage/storage.ts'
import { until } from '../until.ts'
import { beginChain, chainingOf, commit } from './chained.ts'
import { type PostgresqlServer, startPostgresql } from './postgresql-server.ts'

let server: PostgresqlServer
before(async () => {
  server = await startPostgresql()
})
after(async () => {
  await server[Symbol.asyncDispose]()
})

const place = { kind: 'thing', account: '1', region: 'r' }
const event = (eventId: string) => ({ eventId, account: '1', region: 'r', at: 5, body: '{}' })
const recording = (id: string) => ({ changes: [], nonce: null, event: event(id), scrub: false })
const row = (id: string) => ({
  ...{ ...place, id, parent: null, createdAt: 1, dueAt: null, revision: 1, body: '{}' },
  mac: new Uint8Array([1]),
})
const making = (id: string) => ({
  ...recording(id),
  changes: [{ change: 'insert', row: row(id), counted: null } as const],
})
/** What the other server makes: it records no event, since it has a lane of its own. */
const made = (id: string) => ({ ...making(id), event: null })

/** Two servers on one database, and what they did, in order. */
async function servers() {
  const url = server.database()
  const [one, other] = await Promise.all([openStorage(url), openStorage(url)])
  await beginChain(one)
  // It takes a connection to commit while another one waits, and only reads open one.
  await Promise.all([other.size(), other.size()])
  const watch = postgres(url, { max: 1, onnotice: () => {} })
  const done: string[] = []
  return {
    one,
    other,
    done,
    take: async (storage: Storage): Promise<Turn> => (await storage.takeTurn?.(HEAD_PLACE)) ?? assert.fail(),
    noting: async (what: string, work: Promise<unknown>) => {
      await work
      done.push(what)
    },
    /** Whether a transaction waits for another one. */
    isWaiting: async () => {
      const waiting =
        await watch`SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
      return waiting.length > 0
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([one.close(), other.close(), watch.end()])
    },
  }
}

const basisOf = async (storage: Storage) => ({ number: (await storage.changesSince(0)).number, reads: null })

describe('a turn of a server', () => {
  it('keeps others from changing rows until its batch is committed', async () => {
    await using both = await servers()
    const { one, other, done, noting } = both
    const turn = await both.take(one)
    const basis = await basisOf(one)
    const waiting = noting('of the other', commit(other, [made('a')]))
    await until(both.isWaiting)
    const stored = await turn.commit([making('b'), recording('c')], chainingOf(one), basis)
    done.push('of the turn')
    assert.deepEqual(stored, { outcomes: ['committed', 'committed'], number: basis.number + 1 })
    await waiting
    assert.deepEqual(done, ['of the turn', 'of the other'])
    // Now it is any other way to commit.
    assert.deepEqual((await turn.commit([making('d')], chainingOf(one), null)).outcomes, ['committed'])
    await turn.end()
    const recorded = (await one.events.after(0, 10)).map(({ eventId }) => eventId)
    assert.deepEqual(recorded, ['b', 'c', 'd'])
  })

  it('is held against its basis as every batch', async () => {
    await using both = await servers()
    const { one, other } = both
    const basis = await basisOf(one)
    await commit(other, [made('a')])
    const turn = await both.take(one)
    await assert.rejects(turn.commit([making('b')], chainingOf(one), basis), Stale)
    assert.deepEqual(await commit(other, [made('c')]), ['committed'])
  })

  it('leaves no trace where it ends without a batch, or its batch can not be chained', async () => {
    await using both = await servers()
    const { one, other } = both
    const before = await one.changesSince(0)
    await (await both.take(one)).end()
    const turn = await both.take(one)
    const lost = {
      ...chainingOf(one),
      headOf: () => {
        throw new LaneLost('simulated')
      },
    }
    await assert.rejects(turn.commit([making('b')], lost, await basisOf(one)), LaneLost)
    assert.deepEqual(await one.changesSince(0), before)
    assert.deepEqual(await commit(other, [made('a')]), ['committed'])
    assert.deepEqual(await commit(one, [making('c')]), ['committed'])
  })

  it('is ended by the database if its server was stopped, and its commit then counts as any other', async () => {
    await using both = await servers()
    const { one, other } = both
    const turn = await both.take(one)
    assert.deepEqual(await commit(other, [made('a')]), ['committed'])
    await turn.end()
    const isServing = async () => (await commit(one, [recording('b')]))[0] === 'committed'
    await until(() => isServing().catch(() => false))
    assert.deepEqual((await turn.commit([making('c')], chainingOf(one), null)).outcomes, ['committed'])
  })

  it('does not exist where one process has the database', async () => {
    const storage = await openStorage(':memory:')
    assert.equal(storage.takeTurn, null)
    await storage.close()
  })
})
