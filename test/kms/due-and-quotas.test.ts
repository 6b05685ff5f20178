// What needs the owner's attention: keys that go by themselves, and quotas.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { CMK } from '../../src/kms/records.ts'
import { insert } from '../../src/ledger/record.ts'
import { newCredentials } from '../../src/ram/account.ts'
import { SYSTEM } from '../../src/runtime/system.ts'
import { eachDatabase } from '../databases.ts'
import { openTestHouse, type TestHouse } from '../house.ts'
import { ramOf } from '../ram/ram.ts'
import { importMaterial, prepareImport } from './byok.ts'

const DAY = 86_400_000

eachDatabase((open) => {
  describe('keys that are due', () => {
    let house: TestHouse
    before(async () => {
      house = await open()
    })
    after(() => house[Symbol.asyncDispose]())

    const made = async (parameters: Record<string, string> = {}): Promise<string> =>
      (await house.must('CreateKey', parameters)).KeyMetadata.KeyId
    const listed = async (parameters: Record<string, string> = {}) => {
      const { Keys, TotalCount } = await house.must('ListDueKeys', parameters)
      return [TotalCount, ...Keys.Key.map((key: Record<string, string>) => [key['KeyId'], key['Due'], key['DueDate']])]
    }
    const day = (days: number) => `${new Date(house.now + days * DAY).toISOString().slice(0, 19)}Z`

    it('are those that are deleted, and those whose material expires, the first ones first', async () => {
      await made({ EnableAutomaticRotation: 'true', RotationInterval: '7d' })
      const [doomed, later] = [await made(), await made()]
      await house.must('ScheduleKeyDeletion', { KeyId: doomed, PendingWindowInDays: '10' })
      await house.must('ScheduleKeyDeletion', { KeyId: later, PendingWindowInDays: '30' })
      const external = await made({ Origin: 'EXTERNAL' })
      await importMaterial(house, await prepareImport(house, external), house.now + 5 * DAY)
      const kept = await made({ Origin: 'EXTERNAL' })
      await importMaterial(house, await prepareImport(house, kept))
      assert.deepEqual(await listed(), [
        3,
        [external, 'MaterialExpiry', day(5)],
        [doomed, 'Deletion', day(10)],
        [later, 'Deletion', day(30)],
      ])
      assert.deepEqual(await listed({ WithinDays: '7' }), [1, [external, 'MaterialExpiry', day(5)]])
      assert.deepEqual(await listed({ PageSize: '1' }), [3, [external, 'MaterialExpiry', day(5)]])
      assert.equal(await house.outcome('ListDueKeys', { WithinDays: '0' }), 'InvalidParameter')
      // An expiry before the deletion changes nothing that anybody could still prevent.
      await house.must('ScheduleKeyDeletion', { KeyId: external, PendingWindowInDays: '7' })
      assert.deepEqual((await listed())[1], [external, 'Deletion', day(7)])
      house.now += 8 * DAY
      assert.deepEqual((await listed())[1], [doomed, 'Deletion', day(2)])
    })

    it('are the account’s own, as its quotas are', async () => {
      const other = newCredentials(SYSTEM)
      await house.open.accounts.provide(other, 'other', house.now)
      const theirs = await house.call('ListDueKeys', {}, other)
      assert.deepEqual([theirs.body.TotalCount, theirs.body.Keys.Key], [0, []])
      const { body } = await house.call('DescribeAccountQuotas', {}, other)
      assert.deepEqual(
        body.Quotas.Quota.map(({ Name, Used }: { Name: string; Used: number }) => [Name, Used]),
        [
          ['Keys', 0],
          ['Aliases', 0],
          ['Secrets', 0],
        ],
      )
      const { body: ram } = await ramOf(house, other).call('GetAccountSummary')
      assert.deepEqual([ram.SummaryMap.Users, ram.SummaryMap.UsersQuota], [0, 1000])
    })
  })
})

