// The contract of the storage port: the same suite on SQLite, on PostgreSQL, and on SQLite from another process.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import { openStorage } from '../../src/storage/open.ts'
import type { Opening } from '../../src/storage/search.ts'
import {
  type Commit,
  type EventRow,
  MAX_LABELS,
  type Row,
  type RowChange,
  type Search,
  type Storage,
} from '../../src/storage/storage.ts'
import { temporaryFolder } from '../acceptance/program.ts'
import { Database } from '../simulation/database.ts'
import { PERFECT_LINE, SimulatedStorage } from '../simulation/storage.ts'
import { beginChain, commit } from './chained.ts'
import { type PostgresqlServer, startPostgresql } from './postgresql-server.ts'
import { throughChannel } from './remote/through-channel.ts'

let server: PostgresqlServer
before(async () => {
  server = await startPostgresql()
})
after(async () => {
  await server[Symbol.asyncDispose]()
})

const range = { kind: 'key', account: '1', region: 'r', parent: null }
const row = (id: string, rest: Partial<Row> = {}): Row => ({
  kind: 'key',
  account: '1',
  region: 'r',
  id,
  parent: null,
  createdAt: 1,
  dueAt: null,
  revision: 1,
  body: '{}',
  mac: new Uint8Array([1, 2]),
  ...rest,
})
const event = (eventId: string): EventRow => ({ eventId, account: '1', region: 'r', at: 5, body: '{"a":"é"}' })
const call = (changes: RowChange[], rest: Partial<Commit> = {}): Commit => ({
  changes,
  nonce: null,
  event: null,
  scrub: false,
  ...rest,
})
const insert = (one: Row, atMost: number | null = null): RowChange => ({
  change: 'insert',
  row: one,
  counted: { atMost },
})
const nonce = (byte: number, expiresAt = 10) => ({ digest: new Uint8Array(16).fill(byte), expiresAt })

/** Rows of the kinds `found` and `name` say themselves what the index has of them. */
const INDEXING = { kinds: new Set(['found', 'name']), of: ({ body }: Row) => JSON.parse(body) }
const OPENING: Opening = { indexing: INDEXING, notice: () => {} }

const kinds: [string, () => Promise<Storage>][] = [
  ['SQLite', () => openStorage(join(temporaryFolder(), 'storage.db'), OPENING)],
  ['SQLite in memory', () => openStorage(':memory:', OPENING)],
  ['PostgreSQL', () => openStorage(server.database(), OPENING)],
  ['SQLite that another process owns', async () => throughChannel(await openStorage(':memory:', OPENING))],
  // What simulations run on keeps the same contract.
  ['a simulated database', async () => new SimulatedStorage(new Database(), PERFECT_LINE, INDEXING)],
  [
    'a simulated database of one server',
    async () => new SimulatedStorage(new Database(), { ...PERFECT_LINE, isShared: false }, INDEXING),
  ],
]

