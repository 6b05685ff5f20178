// Lookups against the obvious way: read all events, keep those that fit, sort, cut into pages.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import { attributed, type Condition } from '../../../src/actiontrail/lookup/attributes.ts'
import { EventIndex, indexedEvents } from '../../../src/actiontrail/lookup/event-index.ts'
import {
  encodePart,
  fitting,
  offsetsAt,
  PART_EVENTS,
  placeOfTerm,
  termsOf,
} from '../../../src/actiontrail/lookup/index-part.ts'
import { type Lookup, lookUp, type Position } from '../../../src/actiontrail/lookup/lookup.ts'
import { selects } from '../../../src/actiontrail/lookup/query.ts'
import type { Caller } from '../../../src/api/caller.ts'
import { chaining } from '../../../src/ledger/chain.ts'
import { Ledger } from '../../../src/ledger/ledger.ts'
import { UNWATCHED } from '../../../src/ledger/root-watch.ts'
import { type CallFacts, storedCall } from '../../../src/ledger/stored-call.ts'
import { SYSTEM } from '../../../src/runtime/system.ts'
import { openStorage } from '../../../src/storage/open.ts'
import type { Chaining, EventRow, Storage } from '../../../src/storage/storage.ts'
import { removeFolder, temporaryFolder } from '../../acceptance/program.ts'
import { times } from '../../size.ts'
import { beginChain, testKeys } from '../../storage/chained.ts'
import { type PostgresqlServer, startPostgresql } from '../../storage/postgresql-server.ts'

const START = 1_772_323_200
const REGIONS = ['cn-hangzhou', 'cn-beijing']
const KEYS = ['k1', 'k2', 'k3', 'k4', 'k5', 'k6', 'k7']
const OPERATIONS = [
  ['Kms', 'Encrypt', 'Read'],
  ['Kms', 'CreateKey', 'Write'],
  ['Ram', 'ListUsers', 'Read'],
] as const

const user = (name: string): Caller => ({
  type: 'ram-user',
  accountId: '1',
  principalId: `id-${name}`,
  userName: name,
  accessKeyId: `LTAI-${name}`,
})

interface Made {
  readonly account: string
  readonly region: string
  readonly second: number
  readonly operation: number
  readonly key: number
  readonly caller: string
}

const made = fc.record({
  account: fc.constantFrom('1', '1', '1', '2'),
  region: fc.constantFrom(...REGIONS),
  second: fc.nat(3000),
  operation: fc.nat(OPERATIONS.length - 1),
  key: fc.nat(KEYS.length - 1),
  caller: fc.constantFrom('alice', 'bob'),
})

function eventOf({ account, region, second, operation, key, caller }: Made): EventRow {
  const [product, name, access] = OPERATIONS[operation] ?? OPERATIONS[0]
  const facts: CallFacts = {
    product,
    apiVersion: '2016-01-20',
    operation: name,
    access,
    trail: { show: ['KeyId'], reply: [] },
    host: 'h',
    sourceAddress: `192.0.2.${key}`,
    userAgent: 'test',
    caller: user(caller),
    account,
    parameters: new Map([['KeyId', KEYS[key] ?? '']]),
    isPiece: () => false,
    resources: product === 'Kms' ? [{ type: 'ACS::KMS::Key', name: KEYS[key] ?? '', arn: '' }] : [],
    reply: null,
    refusal: null,
  }
  return {
    eventId: randomUUID(),
    account,
    region,
    at: (START + second) * 1000 + (second % 997),
    body: storedCall(facts),
  }
}

const condition = fc.oneof(
  fc.constantFrom<Condition>(
    ['EventName', 'Encrypt'],
    ['EventName', 'CreateKey'],
    ['ServiceName', 'Ram'],
    ['EventRW', 'Write'],
    ['User', 'alice'],
    ['EventAccessKeyId', 'LTAI-bob'],
    ['PrincipalId', 'id-bob'],
    ['ResourceType', 'ACS::KMS::Key'],
    ['SourceIpAddress', '192.0.2.3'],
    ['RoleName', 'none'],
    ['SensitiveAction', 'true'],
    ['EventType', 'ApiCall'],
  ),
  fc.constantFrom(...KEYS).map((key): Condition => ['ResourceName', key]),
)

/** Small pages are of short spans: thousands of pages would show nothing more than some hundred do. */
const asked = fc
  .record({
    region: fc.constantFrom(...REGIONS),
    conditions: fc.array(condition, { maxLength: 2 }),
    from: fc.nat(3000),
    span: fc.nat(3000),
    order: fc.constantFrom('oldest' as const, 'newest' as const),
    limit: fc.integer({ min: 1, max: 50 }),
  })
  .map(({ span, limit, ...rest }) => ({ ...rest, limit, span: Math.min(span, 100 * limit) }))

let server: PostgresqlServer
before(async () => {
  server = await startPostgresql()
})
after(() => server[Symbol.asyncDispose]())

