// Lanes: each server records in a chain of events of its own, and goes on in another when its lane is taken from it.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { verifyTrail } from '../../src/actiontrail/audit/audit.ts'
import { headsOf, publicKeyOf } from '../../src/actiontrail/audit/checkpoint.ts'
import { TrailUpkeep } from '../../src/actiontrail/audit/upkeep.ts'
import { contradiction, readWitness, Witness } from '../../src/house/witness.ts'
import { Ledger } from '../../src/ledger/ledger.ts'
import { fromRow, isCurrent, toRow } from '../../src/ledger/record.ts'
import { storedServiceWork } from '../../src/ledger/stored-event.ts'
import type { TrailWitness } from '../../src/ledger/trail-head.ts'
import { rotate } from '../../src/rootkeys/rotation.ts'
import { straysOf } from '../../src/rootkeys/walk.ts'
import { SYSTEM } from '../../src/runtime/system.ts'
import { countIn, eventsUpTo, type Heads, LANE_NUMBERS, laneOf } from '../../src/storage/lane.ts'
import { HEAD_PLACE, type Storage } from '../../src/storage/storage.ts'
import { openTestHouse, type TestHouse } from '../house.ts'
import { type PostgresqlServer, startPostgresql } from '../storage/postgresql-server.ts'

const everything = Number.MAX_SAFE_INTEGER

function record(ledger: Ledger, eventId: string) {
  const event = { eventId, account: '1', region: 'r', at: 5, body: storedServiceWork('DeleteKey', []) }
  return ledger.commit({ changes: [], nonce: null, event })
}

async function lanesById({ open }: TestHouse): Promise<ReadonlyMap<string, number>> {
  const rows = await open.storage.events.after(0, 10_000, everything)
  return new Map(rows.map(({ eventId, seq }) => [eventId, laneOf(seq)]))
}

async function fault(house: TestHouse): Promise<string | null> {
  const key = publicKeyOf(house.open.trailSigner.publicKey)
  const verified = await verifyTrail(house.open, { from: null, to: null }, key, [], () => {})
  return verified.fault?.message ?? null
}