describe('very many keys that are due', () => {
  it('are counted and listed up to 2,000, and the answer says that there are more', async () => {
    await using house = await openTestHouse(null)
    const { ledger } = house.open
    const scope = { account: house.credentials.accountId, region: 'cn-hangzhou' }
    const last = (await house.must('CreateKey')).KeyMetadata.KeyId
    await house.must('ScheduleKeyDeletion', { KeyId: last, PendingWindowInDays: '7' })
    const pending = await ledger.get(CMK, scope, last)
    assert.ok(pending)
    const { body, createdAt } = pending
    const add = async (count: number, days: number) => {
      for (let made = 0; made < count; made += 500) {
        const changes = Array.from({ length: Math.min(500, count - made) }, (_, i) => {
          const deleteAt = house.now + (8 + (days * ((made + i) % 97)) / 97) * DAY
          return insert(CMK, { ...scope, id: SYSTEM.newId(), createdAt: createdAt - 1, body: { ...body, deleteAt } })
        })
        assert.equal(await ledger.commit({ changes, nonce: null, event: null }), 'committed')
      }
    }
    const listed = async (WithinDays: string) => {
      const { Keys, TotalCount, IsTruncated } = await house.must('ListDueKeys', { WithinDays, PageSize: '3' })
      const dates = Keys.Key.map(({ DueDate }: { DueDate: string }) => DueDate)
      assert.deepEqual(dates, dates.toSorted())
      return { first: Keys.Key[0]?.KeyId, count: Keys.Key.length, TotalCount, IsTruncated }
    }
    await add(1_999, 20)
    assert.deepEqual(await listed('30'), { first: last, count: 3, TotalCount: 2000, IsTruncated: false })
    assert.deepEqual(await listed('7'), { first: last, count: 1, TotalCount: 1, IsTruncated: false })
    await add(1, 20)
    const { first, ...rest } = await listed('30')
    assert.notEqual(first, last)
    assert.deepEqual(rest, { count: 3, TotalCount: 2000, IsTruncated: true })
  })
})

describe('quotas', () => {
  it('are counted as the service counts them, with the limits of the account', async () => {
    await using house = await openTestHouse(null, [
      '--max-keys',
      '2',
      '--max-aliases',
      '5',
      '--max-secrets',
      '3',
      '--max-users',
      '3',
    ])
    const { KeyId } = (await house.must('CreateKey')).KeyMetadata
    await house.must('CreateAlias', { KeyId, AliasName: 'alias/one' })
    await house.must('CreateKey', {})
    assert.deepEqual((await house.must('DescribeAccountQuotas')).Quotas.Quota, [
      { Name: 'Keys', Used: 2, Limit: 2 },
      { Name: 'Aliases', Used: 1, Limit: 5 },
      { Name: 'Secrets', Used: 0, Limit: 3 },
    ])
    assert.equal(await house.outcome('CreateKey'), 'Rejected.LimitExceeded')
    const ram = ramOf(house)
    await ram.must('CreateUser', { UserName: 'anna' })
    await ram.must('CreateGroup', { GroupName: 'operators' })
    const { SummaryMap } = await ram.must('GetAccountSummary')
    const { Users, UsersQuota, Groups, GroupsQuota, Roles, Policies, MFADevices } = SummaryMap
    assert.deepEqual([Users, UsersQuota, Groups, GroupsQuota, Roles, Policies, MFADevices], [1, 3, 1, 50, 0, 0, 0])
  })

  it('need the right to see them', async () => {
    await using house = await openTestHouse(null)
    const ram = ramOf(house)
    await ram.must('CreateUser', { UserName: 'reader' })
    const reader = await ram.accessKeyOf('reader')
    const outcome = async (action: string) => (await house.call(action, {}, reader)).body.Code ?? 'OK'
    assert.equal(await outcome('DescribeAccountQuotas'), 'Forbidden.NoPermission')
    assert.equal(await outcome('ListDueKeys'), 'Forbidden.NoPermission')
    assert.equal(await ramOf(house, reader).outcome('GetAccountSummary'), 'NoPermission')
    for (const PolicyName of ['AliyunKMSReadOnlyAccess', 'AliyunRAMReadOnlyAccess'])
      await ram.must('AttachPolicyToUser', { PolicyType: 'System', PolicyName, UserName: 'reader' })
    assert.equal(await outcome('DescribeAccountQuotas'), 'OK')
    assert.equal(await outcome('ListDueKeys'), 'OK')
    assert.equal(await ramOf(house, reader).outcome('GetAccountSummary'), 'OK')
  })
})