/** A trail with so many lanes, in which batches are recorded in turn. */
async function openTrail(storage: Storage, lanes = 1) {
  await beginChain(storage)
  const open = () =>
    new Ledger(storage, testKeys, (message, error) => assert.fail(`${message}: ${error}`), UNWATCHED, SYSTEM)
  const ledger = open()
  const chainings: Chaining[] = []
  for (let lane = 0; lane < lanes; lane++) {
    if (lanes > 1) await open().lane.take(`server-${lane}`)
    const one = chaining(testKeys)
    if (lanes > 1) one.hold(lane, `server-${lane}`)
    chainings.push(one)
  }
  let turn = 0
  const record = async (rows: readonly EventRow[]) => {
    const third = Math.ceil(rows.length / lanes)
    for (let from = 0; from < rows.length; from += third) {
      const some = rows.slice(from, from + third).map((event) => ({ changes: [], nonce: null, event, scrub: false }))
      const { outcomes } = await storage.commit(some, chainings[turn++ % lanes] ?? assert.fail(), null)
      assert.deepEqual(new Set(outcomes), new Set(['committed']))
    }
  }
  return { storage, ledger, index: new EventIndex(ledger, testKeys), record }
}
type Trail = Awaited<ReturnType<typeof openTrail>>

async function allPages(
  lookup: Omit<Lookup, 'after'>,
  { ledger, index }: Trail,
  meanwhile = async () => {},
): Promise<string[]> {
  const ids: string[] = []
  for (let position: Position | null = null; ; ) {
    const { events, next }: Awaited<ReturnType<typeof lookUp>> = await lookUp(
      { ...lookup, after: position },
      ledger.events,
      index,
    )
    ids.push(...events.map(({ eventId }) => String(eventId)))
    assert.ok(
      next === null || events.length === lookup.limit,
      'only the last page is short, and none that has a next one is empty',
    )
    if (!next) return ids
    position = next
    await meanwhile()
  }
}

async function theObviousWay(lookup: Omit<Lookup, 'after'>, { ledger }: Trail): Promise<string[]> {
  const sign = lookup.order === 'oldest' ? 1 : -1
  const second = (at: number) => Math.floor(at / 1000)
  return (await ledger.events.after(0, 1_000_000, Number.MAX_SAFE_INTEGER))
    .filter((row) => second(row.at) >= lookup.from && second(row.at) <= lookup.to)
    .filter((row) => selects(lookup, row, attributed(row)))
    .sort((a, b) => sign * (second(a.at) - second(b.at) || a.seq - b.seq))
    .map(({ eventId }) => eventId)
}

const kinds: [string, () => Promise<Storage>, lanes: number, number][] = [
  ['SQLite', () => openStorage(':memory:'), 1, times('lookups, on SQLite')],
  ['PostgreSQL', () => openStorage(server.database()), 1, times('lookups, on PostgreSQL')],
  ['PostgreSQL with three lanes', () => openStorage(server.database()), 3, times('lookups, on PostgreSQL')],
]

for (const [name, open, lanes, numRuns] of kinds)
  describe(`lookups on ${name}`, () => {
    let trail: Trail
    before(async () => {
      trail = await openTrail(await open(), lanes)
      for (const count of [PART_EVENTS - 3, PART_EVENTS + 700, 2 * PART_EVENTS]) {
        await trail.record(fc.sample(made, { numRuns: count, seed: count }).map(eventOf))
        while (await trail.index.extend());
      }
      assert.ok(indexedEvents(await trail.index.indexed()) >= 3 * PART_EVENTS)
    })
    after(() => trail.storage.close())

    it('give what reading everything gives, page by page, indexed or not yet', async () => {
      await fc.assert(
        fc.asyncProperty(asked, async ({ region, conditions, from, span, order, limit }) => {
          const lookup = { account: '1', region, conditions, from: START + from, to: START + from + span, order, limit }
          assert.deepEqual(await allPages(lookup, trail), await theObviousWay(lookup, trail))
        }),
        { numRuns },
      )
    })

    it('neither skip nor repeat what was there when paging began, while events arrive', async () => {
      for (const order of ['oldest', 'newest'] as const) {
        const conditions: readonly Condition[] = [['User', 'alice']]
        const lookup = {
          account: '1',
          region: 'cn-hangzhou',
          conditions,
          from: START,
          to: START + 3000,
          order,
          limit: 40,
        }
        const there = await theObviousWay(lookup, trail)
        const seen = await allPages(lookup, trail, async () => {
          await trail.record(fc.sample(made, { numRuns: 20 }).map(eventOf))
          await trail.index.extend()
        })
        assert.equal(new Set(seen).size, seen.length)
        const known = new Set(there)
        assert.deepEqual(
          seen.filter((id) => known.has(id)),
          there,
        )
      }
    })

    it('show global events in every region, and nothing of another account', async () => {
      const lookup = {
        account: '2',
        region: 'cn-beijing',
        conditions: [],
        from: START,
        to: START + 3000,
        order: 'oldest',
        limit: 50,
      } as const
      const ids = new Set(await allPages(lookup, trail))
      for (const row of await trail.ledger.events.after(0, 100_000, Number.MAX_SAFE_INTEGER)) {
        const { isGlobal } = attributed(row)
        assert.equal(ids.has(row.eventId), row.account === '2' && (row.region === 'cn-beijing' || isGlobal))
      }
    })
  })