for (const [name, open] of kinds)
  describe(`storage on ${name}`, () => {
    let storage: Storage
    before(async () => {
      storage = await open()
      await beginChain(storage)
    })
    after(() => storage.close())

    it('gives back a row as it was inserted, and null for one that is not there', async () => {
      const one = row('a', { parent: 'p', dueAt: 2 ** 45, createdAt: 2 ** 44, body: '{"x":"ü\\u0000"}' })
      assert.deepEqual(await commit(storage, [call([insert(one)])]), ['committed'])
      const found = await storage.get('key', '1', 'r', 'a')
      assert.deepEqual({ ...found, mac: new Uint8Array(found?.mac ?? []) }, one)
      assert.equal(await storage.get('key', '1', 'other', 'a'), null)
    })

    describe('finds by the index', () => {
      const indexed = { facets: 1, turns: null, goneAt: null, labels: '', text: '' }
      const entry = (id: string, createdAt: number, of: object, rest: Partial<Row> = {}): Row =>
        row(id, { kind: 'found', createdAt, body: JSON.stringify({ ...indexed, ...of }), ...rest })
      const wanted: Search = {
        ...{ kind: 'found', account: '1', region: 'r', now: 100 },
        ...{ unwanted: 0, labels: [], text: '', through: 'name' },
      }
      const ids = async (search: Partial<Search>, offset = 0, limit = 10) => {
        const { rows, total } = await storage.search({ ...wanted, ...search }, offset, limit)
        return [rows.map((one) => one?.id).join(' '), total]
      }
      const idsAfter = async (search: Partial<Search>, after: string, limit: number) =>
        (await storage.searchById({ ...wanted, ...search }, after, limit)).rows.map((one) => one?.id).join(' ')
      before(async () => {
        const rows = [
          entry('z', 1, { facets: 1, text: '50% of_it\n!', labels: '\nA\tx\n' }),
          entry('a', 2, { facets: 2, text: 'ünder\0', labels: '\nA\txy\nb\t\n' }),
          entry('m', 2, { facets: 4, goneAt: 100 }),
          entry('n', 2, { facets: 4, goneAt: 101 }),
          entry('o', 3, { facets: 1, turns: { at: 100, facets: 2 } }),
          entry('p', 3, { facets: 1, turns: { at: 101, facets: 2 } }),
          entry('q', 4, { facets: 1, turns: { at: 99, facets: 2 }, goneAt: 100 }),
          entry('elsewhere', 1, { text: 'ünder' }, { region: 'other' }),
          entry('name/p', 9, { text: 'called so' }, { kind: 'name', parent: 'p' }),
          entry('name/elsewhere', 9, { text: 'called so' }, { kind: 'name', parent: 'z', region: 'other' }),
          entry('name/none', 9, { text: 'called so' }, { kind: 'name' }),
        ]
        const changes = rows.map((one): RowChange => ({ change: 'insert', row: one, counted: null }))
        assert.deepEqual(await commit(storage, [call(changes)]), ['committed'])
      })

      it('all of an account and region by creation, page by page, with the count of all', async () => {
        assert.deepEqual(await ids({}), ['z a n o p', 5])
        assert.deepEqual(await ids({}, 0, 2), ['z a', 5])
        assert.deepEqual(await ids({}, 2, 2), ['n o', 5])
        assert.deepEqual(await ids({}, 4, 1), ['p', 5])
        assert.deepEqual(await ids({}, 5, 2), ['', 5])
        assert.deepEqual(await ids({ region: 'none' }), ['', 0])
        const [one] = (await storage.search(wanted, 0, 1)).rows
        assert.deepEqual(
          [one?.kind, one?.region, one?.createdAt, one?.dueAt, one?.revision],
          ['found', 'r', 1, null, 1],
        )
        assert.equal(JSON.parse(one?.body ?? '').text, '50% of_it\n!')
      })

      it('by facets, as they are at the moment', async () => {
        assert.deepEqual(await ids({ unwanted: 1 }), ['a n o', 3])
        assert.deepEqual(await ids({ unwanted: 2 }), ['z n p', 3])
        assert.deepEqual(await ids({ unwanted: 5, now: 98 }), ['a', 1])
        assert.deepEqual(await ids({ unwanted: 5, now: 99 }), ['a q', 2])
        assert.deepEqual(await ids({ unwanted: 7 }), ['', 0])
      })

      it('by labels, which differ by case', async () => {
        assert.deepEqual(await ids({ labels: ['\nA\t'] }), ['z a', 2])
        assert.deepEqual(await ids({ labels: ['\nA\tx\n'] }), ['z', 1])
        assert.deepEqual(await ids({ labels: ['\na\t'] }), ['', 0])
        assert.deepEqual(await ids({ labels: ['\nb\t\n', '\nA\t'] }), ['a', 1])
        assert.deepEqual(await ids({ labels: Array.from({ length: MAX_LABELS }, () => '\nb\t') }), ['a', 1])
      })

      it('by any part of the text, in which nothing has a meaning of its own', async () => {
        for (const part of ['50%', '% of_', '_it\n', '!', 'of_it'])
          assert.deepEqual(await ids({ text: part }), ['z', 1], part)
        for (const part of ['5_%', '%%', '__', '!!', '!%', "'", '\\', 'ÜNDER'])
          assert.deepEqual(await ids({ text: part }), ['', 0], part)
        assert.deepEqual(await ids({ text: 'nde' }), ['a', 1])
        assert.deepEqual(await ids({ text: 'ü' }), ['a', 1])
        assert.deepEqual(await ids({ text: 'r\0' }), ['a', 1])
        assert.deepEqual(await ids({ text: 'x'.repeat(5000) }), ['', 0])
      })

      it('by the text of what belongs to it, in the same account and region', async () => {
        assert.deepEqual(await ids({ text: 'called' }), ['p', 1])
        assert.deepEqual(await ids({ text: 'called', unwanted: 1 }), ['', 0])
        assert.deepEqual(await ids({ text: 'called', through: 'found' }), ['', 0])
      })

      it('what a plain filter finds, however many have a text through what belongs to them', async () => {
        const place = { region: 'plain' }
        const words = ['ab', 'abc', 'üb', 'b', '']
        const all = Array.from({ length: 40 }, (_, i) => ({
          ...{ id: `e${(i * 7) % 40}`, createdAt: Math.floor(i / 3) },
          ...{ facets: 1 << (i % 3), text: words[i % 4] ?? '', labels: i % 2 ? '\nA\tx\n' : '' },
        }))
        // One text is that of so many names that they are not looked up one by one; some have no owner, or one that is not there.
        const names = Array.from({ length: 260 }, (_, i) => ({
          ...{ id: `n${i}`, parent: i % 9 === 0 ? null : `e${(i * 3) % 45}` },
          text: i < 240 ? 'common' : `${words[i % 5]}-rare`,
        }))
        const rows = [
          ...all.map(({ id, createdAt, ...of }) => entry(id, createdAt, of, place)),
          ...names.map(({ id, parent, text }) => entry(id, 1, { text }, { ...place, kind: 'name', parent })),
        ]
        await commit(storage, [call(rows.map((one) => ({ change: 'insert', row: one, counted: null })))])
        const parts = ['common', 'mm', 'rare', 'ab-', 'b', 'ü', 'b-rare', '-', 'none']
        const search = fc.record({
          text: fc.constantFrom('', ...parts, ...parts),
          unwanted: fc.nat(7),
          labels: fc.constantFrom([], [], ['\nA\tx\n']),
        })
        type Asked = typeof search extends fc.Arbitrary<infer T> ? T : never
        const check = async ({ text, ...rest }: Asked, offset: number, limit: number, id: string) => {
          const has = (one: { text: string }) => one.text.includes(text)
          const owners = new Set(names.filter(has).map(({ parent }) => parent))
          const found = all
            .filter(({ facets, labels }) => (facets & rest.unwanted) === 0 && rest.labels.every((l) => labels === l))
            .filter((one) => has(one) || owners.has(one.id))
          const by = (a: string, b: string) => (a < b ? -1 : 1)
          const ordered = found.toSorted((a, b) => a.createdAt - b.createdAt || by(a.id, b.id)).map((one) => one.id)
          const expected = [ordered.slice(offset, offset + limit).join(' '), found.length]
          assert.deepEqual(await ids({ ...place, ...rest, text }, offset, limit), expected)
          const later = ordered.filter((one) => one > id).toSorted(by)
          assert.equal(await idsAfter({ ...place, ...rest, text }, id, limit), later.slice(0, limit).join(' '))
        }
        await fc.assert(
          fc.asyncProperty(
            search,
            fc.nat(12),
            fc.integer({ min: 1, max: 12 }),
            fc.constantFrom('', 'e2', 'e30'),
            check,
          ),
          { numRuns: 100 },
        )
      })

      it('with what belongs to it, where a text is named', async () => {
        const of = async (search: Partial<Search>) => {
          const { owned } = await storage.search({ ...wanted, ...search }, 0, 10)
          return owned.map(({ kind, id, parent, createdAt }) => `${kind} ${id} ${parent} ${createdAt}`)
        }
        assert.deepEqual(await of({ text: 'called' }), ['name name/p p 9'])
        assert.deepEqual(await of({ text: 'ünder' }), [])
        assert.deepEqual(await of({}), [])
        assert.deepEqual(
          (await storage.searchById({ ...wanted, text: 'called' }, 'o', 3)).owned.map(({ id }) => id),
          ['name/p'],
        )
      })

      it('by id, after one', async () => {
        assert.equal(await idsAfter({}, '', 3), 'a n o')
        assert.equal(await idsAfter({}, 'o', 3), 'p z')
        assert.equal(await idsAfter({ labels: ['\nA\t'] }, '', 3), 'a z')
        assert.equal(await idsAfter({ labels: ['\nA\t'] }, 'a', 3), 'z')
      })

      it('what a transaction left, and nothing of a call that was undone', async () => {
        const place = { region: 'changing' }
        const one = entry('one', 1, { text: 'first' }, place)
        const two = entry('two', 1, { text: 'second' }, { ...place, revision: 2 })
        const first: RowChange = { change: 'insert', row: one, counted: null }
        const gone: RowChange = { change: 'update', row: two, before: one }
        assert.deepEqual(await commit(storage, [call([first, gone])]), ['moved'])
        assert.deepEqual(await ids(place), ['', 0])
        assert.deepEqual(await commit(storage, [call([first])]), ['committed'])
        assert.deepEqual(await ids({ ...place, text: 'first' }), ['one', 1])
        const changed = { ...one, revision: 2, body: JSON.stringify({ ...indexed, text: 'other' }) }
        await commit(storage, [call([{ change: 'update', row: changed, before: one }])])
        assert.deepEqual(await ids({ ...place, text: 'first' }), ['', 0])
        assert.deepEqual(await ids({ ...place, text: 'other' }), ['one', 1])
        await commit(storage, [call([{ change: 'delete', row: changed, counted: false }])])
        assert.deepEqual(await ids(place), ['', 0])
      })
    })

    it('updates and deletes only at the revision that was decided on', async () => {
      await commit(storage, [call([insert(row('b'))])])
      const update = (from: number): RowChange => ({
        change: 'update',
        row: row('b', { revision: 2, body: '2' }),
        before: row('b', { revision: from }),
      })
      assert.deepEqual(await commit(storage, [call([update(7)])]), ['moved'])
      assert.deepEqual(await commit(storage, [call([update(1)])]), ['committed'])
      assert.deepEqual(await commit(storage, [call([update(1)])]), ['moved'])
      assert.deepEqual(await commit(storage, [call([{ change: 'delete', row: row('b'), counted: true }])]), ['moved'])
      assert.equal((await storage.get('key', '1', 'r', 'b'))?.body, '2')
      assert.deepEqual(
        await commit(storage, [call([{ change: 'delete', row: row('b', { revision: 2, body: '2' }), counted: true }])]),
        ['committed'],
      )
      assert.equal(await storage.get('key', '1', 'r', 'b'), null)
    })

    it('changes no row that was deleted and made again since the change was decided, not even at the same revision', async () => {
      const former = row('again', { parent: 'p', dueAt: 5, body: '{"of":"the former"}' })
      const others: Partial<Row>[] = [
        ...[{ body: '{"of":"the later"}' }, { createdAt: 2 }, { dueAt: 6 }, { dueAt: null }],
        ...[{ parent: 'q' }, { parent: null }],
      ]
      for (const other of others) {
        const later = { ...former, ...other }
        const put = [call([insert(former)]), call([{ change: 'delete', row: former, counted: true }])]
        assert.deepEqual(await commit(storage, [...put, call([insert(later)])]), Array(3).fill('committed'))
        const outdated: RowChange[] = [
          { change: 'update', row: { ...former, revision: 2 }, before: former },
          { change: 'delete', row: former, counted: true },
          { change: 'expect', row: former },
        ]
        for (const change of outdated) assert.deepEqual(await commit(storage, [call([change])]), ['moved'])
        const found = await storage.get('key', '1', 'r', 'again')
        assert.deepEqual({ ...found, mac: new Uint8Array(found?.mac ?? []) }, later)
        const changed = { ...later, revision: 2 }
        const current: RowChange[] = [
          { change: 'expect', row: later },
          { change: 'update', row: changed, before: later },
          { change: 'delete', row: changed, counted: true },
        ]
        for (const change of current) assert.deepEqual(await commit(storage, [call([change])]), ['committed'])
      }
    })

    it('stores nothing of a call that moved, and all of its neighbours', async () => {
      const batch = [
        call([insert(row('c'))], { event: event('c'), nonce: nonce(1) }),
        call([insert(row('d')), { change: 'expect', row: row('c', { revision: 9 }) }], {
          event: event('d'),
          nonce: nonce(2),
        }),
        call([insert(row('e')), { change: 'expect', row: row('c') }], { event: event('e'), nonce: nonce(3) }),
      ]
      assert.deepEqual(await commit(storage, batch), ['committed', 'moved', 'committed'])
      assert.deepEqual(
        (await storage.events.after(0, 100)).map((one) => one.eventId),
        ['c', 'e'],
      )
      assert.equal(await storage.get('key', '1', 'r', 'd'), null)
      assert.deepEqual(await commit(storage, [call([], { nonce: nonce(2) })]), ['committed'])
    })

    it('takes many calls at once, and a nonce that two of them share only once', async () => {
      const calls = (first: number) =>
        Array.from({ length: 19 }, (_, i) =>
          call([], { nonce: nonce(100 + first + i), event: event(`many ${first + i}`) }),
        )
      const before = (await storage.events.after(0, 10_000)).length
      const outcomes = await commit(storage, calls(0))
      assert.deepEqual(new Set(outcomes), new Set(['committed']))
      const [again, ...others] = await commit(storage, calls(18))
      assert.deepEqual([again, new Set(others)], ['nonce-used', new Set(['committed'])])
      const stored = (await storage.events.after(0, 10_000)).slice(before).map(({ eventId }) => eventId)
      assert.deepEqual(
        stored,
        Array.from({ length: 37 }, (_, i) => `many ${i}`),
      )
    })

    it('inserts the rows of many calls at once, but for a call whose row is there', async () => {
      const calls = (first: number) => Array.from({ length: 19 }, (_, i) => call([insert(row(`at once ${first + i}`))]))
      assert.deepEqual(new Set(await commit(storage, calls(0))), new Set(['committed']))
      const [again, ...others] = await commit(storage, calls(18))
      assert.deepEqual([again, new Set(others)], ['moved', new Set(['committed'])])
      const { kind, account, region } = row('')
      const found = await storage.between({ kind, account, region }, 'at once ', 'at once ~', 100)
      assert.equal(found.length, 37)
    })

    it('takes the first of two calls with one nonce that come at once, and stores events whole and in their order', async () => {
      const before = (await storage.events.after(0, 10_000)).length
      const given = [7, 1, 2, 3, 4, 7, 5, 6, 8].map((byte, i) => ({
        nonce: nonce(140 + byte),
        event: {
          eventId: `nine ${i}`,
          account: `account ${i}`,
          region: `region ${i}`,
          at: 100 - i,
          body: `{"i":${i}}`,
        },
      }))
      const outcomes = await commit(
        storage,
        given.map((one) => call([], one)),
      )
      assert.deepEqual(
        outcomes,
        given.map((_, i) => (i === 5 ? 'nonce-used' : 'committed')),
      )
      const together = given.map(({ event: one }, i) => call([], { event: one, nonce: nonce(150 + i) }))
      assert.deepEqual(new Set(await commit(storage, together)), new Set(['committed']))
      const stored = (await storage.events.after(0, 10_000)).slice(before)
      const events = given.map(({ event: one }) => one)
      assert.deepEqual(
        stored.map(({ eventId, account, region, at, body }) => ({ eventId, account, region, at, body })),
        [...events.filter((_, i) => i !== 5), ...events],
      )
    })

    it('takes a nonce once', async () => {
      const used = call([insert(row('f'))], { nonce: nonce(9), event: event('f') })
      assert.deepEqual(await commit(storage, [used]), ['committed'])
      const again = call([insert(row('g'))], { nonce: nonce(9), event: event('g') })
      assert.deepEqual(await commit(storage, [again, call([], { nonce: nonce(8) })]), ['nonce-used', 'committed'])
      assert.deepEqual(await commit(storage, [call([], { nonce: nonce(7) }), call([], { nonce: nonce(7) })]), [
        'committed',
        'nonce-used',
      ])
      assert.equal(await storage.get('key', '1', 'r', 'g'), null)
      assert.equal(await storage.dropNonces(10, 100), 0)
      assert.deepEqual(await commit(storage, [call([], { nonce: nonce(9) })]), ['nonce-used'])
      // A store may keep a nonce some minutes longer than it must.
      const later = 10 * 60_000
      assert.equal(await storage.dropNonces(later, 1), 1)
      assert.ok((await storage.dropNonces(later, 100)) > 0)
      assert.deepEqual(await commit(storage, [call([], { nonce: nonce(9) })]), ['committed'])
    })

    it('pages through a range in order from either end, and counts it', async () => {
      const region = 'pages'
      const all = Array.from({ length: 23 }, (_, i) =>
        row(`k${String(i).padStart(2, '0')}`, { region, createdAt: i >> 1 }),
      )
      await commit(
        storage,
        all.map((one) => call([insert(one)])),
      )
      const place = { ...range, region }
      const total = await storage.count(place)
      assert.equal(total, 23)
      for (const size of [1, 2, 5, 10, 22, 23, 24, 100]) {
        const seen: string[] = []
        for (let offset = 0; offset < 40; offset += size)
          seen.push(...(await storage.page(place, offset, size, total)).map((one) => one.id))
        assert.deepEqual(
          seen,
          all.map((one) => one.id),
          `pages of ${size}`,
        )
        const walked: string[] = []
        for (let last: Row | null = null; ; ) {
          const page: readonly Row[] = await storage.pageAfter(place, last, size)
          walked.push(...page.map((one) => one.id))
          last = page.at(-1) ?? null
          if (!last) break
        }
        assert.deepEqual(walked, seen)
      }
    })

    it('orders ids by their bytes', async () => {
      const region = 'order'
      const ids = ['-', '0', 'A', 'B', '_', 'a', 'b']
      await commit(
        storage,
        ids.toReversed().map((id) => call([insert(row(id, { region }))])),
      )
      const found = await storage.page({ ...range, region }, 0, 10, ids.length)
      assert.deepEqual(
        found.map((one) => one.id),
        ids,
      )
    })

    it('reads ids between two, in the order of their bytes', async () => {
      const place = { kind: 'named', account: '1', region: '' }
      const named = (id: string, more: Partial<Row> = {}) => insert(row(id, { ...place, ...more }))
      const ids = ['a', 'a.b', 'a/b', 'B', 'b', 'c']
      await commit(storage, [call(ids.map((id) => named(id))), call([named('bb', { account: '2' })])])
      const read = async (after: string, before: string, limit = 10) =>
        (await storage.between(place, after, before, limit)).map(({ id }) => id)
      assert.deepEqual(await read('', '\x7f'), ['B', 'a', 'a.b', 'a/b', 'b', 'c'])
      assert.deepEqual(await read('a', 'c'), ['a.b', 'a/b', 'b'])
      assert.deepEqual(await read('', '\x7f', 2), ['B', 'a'])
      assert.deepEqual(await read('c', '\x7f'), [])
    })

    it('lists and counts the records of one parent', async () => {
      const region = 'parents'
      await commit(storage, [
        call([insert(row('x', { region, parent: 'p' })), insert(row('y', { region, parent: 'q' }))]),
        call([insert(row('z', { region, parent: 'p', createdAt: 2 }))]),
      ])
      const place = { ...range, region, parent: 'p' }
      assert.equal(await storage.count(place), 2)
      assert.deepEqual(
        (await storage.page(place, 0, 10, 2)).map((one) => one.id),
        ['x', 'z'],
      )
    })

    it('refuses the insert that would pass a limit, and counts deletions', async () => {
      const region = 'limits'
      const [one, two] = [row('1', { region }), row('2', { region })]
      assert.deepEqual(await commit(storage, [call([insert(one, 1)]), call([insert(two, 1)])]), ['committed', 'full'])
      await commit(storage, [call([{ change: 'delete', row: one, counted: true }])])
      assert.deepEqual(await commit(storage, [call([insert(two, 1)])]), ['committed'])
      assert.equal(await storage.count({ ...range, region }), 1)
    })

    it('counts all inserts of a batch, and what it deletes in between', async () => {
      const region = 'counted together'
      const rows = ['1', '2', '3', '4', '5', '6'].map((id) => row(id, { region }))
      const [first] = rows as [Row]
      const inserts = (from: number, to: number, atMost: number) =>
        rows.slice(from, to).map((one) => call([insert(one, atMost)]))
      const remove = call([{ change: 'delete', row: first, counted: true }])
      const outcomes = await commit(storage, inserts(0, 3, 3))
      assert.deepEqual(outcomes, ['committed', 'committed', 'committed'])
      const further = await commit(storage, [...inserts(3, 4, 4), remove, ...inserts(4, 6, 4)])
      assert.deepEqual(further, ['committed', 'committed', 'committed', 'full'])
      assert.equal(await storage.count({ ...range, region }), 4)
    })

    it('finds what is due, the oldest first', async () => {
      const region = 'due'
      const kind = 'due'
      await commit(
        storage,
        [3, 1, 2, 9].map((dueAt) => call([insert(row(`d${dueAt}`, { kind, region, dueAt }))])),
      )
      assert.deepEqual(
        (await storage.due(kind, 3, 2)).map((one) => one.id),
        ['d1', 'd2'],
      )
      assert.deepEqual(
        (await storage.due(kind, 3, 10)).map((one) => one.id),
        ['d1', 'd2', 'd3'],
      )
    })

    it('scans the rows of every kind and scope in the order of their keys, in steps of any size', async () => {
      const places = ['!a', '!b'].flatMap((kind) =>
        ['', '1'].flatMap((account) => ['', 'r'].map((region) => ({ kind, account, region }))),
      )
      const rows = places.flatMap((place) => ['A', '_', 'a'].map((id) => row(id, place)))
      const keyOf = ({ kind, account, region, id }: Row) => [kind, account, region, id].join('/')
      const before = await storage.size()
      await commit(storage, [call(rows.toReversed().map((one) => ({ change: 'insert', row: one, counted: null })))])
      assert.equal(await storage.size(), before + rows.length)
      for (const size of [1, 5, rows.length, 1000]) {
        const seen: string[] = []
        for (let last: Row | null = null; seen.length < rows.length; ) {
          const found: readonly Row[] = await storage.scan(last, size)
          seen.push(...found.map(keyOf))
          last = found.at(-1) ?? null
          assert.ok(last)
        }
        assert.deepEqual(seen.slice(0, rows.length), rows.map(keyOf), `steps of ${size}`)
      }
      const end = { kind: '\x7f', account: '', region: '', id: '' }
      assert.deepEqual(await storage.scan(end, 10), [])
    })

    it('gives a part of the index another MAC, if it has the one that was read', async () => {
      const digest = new Uint8Array(32)
      const place = { firstSeq: 900_001, lastSeq: 901_024, fromAt: 2 ** 43, toAt: 2 ** 43, lastHash: 'l' }
      const part = { ...place, termsHash: 't', postingsHash: 'p', mac: new Uint8Array([1]) }
      await storage.events.addPart(part, digest, digest, null)
      const mac = async () => {
        const [found] = await storage.events.parts(part.firstSeq - 1, part.firstSeq, 1)
        return new Uint8Array(found?.mac ?? [])
      }
      await storage.events.renewPart({ ...part, mac: new Uint8Array([9]) }, new Uint8Array([2]))
      assert.deepEqual(await mac(), new Uint8Array([1]))
      await storage.events.renewPart(part, new Uint8Array([2]))
      assert.deepEqual(await mac(), new Uint8Array([2]))
    })

    it('commits many batches at once without loss', async () => {
      const before = (await storage.events.after(0, 10_000)).length
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, (_, i) =>
          commit(storage, [call([insert(row(`many${i}`))], { event: event(`many${i}`) })]),
        ),
      )
      assert.deepEqual(new Set(outcomes.flat()), new Set(['committed']))
      assert.equal((await storage.events.after(0, 10_000)).length, before + 20)
    })
  })
