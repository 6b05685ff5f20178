// Work in the background whose record is deleted, and made again at the same revision and in the same millisecond, after the work was decided:
// the new record stays as its owner made it.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Call } from '../../src/ledger/call.ts'
import { update } from '../../src/ledger/record.ts'
import { ROLE, ramScope } from '../../src/ram/records.ts'
import { bindFormerRoles } from '../../src/ram/trusted-ids.ts'
import { trailsOf } from '../actiontrail/trails.ts'
import { openTestHouse, type TestHouse } from '../house.ts'
import { ramOf } from '../ram/ram.ts'

const DAY = 86_400_000

let house: TestHouse
before(async () => {
  house = await openTestHouse(null)
})
after(async () => house[Symbol.asyncDispose]())

/** Does something before the first commit without an event that updates the record; returns whether there was such a commit. */
function beforeUpdateOf(kind: string, id: string, act: () => Promise<unknown>): () => boolean {
  const { ledger } = house.open
  const commit = ledger.commit.bind(ledger)
  let isDone = false
  ledger.commit = async (call: Call) => {
    const [change] = call.changes
    const isIt = change?.change === 'update' && change.before.kind === kind && change.before.id === id
    if (call.event === null && isIt && !isDone) {
      isDone = true
      await act()
    }
    return commit(call)
  }
  return () => isDone
}

describe('a record that was made again is not changed by work on the former one', () => {
  it('a role, while the former one of an earlier release is bound to ids', async () => {
    const ram = ramOf(house)
    const RoleName = 'again'
    const trusting = (name: string) =>
      JSON.stringify({
        Version: '1',
        Statement: [
          {
            Effect: 'Allow',
            Action: 'sts:AssumeRole',
            Principal: { RAM: [`acs:ram::${house.credentials.accountId}:user/${name}`] },
          },
        ],
      })
    for (const UserName of ['former', 'later']) await ram.must('CreateUser', { UserName })
    await ram.must('CreateRole', { RoleName, AssumeRolePolicyDocument: trusting('former') })
    const role = await house.open.ledger.get(ROLE, ramScope(house.credentials.accountId), RoleName)
    assert.ok(role)
    const { trustedIds: _, ...body } = role.body
    const unbound = [update(role, { body })]
    assert.equal(await house.open.ledger.commit({ changes: unbound, nonce: null, event: null }), 'committed')
    const wasBound = beforeUpdateOf(ROLE.name, RoleName, async () => {
      await ram.must('DeleteRole', { RoleName })
      await ram.must('CreateRole', { RoleName, AssumeRolePolicyDocument: trusting('later') })
      await ram.must('UpdateRole', { RoleName, NewDescription: 'made again' })
    })
    await bindFormerRoles(house.open, assert.fail)
    assert.ok(wasBound())
    const { Role } = await ram.must('GetRole', { RoleName })
    assert.deepEqual([Role.AssumeRolePolicyDocument, Role.Description], [trusting('later'), 'made again'])
  })

  it('a secret, when the deletion of the former one fails and is postponed', async () => {
    const SecretName = 'again'
    const create = (SecretData: string) => house.must('CreateSecret', { SecretName, VersionId: 'v1', SecretData })
    await create('former')
    await house.must('DeleteSecret', { SecretName, RecoveryWindowInDays: '7' })
    house.now += 7 * DAY
    const { ledger } = house.open
    const commit = ledger.commit.bind(ledger)
    let hasFailed = false
    ledger.commit = async (call: Call) => {
      const [change] = call.changes
      if (hasFailed || change?.change !== 'delete' || change.before.id !== SecretName) return commit(call)
      hasFailed = true
      throw new Error('it fails')
    }
    const wasPostponed = beforeUpdateOf('secret', SecretName, async () => {
      await house.sweep()
      await create('later')
      await house.must('UpdateSecret', { SecretName, Description: 'made again' })
    })
    await house.sweep()
    assert.ok(wasPostponed())
    assert.match(house.failures.splice(0).join(), /the deletion of secret again failed/)
    assert.equal((await house.must('DescribeSecret', { SecretName })).Description, 'made again')
    assert.equal((await house.must('GetSecretValue', { SecretName })).SecretData, 'later')
  })

  it('a trail, when the former one is about to deliver', async () => {
    const trails = trailsOf(house)
    const Name = 'trail-again'
    const create = async (OssKeyPrefix: string) => {
      await trails.must('CreateTrail', { Name, OssBucketName: 'bucket-again', OssKeyPrefix })
      await trails.must('StartLogging', { Name })
    }
    await create('prefix-former')
    await house.must('CreateKey')
    house.now += 300_000
    const hasDelivered = beforeUpdateOf('trail', Name, async () => {
      await trails.must('DeleteTrail', { Name })
      await create('prefix-later')
    })
    await house.deliver()
    assert.deepEqual(house.failures, [])
    assert.ok(hasDelivered())
    assert.equal((await trails.must('DescribeTrails')).TrailList[0].OssKeyPrefix, 'prefix-later')
  })
})