describe('lanes', () => {
  let server: PostgresqlServer
  before(async () => {
    server = await startPostgresql()
  })
  after(() => server[Symbol.asyncDispose]())

  /** Houses on one new database. */
  async function houses(count: number): Promise<AsyncDisposable & { readonly all: readonly TestHouse[] }> {
    const url = server.database()
    const first = await openTestHouse(url)
    const all = [first]
    while (all.length < count) all.push(await openTestHouse(url, ['--root-key-file', `${first.data}/root-key`]))
    return {
      all,
      async [Symbol.asyncDispose]() {
        for (const house of all.toReversed()) await house[Symbol.asyncDispose]()
      },
    }
  }

  it('are different ones for servers that take them at the same moment, and chain what each records', async () => {
    await using some = await houses(4)
    const ledgers = some.all.map(({ open }) => open.ledger)
    await Promise.all(ledgers.map((ledger, i) => ledger.lane.take(`server-${i}`)))
    assert.deepEqual(ledgers.map(({ lane }) => lane.number).toSorted(), [0, 1, 2, 3])
    const before = eventsUpTo((await ledgers[0]?.heads()) ?? [])
    await Promise.all(ledgers.flatMap((ledger, i) => Array.from({ length: 30 }, (_, n) => record(ledger, `${i}-${n}`))))
    const [first] = some.all
    assert.ok(first)
    const lanes = await lanesById(first)
    for (const [i, { lane }] of ledgers.entries()) assert.equal(lanes.get(`${i}-7`), lane.number)
    const heads = await first.open.ledger.heads()
    assert.equal(heads.length, 4)
    assert.equal(eventsUpTo(heads), before + 120)
    assert.equal(await fault(first), null)
  })

  it('that were taken from a server make its next batch go to another lane, and nothing is lost or stored twice', async () => {
    await using some = await houses(2)
    const [one, two] = some.all.map(({ open }) => open.ledger)
    assert.ok(one && two)
    await one.lane.take('one')
    assert.equal(await record(one, 'a'), 'committed')
    assert.equal(await two.lane.releaseOf((holder) => holder === 'one'), 1)
    await two.lane.take('two')
    assert.equal(two.lane.number, 0)
    assert.equal(await record(two, 'b'), 'committed')
    const batch = await Promise.all(['c', 'd', 'e'].map((id) => record(one, id)))
    assert.deepEqual(batch, ['committed', 'committed', 'committed'])
    assert.equal(one.lane.number, 1)
    const [house] = some.all
    assert.ok(house)
    const lanes = await lanesById(house)
    assert.deepEqual(
      ['a', 'b', 'c', 'd', 'e'].map((id) => lanes.get(id)),
      [0, 0, 1, 1, 1],
    )
    assert.equal(await fault(house), null)
  })

  it('are given back, and taken by who comes next', async () => {
    await using some = await houses(3)
    const [one, two, three] = some.all.map(({ open }) => open.ledger)
    assert.ok(one && two && three)
    await one.lane.take('one')
    await two.lane.take('two')
    assert.deepEqual(await three.lane.holders(), new Set(['one', 'two']))
    await one.lane.release()
    await three.lane.take('three')
    assert.equal(three.lane.number, 0)
    assert.equal(await record(three, 'a'), 'committed')
    assert.equal(await record(two, 'b'), 'committed')
    assert.equal((await two.heads()).length, 2)
  })

  it('let a command record in lane 0, beside the server that holds it', async () => {
    await using some = await houses(2)
    const [serving, command] = some.all.map(({ open }) => open.ledger)
    assert.ok(serving && command)
    await serving.lane.take('serving')
    for (let i = 0; i < 5; i++)
      assert.deepEqual([await record(serving, `s${i}`), await record(command, `c${i}`)], ['committed', 'committed'])
    const [house] = some.all
    assert.ok(house)
    assert.deepEqual(new Set((await lanesById(house)).values()), new Set([0]))
    assert.equal(serving.lane.number, 0)
    assert.equal((await command.heads()).length, 1)
    assert.equal(await fault(house), null)
  })

  it('are covered by the checkpoints, and forgotten behind one of them alone', async () => {
    await using some = await houses(2)
    const [one, two] = some.all
    assert.ok(one && two)
    await one.open.ledger.lane.take('one')
    const upkeep = new TrailUpkeep(one.open)
    const single = await upkeep.checkpoint(1)
    assert.ok('hash' in single)
    await two.open.ledger.lane.take('two')
    const old = Date.parse('2026-01-01')
    const at = (ledger: Ledger, eventId: string, when: number) =>
      ledger.commit({ changes: [], nonce: null, event: { eventId, account: '1', region: 'r', at: when, body: '{}' } })
    for (let i = 0; i < 6; i++) await Promise.all([one, two].map(({ open }, n) => at(open.ledger, `${i}-${n}`, old)))
    const kept = await upkeep.checkpoint(old, true)
    assert.ok('heads' in kept)
    assert.equal(kept.heads.length, 2)
    for (const { open } of [one, two]) await at(open.ledger, `later-${open.ledger.lane.number}`, Date.now())
    await upkeep.checkpoint(Date.now(), true)
    const dropped = [await upkeep.prune(Date.now(), 90, async () => {}), await fault(two)]
    assert.deepEqual(dropped, [12, null])
    assert.equal(await upkeep.prune(Date.now() + 91 * 86_400_000, 90, async () => {}), 2)
    assert.equal(await fault(two), null)
    assert.deepEqual(await two.open.storage.events.after(0, 10, everything), [])
    for (const { open } of [one, two]) await at(open.ledger, `last-${open.ledger.lane.number}`, Date.now())
    assert.equal(await fault(one), null)
  })

  it('are indexed by who records in them, and to their end by others when nobody has for an hour', async () => {
    await using some = await houses(2)
    const [one, two] = some.all
    assert.ok(one && two)
    await one.open.ledger.lane.take('one')
    await two.open.ledger.lane.take('two')
    for (let i = 0; i < 5; i++) await record(two.open.ledger, `${i}`)
    const indexed = async () => (await one.open.eventIndex.indexed()).lanes.map(({ lastSeq }) => countIn(lastSeq))
    const upkeep = new TrailUpkeep(one.open)
    const giveWay = async () => {}
    // Events of this test are from 1970.
    await upkeep.extendIndex(3_600_000, giveWay)
    assert.deepEqual(await indexed(), [0, 0])
    await Promise.all([1, 2].map(() => upkeep.extendIndex(3_700_000, giveWay)))
    assert.deepEqual(await indexed(), [0, 5])
    await record(two.open.ledger, 'later')
    await new TrailUpkeep(two.open).extendIndex(3_700_000, giveWay)
    assert.deepEqual(await indexed(), [0, 5])
    await upkeep.extendIndex(3_700_000, giveWay)
    assert.deepEqual(await indexed(), [0, 6])
    assert.equal(await one.open.eventIndex.fault(), null)
    // What two servers make of the same events at the same time is one part.
    const parts = await one.open.storage.events.parts(0, everything, 10)
    assert.deepEqual(
      parts.map(({ firstSeq, lastSeq }) => [countIn(firstSeq), countIn(lastSeq)]),
      [
        [1, 5],
        [6, 6],
      ],
    )
  })

  it('come under a new root key with all else, and stay with the servers that hold them', async () => {
    await using some = await houses(3)
    const [one, two, three] = some.all
    assert.ok(one && two && three)
    for (const [i, { open }] of some.all.entries()) await open.ledger.lane.take(`server-${i}`)
    for (const { open } of some.all) assert.equal(await record(open.ledger, `before-${open.node}`), 'committed')
    await three.open.ledger.lane.release()
    const pace = { now: () => one.now, settleMs: 0, progress: () => {}, giveWay: async () => {} }
    await rotate(one.open.ring, { ...one.open, keys: one.open.ring.keys }, pace)
    const place = { kind: HEAD_PLACE.kind, account: '', region: '' }
    const heads = await one.open.storage.between(place, '', '~', 10)
    assert.deepEqual(
      heads.map((row) => [row.id, isCurrent(row, one.open.ring.keys)]),
      [
        ['head', true],
        ['lane-1', true],
        ['lane-2', true],
      ],
    )
    for (const { open } of [one, two]) assert.equal(await record(open.ledger, `after-${open.node}`), 'committed')
    assert.deepEqual(
      [one, two].map(({ open }) => open.ledger.lane.number),
      [0, 1],
    )
    assert.equal((await one.open.ledger.heads()).length, 3)
    assert.equal(await fault(one), null)
  })

  it('are taken under the root keys that a rotation meanwhile made current', async () => {
    await using some = await houses(2)
    const [one, two] = some.all
    assert.ok(one && two)
    await one.open.ledger.lane.take('one')
    const pace = { now: () => one.now, settleMs: 0, progress: () => {}, giveWay: async () => {} }
    const { storage, ring } = two.open
    let rotated: Promise<unknown> | null = null
    const commit: Storage['commit'] = async (...batch) => {
      rotated ??= rotate(one.open.ring, { ...one.open, keys: one.open.ring.keys }, pace)
      await rotated
      return storage.commit(...batch)
    }
    const late: Storage = Object.create(storage, {
      commit: { value: commit },
      changesSince: { value: (number: number) => storage.changesSince(number) },
      get: { value: (...key: Parameters<Storage['get']>) => storage.get(...key) },
      between: { value: (...span: Parameters<Storage['between']>) => storage.between(...span) },
    })
    const ledger = new Ledger(late, ring.keys, (message) => assert.fail(message), ring, SYSTEM)
    await ledger.follow()
    await ledger.lane.take('two')
    assert.equal(ledger.lane.number, 1)
    for (const [kind, id] of [
      [HEAD_PLACE.kind, 'lane-1'],
      ['event-lanes', 'lanes'],
    ] as const) {
      const row = await storage.get(kind, '', '', id)
      assert.ok(row && isCurrent(row, one.open.ring.keys), `${id} is under a former root key`)
    }
  })

  it('leave nothing under a former root key, though a server that has not seen the new one changes them meanwhile', async () => {
    await using some = await houses(2)
    const [one, two] = some.all
    assert.ok(one && two)
    await one.open.ledger.lane.take('one')
    await two.open.ledger.lane.take('two')
    const { storage, ring } = one.open
    const former = two.open.ring.keys
    const original = storage.commit.bind(storage)
    const unseen = new Set(['lane-1', 'lanes'])
    const commit: Storage['commit'] = async (batch, ...rest) => {
      for (const { row } of batch.flatMap(({ changes }) => changes)) {
        if (!unseen.delete(row.id)) continue
        const { kind, account, region, id } = row
        const before = (await storage.get(kind, account, region, id)) ?? assert.fail()
        const { revision, ...place } = fromRow(before, former)
        const after = toRow({ ...place, revision: revision + 1 }, former)
        const change = { change: 'update', row: after, before } as const
        await original([{ changes: [change], nonce: null, event: null, scrub: false }], rest[0], null)
      }
      return original(batch, ...rest)
    }
    Object.defineProperty(storage, 'commit', { value: commit })
    const pace = { now: () => one.now, settleMs: 0, progress: () => {}, giveWay: async () => {} }
    await rotate(ring, { ...one.open, keys: ring.keys }, pace)
    assert.equal(unseen.size, 0)
    assert.deepEqual(
      await straysOf(
        { ...one.open, keys: ring.keys },
        () => {},
        async () => {},
      ),
      [],
    )
  })

  it('are all known to the witness, which contradicts a trail where one ends earlier, is another, or is missing', async () => {
    await using some = await houses(2)
    const [one, two] = some.all
    assert.ok(one && two)
    await one.open.ledger.lane.take('one')
    await two.open.ledger.lane.take('two')
    for (const { open } of some.all) for (const id of ['a', 'b', 'c']) await record(open.ledger, id)
    const heads = await one.open.ledger.heads()
    const witness = new Witness(one.data, null, one.open)
    await witness.saw(heads)
    const seen = readWitness(one.data, one.open.trailSigner.publicKey)
    assert.deepEqual(seen && headsOf(seen), heads)
    assert.ok(seen)
    const [first, second] = heads
    assert.ok(first && second)
    assert.equal(await contradiction(seen, two.open.ledger), null)
    const [former] = await one.open.storage.events.at([second.seq - 1])
    assert.ok(former)
    const { seq, hash } = former
    assert.match(
      (await contradiction(seen, one.open.ledger, [first, { seq, hash }])) ?? '',
      /ends at event 2 of lane 1/,
    )
    assert.match((await contradiction(seen, one.open.ledger, [first])) ?? '', /^lane 1 of the trail is missing/)
    const other = one.open.trailSigner.checkpoint([first, { ...second, hash: former.hash }], 1)
    assert.match(
      (await contradiction(other, one.open.ledger)) ?? '',
      /^event 3 of lane 1 of the trail is not what it was/,
    )
    // Of two that saw a lane each at its latest, nothing is forgotten.
    await witness.rewound([{ ...first, seq: first.seq + 9 }, former])
    const both = readWitness(one.data, one.open.trailSigner.publicKey)
    assert.deepEqual(both && headsOf(both).map((head) => countIn(head.seq)), [first.seq + 9, 3])
  })

  it('are not left for others when one is put back: its server refuses calls, whatever holder the older head names', async () => {
    await using some = await houses(1)
    const [house] = some.all
    assert.ok(house)
    const { ledger, storage } = house.open
    const headNow = async () => (await storage.get(HEAD_PLACE.kind, '', '', HEAD_PLACE.id)) ?? assert.fail()
    await ledger.lane.take('former')
    const former = await headNow()
    await ledger.lane.release()
    await ledger.lane.take('one')
    assert.equal(await record(ledger, 'a'), 'committed')
    const chaining = { place: HEAD_PLACE, link: () => '', headOf: () => assert.fail(), moved: () => assert.fail() }
    const restored = { change: 'update', row: former, before: await headNow() } as const
    await storage.commit([{ changes: [restored], nonce: null, event: null, scrub: false }], chaining, null)
    await assert.rejects(record(ledger, 'b'), { code: 'ServiceUnavailableTemporary' })
    assert.equal(ledger.lane.number, 0)
  })

  it('that vanish under a server, with the record that counts them, are noticed, and the witness hears of it', async () => {
    await using some = await houses(2)
    const [one, two] = some.all
    assert.ok(one && two)
    await one.open.ledger.lane.take('one')
    await two.open.ledger.lane.take('two')
    await record(two.open.ledger, 'a')
    const heard: Heads[] = []
    const witness: TrailWitness = {
      saw: async () => {},
      rewound: async (heads) => void heard.push(heads),
    }
    one.open.ledger.witnessedBy(witness)
    await one.open.ledger.heads()
    const { storage } = one.open
    const rows = [
      await storage.get(HEAD_PLACE.kind, '', '', 'lane-1'),
      await storage.get('event-lanes', '', '', 'lanes'),
    ].map((row) => ({ change: 'delete', row: row ?? assert.fail(), counted: false }) as const)
    const chaining = { place: HEAD_PLACE, link: () => '', headOf: () => assert.fail(), moved: () => assert.fail() }
    await storage.commit([{ changes: rows, nonce: null, event: null, scrub: false }], chaining, null)
    await assert.rejects(one.open.ledger.heads(), /lane 1 of the trail is missing, and this server saw its event 1/)
    assert.equal(heard.length, 1)
    assert.equal(countIn(heard[0]?.[1]?.seq ?? 0), 1)
    assert.equal(heard[0]?.[1]?.seq, LANE_NUMBERS + 1)
  })
})
