// Accounts and their AccessKeys: what the account does with its own, what the operator does beside a server that runs, and what is
// made of a database from before AccessKeys were listed.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type OpenHouse, openHouse } from '../../src/house/open.ts'
import { INSTALLATION, update } from '../../src/ledger/record.ts'
import { newCredentials } from '../../src/ram/account.ts'
import { ACCOUNT, type Account } from '../../src/ram/key-holder.ts'
import { SYSTEM } from '../../src/runtime/system.ts'
import { readSettings } from '../../src/settings/settings.ts'
import { eachDatabase } from '../databases.ts'
import type { TestHouse } from '../house.ts'
import { ramOf } from './ram.ts'

const REGION = 'cn-hangzhou'

/** Another process on the database of a house that serves. */
async function beside<T>(house: TestHouse, work: (other: OpenHouse) => Promise<T>): Promise<T> {
  const where = house.database === null ? [] : ['--database', house.database]
  const settings = readSettings(['--data', house.data, ...where], {}, () => '')
  const other = await openHouse(settings, () => {}, house.now)
  try {
    return await work(other)
  } finally {
    await other.storage.close()
  }
}

const statuses = async ({ operatorKeys }: OpenHouse, holder: string) =>
  (await operatorKeys.list(holder)).map(({ id, body }) => [id, body.status])

