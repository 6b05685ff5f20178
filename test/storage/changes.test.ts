// What a batch was decided on holds when it is stored: the contract of the change number and its log, the same on both databases.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, it } from 'node:test'
import postgres from 'postgres'
import { openStorage } from '../../src/storage/open.ts'
import { statements } from '../../src/storage/statements.ts'
import {
  HEAD_PLACE,
  placeKey,
  type RowChange,
  recordKey,
  Stale,
  type Storage,
  type Stored,
} from '../../src/storage/storage.ts'
import { removeFolder, temporaryFolder } from '../acceptance/program.ts'
import { beginChain, commit, commitOn } from './chained.ts'
import { type PostgresqlServer, startPostgresql } from './postgresql-server.ts'

let server: PostgresqlServer
const folders: string[] = []
before(async () => {
  server = await startPostgresql()
})
after(async () => {
  await server[Symbol.asyncDispose]()
  for (const folder of folders) removeFolder(folder)
})

const place = { kind: 'thing', account: '1', region: 'r' }
const keyOf = (id: string) => recordKey(place.kind, place.account, place.region, id)
const row = (id: string, revision = 1) => ({
  ...place,
  id,
  parent: null,
  createdAt: 1,
  dueAt: null,
  revision,
  body: '{}',
  mac: new Uint8Array([1]),
})
const insert = (id: string): RowChange => ({ change: 'insert', row: row(id), counted: null })
const update = (id: string, from: number): RowChange => ({
  change: 'update',
  row: row(id, from + 1),
  before: row(id, from),
})
const remove = (id: string, revision: number): RowChange => ({
  change: 'delete',
  row: row(id, revision),
  counted: false,
})
const call = (changes: readonly RowChange[], eventId: string | null = null) => ({
  changes,
  nonce: null,
  event: eventId === null ? null : { eventId, account: '1', region: 'r', at: 5, body: '{}' },
  scrub: false,
})
const isStale = (promise: Promise<Stored>) => assert.rejects(promise, Stale)
const isMoved = async (promise: Promise<Stored>) => assert.deepEqual((await promise).outcomes, ['moved'])
const numberOf = async (storage: Storage) => (await storage.changesSince(0)).number

interface Database {
  open(): Promise<Storage>
  /** Writes past the port. */
  sql(text: string): Promise<readonly Record<string, unknown>[]>
}

const kinds: [string, () => Database][] = [
  [
    'SQLite',
    () => {
      const folder = temporaryFolder()
      folders.push(folder)
      const path = join(folder, 'test.db')
      const sql = async (text: string) => {
        using db = new DatabaseSync(path)
        return db.prepare(text).all()
      }
      return { open: () => openStorage(path), sql }
    },
  ],
  [
    'PostgreSQL',
    () => {
      const url = server.database()
      const sql = async (text: string) => {
        const db = postgres(url, { max: 1, onnotice: () => {} })
        return db.unsafe(text).finally(() => db.end())
      }
      return { open: () => openStorage(url), sql }
    },
  ],
]

