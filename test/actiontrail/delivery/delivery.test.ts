// Delivery to a folder, with a clock that tests advance: what is delivered, when, under which names, and what becomes of failures.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, beforeEach, describe, it } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { type Collected, collect, NO_LIMITS } from '../../../src/actiontrail/delivery/batch.ts'
import { type DeliveryTarget, TargetFault } from '../../../src/actiontrail/delivery/targets/target.ts'
import { verifyDelivered } from '../../../src/actiontrail/delivery/verify-delivered.ts'
import { GENESIS } from '../../../src/ledger/chain.ts'
import { eachDatabase } from '../../databases.ts'
import type { TestHouse } from '../../house.ts'
import { ramOf } from '../../ram/ram.ts'
import { copyIn, deliveredEvents, digestsIn, filesBelow, objectsIn, trailsOf } from '../trails.ts'

const INTERVAL_MS = 300_000

eachDatabase((open) => {
  describe('delivery', () => {
    let house: TestHouse
    let trails: ReturnType<typeof trailsOf>
    let trail: string
    let folder: string
    let made = 0
    before(async () => {
      house = await open()
      trails = trailsOf(house)
    })
    after(() => house[Symbol.asyncDispose]())

    beforeEach(async () => {
      for (const { Name } of (await trails.must('DescribeTrails')).TrailList) await trails.must('DeleteTrail', { Name })
      house.target = null
      trail = `trail-${++made}`
      folder = join(house.data, 'trails', house.credentials.accountId, `bucket-${made}`)
    })

    const create = async (parameters = {}) => {
      await trails.must('CreateTrail', { Name: trail, OssBucketName: `bucket-${made}`, ...parameters })
      await trails.must('StartLogging', { Name: trail })
    }
    const status = () => trails.must('GetTrailStatus', { Name: trail })
    const later = async (ms = INTERVAL_MS) => {
      house.now += ms
      await house.deliver()
    }
    const names = () => deliveredEvents(folder).map(({ eventName }) => eventName)
    /** What is delivered without the calls about trails. */
    const keyCalls = () => deliveredEvents(folder).filter(({ serviceName }) => serviceName === 'Kms')
    const verdict = () => verifyDelivered(copyIn(folder), house.open.trailSigner.publicKey)

    it('goes on when the clock of a server that was ahead is right again', async () => {
      const AHEAD_MS = 86_400_000
      await create()
      house.now += AHEAD_MS
      await house.must('CreateKey')
      await later()
      await house.must('CreateKey')
      await later(1000)
      assert.equal(keyCalls().length, 1)
      house.now -= AHEAD_MS
      await house.must('CreateKey')
      await later()
      await later()
      assert.equal(keyCalls().length, 3)
      house.now += AHEAD_MS
    })

    it('writes what happened in five minutes to one object, named as in the cloud', async () => {
      await create({ OssKeyPrefix: 'prefix' })
      house.now += 7000
      const { RequestId } = await house.must('CreateKey', { Description: 'café' })
      await later(1000)
      assert.deepEqual(filesBelow(folder), [])
      await later()
      const [object = '', ...others] = objectsIn(folder)
      assert.deepEqual(others, [])
      const bytes = readFileSync(join(folder, object))
      const text = gunzipSync(bytes).toString('utf8')
      const begin = new Date(house.now - INTERVAL_MS - 8000).toISOString()
      const md5 = createHash('md5').update(bytes).digest('hex')
      const day = begin.slice(0, 10).replaceAll('-', '/')
      const time = begin.slice(0, 19).replace(/\D/g, '')
      assert.equal(
        object,
        `prefix/AliyunLogs/Actiontrail/cn-hangzhou/${day}/Actiontrail_cn-hangzhou_${time}_1002_2_${Buffer.byteLength(text)}_${md5}.gz`,
      )
      const all = await house.events()
      const own = all.filter(({ eventName }) => eventName === 'StartLogging').at(-1)
      const key = all.find(({ eventId }) => eventId === RequestId)
      assert.deepEqual(JSON.parse(text), [own, key])
      const [digest = ''] = digestsIn(folder)
      assert.match(
        digest,
        /^prefix\/AliyunLogs\/Actiontrail-Digest\/cn-hangzhou\/\d{4}\/\d\d\/\d\d\/Actiontrail-Digest_cn-hangzhou_trail-\d+_\d{14}_[0-9a-f]{16}_0000000001\.json$/,
      )
      const { LatestDeliveryTime, OssBucketStatus, LatestDigestNumber, DeliveryLagSeconds } = await status()
      assert.deepEqual(
        [LatestDeliveryTime, OssBucketStatus, LatestDigestNumber, DeliveryLagSeconds],
        [`${new Date(house.now).toISOString().slice(0, 19)}Z`, true, 1, 0],
      )
      assert.deepEqual([(await verdict()).fault, (await verdict()).objects, (await verdict()).events], [null, 1, 2])
    })

    it('writes nothing for an empty interval', async () => {
      await create()
      await later()
      const delivered = filesBelow(folder)
      for (let i = 0; i < 5; i++) await later()
      assert.deepEqual(filesBelow(folder), delivered)
    })

    it('leaves out what came before StartLogging and while stopped, and keeps what came before StopLogging', async () => {
      const described = async (Description: string) => (await house.must('CreateKey', { Description })).RequestId
      await described('before')
      await create()
      const first = await described('first')
      await trails.must('StopLogging', { Name: trail })
      await described('stopped')
      await trails.must('StartLogging', { Name: trail })
      const second = await described('second')
      await later()
      await house.deliver()
      assert.deepEqual(
        keyCalls().map(({ eventId }) => eventId),
        [first, second],
      )
      await trails.must('StopLogging', { Name: trail })
      await described('after the end')
      await later()
      await later()
      assert.equal(keyCalls().length, 2)
      assert.equal((await verdict()).fault, null)
    })

    it('delivers the pending events of a stopped trail at once', async () => {
      await create()
      await house.must('CreateKey')
      await trails.must('StopLogging', { Name: trail })
      await house.deliver()
      assert.deepEqual(names(), ['StartLogging', 'CreateKey'])
    })

    it('delivers an object for each region, and filters by region and kind; global events always come', async () => {
      await create({ EventRW: 'Write', TrailRegion: 'cn-beijing,cn-shanghai' })
      await house.must('CreateKey')
      await house.must('CreateKey', { RegionId: 'cn-beijing' })
      await house.must('ListKeys', { RegionId: 'cn-beijing' })
      await house.must('CreateKey', { RegionId: 'cn-shanghai' })
      await ramOf(house).must('CreateUser', { UserName: `user-${made}` })
      await later()
      assert.deepEqual(
        deliveredEvents(folder).map(({ eventName, acsRegion }) => [eventName, acsRegion]),
        [
          ['CreateKey', 'cn-beijing'],
          ['CreateUser', 'cn-hangzhou'],
          ['CreateKey', 'cn-shanghai'],
        ],
      )
      assert.deepEqual(
        objectsIn(folder).map((path) => path.split('/')[2]),
        ['cn-beijing', 'cn-hangzhou', 'cn-shanghai'],
      )
      assert.equal((await verdict()).fault, null)
    })

    it('reports the lag in GetTrailStatus and in metrics', async () => {
      await create()
      house.now += 42_000
      assert.equal((await status()).DeliveryLagSeconds, 42)
      const { accountId } = house.credentials
      assert.deepEqual(await house.delivery.lags(), [{ account: accountId, trail, seconds: 42 }])
      await later()
      assert.equal((await house.delivery.lags())[0]?.seconds, 0)
    })

    it('keeps a batch while the bucket is away, tries again with growing pauses, and loses nothing', async () => {
      await create()
      await house.must('CreateKey')
      const tries: number[] = []
      house.target = {
        shared: false,
        check: async () => 'writable',
        put: async () => {
          tries.push(house.now)
          throw new TargetFault('unreachable', 'ECONNREFUSED')
        },
      }
      await later()
      for (let second = 0; second < 20; second++) await later(1000)
      const pauses = tries.map((at, i) => at - (tries[i - 1] ?? at)).slice(1)
      assert.deepEqual(pauses, [1000, 1000, 2000, 4000, 8000])
      const failing = await status()
      assert.deepEqual(
        [failing.OssBucketStatus, failing.LatestDeliveryError, 'LatestDeliveryTime' in failing],
        [false, 'The bucket could not be written (ECONNREFUSED).', false],
      )
      const { RequestId } = await house.must('CreateKey')
      house.target = null
      for (let second = 0; second < 20; second++) await later(1000)
      await later()
      const ids = keyCalls().map(({ eventId }) => eventId)
      assert.equal(ids.length, 2)
      assert.equal(ids[1], RequestId)
      assert.equal((await status()).OssBucketStatus, true)
      assert.equal((await verdict()).fault, null)
      assert.equal(
        house.failures.some((text) => text.includes('could not deliver')),
        true,
      )
      house.failures.length = 0
    })

    it('writes the same objects again after a failure in the middle, though the trail was changed meanwhile', async () => {
      await create()
      for (const RegionId of ['cn-beijing', 'cn-shanghai']) await house.must('CreateKey', { RegionId })
      const folderTarget = house.open.deliveryTarget
      const written = new Map<string, Set<string>>()
      const noted = (breakAt: RegExp): DeliveryTarget => ({
        shared: false,
        check: async () => 'writable',
        put: async (account, bucket, key, bytes, signal) => {
          await folderTarget.put(account, bucket, key, bytes, signal)
          written.set(key, new Set([...(written.get(key) ?? []), createHash('sha256').update(bytes).digest('hex')]))
          if (breakAt.test(key)) throw new TargetFault('unreachable', 'ECONNRESET')
        },
      })
      for (const [i, breakAt] of [/cn-beijing/, /cn-hangzhou.*gz/, /cn-shanghai/, /json/].entries()) {
        house.target = noted(breakAt)
        await later(INTERVAL_MS)
        await house.must('CreateKey')
        await trails.must('UpdateTrail', { Name: trail, EventRW: i % 2 === 0 ? 'Read' : 'All' })
      }
      house.target = noted(/nothing/)
      await later()
      await later()
      for (const [key, hashes] of written) assert.equal(hashes.size, 1, key)
      const checked = await verdict()
      assert.deepEqual([checked.fault, checked.uncovered, checked.objects], [null, [], written.size - checked.digests])
      house.failures.length = 0
    })

    it('begins a new chain of digests in another bucket, and takes what is pending there', async () => {
      await create()
      await house.must('CreateKey')
      await later()
      await house.must('CreateKey')
      house.target = {
        shared: false,
        check: async () => 'writable',
        put: () => Promise.reject(new TargetFault('missing')),
      }
      await later()
      assert.equal((await status()).LatestDeliveryError, 'The bucket does not exist.')
      house.target = null
      await trails.must('UpdateTrail', { Name: trail, OssBucketName: `second-${made}` })
      await later()
      const [one, two] = [keyCalls(), deliveredEvents(join(folder, '..', `second-${made}`))]
      assert.deepEqual([one.length, two.filter(({ eventName }) => eventName === 'CreateKey').length], [1, 1])
      const both = await verifyDelivered(copyIn(join(folder, '..')), house.open.trailSigner.publicKey)
      assert.equal(both.fault, null)
      assert.deepEqual(
        both.chains.filter((chain) => chain.trail === trail).map(({ last }) => last),
        [1, 2],
      )
      house.failures.length = 0
    })

    it('says in the digest which events were deleted before they could be delivered', async () => {
      await create()
      await house.must('CreateKey')
      const { seq } = (await house.open.ledger.heads())[0] ?? GENESIS
      await house.open.storage.events.drop(seq, 1_000_000)
      const last = await house.must('CreateKey')
      await later()
      assert.deepEqual(
        keyCalls().map(({ eventId }) => eventId),
        [last.RequestId],
      )
      const { missingEvents, fault } = await verdict()
      assert.deepEqual([missingEvents, fault], [[[seq - 1, seq]], null])
    })

    it('delivers nothing of the time in which its trail has no bucket, not even what was pending', async () => {
      const { accountId } = house.credentials
      await create({ SlsProjectArn: `acs:log:cn-hangzhou:${accountId}:project/logs` })
      house.target = {
        shared: false,
        check: async () => 'writable',
        put: () => Promise.reject(new TargetFault('missing')),
      }
      await house.must('CreateKey', { Description: 'pending' })
      await later()
      assert.equal((await status()).OssBucketStatus, false)
      await trails.must('UpdateTrail', { Name: trail, OssBucketName: '' })
      house.target = null
      await house.must('CreateKey', { Description: 'nowhere' })
      await later()
      await trails.must('UpdateTrail', { Name: trail, OssBucketName: `bucket-${made}` })
      const { RequestId } = await house.must('CreateKey', { Description: 'after' })
      await later()
      await later()
      assert.deepEqual(
        keyCalls().map(({ eventId }) => eventId),
        [RequestId],
      )
      assert.equal((await verdict()).fault, null)
      house.failures.length = 0
    })

    it('stops though the bucket hangs, and goes on at the next start with the same batch', async () => {
      await create()
      await house.must('CreateKey')
      const hanging: string[] = []
      house.target = {
        shared: false,
        check: async () => 'writable',
        put: (_, __, key) => {
          hanging.push(key)
          return new Promise(() => {})
        },
      }
      house.now += INTERVAL_MS
      await house.delivery.tick()
      while (hanging.length === 0) await new Promise((resolve) => setImmediate(resolve))
      await house.delivery.stop(100)
      house.target = null
      await house.restart()
      await house.deliver()
      assert.deepEqual([objectsIn(folder), keyCalls().length], [hanging, 1])
      const { OssBucketStatus, LatestDeliveryError } = await status()
      assert.deepEqual([OssBucketStatus, LatestDeliveryError], [true, undefined])
    })

    it('cuts a long backlog into batches that leave nothing out and hold nothing twice', async () => {
      await Promise.all(
        Array.from({ length: 60 }, (_, i) => house.must('CreateKey', { Description: 'x'.repeat(i * 20) })),
      )
      const head = (await house.open.ledger.heads())[0]?.seq ?? 0
      const filter = { account: house.credentials.accountId, eventRw: 'All', trailRegion: 'All' } as const
      const whole = await collect(house.open.ledger, { from: 0, to: head }, filter, NO_LIMITS)
      for (const limits of [
        { events: 7, bytes: 1e9 },
        { events: 1e9, bytes: 5000 },
        { events: 1, bytes: 1 },
      ]) {
        const batches: Collected[] = []
        for (let from = 0; from < head; from = batches.at(-1)?.to ?? head)
          batches.push(await collect(house.open.ledger, { from, to: head }, filter, limits))
        for (const batch of batches) {
          const size = batch.events.reduce((sum, { json }) => sum + Buffer.byteLength(json) + 1, 0)
          assert.ok(batch.events.length <= limits.events && (size <= limits.bytes || batch.events.length === 1))
        }
        assert.deepEqual(
          batches.flatMap((batch) => batch.events),
          whole.events,
        )
      }
    })
  })
})
