// The chain while one transaction adds to it: a lane ends where the numbers of the next one begin.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { chaining, firstHead, GENESIS, headId } from '../../src/ledger/chain.ts'
import { GrowingChain } from '../../src/storage/growing-chain.ts'
import { LANE_NUMBERS, laneEnd } from '../../src/storage/lane.ts'
import { openStorage } from '../../src/storage/open.ts'
import { HEAD_PLACE, type Storage, Unavailable } from '../../src/storage/storage.ts'
import { testKeys } from './chained.ts'
import { type PostgresqlServer, startPostgresql } from './postgresql-server.ts'

const event = (eventId: string) => ({ eventId, account: '1', region: 'r', at: 5, body: '{}' })
const recording = (eventId: string) => ({ changes: [], nonce: null, event: event(eventId), scrub: false })
/** The head of a lane that has room for `left` more events. */
const headBefore = (lane: number, left: number) =>
  firstHead({ seq: laneEnd(lane) - left, hash: GENESIS.hash }, 1, testKeys)
const isFull = (lane: number) => (error: unknown) =>
  error instanceof Unavailable &&
  error.message === `lane ${lane} of the trail is full: it has ${LANE_NUMBERS - 1} events`

describe('a chain that grows', () => {
  for (const lane of [0, 3])
    it(`takes events up to the end of lane ${lane}, and no more`, () => {
      const chain = new GrowingChain(headBefore(lane, 2), chaining(testKeys), null)
      assert.deepEqual(
        ['a', 'b'].map((id) => chain.add(event(id)).seq),
        [laneEnd(lane) - 1, laneEnd(lane)],
      )
      assert.throws(() => chain.add(event('c')), isFull(lane))
      assert.equal(chain.head.seq, laneEnd(lane))
      assert.equal(chain.row().id, headId(lane))
    })
})

describe('a batch that goes beyond the end of its lane', () => {
  let server: PostgresqlServer
  before(async () => {
    server = await startPostgresql()
  })
  after(async () => {
    await server[Symbol.asyncDispose]()
  })

  for (const database of ['SQLite', 'PostgreSQL'])
    it(`is refused as a whole by ${database}, and holds up nothing`, async () => {
      const storage: Storage = await openStorage(database === 'SQLite' ? ':memory:' : server.database())
      const chain = chaining(testKeys)
      const head = { change: 'insert', row: headBefore(0, 2), counted: null } as const
      await storage.commit([{ ...recording(''), changes: [head], event: null }], chain, null)
      // With the head in memory as well as before.
      for (let i = 0; i < 2; i++) {
        await assert.rejects(storage.commit([recording('a'), recording('b'), recording('c')], chain, null), isFull(0))
        assert.deepEqual(await storage.events.after(laneEnd(0) - 10, 10), [])
      }
      const { outcomes } = await storage.commit([recording('a')], chain, null)
      assert.deepEqual(outcomes, ['committed'])
      await assert.rejects(storage.commit([recording('b'), recording('c')], chain, null), isFull(0))
      assert.deepEqual((await storage.commit([recording('b')], chain, null)).outcomes, ['committed'])
      await assert.rejects(storage.commit([recording('c')], chain, null), isFull(0))
      assert.equal((await storage.events.after(laneEnd(0) - 10, 10)).length, 2)
      assert.equal(HEAD_PLACE.id, chain.place.id)
      await storage.close()
    })
})
