// LookupEvents as its callers see it, in both versions of the API.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, it } from 'node:test'
import { TrailUpkeep } from '../../../src/actiontrail/audit/upkeep.ts'
import { eachDatabase } from '../../databases.ts'
import { openTestHouse, type TestHouse } from '../../house.ts'

const DAY = 86_400_000

eachDatabase((open) => {
  describe('LookupEvents', () => {
    let house: TestHouse
    let keyId: string
    before(async () => {
      house = await open(['--lookup-max-span-days', '30'])
      keyId = (await house.must('CreateKey')).KeyMetadata.KeyId
      await house.must('CreateAlias', { KeyId: keyId, AliasName: 'alias/a' })
      for (let i = 0; i < 7; i++) {
        house.now += 1000
        await house.must('Encrypt', { KeyId: keyId, Plaintext: 'x' })
      }
      await house.call('DescribeKey', { KeyId: 'none' })
      await house.call('ListUsers', { Version: '2015-05-01' })
    })
    after(() => house[Symbol.asyncDispose]())

    const lookup = (parameters: Record<string, string> = {}, Version = '2020-07-06') =>
      house.call('LookupEvents', { Version, ...parameters })
    const names = async (parameters: Record<string, string>, Version?: string) => {
      const { status, body } = await lookup({ MaxResults: '50', Direction: 'FORWARD', ...parameters }, Version)
      assert.equal(status, 200, JSON.stringify(body))
      return body.Events.map(({ eventName }: { eventName: string }) => eventName)
    }
    const refusal = async (parameters: Record<string, string>, Version?: string) =>
      (await lookup(parameters, Version)).body.Code
    const attribute = (Key: string, Value: string, n = 1) => ({
      [`LookupAttribute.${n}.Key`]: Key,
      [`LookupAttribute.${n}.Value`]: Value,
    })
    const time = (ms: number) => `${new Date(ms).toISOString().slice(0, 19)}Z`

    it('answers the last seven days, newest first, with the range that was searched', async () => {
      const { body } = await lookup()
      assert.equal(body.EndTime, time(house.now))
      assert.equal(body.StartTime, time(house.now - 7 * DAY))
      assert.match(body.RequestId, /^[0-9A-F-]{36}$/)
      const times = body.Events.map(({ eventTime }: { eventTime: string }) => eventTime)
      assert.deepEqual(times, times.toSorted().reverse())
      assert.equal('NextToken' in body, false)
    })

    it('finds events by each attribute, exactly, and by two at once', async () => {
      const encrypts = Array.from({ length: 7 }, () => 'Encrypt')
      assert.deepEqual(await names(attribute('EventName', 'Encrypt')), encrypts)
      assert.deepEqual(await names(attribute('EventName', 'encrypt')), [])
      assert.deepEqual(await names(attribute('ResourceName', keyId)), ['CreateKey', 'CreateAlias', ...encrypts])
      assert.deepEqual(await names(attribute('ResourceType', 'ACS::KMS::Alias')), ['CreateAlias'])
      assert.deepEqual(await names(attribute('ServiceName', 'Ram')), ['ListUsers'])
      assert.deepEqual(await names(attribute('EventRW', 'Write')), ['CreateKey', 'CreateAlias'])
      assert.deepEqual(await names({ ...attribute('User', 'root'), ...attribute('ResourceName', 'none', 2) }), [
        'DescribeKey',
      ])
      assert.deepEqual(await names(attribute('EventAccessKeyId', 'LTAInobody')), [])
      assert.deepEqual(await names(attribute('SensitiveAction', 'true')), [])
      const { body } = await lookup({ MaxResults: '1', ...attribute('EventName', 'CreateKey') })
      assert.deepEqual(await names(attribute('EventId', body.Events[0].eventId)), ['CreateKey'])
    })

    it('of the same attribute twice counts the second, of more than two the first two', async () => {
      assert.deepEqual(
        await names({ ...attribute('EventName', 'Encrypt'), ...attribute('EventName', 'CreateKey', 2) }),
        ['CreateKey'],
      )
      const third = attribute('EventName', 'none', 3)
      assert.deepEqual(
        await names({ ...attribute('EventName', 'CreateKey'), ...attribute('User', 'root', 2), ...third }),
        ['CreateKey'],
      )
    })

    it('takes the single filters of the former versions, all of which must hold', async () => {
      for (const version of ['2017-12-04', '2015-09-28']) {
        assert.deepEqual(await names({ EventName: 'CreateKey', User: 'root', ResourceName: keyId }, version), [
          'CreateKey',
        ])
        assert.deepEqual(await names({ EventName: 'CreateKey', User: 'none' }, version), [])
      }
      const { body } = await lookup({ MaxResults: '1', EventName: 'CreateKey' }, '2017-12-04')
      assert.deepEqual(await names({ Request: body.Events[0].requestId }, '2017-12-04'), ['CreateKey'])
      assert.ok(
        (await names({ EventName: 'CreateKey' })).includes('Encrypt'),
        'unknown members are ignored in 2020-07-06',
      )
    })

    it('pages with a token that is bound to the lookup and to the account, for 24 hours', async () => {
      const asked = { MaxResults: '3', ...attribute('EventName', 'Encrypt') }
      const seen: string[] = []
      let token: string | undefined
      do {
        const { status, body }: Awaited<ReturnType<typeof lookup>> = await lookup({
          ...asked,
          ...(token && { NextToken: token }),
        })
        assert.equal(status, 200)
        seen.push(...body.Events.map(({ eventId }: { eventId: string }) => eventId))
        token = body.NextToken
      } while (token)
      assert.deepEqual([seen.length, new Set(seen).size], [7, 7])
      const NextToken: string = (await lookup(asked)).body.NextToken
      assert.equal(await refusal({ ...asked, NextToken: `${NextToken.slice(0, -4)}AAA=` }), 'InvalidQueryParameter')
      assert.equal(await refusal({ ...asked, NextToken: 'x' }), 'InvalidQueryParameter')
      assert.equal(await refusal({ MaxResults: '3', NextToken }), 'InvalidQueryParameter')
      assert.equal(await refusal({ ...asked, NextToken, Direction: 'FORWARD' }), 'InvalidQueryParameter')
      assert.equal(await refusal({ ...asked, NextToken, RegionId: 'cn-beijing' }), 'InvalidQueryParameter')
      assert.equal(await refusal({ ...asked, NextToken, EndTime: time(house.now - 5000) }), 'InvalidQueryParameter')
      const other = { accountId: '9000000000000009', accessKeyId: 'LTAIother', accessKeySecret: 'other' }
      await house.open.accounts.provide(other, 'other', house.now)
      const foreign = await house.call('LookupEvents', { Version: '2020-07-06', ...asked, NextToken }, other)
      assert.equal(foreign.body.Code, 'InvalidQueryParameter')
      assert.deepEqual(
        (await house.call('LookupEvents', { Version: '2020-07-06' }, other)).body.Events.length,
        1,
        'its own refused lookup',
      )
      house.now += DAY
      assert.equal(await refusal({ ...asked, NextToken }), 'InvalidQueryParameter')
      house.now -= DAY
    })

    it('refuses what is not of the form, each with its code', async () => {
      const [now, before] = [time(house.now), time(house.now - 1000)]
      const cases: [Record<string, string>, string][] = [
        [{ StartTime: 'yesterday' }, 'InvalidParameterStartTime'],
        [{ StartTime: '2026-02-30T00:00:00Z' }, 'InvalidParameterStartTime'],
        [{ EndTime: '2026-03-01T24:00:00Z' }, 'InvalidParameterEndTime'],
        [{ StartTime: '2026-03-01T00:00:00.5Z' }, 'InvalidParameterStartTime'],
        [{ EndTime: '2026-03-01T00:00:00+08:00' }, 'InvalidParameterEndTime'],
        [{ EndTime: '2026-13-01T00:00:00Z' }, 'InvalidParameterEndTime'],
        [{ StartTime: now, EndTime: before }, 'InvalidParameterCombination'],
        [{ StartTime: now, EndTime: now }, 'InvalidParameterCombination'],
        [{ StartTime: time(house.now - 31 * DAY), EndTime: now }, 'InvalidParameterCombination'],
        [{ MaxResults: '51' }, 'InvalidQueryParameter'],
        [{ MaxResults: 'x' }, 'InvalidQueryParameter'],
        [{ MaxResults: '-1' }, 'InvalidQueryParameter'],
        [{ Direction: 'forward' }, 'InvalidQueryParameter'],
        [attribute('UserName', 'root'), 'InvalidQueryParameter'],
        [{ 'LookupAttribute.1.Key': 'User' }, 'InvalidQueryParameter'],
        [{ 'LookupAttribute.1.Value': 'root' }, 'InvalidQueryParameter'],
        [{ LookupAttribute: '[{"Key":"User","Value":7}]' }, 'InvalidQueryParameter'],
      ]
      for (const [parameters, code] of cases) assert.equal(await refusal(parameters), code, JSON.stringify(parameters))
      assert.equal((await lookup({ MaxResults: '0' })).status, 200)
      assert.equal((await lookup({ StartTime: before, EndTime: time(house.now + DAY) })).body.EndTime, now)
    })

    it('answers JSON also when XML is asked for, and on the path of the first version', async () => {
      const { status, body } = await lookup({ Format: 'XML' })
      assert.deepEqual([status, Array.isArray(body.Events)], [200, true])
    })

    it('leaves an event of its own, with its attributes as sent', async () => {
      await lookup({ ...attribute('EventName', 'Encrypt'), MaxResults: '1' })
      const event = (await house.events()).at(-1)
      assert.deepEqual(event?.['requestParameters'], { MaxResults: '1', ...attribute('EventName', 'Encrypt') })
      assert.deepEqual(
        [event?.['serviceName'], event?.['apiVersion'], event?.['eventRW']],
        ['Actiontrail', '2020-07-06', 'Read'],
      )
    })

    it('is denied without a policy, and allowed by one on all resources', async () => {
      const ram = (action: string, parameters: Record<string, string>) =>
        house.must(action, { Version: '2015-05-01', ...parameters })
      await ram('CreateUser', { UserName: 'auditor' })
      const { AccessKey } = await ram('CreateAccessKey', { UserName: 'auditor' })
      const auditor = {
        ...house.credentials,
        accessKeyId: AccessKey.AccessKeyId,
        accessKeySecret: AccessKey.AccessKeySecret,
      }
      const asAuditor = () => house.call('LookupEvents', { Version: '2020-07-06' }, auditor)
      const denied = await asAuditor()
      assert.deepEqual([denied.status, denied.body.Code], [403, 'NoPermission'])
      assert.equal(
        denied.body.Message,
        'You are not authorized to do this operation. Resource: * Action: actiontrail:LookupEvents',
      )
      const PolicyDocument =
        '{"Version":"1","Statement":[{"Effect":"Allow","Action":"actiontrail:LookupEvents","Resource":"*"}]}'
      await ram('CreatePolicy', { PolicyName: 'audit', PolicyDocument })
      await ram('AttachPolicyToUser', { PolicyType: 'Custom', PolicyName: 'audit', UserName: 'auditor' })
      assert.equal((await asAuditor()).status, 200)
    })
  })

  describe('retention', () => {
    it('drops events of whole days, the chain stays whole, and the range of lookups ends there', async () => {
      await using house = await open()
      const giveWay = async () => {}
      const upkeep = new TrailUpkeep(house.open)
      const counts: number[] = []
      for (let day = 0; day < 100; day++) {
        house.now += DAY
        for (let i = 0; i < 12; i++) await house.must('ListKeys')
        await upkeep.checkpoint(house.now)
        await upkeep.extendIndex(house.now, giveWay)
        await upkeep.prune(house.now, 90, giveWay)
        counts.push((await house.events()).length)
      }
      assert.deepEqual(
        counts.slice(0, 90),
        Array.from({ length: 90 }, (_, i) => (i + 1) * 12),
      )
      assert.deepEqual(
        counts.slice(91),
        Array.from({ length: 9 }, () => 91 * 12),
      )
      const { verifyTrail } = await import('../../../src/actiontrail/audit/audit.ts')
      const { publicKeyOf } = await import('../../../src/actiontrail/audit/checkpoint.ts')
      const { fault, events } = await verifyTrail(
        house.open,
        { from: null, to: null },
        publicKeyOf(house.open.trailSigner.publicKey),
        [],
        () => {},
      )
      assert.deepEqual([fault, events], [null, 91 * 12])
      const StartTime = `${new Date(house.now - 200 * DAY).toISOString().slice(0, 19)}Z`
      const { body } = await house.call('LookupEvents', {
        Version: '2020-07-06',
        StartTime,
        Direction: 'FORWARD',
        EndTime: `${new Date(house.now).toISOString().slice(0, 19)}Z`,
      })
      assert.equal(body.StartTime, `${new Date(house.now - 90 * DAY).toISOString().slice(0, 19)}Z`)
      assert.equal(body.Events.length, 20)
    })
  })
})

describe('retention', () => {
  it('drops no event whose time was altered so that it seems to be over', async () => {
    await using house = await openTestHouse(null)
    for (let i = 0; i < 8; i++) await house.must('ListKeys')
    const upkeep = new TrailUpkeep(house.open)
    await upkeep.checkpoint(house.now)
    const db = new DatabaseSync(join(house.data, 'strongroom.db'))
    db.exec('UPDATE event SET at = 0 WHERE seq <= 6')
    db.close()
    await assert.rejects(
      upkeep.prune(house.now, 90, async () => {}),
      /no events are dropped: event 1 .+ is not what was recorded/,
    )
    assert.equal((await house.events()).length, 8)
  })
})
