// A role and its caller in two accounts: each account's trail shows who called or tried to, and nothing more of the other account
// (docs/reference/events.md).
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { newCredentials } from '../../src/ram/account.ts'
import { SYSTEM } from '../../src/runtime/system.ts'
import type { Credentials } from '../acceptance/program.ts'
import { eachDatabase } from '../databases.ts'
import type { TestHouse } from '../house.ts'
import { ramOf } from '../ram/ram.ts'

const trusting = (...Statement: object[]) => JSON.stringify({ Version: '1', Statement })
const assume = (effect: 'Allow' | 'Deny', RAM: string) => ({
  Effect: effect,
  Action: 'sts:AssumeRole',
  Principal: { RAM },
})
const ASSUME = { PolicyType: 'System', PolicyName: 'AliyunSTSAssumeRoleAccess' }
interface Seen {
  readonly [member: string]: unknown
  readonly userIdentity: Record<string, unknown>
  readonly responseElements?: Record<string, Record<string, unknown>>
  readonly additionalEventData?: { readonly AccessDeniedDetail: Record<string, string> }
}

eachDatabase((open) => {
  describe('a role of another account', () => {
    let house: TestHouse
    const [ours, theirs] = [newCredentials(SYSTEM), newCredentials(SYSTEM)]
    let our: ReturnType<typeof ramOf>
    let their: ReturnType<typeof ramOf>
    let alice: Credentials
    let eve: Credentials
    let aliceId: string
    before(async () => {
      house = await open()
      for (const [one, name] of [
        [ours, 'ours'],
        [theirs, 'theirs'],
      ] as const)
        await house.open.accounts.provide(one, name, house.now)
      ;[our, their] = [ramOf(house, ours), ramOf(house, theirs)]
      for (const UserName of ['alice', 'eve', 'poor']) await our.must('CreateUser', { UserName })
      for (const UserName of ['alice', 'eve']) await our.must('AttachPolicyToUser', { ...ASSUME, UserName })
      aliceId = (await our.must('GetUser', { UserName: 'alice' })).User.UserId
      ;[alice, eve] = [await our.accessKeyOf('alice'), await our.accessKeyOf('eve')]
      await their.must('CreateRole', {
        RoleName: 'Shared',
        Tag: JSON.stringify([{ Key: 'level', Value: 'secret' }]),
        AssumeRolePolicyDocument: trusting(
          assume('Allow', `acs:ram::${ours.accountId}:root`),
          assume('Deny', `acs:ram::${ours.accountId}:user/eve`),
        ),
      })
    })
    after(() => house[Symbol.asyncDispose]())

    /** What a call says, and the events that it leaves, by account. */
    async function enter(who: Credentials, roleName = 'Shared', parameters: Record<string, string> = {}) {
      const before = (await house.events()).length
      const RoleArn = `acs:ram::${theirs.accountId}:role/${roleName}`
      const { status, body } = await ramOf(house, who).sts('AssumeRole', {
        RoleArn,
        RoleSessionName: 'visit',
        ...parameters,
      })
      const events = (await house.events()).slice(before) as unknown as Seen[]
      const of = (account: string) => events.filter(({ recipientAccountId }) => recipientAccountId === account)
      return { status, body, events, mine: of(ours.accountId), yours: of(theirs.accountId) }
    }

    it('is assumed with an event for each account', async () => {
      const { status, body, events, mine, yours } = await enter(alice, 'SHARED')
      assert.equal(status, 200)
      assert.deepEqual([events.length, mine.length, yours.length], [2, 1, 1])
      const [own, foreign] = [mine[0], yours[0]]
      assert.ok(own && foreign)
      assert.notEqual(own['eventId'], foreign['eventId'])
      for (const event of [own, foreign]) {
        assert.equal(event['requestId'], body.RequestId)
        assert.deepEqual(event.userIdentity, {
          type: 'ram-user',
          accountId: ours.accountId,
          principalId: aliceId,
          userName: 'alice',
          accessKeyId: alice.accessKeyId,
        })
        assert.equal(event.responseElements?.['Credentials']?.['AccessKeyId'], body.Credentials.AccessKeyId)
        assert.equal(event.responseElements?.['RequestId'], body.RequestId)
      }
      const issued = { 'ACS::RAM::AccessKey': [body.Credentials.AccessKeyId] }
      assert.deepEqual(own['referencedResources'], { 'ACS::RAM::Role': ['SHARED'], ...issued })
      assert.deepEqual(foreign['referencedResources'], { 'ACS::RAM::Role': ['Shared'], ...issued })
      const lookup = (who: Credentials, by: string) =>
        ramOf(house, who).call('LookupEvents', {
          Version: '2020-07-06',
          'LookupAttribute.1.Key': 'User',
          'LookupAttribute.1.Value': by,
        })
      house.now += 1000
      const found = (await lookup(theirs, 'alice')).body.Events.filter((one: Seen) => one['eventName'] === 'AssumeRole')
      assert.deepEqual(
        found.map((one: Seen) => one['eventId']),
        [foreign['eventId']],
      )
    })

    it('does not reveal why its trust policy refuses', async () => {
      const refused = await enter(eve)
      assert.equal(refused.body.Code, 'NoPermission')
      assert.equal(refused.body.AccessDeniedDetail.NoPermissionType, 'ImplicitDeny')
      const [mine, yours] = [refused.mine[0], refused.yours[0]].map(
        (one) => one?.additionalEventData?.AccessDeniedDetail,
      )
      const arn = `acs:ram:*:${theirs.accountId}:role/`
      const common = { AuthAction: 'sts:AssumeRole', PolicyType: 'TrustPolicy' }
      assert.deepEqual(mine, { ...common, AuthResource: `${arn}Shared`, NoPermissionType: 'ImplicitDeny' })
      assert.deepEqual(yours, {
        ...common,
        AuthResource: `${arn}Shared`,
        NoPermissionType: 'ExplicitDeny',
        StatementIndex: '1',
      })
    })

    it('is not told apart from one that does not exist', async () => {
      const shapes = []
      for (const roleName of ['sHaReD', 'nObOdY']) {
        const { status, body, mine } = await enter(eve, roleName)
        const { RequestId, ...answer } = body
        const { eventId, requestId, ...event } = (mine[0] ?? {}) as Record<string, unknown>
        assert.ok(RequestId === requestId && requestId === eventId)
        shapes.push(JSON.stringify([status, answer, event]).replaceAll(roleName, 'ROLE'))
      }
      assert.equal(shapes[0], shapes[1])
      assert.equal((await enter(eve, 'nObOdY')).yours.length, 0, 'nobody owns it')
    })

    it('is not found by counting how many refusals are recorded', async () => {
      await using other = await open(['--refused-bytes-per-second', '1024'])
      for (const one of [ours, theirs]) await other.open.accounts.provide(one, 'one', other.now)
      const [mine, yours] = [ramOf(other, ours), ramOf(other, theirs)]
      const document = trusting(assume('Allow', `acs:ram::${theirs.accountId}:root`))
      await yours.must('CreateRole', { RoleName: 'there', AssumeRolePolicyDocument: document })
      /** How many tries are refused until one is throttled, and what the owner saw of them. */
      async function tries(UserName: string, roleName: string) {
        await mine.must('CreateUser', { UserName })
        await mine.must('AttachPolicyToUser', { ...ASSUME, UserName })
        const who = ramOf(other, await mine.accessKeyOf(UserName))
        const before = (await other.events()).length
        const RoleArn = `acs:ram::${theirs.accountId}:role/${roleName}`
        for (let count = 0; ; count++) {
          const { body } = await who.sts('AssumeRole', { RoleArn, RoleSessionName: 'try' })
          if (body.Code === 'NoPermission') continue
          assert.equal(body.Code, 'Throttling.User')
          const events = (await other.events()).slice(before)
          return { count, seen: events.filter((one) => one['recipientAccountId'] === theirs.accountId) }
        }
      }
      const missing = await tries('bob', 'gone1')
      other.now += 600_000
      const there = await tries('eva', 'there')
      assert.equal(there.count, missing.count)
      assert.deepEqual([missing.seen.length, there.seen.length > 50], [0, true])
      // The owner's copies have a bound of their own, of which the next one tells.
      other.now += 600_000
      const again = await tries('joe', 'there')
      const unseen = there.count - there.seen.length
      const first = again.seen[0]?.['additionalEventData'] as Record<string, unknown> | undefined
      assert.equal(Number(first?.['UnrecordedRefusals'] ?? 0), unseen)
    })

    it('shows the owner that somebody may not come, and nothing of the policies of the other account', async () => {
      await our.must('CreatePolicy', {
        PolicyName: 'stay',
        PolicyDocument: our.document({ Effect: 'Deny', Action: 'sts:*', Resource: '*' }),
      })
      await our.must('AttachPolicyToUser', { PolicyType: 'Custom', PolicyName: 'stay', UserName: 'poor' })
      const { mine, yours, body } = await enter(await our.accessKeyOf('poor'), 'shared')
      assert.equal(body.AccessDeniedDetail.NoPermissionType, 'ExplicitDeny')
      assert.equal(mine[0]?.additionalEventData?.AccessDeniedDetail['PolicyName'], 'stay')
      assert.deepEqual(yours[0]?.additionalEventData?.AccessDeniedDetail, {
        AuthAction: 'sts:AssumeRole',
        AuthResource: `acs:ram:*:${theirs.accountId}:role/Shared`,
        NoPermissionType: 'ImplicitDeny',
        PolicyType: 'IdentityBased',
      })
      const account = await enter(ours)
      assert.equal(account.body.Message, 'Roles may not be assumed by root accounts.')
      assert.deepEqual([account.mine.length, account.yours.length], [1, 1])
    })

    it('does not tell its tags through conditions of the other account', async () => {
      await our.must('CreateUser', { UserName: 'curious' })
      const curious = await our.accessKeyOf('curious')
      for (const [i, operator] of ['StringEquals', 'StringNotEquals'].entries()) {
        const PolicyName = `probe-${i}`
        const Condition = { [operator]: { 'acs:ResourceTag/level': 'secret' } }
        await our.must('CreatePolicy', {
          PolicyName,
          PolicyDocument: our.document({ Effect: 'Allow', Action: 'sts:AssumeRole', Resource: '*', Condition }),
        })
        const attached = { PolicyType: 'Custom', PolicyName, UserName: 'curious' }
        await our.must('AttachPolicyToUser', attached)
        assert.equal((await enter(curious)).status, operator === 'StringEquals' ? 403 : 200, operator)
        await our.must('DetachPolicyFromUser', attached)
      }
    })

    it('leaves one event where both are the same account', async () => {
      await our.must('CreateRole', {
        RoleName: 'Home',
        AssumeRolePolicyDocument: trusting(assume('Deny', `acs:ram::${ours.accountId}:root`)),
      })
      const before = (await house.events()).length
      const RoleArn = `acs:ram::${ours.accountId}:role/home`
      const { body } = await ramOf(house, alice).sts('AssumeRole', { RoleArn, RoleSessionName: 'now' })
      assert.equal(body.AccessDeniedDetail.NoPermissionType, 'ExplicitDeny')
      const events = (await house.events()).slice(before) as unknown as Seen[]
      assert.equal(events.length, 1)
      assert.equal(events[0]?.additionalEventData?.AccessDeniedDetail['StatementIndex'], '0')
      const missing = await ramOf(house, alice).sts('AssumeRole', { RoleArn: `${RoleArn}less`, RoleSessionName: 'now' })
      assert.deepEqual(
        [missing.status, missing.body.Code, missing.body.Message],
        [404, 'EntityNotExist.Role', 'The specified Role not exists.'],
      )
    })
  })
})
