// Two servers on one database: one of them delivers each batch, and the other goes on where it was killed.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import type { DeliveryTarget } from '../../../src/actiontrail/delivery/targets/target.ts'
import { verifyDelivered } from '../../../src/actiontrail/delivery/verify-delivered.ts'
import { openTestHouse, type TestHouse } from '../../house.ts'
import { type PostgresqlServer, startPostgresql } from '../../storage/postgresql-server.ts'
import { until } from '../../until.ts'
import { copyIn, deliveredEvents, trailsOf } from '../trails.ts'

describe('two servers on one PostgreSQL', () => {
  let server: PostgresqlServer
  let another: () => Promise<TestHouse>
  let one: TestHouse
  let two: TestHouse
  const puts: { by: string; key: string; sha256: string }[] = []

  before(async () => {
    server = await startPostgresql()
    const url = server.database()
    one = await openTestHouse(url, ['--delivery-interval-seconds', '1'])
    const shared = [
      '--root-key-file',
      join(one.data, 'root-key'),
      '--delivery-target',
      `folder:${join(one.data, 'trails')}`,
    ]
    another = () => openTestHouse(url, ['--delivery-interval-seconds', '1', ...shared])
    two = await another()
    for (const [by, house] of Object.entries({ one, two })) house.target = noting(by, house.open.deliveryTarget)
  })
  after(async () => {
    await two[Symbol.asyncDispose]()
    await one[Symbol.asyncDispose]()
    await server[Symbol.asyncDispose]()
  })

  function noting(by: string, target: DeliveryTarget): DeliveryTarget {
    return {
      ...target,
      shared: target.shared,
      check: (...place) => target.check(...place),
      put: async (account, bucket, key, bytes, signal) => {
        puts.push({ by, key, sha256: createHash('sha256').update(bytes).digest('hex') })
        await pause(Math.random() * 10)
        await target.put(account, bucket, key, bytes, signal)
      },
    }
  }

  const folder = () => join(one.data, 'trails', one.credentials.accountId, 'shared-bucket')
  const both = async (ms: number) => {
    for (const house of [one, two]) house.now += ms
    await Promise.all([one.deliver(), two.deliver()])
  }

  it('deliver every event once, by turns', async () => {
    const trails = trailsOf(one)
    await trails.must('CreateTrail', { Name: 'shared-trail', OssBucketName: 'shared-bucket' })
    await one.open.ledger.lane.take('one')
    await trails.must('StartLogging', { Name: 'shared-trail' })
    // A lane that begins while the trail logs belongs to it from its first event on.
    await two.open.ledger.lane.take('two')
    for (let round = 0; round < 40; round++) {
      await (round % 3 === 0 ? one : two).call('CreateKey', {}, one.credentials)
      await both(1000 + (round % 2))
    }
    await both(5000)
    await both(5000)
    assert.equal(new Set(puts.map(({ key }) => key)).size, puts.length, 'no object was written twice')
    assert.deepEqual(new Set(puts.map(({ by }) => by)), new Set(['one', 'two']))
    const ids = deliveredEvents(folder()).map(({ eventId }) => eventId)
    const keys = (await one.events()).filter(({ eventName }) => eventName === 'CreateKey').map(({ eventId }) => eventId)
    assert.equal(new Set(ids).size, ids.length)
    assert.equal(keys.length, 40)
    for (const id of keys) assert.ok(ids.includes(id))
    assert.equal((await verifyDelivered(copyIn(folder()), one.open.trailSigner.publicKey)).fault, null)
  })

  it('see at once how the other changed a trail', async () => {
    const [here, there] = [trailsOf(one), trailsOf(two, '2020-07-06', one.credentials)]
    const bucket = { OssBucketName: 'by-turns' }
    for (let round = 0; round < 3; round++) {
      await here.must('CreateTrail', { Name: 'by-turns', ...bucket })
      assert.equal(await there.outcome('CreateTrail', { Name: 'by-turns-2', ...bucket }), 'RepeatOssBucket')
      assert.equal(await there.outcome('DeleteTrail', { Name: 'by-turns' }), 'OK')
      await there.must('CreateTrail', { Name: 'by-turns', ...bucket })
      assert.equal(await here.outcome('DeleteTrail', { Name: 'by-turns' }), 'OK')
    }
  })

  it('take over a batch when the other dies, once its lease is over', async () => {
    await one.must('CreateKey', { Description: 'left behind' })
    let isHanging = false
    const put = () => {
      isHanging = true
      return new Promise<never>(() => {})
    }
    one.target = { shared: false, check: async () => 'writable', put }
    for (const house of [one, two]) house.now += 2000
    await one.delivery.tick()
    await until(() => isHanging)
    const before = puts.length
    await two.deliver()
    assert.equal(puts.length, before, 'the lease holds')
    two.now += 61_000
    await two.deliver()
    assert.ok(puts.length > before)
    assert.equal(new Set(puts.map(({ key }) => key)).size, puts.length)
    await one.delivery.stop(0)
    assert.equal((await verifyDelivered(copyIn(folder()), one.open.trailSigner.publicKey)).fault, null)
  })

  it('take over a batch within a minute when one dies whose clock was ahead', async () => {
    await using ahead = await another()
    ahead.now = two.now + 86_400_000
    const { promise: hangs, resolve } = Promise.withResolvers<void>()
    const put = () => {
      resolve()
      return new Promise<never>(() => {})
    }
    ahead.target = { shared: false, check: async () => 'writable', put }
    await two.call('CreateKey', { Description: 'left behind' }, one.credentials)
    await ahead.delivery.tick()
    await hangs
    const before = puts.length
    two.now += 60_000
    await two.deliver()
    assert.ok(puts.length > before)
    await ahead.delivery.stop(0)
    assert.equal((await verifyDelivered(copyIn(folder()), one.open.trailSigner.publicKey)).fault, null)
  })
})