eachDatabase((open) => {
  describe("the account's own AccessKeys", () => {
    it('are listed, made, disabled and deleted without a UserName, two at the most, with an event each', async () => {
      await using house = await open()
      const ram = ramOf(house)
      const [first] = (await ram.must('ListAccessKeys')).AccessKeys.AccessKey
      assert.deepEqual([first.AccessKeyId, first.Status], [house.credentials.accessKeyId, 'Active'])
      const { AccessKey } = await ram.must('CreateAccessKey')
      assert.equal(await ram.outcome('CreateAccessKey'), 'LimitExceeded.User.AccessKey')
      const second = {
        ...house.credentials,
        accessKeyId: AccessKey.AccessKeyId,
        accessKeySecret: AccessKey.AccessKeySecret,
      }
      const renewed = ramOf(house, second)
      assert.equal((await renewed.sts('GetCallerIdentity')).body.IdentityType, 'Account')
      const UserAccessKeyId = house.credentials.accessKeyId
      assert.match(
        (await renewed.must('GetAccessKeyLastUsed', { UserAccessKeyId })).AccessKeyLastUsed.LastUsedDate,
        /^2026/,
      )
      await renewed.must('UpdateAccessKey', { UserAccessKeyId, Status: 'Inactive' })
      assert.equal(await ram.outcome('ListAccessKeys'), 'Forbidden.AccessKey')
      await renewed.must('DeleteAccessKey', { UserAccessKeyId })
      assert.equal(await ram.outcome('ListAccessKeys'), 'InvalidAccessKeyId.NotFound')
      assert.equal((await renewed.must('ListAccessKeys')).AccessKeys.AccessKey.length, 1)
      assert.equal(await renewed.outcome('DeleteAccessKey', { UserAccessKeyId }), 'EntityNotExist.User.AccessKey')
      const names = (await house.events()).map(({ eventName }) => eventName)
      for (const name of ['CreateAccessKey', 'UpdateAccessKey', 'DeleteAccessKey'])
        assert.ok(names.includes(name), name)
    })

    it("are not another account's, nor a user's", async () => {
      await using house = await open()
      const other = newCredentials(SYSTEM)
      await house.open.accounts.provide(other, 'other', house.now)
      const ram = ramOf(house)
      await ram.must('CreateUser', { UserName: 'eve' })
      const user = await ram.accessKeyOf('eve')
      for (const UserAccessKeyId of [other.accessKeyId, user.accessKeyId])
        assert.equal(
          await ram.outcome('UpdateAccessKey', { UserAccessKeyId, Status: 'Inactive' }),
          'EntityNotExist.User.AccessKey',
        )
      const UserAccessKeyId = house.credentials.accessKeyId
      assert.equal(
        await ram.outcome('DeleteAccessKey', { UserName: 'eve', UserAccessKeyId }),
        'EntityNotExist.User.AccessKey',
      )
    })
  })

  describe('the operator, beside a server that runs,', () => {
    it("disables, enables and deletes an account's AccessKey, which counts for the very next call", async () => {
      await using house = await open()
      const { accountId, accessKeyId } = house.credentials
      const outcome = () => ramOf(house).outcome('ListUsers')
      assert.equal(await outcome(), 'OK')
      await beside(house, ({ operatorKeys }) =>
        operatorKeys.setStatus(accountId, accessKeyId, 'Inactive', REGION, house.now),
      )
      assert.equal(await outcome(), 'Forbidden.AccessKey')
      await beside(house, ({ operatorKeys }) =>
        operatorKeys.setStatus(accountId, accessKeyId, 'Active', REGION, house.now),
      )
      // As a server does once a second: a refused stranger leaves nothing that is held against the database.
      await house.open.ring.look()
      assert.equal(await outcome(), 'OK')
      const made = await beside(house, ({ operatorKeys }) => operatorKeys.create(accountId, 2, REGION, house.now))
      const other = ramOf(house, { accountId, ...made })
      assert.equal((await other.must('ListAccessKeys')).AccessKeys.AccessKey.length, 2)
      await assert.rejects(
        beside(house, ({ operatorKeys }) => operatorKeys.create(accountId, 2, REGION, house.now)),
        /2 AccessKeys already/,
      )
      await beside(house, ({ operatorKeys }) => operatorKeys.delete(accountId, accessKeyId, REGION, house.now))
      assert.equal(await outcome(), 'InvalidAccessKeyId.NotFound')
      assert.equal((await other.must('ListAccessKeys')).AccessKeys.AccessKey.length, 1)
      const events = (await house.events()).filter(({ eventType }) => eventType === 'AliyunServiceEvent')
      assert.deepEqual(
        events.map(({ eventName, serviceName, recipientAccountId }) => [eventName, serviceName, recipientAccountId]),
        ['UpdateAccessKey', 'UpdateAccessKey', 'CreateAccessKey', 'DeleteAccessKey'].map((name) => [
          name,
          'Ram',
          accountId,
        ]),
      )
      assert.deepEqual(events[0]?.['referencedResources'], { 'ACS::RAM::AccessKey': [accessKeyId] })
    })

    it('lets no call through that was sent after an AccessKey was disabled, however many are under way', async () => {
      await using house = await open()
      const { accountId } = house.credentials
      const made = await beside(house, ({ operatorKeys }) => operatorKeys.create(accountId, 2, REGION, house.now))
      const leaked = ramOf(house, { accountId, ...made })
      const busy = Array.from({ length: 40 }, () => leaked.outcome('GetSecurityPreference'))
      await beside(house, ({ operatorKeys }) =>
        operatorKeys.setStatus(accountId, made.accessKeyId, 'Inactive', REGION, house.now),
      )
      const late = Array.from({ length: 40 }, (_, i) => leaked.outcome('CreateUser', { UserName: `u${i}` }))
      assert.deepEqual(new Set(await Promise.all(late)), new Set(['Forbidden.AccessKey']))
      await Promise.all(busy)
      assert.deepEqual((await ramOf(house).must('ListUsers')).Users.User, [])
    })

    it("manages a service's AccessKeys the same way", async () => {
      await using house = await open()
      const name = 'ecs.aliyuncs.com'
      const keys = house.open.operatorKeys
      const made = await beside(house, ({ operatorKeys }) => operatorKeys.create(name, 2, REGION, house.now))
      const service = ramOf(house, { accountId: '', ...made })
      assert.equal((await service.sts('GetCallerIdentity')).status, 200)
      assert.equal(await service.outcome('ListAccessKeys'), 'MissingParameter')
      await beside(house, ({ operatorKeys }) =>
        operatorKeys.setStatus(name, made.accessKeyId, 'Inactive', REGION, house.now),
      )
      assert.equal((await service.sts('GetCallerIdentity')).body.Code, 'Forbidden.AccessKey')
      await keys.delete(name, made.accessKeyId, REGION, house.now)
      assert.deepEqual(await keys.list(name), [])
      await assert.rejects(keys.create('no service', 2, REGION, house.now), /neither an account's 16 digits nor/)
      await assert.rejects(keys.create('1000000000000009', 2, REGION, house.now), /there is no account/)
      await assert.rejects(keys.list('rds.aliyuncs.com'), /there is no account, and no service/)
    })
  })

  describe('credentials from outside', () => {
    const given = (house: TestHouse, accessKeyId: string, accessKeySecret = 'secret') =>
      house.open.accounts.provide(
        { accountId: house.credentials.accountId, accessKeyId, accessKeySecret },
        'root',
        house.now,
        { configured: true, region: REGION },
      )

    it('supersede those that were given before, and revive none that was revoked', async () => {
      await using house = await open()
      const { accountId, accessKeyId } = house.credentials
      assert.deepEqual(await given(house, 'one'), { revoked: null, superseded: null, others: [accessKeyId] })
      assert.deepEqual(await given(house, 'one'), { revoked: null, superseded: null, others: [] })
      assert.deepEqual(await given(house, 'two'), { revoked: null, superseded: 'one', others: [accessKeyId] })
      assert.deepEqual(await statuses(house.open, accountId), [
        [accessKeyId, 'Active'],
        ['one', 'Inactive'],
        ['two', 'Active'],
      ])
      // A server that still has the former settings takes nothing back.
      assert.equal((await given(house, 'one')).revoked, 'disabled')
      await house.open.operatorKeys.setStatus(accountId, 'two', 'Inactive', REGION, house.now)
      assert.equal((await given(house, 'two')).revoked, 'disabled')
      assert.equal((await given(house, 'two', 'another secret')).revoked, 'disabled', 'whatever its secret')
      assert.deepEqual((await statuses(house.open, accountId)).at(-1), ['two', 'Inactive'])
      await house.open.operatorKeys.setStatus(accountId, 'two', 'Active', REGION, house.now)
      const two = { accountId, accessKeyId: 'two', accessKeySecret: 'another secret' }
      assert.equal(await ramOf(house, two).outcome('ListAccessKeys'), 'OK', 'it has the secret that was given last')
      await house.open.operatorKeys.delete(accountId, 'two', REGION, house.now)
      assert.equal((await given(house, 'two')).revoked, 'deleted')
      assert.deepEqual(
        (await statuses(house.open, accountId)).map(([id]) => id),
        [accessKeyId, 'one'],
      )
    })

    it('do not bring back one that was deleted, whoever deleted it and whichever was configured since', async () => {
      await using house = await open()
      const { accountId, accessKeyId } = house.credentials
      for (const id of ['one', 'two', 'three']) await given(house, id)
      await house.open.operatorKeys.delete(accountId, 'one', REGION, house.now)
      for (const UserAccessKeyId of ['two', accessKeyId])
        await ramOf(house, { accountId, accessKeyId: 'three', accessKeySecret: 'secret' }).must('DeleteAccessKey', {
          UserAccessKeyId,
        })
      for (const id of ['one', 'two', accessKeyId])
        assert.deepEqual(await given(house, id), { revoked: 'deleted', superseded: null, others: [] })
      assert.deepEqual(await statuses(house.open, accountId), [['three', 'Active']])
    })

    it("leave an event in the account's trail of all that they change", async () => {
      await using house = await open()
      await given(house, 'one')
      await given(house, 'two')
      await given(house, 'two', 'another secret')
      await given(house, 'two', 'another secret')
      await given(house, 'one')
      const events = (await house.events()).map(({ eventName, eventType, acsRegion, referencedResources }) => [
        eventName,
        eventType,
        acsRegion,
        (referencedResources as Record<string, string[]>)['ACS::RAM::AccessKey'],
      ])
      const event = (name: string, id: string) => [name, 'AliyunServiceEvent', REGION, [id]]
      assert.deepEqual(events, [
        event('CreateAccessKey', 'one'),
        event('CreateAccessKey', 'two'),
        event('UpdateAccessKey', 'one'),
        event('UpdateAccessKey', 'two'),
      ])
    })

    it('take an AccessKey from nobody', async () => {
      await using house = await open()
      const other = newCredentials(SYSTEM)
      await house.open.accounts.provide(other, 'other', house.now)
      await assert.rejects(given(house, other.accessKeyId), /belongs to another account, a user or a service/)
      const taken = { ...newCredentials(SYSTEM), accessKeyId: other.accessKeyId }
      await assert.rejects(house.open.accounts.provide(taken, '', house.now), /belongs to another account/)
      assert.equal(await house.open.accounts.exists(taken.accountId), false)
    })
  })

  it('lists the AccessKeys of a database from before they were listed, and knows its first account', async () => {
    await using house = await open()
    const { accountId, accessKeyId } = house.credentials
    const second = newCredentials(SYSTEM)
    house.now += 1000
    await house.open.accounts.provide(second, 'second', house.now)
    const service = await house.open.operatorKeys.create('ecs.aliyuncs.com', 2, REGION, house.now)
    const ram = ramOf(house)
    await ram.must('CreateUser', { UserName: 'alice' })
    await ram.accessKeyOf('alice')
    // As the former program left it: neither lists nor marks.
    await beside(house, async ({ ledger, ring, storage }) => {
      for (const id of [accountId, second.accountId]) {
        const account = await ledger.get(ACCOUNT, INSTALLATION, id)
        assert.ok(account)
        const change = update(account, { body: { name: account.body.name } })
        assert.equal(await ledger.commit({ changes: [change], nonce: null, event: null }), 'committed')
      }
      const { firstAccount: _, ...body } = ring.record.body
      const mark = update(ring.record, { body })
      assert.equal(await ledger.commit({ changes: [mark], nonce: null, event: null }), 'committed')
      const row = await storage.get('service', '', '', 'ecs.aliyuncs.com')
      assert.ok(row)
      const gone = { change: 'delete', row, counted: false } as const
      const { chaining } = await import('../../src/ledger/chain.ts')
      await storage.commit([{ changes: [gone], nonce: null, event: null, scrub: false }], chaining(ring.keys), null)
    })
    await house.restart()
    assert.equal(await house.open.accounts.first(), accountId)
    assert.equal(house.open.ring.record.body.firstAccount, accountId)
    assert.deepEqual(await statuses(house.open, accountId), [[accessKeyId, 'Active']])
    assert.deepEqual(await statuses(house.open, second.accountId), [[second.accessKeyId, 'Active']])
    assert.deepEqual(await statuses(house.open, 'ecs.aliyuncs.com'), [[service.accessKeyId, 'Active']])
    assert.equal((await ramOf(house).must('ListAccessKeys')).AccessKeys.AccessKey.length, 1)
  })

  it('lists them also where another process changes the account meanwhile', async () => {
    await using house = await open()
    const { accountId, accessKeyId } = house.credentials
    await beside(house, async (rooms) => {
      const { accounts, ledger } = rooms
      const unlisted = await unlist(accountId, rooms)
      const commit = ledger.commit.bind(ledger)
      let hasChanged = false
      ledger.commit = async (call) => {
        const [change] = call.changes
        if (!hasChanged && change?.change === 'update' && change.before.id === accountId) {
          hasChanged = true
          const other = update(unlisted, { body: { name: 'other' } })
          assert.equal(await commit({ changes: [other], nonce: null, event: null }), 'committed')
        }
        return commit(call)
      }
      assert.equal(await accounts.first(), accountId)
      assert.ok(hasChanged)
      const listed = await ledger.get(ACCOUNT, INSTALLATION, accountId)
      assert.deepEqual(listed?.body, { name: 'other', accessKeyIds: [accessKeyId] })
    })
  })

  it('lists them with the last of ten attempts, and gives up after it', async () => {
    await using house = await open()
    const { accountId, accessKeyId } = house.credentials
    await beside(house, async (rooms) => {
      const { accounts, ledger } = rooms
      await unlist(accountId, rooms)
      const commit = ledger.commit.bind(ledger)
      let refusals = 10
      ledger.commit = async (call) => (refusals-- > 0 ? 'moved' : commit(call))
      await assert.rejects(accounts.first(), /keep changing the same records/)
      assert.equal(refusals, 0)
      refusals = 9
      assert.equal(await accounts.first(), accountId)
      const listed = await ledger.get(ACCOUNT, INSTALLATION, accountId)
      assert.deepEqual(listed?.body.accessKeyIds, [accessKeyId])
    })
  })
})

/** Makes the account, and the mark of the first one, as a former program left them. Returns the account. */
async function unlist(accountId: string, { ledger, ring }: OpenHouse): Promise<Account> {
  const account = await ledger.get(ACCOUNT, INSTALLATION, accountId)
  assert.ok(account)
  const { firstAccount: _, ...body } = ring.record.body
  const unlisted = update(account, { body: { name: account.body.name } })
  const changes = [unlisted, update(ring.record, { body })]
  assert.equal(await ledger.commit({ changes, nonce: null, event: null }), 'committed')
  await ring.look()
  return unlisted.after
}