describe('an altered index', () => {
  const everything = {
    account: '1',
    region: 'cn-hangzhou',
    conditions: [],
    from: START,
    to: START + 3000,
    order: 'oldest',
    limit: 50,
  } as const
  const attacks: readonly [what: string, attack: string][] = [
    ['a part whose times were moved away', 'UPDATE event_index SET from_at = 1, to_at = 1 WHERE first_seq = 1025'],
    ['a part whose range was cut', 'UPDATE event_index SET last_seq = 1500 WHERE first_seq = 1025'],
    ['a part that was removed', 'DELETE FROM event_index WHERE first_seq = 1025'],
    ['terms that were removed', "UPDATE event_index SET terms = x'' WHERE first_seq = 1025"],
    ['postings that were removed', "UPDATE event_index SET postings = x'' WHERE first_seq = 1025"],
    [
      'a part put in that claims all events',
      'INSERT INTO event_index SELECT -10, 1000000000000000, -5, -5, last_hash, terms_hash, postings_hash, mac, terms, postings FROM event_index WHERE first_seq = 1',
    ],
    [
      'a part put in that claims all later events',
      'INSERT INTO event_index SELECT 500, 1000000000000000, 0, 9000000000000000, last_hash, terms_hash, postings_hash, mac, terms, postings FROM event_index WHERE first_seq = 1',
    ],
    ['all of it removed', 'DELETE FROM event_index'],
    [
      'an event put in before the first',
      "INSERT INTO event SELECT -10, 'made-up', account, region, at, body, hash, change FROM event WHERE seq = 1",
    ],
  ]
  for (const [what, attack] of attacks)
    it(`hides no event and shows none that was made up: ${what}`, async () => {
      const folder = temporaryFolder()
      const path = join(folder, 'trail.db')
      const trail = await openTrail(await openStorage(path))
      await trail.record(fc.sample(made, { numRuns: PART_EVENTS * 3 + 100, seed: 1 }).map(eventOf))
      while (await trail.index.extend());
      const expected = await theObviousWay(everything, trail)
      assert.deepEqual(await allPages(everything, trail), expected)
      await trail.storage.close()
      const db = new DatabaseSync(path)
      db.exec(attack)
      db.close()
      const storage = await openStorage(path)
      const ledger = new Ledger(storage, testKeys, () => {}, UNWATCHED, SYSTEM)
      const after = { ...trail, storage, ledger, index: new EventIndex(ledger, testKeys) }
      assert.deepEqual(await allPages(everything, after), expected)
      const fault = await after.index.fault()
      // Without any part there is nothing to find: the events are simply not indexed yet.
      if (/part|terms|postings/.test(what)) assert.match(fault ?? '', /^the index .*was altered/)
      while (await after.index.extend());
      assert.deepEqual(await allPages(everything, after), expected)
      assert.equal(indexedEvents(await after.index.indexed()), 3 * PART_EVENTS)
      await storage.close()
      removeFolder(folder)
    })
})

describe('a part of the index', () => {
  it('finds exactly the events of each term', () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.nat(40), { maxLength: 12 }), { maxLength: PART_EVENTS }), (events) => {
        const { terms, postings } = encodePart(events)
        for (let term = 0; term <= 41; term++) {
          const place = placeOfTerm(terms, term)
          const offsets = place < 0 ? [] : offsetsAt(postings, place, terms.length / 4)
          assert.deepEqual(
            offsets,
            events.flatMap((own, offset) => (own.includes(term) ? [offset] : [])),
          )
        }
      }),
      { numRuns: 30 },
    )
  })

  it('holds no more events than the offsets of its terms can express', () => {
    const many = Array.from({ length: PART_EVENTS }, (_, event) =>
      Array.from({ length: 70 }, (__, i) => event * 70 + i),
    )
    assert.equal(fitting(many), 936)
    const { terms, postings } = encodePart(many.slice(0, 936))
    assert.deepEqual(offsetsAt(postings, placeOfTerm(terms, 935 * 70 + 69), terms.length / 4), [935])
    assert.equal(fitting(many.map((event) => event.slice(0, 60))), PART_EVENTS)
  })

  it('distinguishes terms by account, kind and value', () => {
    const terms = [
      ['1', 'User', 'a'],
      ['2', 'User', 'a'],
      ['1', 'EventName', 'a'],
      ['1', 'User', 'b'],
    ].map(([account = '', kind = '', value = '']) => termsOf(7, account)(kind, value))
    // What is stored holds these: they never change.
    assert.deepEqual(terms, [1_628_159_563, 2_386_778_807, 4_192_385_232, 1_924_311_908])
  })
})
