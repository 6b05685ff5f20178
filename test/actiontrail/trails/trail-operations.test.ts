// Making, changing and listing trails over HTTP, in both versions of the API.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { after, before, describe, it } from 'node:test'
import { eachDatabase } from '../../databases.ts'
import type { TestHouse } from '../../house.ts'
import { ramOf } from '../../ram/ram.ts'
import { trailsOf } from '../trails.ts'

const require = createRequire(import.meta.url)
type Client = { request(action: string, parameters: object, options: object): Promise<Record<string, unknown>> }
const PopCore = require('@alicloud/pop-core') as new (config: object) => Client

const bucket = (name: string) => ({ OssBucketName: name })

eachDatabase((open) => {
  describe('trails', () => {
    let house: TestHouse
    let trails: ReturnType<typeof trailsOf>
    before(async () => {
      house = await open()
      trails = trailsOf(house)
    })
    after(() => house[Symbol.asyncDispose]())

    it('are made, listed, started, stopped, changed and deleted as Terraform does it', async () => {
      const { accountId } = house.credentials
      const role = `acs:ram::${accountId}:role/aliyunserviceroleforactiontrail`
      const made = await trails.must('CreateTrail', { Name: 'audit-1', ...bucket('audit'), OssKeyPrefix: 'kms-log' })
      const { RequestId, ...answer } = made
      assert.match(RequestId, /^[0-9A-F-]{36}$/)
      assert.deepEqual(answer, {
        Name: 'audit-1',
        HomeRegion: 'cn-hangzhou',
        TrailRegion: 'All',
        EventRW: 'Write',
        OssBucketName: 'audit',
        OssKeyPrefix: 'kms-log',
        OssWriteRoleArn: '',
        SlsProjectArn: '',
        SlsWriteRoleArn: '',
        MaxComputeProjectArn: '',
        MaxComputeWriteRoleArn: '',
      })
      const listed = async (parameters = {}) => (await trails.must('DescribeTrails', parameters)).TrailList
      const fresh = {
        ...answer,
        TrailArn: `acs:actiontrail:cn-hangzhou:${accountId}:trail/audit-1`,
        Region: 'cn-hangzhou',
        Status: 'Fresh',
        OssBucketLocation: 'oss-cn-hangzhou',
        CreateTime: '2026-03-01T00:00:00Z',
        UpdateTime: '2026-03-01T00:00:00Z',
        IsShadowTrail: 0,
        IsOrganizationTrail: false,
      }
      assert.deepEqual(await listed(), [fresh])
      assert.deepEqual(await listed({ NameList: 'audit-1,unknown-1' }), [fresh])
      assert.deepEqual(await listed({ NameList: 'unknown-1' }), [])

      house.now += 1000
      const status = async () => {
        const { RequestId: _, DigestChain, ...rest } = await trails.must('GetTrailStatus', { Name: 'audit-1' })
        assert.match(DigestChain, /^[0-9a-f]{16}$/)
        return rest
      }
      const quiet = { IsLogging: false, OssBucketStatus: true, DeliveryLagSeconds: 0, LatestDigestNumber: 0 }
      assert.deepEqual(await status(), quiet)
      for (const _ of [1, 2]) await trails.must('StartLogging', { Name: 'audit-1' })
      const startedAt = { StartLoggingTime: '2026-03-01T00:00:01Z' }
      assert.deepEqual(await status(), { ...quiet, IsLogging: true, ...startedAt })
      assert.equal((await listed())[0].Status, 'Enable')
      house.now += 1000
      for (const _ of [1, 2]) await trails.must('StopLogging', { Name: 'audit-1' })
      const { DeliveryLagSeconds: _, ...stopped } = await status()
      const { DeliveryLagSeconds: __, ...expected } = {
        ...quiet,
        ...startedAt,
        StopLoggingTime: '2026-03-01T00:00:02Z',
      }
      assert.deepEqual(stopped, expected)
      assert.equal((await listed())[0].Status, 'Disable')

      const SlsProjectArn = `acs:log:cn-hangzhou:${accountId}:project/logs`
      const changed = await trails.must('UpdateTrail', { Name: 'audit-1', EventRW: 'All', SlsProjectArn })
      const { RequestId: ___, ...after } = changed
      assert.deepEqual(after, { ...answer, EventRW: 'All', SlsProjectArn, SlsWriteRoleArn: role })
      assert.equal((await status())['SlsLogStoreStatus'], false)
      assert.deepEqual(Object.keys(await trails.must('GetDataEventSelector', { TrailName: 'audit-1' })), ['RequestId'])
      await trails.must('DeleteTrail', { Name: 'audit-1' })
      assert.deepEqual(await listed(), [])
      assert.equal(await trails.outcome('DeleteTrail', { Name: 'audit-1' }), 'TrailNotFoundException')
    })

    it('stop before they ever started, and are deleted while they log', async () => {
      await trails.must('CreateTrail', { Name: 'never-began', ...bucket('never') })
      await trails.must('StopLogging', { Name: 'never-began' })
      assert.equal((await trails.must('DescribeTrails')).TrailList[0].Status, 'Disable')
      await trails.must('StartLogging', { Name: 'never-began' })
      await trails.must('DeleteTrail', { Name: 'never-began' })
      await trails.must('CreateTrail', { Name: 'never-began', ...bucket('never') })
      await trails.must('DeleteTrail', { Name: 'never-began' })
    })

    it('have their home in one region and shadows in those they cover', async () => {
      const here = { Name: 'home-trail', ...bucket('home'), TrailRegion: 'cn-hangzhou,cn-beijing' }
      await trails.must('CreateTrail', here)
      const beijing = { RegionId: 'cn-beijing' }
      assert.equal(await trails.outcome('CreateTrail', { ...here, ...beijing }), 'TrailAlreadyExistsException')
      for (const action of ['UpdateTrail', 'StartLogging', 'StopLogging', 'GetTrailStatus', 'DeleteTrail'])
        assert.equal(await trails.outcome(action, { Name: 'home-trail', ...beijing }), 'TrailNotFoundException')
      const names = async (parameters: Record<string, string>) => {
        const { TrailList } = await trails.must('DescribeTrails', parameters)
        return TrailList.map((one: Record<string, unknown>) => [one['Name'], one['IsShadowTrail'], one['HomeRegion']])
      }
      assert.deepEqual(await names(beijing), [])
      const shadows = { IncludeShadowTrails: 'true' }
      assert.deepEqual(await names({ ...beijing, ...shadows }), [['home-trail', 1, 'cn-hangzhou']])
      assert.deepEqual(await names({ RegionId: 'us-east-1', ...shadows }), [])
      await trails.must('UpdateTrail', { Name: 'home-trail', TrailRegion: 'All' })
      assert.deepEqual(await names({ RegionId: 'us-east-1', ...shadows }), [['home-trail', 1, 'cn-hangzhou']])
      await trails.must('DeleteTrail', { Name: 'home-trail' })
    })

    it('are five in a region at most, also when six are made at the same moment', async () => {
      const made = await Promise.all(
        [1, 2, 3, 4, 5, 6, 7].map((n) =>
          trails.outcome('CreateTrail', { Name: `many-trail-${n}`, ...bucket(`many-${n}`) }),
        ),
      )
      assert.deepEqual(
        made.toSorted(),
        [...Array(5).fill('OK'), ...Array(2).fill('MaximumNumberOfTrailsExceededException')].toSorted(),
      )
      const elsewhere = { Name: 'many-trail-9', ...bucket('many-9'), RegionId: 'us-west-1' }
      assert.equal(await trails.outcome('CreateTrail', elsewhere), 'OK')
      const { TrailList } = await trails.must('DescribeTrails')
      for (const { Name } of TrailList) await trails.must('DeleteTrail', { Name })
      await trails.must('DeleteTrail', { Name: 'many-trail-9', RegionId: 'us-west-1' })
    })

    it('of one name or of one bucket are made once, also at the same moment', async () => {
      const twice = await Promise.all(
        [1, 2].map((n) => trails.outcome('CreateTrail', { Name: 'same-name', ...bucket(`same-${n}`) })),
      )
      assert.deepEqual(twice.toSorted(), ['OK', 'TrailAlreadyExistsException'])
      const shared = await Promise.all(
        ['one', 'two'].map((n) => trails.outcome('CreateTrail', { Name: `same-bucket-${n}`, ...bucket('one-bucket') })),
      )
      assert.deepEqual(shared.toSorted(), ['OK', 'RepeatOssBucket'])
      const { TrailList } = await trails.must('DescribeTrails')
      for (const { Name } of TrailList) await trails.must('DeleteTrail', { Name })
    })

    const table: readonly [sentence: string, action: string, parameters: Record<string, string>, outcome: string][] = [
      ['a name that is missing', 'CreateTrail', bucket('ok-bucket'), 'MissingParameter'],
      ['a name of 5 characters', 'CreateTrail', { Name: 'abcde', ...bucket('ok-bucket') }, 'InvalidTrailNameException'],
      ['a name of 37', 'CreateTrail', { Name: 'a'.repeat(37), ...bucket('ok-bucket') }, 'InvalidTrailNameException'],
      [
        'a name that begins with a digit',
        'CreateTrail',
        { Name: '1abcdef', ...bucket('b-1') },
        'InvalidTrailNameException',
      ],
      ['a name with capitals', 'CreateTrail', { Name: 'abcDEFG', ...bucket('b-1') }, 'InvalidTrailNameException'],
      ['an invalid name in NameList', 'DescribeTrails', { NameList: 'good-name,Bad' }, 'InvalidTrailNameException'],
      ['a bucket of 2 characters', 'CreateTrail', { Name: 'trail-x', ...bucket('ab') }, 'InvalidBucketNameException'],
      [
        'a bucket that begins with -',
        'CreateTrail',
        { Name: 'trail-x', ...bucket('-abc') },
        'InvalidBucketNameException',
      ],
      ['a bucket with dots', 'CreateTrail', { Name: 'trail-x', ...bucket('a..b') }, 'InvalidBucketNameException'],
      ['a bucket with a path', 'CreateTrail', { Name: 'trail-x', ...bucket('../x') }, 'InvalidBucketNameException'],
      [
        'a prefix of 5 characters',
        'CreateTrail',
        { Name: 'trail-x', ...bucket('ok-b'), OssKeyPrefix: 'abcde' },
        'InvalidPrefixException',
      ],
      [
        'a prefix of 33',
        'CreateTrail',
        { Name: 'trail-x', ...bucket('ok-b'), OssKeyPrefix: 'a'.repeat(33) },
        'InvalidPrefixException',
      ],
      [
        'a prefix with dots',
        'CreateTrail',
        { Name: 'trail-x', ...bucket('ok-b'), OssKeyPrefix: 'a/../../b' },
        'InvalidPrefixException',
      ],
      [
        'an EventRW of none',
        'CreateTrail',
        { Name: 'trail-x', ...bucket('ok-b'), EventRW: 'all' },
        'InvalidQueryParameter',
      ],
      [
        'a region that is not served',
        'CreateTrail',
        { Name: 'trail-x', ...bucket('ok-b'), TrailRegion: 'cn-hangzhou,mars' },
        'InvalidQueryParameter',
      ],
      [
        'an ARN that is none',
        'CreateTrail',
        { Name: 'trail-x', SlsProjectArn: 'acs:log:x' },
        'SlsProjectDoesNotExistException',
      ],
      [
        'a role that is none',
        'CreateTrail',
        { Name: 'trail-x', ...bucket('ok-b'), OssWriteRoleArn: 'role' },
        'InvalidQueryParameter',
      ],
      [
        'a MaxCompute project that is none',
        'CreateTrail',
        { Name: 'trail-x', MaxComputeProjectArn: 'acs:odps:cn-hangzhou:1:project/other' },
        'InvalidQueryParameter',
      ],
      [
        'an organization',
        'CreateTrail',
        { Name: 'trail-x', ...bucket('ok-b'), IsOrganizationTrail: 'true' },
        'NotAllowCreateOrganizationTrail',
      ],
      ['a trail that is not there', 'UpdateTrail', { Name: 'not-there' }, 'TrailNotFoundException'],
      ['a trail that can not be there', 'StartLogging', { Name: 'X' }, 'TrailNotFoundException'],
      ['a trail that is not there', 'StopLogging', { Name: 'not-there' }, 'TrailNotFoundException'],
      ['a trail that is not there', 'GetTrailStatus', { Name: 'not-there' }, 'TrailNotFoundException'],
      ['a trail that is not there', 'GetDataEventSelector', { TrailName: 'not-there' }, 'TrailNotFoundException'],
      ['a language that is none', 'DescribeRegions', { AcceptLanguage: 'de-DE' }, 'InvalidQueryParameter'],
      ['an operation that is not built', 'PutDataEventSelector', {}, 'InvalidAction.NotFound'],
    ]
    for (const [sentence, action, parameters, outcome] of table)
      it(`refuse ${sentence} in ${action} with ${outcome}`, async () => {
        assert.equal(await trails.outcome(action, parameters), outcome)
      })

    it('take a Log Service or MaxCompute project alone, and deliver nothing there', async () => {
      const { accountId } = house.credentials
      const sls = { SlsProjectArn: `acs:log:cn-hangzhou:${accountId}:project/logs` }
      const odps = { MaxComputeProjectArn: `acs:odps:cn-hangzhou:${accountId}:project/actiontrail_a` }
      await trails.must('CreateTrail', { Name: 'only-sls', ...sls })
      await trails.must('CreateTrail', { Name: 'only-odps', ...odps })
      await trails.must('StartLogging', { Name: 'only-sls' })
      const { RequestId: _, ...status } = await trails.must('GetTrailStatus', { Name: 'only-sls' })
      assert.deepEqual(status, { IsLogging: true, StartLoggingTime: status.StartLoggingTime, SlsLogStoreStatus: false })
      for (const Name of ['only-sls', 'only-odps']) await trails.must('DeleteTrail', { Name })
    })

    it('take and lose their targets one by one, and log only while they have one', async () => {
      const { accountId } = house.credentials
      const own = `acs:ram::${accountId}:role/writer`
      const service = `acs:ram::${accountId}:role/aliyunserviceroleforactiontrail`
      const none = {
        EventRW: 'Write',
        OssBucketName: '',
        OssKeyPrefix: '',
        OssWriteRoleArn: '',
        SlsProjectArn: '',
        SlsWriteRoleArn: '',
        MaxComputeProjectArn: '',
        MaxComputeWriteRoleArn: '',
      }
      const of = ({ RequestId: _, Name: __, HomeRegion: ___, TrailRegion: ____, ...trail }: Record<string, string>) =>
        trail
      const change = async (more: Record<string, string>) =>
        of(await trails.must('UpdateTrail', { Name: 'bare-1', ...more }))
      assert.deepEqual(of(await trails.must('CreateTrail', { Name: 'bare-1' })), none)
      const start = () => trails.outcome('StartLogging', { Name: 'bare-1' })
      assert.equal(await start(), 'InvalidDeliveryConfigurationException')
      assert.deepEqual(await change({ EventRW: 'Write' }), none)
      const MaxComputeProjectArn = `acs:odps:cn-hangzhou:${accountId}:project/actiontrail_a`
      const stored = { ...none, MaxComputeProjectArn, MaxComputeWriteRoleArn: service }
      assert.deepEqual(await change({ MaxComputeProjectArn }), stored)
      assert.equal((await change({ MaxComputeWriteRoleArn: own }))['MaxComputeWriteRoleArn'], own)
      const all = { ...bucket('bare-bucket'), OssKeyPrefix: 'prefix', OssWriteRoleArn: own }
      assert.deepEqual(await change({ ...all, MaxComputeProjectArn: '', MaxComputeWriteRoleArn: '' }), {
        ...none,
        ...all,
      })
      assert.equal(await start(), 'OK')
      const bare = { OssBucketName: '', OssKeyPrefix: '', OssWriteRoleArn: '' }
      const last = await trails.outcome('UpdateTrail', { Name: 'bare-1', ...bare })
      assert.equal(last, 'InvalidDeliveryConfigurationException', 'it logs')
      await trails.must('StopLogging', { Name: 'bare-1' })
      assert.deepEqual(await change(bare), none)
      await trails.must('CreateTrail', { Name: 'bare-2', ...bucket('bare-bucket') })
      const claimed = await trails.outcome('UpdateTrail', { Name: 'bare-1', ...bucket('bare-bucket') })
      assert.equal(claimed, 'RepeatOssBucket', 'its bucket is free for another trail')
      for (const Name of ['bare-1', 'bare-2']) await trails.must('DeleteTrail', { Name })
    })

    it('answer the former version with a role name, and know its StartLogging', async () => {
      const former = trailsOf(house, '2015-09-28')
      const made = await former.must('CreateTrail', { Name: 'old-style', ...bucket('old-style'), StartLogging: 'true' })
      const { RequestId: _, ...answer } = made
      assert.deepEqual(answer, {
        Name: 'old-style',
        HomeRegion: 'cn-hangzhou',
        TrailRegion: 'All',
        EventRW: 'Write',
        OssBucketName: 'old-style',
        RoleName: 'aliyunactiontraildefaultrole',
      })
      const [listed] = (await trailsOf(house, '2017-12-04').must('DescribeTrails')).TrailList
      assert.deepEqual([listed.RoleName, listed.Status], ['aliyunactiontraildefaultrole', 'Enable'])
      assert.equal('OssWriteRoleArn' in listed || 'IsOrganizationTrail' in listed, false)
      const { RequestId: __, ...status } = await former.must('GetTrailStatus', { Name: 'old-style' })
      assert.deepEqual(Object.keys(status), ['IsLogging', 'StartLoggingTime'])
      assert.equal((await former.must('UpdateTrail', { Name: 'old-style', RoleName: 'other' })).RoleName, 'other')
      assert.equal(await former.outcome('GetDataEventSelector', { TrailName: 'old-style' }), 'InvalidAction.NotFound')
      await former.must('DeleteTrail', { Name: 'old-style' })
      const nowhere = { Name: 'old-style', StartLogging: 'true' }
      assert.equal(await former.outcome('CreateTrail', nowhere), 'InvalidDeliveryConfigurationException')
    })

    it('are known to the official client', async () => {
      const client = new PopCore({ ...house.credentials, endpoint: house.endpoint, apiVersion: '2020-07-06' })
      const realNow = house.now
      house.now = Date.now()
      const ask = (action: string, parameters = {}) => client.request(action, parameters, { method: 'POST' })
      await ask('CreateTrail', { Name: 'pop-trail', ...bucket('pop-trail') })
      assert.ok(Array.isArray((await ask('DescribeTrails'))['TrailList']))
      await assert.rejects(ask('CreateTrail', { Name: 'pop-trail', ...bucket('other') }), /TrailAlreadyExistsException/)
      await ask('DeleteTrail', { Name: 'pop-trail' })
      house.now = realNow
    })

    it('list regions and the home of global events, in the requested language', async () => {
      const { Regions } = await trails.must('DescribeRegions', { AcceptLanguage: 'zh-CN' })
      assert.deepEqual(
        Regions.Region.find((one: Record<string, string>) => one['RegionId'] === 'cn-beijing'),
        { RegionId: 'cn-beijing', RegionEndpoint: 'actiontrail.cn-beijing.aliyuncs.com', LocalName: '华北2(北京)' },
      )
      assert.equal((await trails.must('GetGlobalEventsStorageRegion')).StorageRegion, 'cn-hangzhou')
    })

    it('are recorded with all that the call said', async () => {
      await trails.must('CreateTrail', { Name: 'seen-trail', ...bucket('seen'), EventRW: 'Write' })
      const event = (await house.events()).at(-1) ?? {}
      assert.deepEqual(event['requestParameters'], { Name: 'seen-trail', EventRW: 'Write', OssBucketName: 'seen' })
      assert.deepEqual(event['referencedResources'], { 'ACS::ActionTrail::Trail': ['seen-trail'] })
      assert.equal((event['responseElements'] as Record<string, string>)['HomeRegion'], 'cn-hangzhou')
      await trails.must('DescribeRegions')
      assert.equal((await house.events()).at(-1)?.['eventName'], 'DescribeRegions')
      await trails.must('DeleteTrail', { Name: 'seen-trail' })
    })

    it('ask policies about the trail, and deny with the text of ActionTrail', async () => {
      const ram = ramOf(house)
      const { accountId } = house.credentials
      await ram.must('CreateUser', { UserName: 'auditor' })
      const user = trailsOf(house, '2020-07-06', await ram.accessKeyOf('auditor'))
      const { status, body } = await user.call('CreateTrail', { Name: 'their-trail', ...bucket('theirs') })
      const arn = `acs:actiontrail:cn-hangzhou:${accountId}:trail/their-trail`
      assert.deepEqual(
        [status, body.Code, body.Message],
        [
          403,
          'NoPermission',
          `You are not authorized to do this operation. Resource: ${arn} Action: actiontrail:CreateTrail`,
        ],
      )
      const own = ram.document(
        { Effect: 'Allow', Action: 'actiontrail:*', Resource: `acs:actiontrail:*:${accountId}:trail/their-*` },
        { Effect: 'Allow', Action: 'actiontrail:DescribeTrails', Resource: '*' },
      )
      await ram.must('CreatePolicy', { PolicyName: 'own-trails', PolicyDocument: own })
      await ram.must('AttachPolicyToUser', { PolicyType: 'Custom', PolicyName: 'own-trails', UserName: 'auditor' })
      assert.equal(await user.outcome('CreateTrail', { Name: 'their-trail', ...bucket('theirs') }), 'OK')
      assert.equal(await user.outcome('DescribeTrails'), 'OK')
      assert.equal(await user.outcome('StartLogging', { Name: 'other-trail' }), 'NoPermission')
      assert.equal(await user.outcome('DescribeRegions'), 'NoPermission')
      assert.equal(await user.outcome('DeleteTrail', { Name: 'their-trail' }), 'OK')
    })
  })
})
