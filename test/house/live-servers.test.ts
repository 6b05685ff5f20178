// Servers that know of one another: how many there are, what becomes of those that die, and their shares of the rate limits.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { BEAT_MS, LiveServers } from '../../src/house/live-servers.ts'
import { openTestHouse, type TestHouse } from '../house.ts'
import { type PostgresqlServer, startPostgresql } from '../storage/postgresql-server.ts'

describe('servers on one database', () => {
  let server: PostgresqlServer
  let houses: TestHouse[]
  /** Each has a clock of its own. */
  let clocks: number[]
  let servers: LiveServers[]

  before(async () => {
    server = await startPostgresql()
    const url = server.database()
    const first = await openTestHouse(url)
    const key = ['--root-key-file', `${first.data}/root-key`]
    houses = [first, await openTestHouse(url, key), await openTestHouse(url, key)]
    clocks = [0, 5_000_000, 900]
    servers = houses.map(({ open }, i) => {
      const runtime = { ...open.runtime, monotonic: () => clocks[i] ?? 0 }
      return new LiveServers({ ...open, runtime })
    })
  })
  after(async () => {
    for (const house of houses.toReversed()) await house[Symbol.asyncDispose]()
    await server[Symbol.asyncDispose]()
  })

  /** The time goes on for these servers, which beat meanwhile. */
  async function pass(ms: number, which: readonly number[]): Promise<void> {
    for (let passed = 0; passed < ms; passed += BEAT_MS)
      for (const i of which) {
        clocks[i] = (clocks[i] ?? 0) + BEAT_MS
        await servers[i]?.beat()
      }
  }
  const live = () => servers.map((one) => one.live)
  const lanes = () => houses.map(({ open }) => open.ledger.lane.number)

  it('see one another, and have a lane each', async () => {
    for (const one of servers) await one.join()
    await pass(BEAT_MS, [0, 1, 2])
    assert.deepEqual(live(), [3, 3, 3])
    assert.deepEqual(lanes(), [0, 1, 2])
  })

  it('share the rates', () => {
    const group = { product: 'Kms', operations: ['Encrypt'], calls: 30, seconds: 1, perRegion: false }
    const rates = new Map([['Kms.Encrypt', group]])
    const operation = { product: { name: 'Kms' }, name: 'Encrypt' }
    const admitted = (now: number, calls: number) =>
      houses.flatMap(({ open }) =>
        Array.from({ length: calls }, () =>
          open.rateLimiter.admit(rates, { account: '1', region: 'r' }, operation, now),
        ).filter((one) => one === 'admitted'),
      ).length
    assert.equal(admitted(0, 40), 30)
    assert.equal(admitted(500, 40), 15)
  })

  it('stop counting a silent server after 15 seconds, and free its lane after 60, whatever their clocks say', async () => {
    await pass(10_000, [0, 1])
    assert.deepEqual(live().slice(0, 2), [3, 3])
    await pass(10_000, [0, 1])
    assert.deepEqual(live().slice(0, 2), [2, 2])
    const holders = () => houses[0]?.open.ledger.lane.holders()
    assert.equal((await holders())?.size, 3)
    await pass(60_000, [0, 1])
    assert.equal((await holders())?.size, 2)
  })

  it('count a server again that was only away', async () => {
    await pass(BEAT_MS, [2, 0, 1, 2])
    assert.deepEqual(live(), [3, 3, 3])
    await houses[2]?.must('CreateKey')
    assert.deepEqual(lanes(), [0, 1, 2])
    assert.equal((await houses[0]?.open.ledger.lane.holders())?.size, 3)
  })

  it('take no other server for dead because they were away themselves', async () => {
    clocks[0] = (clocks[0] ?? 0) + 600_000
    await servers[0]?.beat()
    assert.equal((await houses[0]?.open.ledger.lane.holders())?.size, 3)
    await pass(BEAT_MS, [1, 2, 0])
    assert.equal(servers[0]?.live, 3)
  })

  it('leave nothing behind when they stop', async () => {
    for (const one of servers) await one.leave()
    assert.equal((await houses[0]?.open.ledger.lane.holders())?.size, 0)
    const left = await houses[0]?.open.storage.between({ kind: 'server', account: '', region: '' }, '', '~', 10)
    assert.deepEqual(left, [])
  })
})