for (const [name, database] of kinds)
  describe(`the change number on ${name}`, () => {
    let one: Storage
    let other: Storage
    let sql: Database['sql']
    before(async () => {
      const shared = database()
      sql = shared.sql
      one = await shared.open()
      other = await shared.open()
      await beginChain(one)
    })
    after(async () => {
      await one.close()
      await other.close()
    })

    it('moves by one with each transaction that changes rows, and with no other', async () => {
      const start = await numberOf(one)
      const on = (number: number) => ({ number, reads: null })
      const all = [call([insert('a')], 'made a'), call([insert('b')])]
      assert.deepEqual(await commitOn(on(start), one, all), {
        outcomes: ['committed', 'committed'],
        number: start + 1,
      })
      const expect = { change: 'expect', row: row('a') } as const
      const idle = [call([], 'only an event'), call([expect], 'expects'), call([update('a', 7)], 'moved')]
      assert.deepEqual(await commitOn(on(start + 1), one, idle), {
        outcomes: ['committed', 'committed', 'moved'],
        number: start + 1,
      })
      assert.equal(await numberOf(other), start + 1)
      assert.deepEqual(await other.changesSince(start + 1), { number: start + 1, keys: [] })
    })

    it('is what the first attempt of a batch holds by: whatever others changed, the batch is stale', async () => {
      const number = await numberOf(one)
      const basis = { number, reads: null }
      await commitOn(basis, other, [call([insert('c')])])
      await isStale(commitOn(basis, one, [call([insert('d')], 'stale')]))
      await isStale(commitOn(basis, one, [call([], 'stale')]))
      const several = [call([insert('d')], 'stale'), call([insert('c')], 'stale'), call([], 'stale')]
      await isStale(commitOn(basis, one, several))
      assert.deepEqual((await one.events.after(0, 1000)).filter(({ eventId }) => eventId === 'stale').length, 0)
      assert.equal(await one.get(place.kind, place.account, place.region, 'd'), null)
      assert.equal(await numberOf(one), number + 1)
    })

    it('leaves a later attempt alone unless it read what changed', async () => {
      const number = await numberOf(one)
      await commit(other, [call([insert('e'), insert('f')])])
      await commit(other, [call([update('e', 1)])])
      await commit(other, [call([remove('f', 1)])])
      const on = (...reads: string[]) => ({ number, reads: [reads] })
      for (const read of [keyOf('e'), keyOf('f'), placeKey(place)]) {
        await isMoved(commitOn(on('x', read), one, [call([insert('g')], 'moved')]))
        await isMoved(commitOn(on('x', read), one, [call([], 'moved')]))
      }
      assert.deepEqual((await one.events.after(0, 1000)).filter(({ eventId }) => eventId === 'moved').length, 0)
      const elsewhere = placeKey({ ...place, region: 'other' })
      const { outcomes } = await commitOn(on(keyOf('a'), keyOf('absent'), elsewhere), one, [
        call([insert('g')], 'held'),
      ])
      assert.deepEqual(outcomes, ['committed'])
      // What it changed itself counts for others.
      await isMoved(commitOn(on(keyOf('g')), other, [call([insert('h')])]))
      assert.deepEqual((await commitOn(on(), one, [call([], 'reads nothing')])).outcomes, ['committed'])
      assert.equal(await numberOf(one), number + 4)
    })

    it('takes its turn for the calls of a later attempt that did not read what changed', async () => {
      await commit(one, [call([insert('s'), insert('t'), insert('u')])])
      const number = await numberOf(one)
      await commit(other, [call([update('s', 1)])])
      const batch = [
        call([], 'turn 1'),
        call([], 'lost 1'),
        call([update('s', 1)], 'lost 2'),
        call([update('t', 1)], 'turn 2'),
        call([update('u', 7)], 'lost 3'),
        call([update('u', 1)], 'turn 3'),
      ]
      const reads = ['t', 's', 's', 't', 'u', 'u'].map((id) => [keyOf(id)])
      const outcomes = ['committed', 'moved', 'moved', 'committed', 'moved', 'committed']
      assert.deepEqual((await commitOn({ number, reads }, one, batch)).outcomes, outcomes)
      const events = (await one.events.after(0, 1000)).map(({ eventId }) => eventId)
      assert.deepEqual(
        events.filter((id) => /^(turn|lost)/.test(id)),
        ['turn 1', 'turn 2', 'turn 3'],
      )
      // With none that changes something, and with none at all.
      const turn = [call([update('s', 1)], 'lost'), call([], 'turn 4')]
      const after = await commitOn({ number, reads: [[keyOf('s')], []] }, one, turn)
      assert.deepEqual(after.outcomes, ['moved', 'committed'])
      await isMoved(commitOn({ number, reads: [[keyOf('s')]] }, one, [call([update('s', 1)], 'lost')]))
      const { number: now, keys } = await other.changesSince(number)
      assert.equal(now, await numberOf(one))
      assert.deepEqual(new Set(keys), new Set([keyOf('s'), keyOf('t'), keyOf('u'), placeKey(place)]))
    })

    it('says what others changed, with a batch that is held against it', async () => {
      await commit(one, [call([insert('v'), insert('w')])])
      const number = await numberOf(one)
      await commit(other, [call([update('v', 1)])])
      await commit(other, [call([update('v', 2)])])
      const keys = [keyOf('v'), placeKey(place)].sort()
      const told = async (read: string, changes: readonly RowChange[], since = number) => {
        const stored = await commitOn({ number: since, reads: [[keyOf(read)]] }, one, [call(changes)])
        const { others, ...ended } = stored
        return { ...ended, ...(others && { others: { ...others, keys: others.keys.toSorted() } }) }
      }
      const others = { number: number + 2, keys }
      assert.deepEqual(await told('w', []), { outcomes: ['committed'], number: number + 2, others })
      assert.deepEqual(await told('v', []), { outcomes: ['moved'], number: number + 2, others })
      assert.deepEqual(await told('v', [update('w', 1)]), { outcomes: ['moved'], number: number + 2, others })
      assert.deepEqual(await told('w', [update('w', 1)]), { outcomes: ['committed'], number: number + 3, others })
      assert.deepEqual(await told('v', [], number + 3), { outcomes: ['committed'], number: number + 3 })
      assert.equal(await numberOf(one), number + 3)
      await sql('DELETE FROM change_log WHERE n = (SELECT n - 1 FROM change_number)')
      assert.deepEqual(await told('w', []), { outcomes: ['moved'], number: null })
    })

    it('leaves the head of the chain as it is where all calls of a batch are moved', async () => {
      await commit(one, [call([insert('moved')])])
      const number = await numberOf(one)
      await commit(other, [call([update('moved', 1)])])
      const { kind, account, region, id } = HEAD_PLACE
      const head = await one.get(kind, account, region, id)
      assert.ok(head)
      await isMoved(commitOn({ number, reads: [[keyOf('moved')]] }, one, [call([], 'late')]))
      assert.deepEqual(await one.get(kind, account, region, id), head)
    })

    it('tells a batch with failures apart: each call counts alone, and is held alone', async () => {
      const number = await numberOf(one)
      const batch = [call([insert('i')], 'i'), call([insert('a')], 'no'), call([insert('j')], 'j')]
      const { outcomes, number: after } = await commitOn({ number, reads: null }, one, batch)
      assert.deepEqual(outcomes, ['committed', 'moved', 'committed'])
      assert.equal(after, await numberOf(other))
      const { keys } = await other.changesSince(number)
      assert.deepEqual(new Set(keys), new Set([keyOf('i'), keyOf('j'), placeKey(place)]))
    })

    it('says the number alone to who begins', async () => {
      await commit(one, [call([insert('begin')])])
      assert.deepEqual(await other.changesSince(null), { number: await numberOf(one), keys: null })
    })

    it('logs the keys of what was inserted, updated and deleted, and of their places', async () => {
      const number = await numberOf(one)
      await commit(one, [call([insert('k'), update('a', 1)])])
      await commit(one, [call([remove('k', 1), { change: 'expect', row: row('b') }])])
      const changes = await other.changesSince(number)
      assert.deepEqual(
        { ...changes, keys: new Set(changes.keys) },
        { number: number + 2, keys: new Set([keyOf('k'), keyOf('a'), placeKey(place)]) },
      )
    })

    it('is not moved by heads of the chain, which move with events', async () => {
      const number = await numberOf(one)
      const head = { ...row('of the tests'), kind: HEAD_PLACE.kind }
      await commit(one, [call([{ change: 'insert', row: head, counted: null }])])
      assert.ok(await other.get(HEAD_PLACE.kind, head.account, head.region, head.id))
      assert.equal(await numberOf(one), number)
    })

    it('is kept with each event: the number that it was decided under', async () => {
      const number = await numberOf(one)
      await commitOn({ number, reads: null }, one, [call([insert('l')], 'decided'), call([], 'decided')])
      await commitOn({ number: number + 1, reads: null }, one, [call([], 'decided')])
      await commitOn({ number, reads: [[]] }, one, [call([], 'decided')])
      const events = (await one.events.after(0, 1000)).filter(({ eventId }) => eventId === 'decided')
      assert.deepEqual(
        events.map(({ change }) => change),
        [number, number, number + 1, number],
      )
    })

    it('lets two servers that decide on each other go one after the other', async () => {
      await commit(one, [call([insert('m'), insert('n')])])
      for (let round = 1; round <= 10; round++) {
        const { number } = await one.changesSince(0)
        // Each reads what the other one changes: never may both commit.
        const ended = await Promise.all([
          commitOn({ number, reads: [[keyOf('n')]] }, one, [call([update('m', round)], 'm')]),
          commitOn({ number, reads: [[keyOf('m')]] }, other, [call([update('n', round)], 'n')]),
        ])
        const outcomes = ended.flatMap((stored) => stored.outcomes)
        assert.deepEqual(outcomes.toSorted(), ['committed', 'moved'])
        const again = outcomes[0] === 'moved' ? 'm' : 'n'
        await commit(one, [call([update(again, round)])])
      }
    })

    it('says nothing of changes that the log does not keep, or that can not be read', async () => {
      const number = await numberOf(one)
      for (let i = 0; i < 3; i++) await commit(one, [call([insert(`o${i}`)])])
      await sql('DELETE FROM change_log WHERE n = (SELECT n - 1 FROM change_number)')
      assert.deepEqual(await other.changesSince(number), { number: number + 3, keys: null })
      await isMoved(commitOn({ number, reads: [[keyOf('unrelated')]] }, other, [call([insert('p')])]))
      const { keys } = await other.changesSince(number + 2)
      assert.deepEqual(new Set(keys), new Set([keyOf('o2'), placeKey(place)]))
      await sql("UPDATE change_log SET records = '7' WHERE n = (SELECT n FROM change_number)")
      assert.deepEqual(await other.changesSince(number + 2), { number: number + 3, keys: null })
    })

    it('drops a change from the log after ten thousand others', async () => {
      const oldest = async () => Number((await sql('SELECT min(n) AS n FROM change_log'))[0]?.['n'])
      const first = await oldest()
      await sql(`UPDATE change_number SET n = ${first + 9998}`)
      await commit(one, [call([insert('q')])])
      assert.equal(await oldest(), first)
      await commit(one, [call([remove('q', 1)])])
      assert.ok((await oldest()) > first)
    })

    it('shows that the database was restored from an older copy', async () => {
      const number = await numberOf(one)
      await sql('UPDATE change_number SET n = n - 1')
      assert.deepEqual(await other.changesSince(number), { number: number - 1, keys: null })
      await isStale(commitOn({ number, reads: null }, other, [call([], 'ahead')]))
      await isStale(commitOn({ number, reads: null }, other, [call([insert('r')], 'ahead')]))
    })
  })

describe('the log of changes on PostgreSQL', () => {
  it("is cheap to read by PostgreSQL's estimate even without statistics, so that the read is not compiled", async () => {
    const url = server.database()
    const storage = await openStorage(url)
    const db = postgres(url, { max: 1, onnotice: () => {} })
    try {
      await db.unsafe("INSERT INTO change_log SELECT n, '[]' FROM generate_series(1, 10000) AS n")
      const { text } = statements('postgresql').changesSince({ number: 0 })
      const [planned] = await db.unsafe(`EXPLAIN (FORMAT JSON) ${text.replace('$1', '0')}`)
      const [compiling] = await db.unsafe('SHOW jit_above_cost')
      const cost = Number(planned?.['QUERY PLAN'][0].Plan['Total Cost'])
      assert.ok(cost < Number(compiling?.['jit_above_cost']) / 10, `the cost is ${cost}`)
    } finally {
      await db.end()
      await storage.close()
    }
  })
})
