// Sessions: who may start one, what it may do, how its token is judged, and what its events say.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { callOperation } from '../../src/cli/client.ts'
import { newCredentials } from '../../src/ram/account.ts'
import { SYSTEM } from '../../src/runtime/system.ts'
import type { Credentials } from '../acceptance/program.ts'
import { openTestHouse, type TestHouse } from '../house.ts'
import { ramOf } from '../ram/ram.ts'

interface Temporary {
  readonly AccessKeyId: string
  readonly AccessKeySecret: string
  readonly SecurityToken: string
}

const allow = (Action: string | string[], Resource = '*', Condition: object = {}) => ({
  Effect: 'Allow',
  Action,
  Resource,
  Condition,
})

describe('sessions', () => {
  let house: TestHouse
  let ram: ReturnType<typeof ramOf>
  let alice: Credentials
  let bob: Credentials
  let trust: (...statements: object[]) => string
  let account: string
  const roleArn = (name: string) => `acs:ram::${account}:role/${name}`

  before(async () => {
    house = await openTestHouse(null)
    ram = ramOf(house)
    account = house.credentials.accountId
    for (const UserName of ['alice', 'bob']) await ram.must('CreateUser', { UserName })
    ;[alice, bob] = [await ram.accessKeyOf('alice'), await ram.accessKeyOf('bob')]
    trust = (...Statement) => JSON.stringify({ Version: '1', Statement })
    await ram.must('CreateRole', {
      RoleName: 'KeyUser',
      AssumeRolePolicyDocument: trust({
        Effect: 'Allow',
        Action: 'sts:AssumeRole',
        Principal: { RAM: [`acs:ram::${account}:user/alice`] },
      }),
    })
    await ram.must('CreatePolicy', { PolicyName: 'all-keys', PolicyDocument: ram.document(allow('kms:*')) })
    await ram.must('AttachPolicyToRole', { PolicyType: 'Custom', PolicyName: 'all-keys', RoleName: 'KeyUser' })
    await ram.must('AttachPolicyToUser', {
      PolicyType: 'System',
      PolicyName: 'AliyunSTSAssumeRoleAccess',
      UserName: 'bob',
    })
  })
  after(async () => house[Symbol.asyncDispose]())

  const assume = (who: Credentials, parameters: Record<string, string> = {}) =>
    ramOf(house, who).sts('AssumeRole', { RoleArn: roleArn('KeyUser'), RoleSessionName: 's1', ...parameters })
  const session = async (who: Credentials, parameters: Record<string, string> = {}): Promise<Temporary> => {
    const { status, body } = await assume(who, parameters)
    assert.equal(status, 200, JSON.stringify(body))
    return body.Credentials
  }
  async function as(one: Temporary, action: string, parameters: Record<string, string> = {}, version = '2016-01-20') {
    const { status, body } = await callOperation(
      new Map(Object.entries({ Action: action, Version: version, ...parameters })),
      {
        endpoint: house.endpoint,
        accessKeyId: one.AccessKeyId,
        accessKeySecret: one.AccessKeySecret,
        securityToken: one.SecurityToken || null,
        ca: null,
        now: house.now,
      },
    )
    const answer = JSON.parse(body)
    return { code: status === 200 ? 'OK' : String(answer.Code), body: answer }
  }

  it('need both the trust of the role and a policy of the caller', async () => {
    const denied = await assume(bob)
    assert.deepEqual([denied.status, denied.body.Code], [403, 'NoPermission'])
    assert.equal(denied.body.Message, 'You are not authorized to do this action. You should be authorized by RAM.')
    assert.equal(denied.body.AccessDeniedDetail.PolicyType, 'TrustPolicy')
    assert.equal((await assume(alice)).body.AccessDeniedDetail.PolicyType, 'IdentityBased')
    await ram.must('AttachPolicyToUser', {
      PolicyType: 'System',
      PolicyName: 'AliyunSTSAssumeRoleAccess',
      UserName: 'alice',
    })
    const { status, body } = await assume(alice)
    assert.equal(status, 200)
    assert.equal(body.AssumedRoleUser.Arn, `${roleArn('KeyUser')}/s1`)
    assert.match(body.AssumedRoleUser.AssumedRoleId, /^3\d{17}:s1$/)
    assert.match(body.Credentials.AccessKeyId, /^STS\.[A-Za-z0-9]{20,26}$/)
    assert.match(body.Credentials.AccessKeySecret, /^[A-Za-z0-9]{40,44}$/)
    assert.ok(body.Credentials.SecurityToken.length <= 2048)
    assert.equal(body.Credentials.Expiration, '2026-03-01T01:00:00Z')
    const root = await assume(house.credentials)
    assert.deepEqual([root.status, root.body.Message], [403, 'Roles may not be assumed by root accounts.'])
  })

  it('are refused with what is wrong with their parameters', async () => {
    const cases: [Record<string, string>, string][] = [
      [{ RoleArn: '' }, 'MissingParameter.RoleArn'],
      [{ RoleArn: 'KeyUser' }, 'InvalidParameter.RoleArn'],
      [{ RoleSessionName: 'x' }, 'InvalidParameter.RoleSessionName'],
      [{ DurationSeconds: '899' }, 'InvalidParameter.DurationSeconds'],
      [{ DurationSeconds: '3601' }, 'InvalidParameter.DurationSeconds'],
      [{ Policy: '{}' }, 'InvalidParameter.PolicyGrammar'],
      [{ Policy: 'x'.repeat(2049) }, 'InvalidParameter.PolicySize'],
      [{ ExternalId: '!' }, 'InvalidParameter.ExternalId'],
      [{ RoleArn: roleArn('nobody') }, 'EntityNotExist.Role'],
      [{ RoleArn: 'acs:ram::1234567890123456:role/KeyUser' }, 'NoPermission'],
    ]
    for (const [parameters, code] of cases)
      assert.equal((await assume(alice, parameters)).body.Code, code, JSON.stringify(parameters))
    assert.equal((await assume(alice, { RoleArn: roleArn('keyuser'), DurationSeconds: '900' })).status, 200)
    const { body } = await assume(alice, { Policy: ram.document(allow('*'), allow('kms::Encrypt')) })
    assert.deepEqual(
      [body.Code, body.Message],
      [
        'InvalidParameter.PolicyGrammar',
        'The parameter Policy has not passed grammar check. "kms::Encrypt" in Action of Statement[1] must be * or have the form service:operation.',
      ],
    )
  })

  it('may have a SourceIdentity where the trust policy of the role allows it', async () => {
    const trust = (...Action: string[]) =>
      JSON.stringify({
        Version: '1',
        Statement: [{ Effect: 'Allow', Action, Principal: { RAM: `acs:ram::${house.credentials.accountId}:root` } }],
      })
    await ram.must('CreateRole', { RoleName: 'Traced', AssumeRolePolicyDocument: trust('sts:AssumeRole') })
    const traced = (more = {}) => assume(alice, { RoleArn: roleArn('Traced'), ...more })
    assert.equal((await traced()).status, 200)
    const denied = await traced({ SourceIdentity: 'Alice' })
    const { AuthAction, PolicyType } = denied.body.AccessDeniedDetail
    assert.deepEqual(
      [denied.body.Code, AuthAction, PolicyType],
      ['NoPermission', 'sts:SetSourceIdentity', 'TrustPolicy'],
    )
    const NewAssumeRolePolicyDocument = trust('sts:AssumeRole', 'sts:SetSourceIdentity')
    await ram.must('UpdateRole', { RoleName: 'Traced', NewAssumeRolePolicyDocument })
    assert.equal((await traced({ SourceIdentity: 'Alice' })).body.SourceIdentity, 'Alice')
  })

  it('may be named as the first clients of KMS do, in calls of KMS alone', async () => {
    const one = await session(alice)
    const bare = { ...one, SecurityToken: '' }
    const code = async (who: Temporary, parameters: Record<string, string>, version?: string) =>
      (await as(who, version ? 'GetUser' : 'DescribeRegions', parameters, version)).code
    const STSToken = one.SecurityToken
    assert.equal(await code(bare, { STSToken }), 'OK')
    assert.equal(await code(one, { STSToken }), 'OK')
    const other = await as(one, 'DescribeRegions', { STSToken: 'other' })
    assert.equal(other.code, 'InvalidParameter')
    assert.match(other.body.Message, /"STSToken" is not valid. It must equal SecurityToken where both are given\./)
    assert.equal(await code(one, { STSToken: '' }), 'OK', 'an empty one is absent')
    assert.equal(await code(bare, { STSToken, UserName: 'alice' }, '2015-05-01'), 'MissingSecurityToken')
    const permanent = { AccessKeyId: alice.accessKeyId, AccessKeySecret: alice.accessKeySecret, SecurityToken: '' }
    const mismatch = { ...bare, ...permanent }
    assert.equal(await code(mismatch, { STSToken }), 'InvalidSecurityToken.MismatchWithAccessKey')
  })

  it('may do what the role may, and no more than their own policy says', async () => {
    const KeyId = (await house.must('CreateKey')).KeyMetadata.KeyId
    const full = await session(alice)
    assert.equal((await as(full, 'Encrypt', { KeyId, Plaintext: 'x' })).code, 'OK')
    assert.equal((await as(full, 'ListUsers', {}, '2015-05-01')).code, 'NoPermission')
    const narrow = await session(alice, { Policy: ram.document(allow(['kms:Encrypt', 'ram:*'])) })
    const { body } = await as(narrow, 'Encrypt', { KeyId, Plaintext: 'x' })
    assert.equal(
      (await as(narrow, 'Decrypt', { CiphertextBlob: body.CiphertextBlob })).body.AccessDeniedDetail.PolicyType,
      'SessionPolicy',
    )
    assert.equal((await as(narrow, 'ListUsers', {}, '2015-05-01')).code, 'NoPermission')
    assert.equal((await as(full, 'Decrypt', { CiphertextBlob: body.CiphertextBlob })).code, 'OK')
    const identity = (await as(full, 'GetCallerIdentity', {}, '2015-04-01')).body
    assert.deepEqual(
      [identity.IdentityType, identity.Arn, identity.PrincipalId],
      ['AssumedRoleUser', `acs:ram::${account}:assumed-role/KeyUser/s1`, `${identity.RoleId}:s1`],
    )
    assert.equal((await as(full, 'CreateAccessKey', {}, '2015-05-01')).code, 'MissingParameter')
  })

  it('have tokens that are theirs alone, unaltered, for their time', async () => {
    const [one, two] = [await session(alice), await session(alice)]
    const code = async (changed: Partial<Temporary>) => (await as({ ...one, ...changed }, 'ListKeys')).code
    assert.equal(await code({}), 'OK')
    assert.equal(await code({ SecurityToken: '' }), 'MissingSecurityToken')
    assert.equal(await code({ SecurityToken: two.SecurityToken }), 'InvalidSecurityToken.MismatchWithAccessKey')
    assert.equal(await code({ AccessKeySecret: two.AccessKeySecret }), 'SignatureDoesNotMatch')
    assert.equal(await code({ SecurityToken: `${one.SecurityToken} ` }), 'InvalidSecurityToken.Malformed')
    const bytes = Buffer.from(one.SecurityToken, 'base64')
    for (const at of [0, 1, 30, bytes.length - 1]) {
      const altered = Buffer.from(bytes)
      altered[at] = (altered[at] ?? 0) ^ 1
      assert.equal(await code({ SecurityToken: altered.toString('base64') }), 'InvalidSecurityToken.Malformed')
    }
    const permanent = {
      AccessKeyId: alice.accessKeyId,
      AccessKeySecret: alice.accessKeySecret,
      SecurityToken: one.SecurityToken,
    }
    assert.equal((await as(permanent, 'ListKeys')).code, 'InvalidSecurityToken.MismatchWithAccessKey')
    await using other = await openTestHouse(null)
    assert.ok(other.endpoint)
    await house.restart()
    assert.equal(await code({}), 'OK', 'a restart forgets no session')
    house.now += 3_600_000
    assert.equal(await code({}), 'InvalidSecurityToken.Expired')
  })

  it('end at once with their role or its policies', async () => {
    const one = await session(alice)
    const attached = { PolicyType: 'Custom', PolicyName: 'all-keys', RoleName: 'KeyUser' }
    await ram.must('DetachPolicyFromRole', attached)
    assert.equal((await as(one, 'ListKeys')).code, 'Forbidden.NoPermission')
    await ram.must('AttachPolicyToRole', attached)
    assert.equal((await as(one, 'ListKeys')).code, 'OK')
    const { Role } = await ram.must('GetRole', { RoleName: 'KeyUser' })
    await ram.must('DetachPolicyFromRole', attached)
    await ram.must('DeleteRole', { RoleName: 'KeyUser' })
    assert.equal((await as(one, 'ListKeys')).code, 'InvalidSecurityToken.Expired')
    const { AssumeRolePolicyDocument } = Role
    await ram.must('CreateRole', { RoleName: 'KeyUser', AssumeRolePolicyDocument, MaxSessionDuration: '7200' })
    await ram.must('AttachPolicyToRole', attached)
    assert.equal(
      (await as(one, 'ListKeys')).code,
      'InvalidSecurityToken.Expired',
      'a new role of that name is another role',
    )
    assert.equal((await assume(alice, { DurationSeconds: '7200' })).status, 200)
  })

  it('follow from sessions, for an hour at most', async () => {
    await ram.must('CreateRole', {
      RoleName: 'Next',
      MaxSessionDuration: '43200',
      AssumeRolePolicyDocument: trust({
        Effect: 'Allow',
        Action: 'sts:AssumeRole',
        Principal: { RAM: roleArn('keyuser') },
        Condition: { StringEquals: { 'sts:ExternalId': 'secret-word' } },
      }),
    })
    await ram.must('AttachPolicyToRole', {
      PolicyType: 'System',
      PolicyName: 'AliyunSTSAssumeRoleAccess',
      RoleName: 'KeyUser',
    })
    const one = await session(alice)
    const next = (parameters: Record<string, string>) =>
      as(one, 'AssumeRole', { RoleArn: roleArn('Next'), RoleSessionName: 'next', ...parameters }, '2015-04-01')
    assert.equal((await next({})).code, 'NoPermission')
    assert.equal(
      (await next({ ExternalId: 'secret-word', DurationSeconds: '3601' })).code,
      'InvalidParameter.DurationSeconds',
    )
    assert.equal((await next({ ExternalId: 'secret-word', DurationSeconds: '3600' })).code, 'OK')
  })

  it('are started by services that a role trusts, and by no user in their place', async () => {
    const service = await house.open.operatorKeys.create('ecs.aliyuncs.com', 2, 'cn-hangzhou', house.now)
    const ecs: Credentials = { accountId: '', ...service }
    await ram.must('CreateRole', {
      RoleName: 'Disks',
      AssumeRolePolicyDocument: trust({
        Effect: 'Allow',
        Action: 'sts:AssumeRole',
        Principal: { Service: ['ecs.aliyuncs.com'] },
      }),
    })
    await ram.must('AttachPolicyToRole', { PolicyType: 'Custom', PolicyName: 'all-keys', RoleName: 'Disks' })
    const disks = { RoleArn: roleArn('Disks') }
    assert.equal((await assume(alice, disks)).body.Code, 'NoPermission')
    assert.equal((await assume(ecs)).body.Code, 'NoPermission')
    const one = await session(ecs, disks)
    assert.equal((await as(one, 'ListKeys')).code, 'OK')
    assert.equal((await house.call('ListKeys', {}, ecs)).body.Code, 'Forbidden.NoPermission')
    const events = await house.events()
    const identity = events.at(-1)?.['userIdentity'] as Record<string, unknown>
    assert.deepEqual([identity['type'], identity['invokedBy']], ['assumed-role', 'ecs.aliyuncs.com'])
    const started = events.findLast(({ eventName }) => eventName === 'AssumeRole')
    assert.equal(started?.['recipientAccountId'], account)
  })

  it('of another account need both accounts to agree', async () => {
    const other = newCredentials(SYSTEM)
    await house.open.accounts.provide(other, 'other', house.now)
    const theirs = ramOf(house, other)
    await theirs.must('CreateRole', {
      RoleName: 'Shared',
      AssumeRolePolicyDocument: trust({
        Effect: 'Allow',
        Action: 'sts:AssumeRole',
        Principal: { RAM: `acs:ram::${account}:root` },
      }),
    })
    await theirs.must('AttachPolicyToRole', {
      PolicyType: 'System',
      PolicyName: 'AliyunKMSFullAccess',
      RoleName: 'Shared',
    })
    const RoleArn = `acs:ram::${other.accountId}:role/Shared`
    const one = await session(bob, { RoleArn })
    const { body } = await as(one, 'CreateKey')
    assert.equal(body.KeyMetadata.Creator, other.accountId)
    assert.equal(
      (await house.call('DescribeKey', { KeyId: body.KeyMetadata.KeyId })).body.Code,
      'Forbidden.KeyNotFound',
    )
    await ram.must('CreateUser', { UserName: 'nobody' })
    assert.equal((await assume(await ram.accessKeyOf('nobody'), { RoleArn })).body.Code, 'NoPermission')
  })

  it('leave events with the statement that denied, and without a secret', async () => {
    await ram.must('CreatePolicy', {
      PolicyName: 'no-decrypt',
      PolicyDocument: ram.document(allow('kms:*'), { Effect: 'Deny', Action: 'kms:Decrypt', Resource: '*' }),
    })
    await ram.must('AttachPolicyToUser', { PolicyType: 'Custom', PolicyName: 'no-decrypt', UserName: 'alice' })
    const { CiphertextBlob } = await house.must('Encrypt', {
      KeyId: (await house.must('CreateKey')).KeyMetadata.KeyId,
      Plaintext: 'x',
    })
    const { body } = await house.call('Decrypt', { CiphertextBlob }, alice)
    assert.deepEqual(body.AccessDeniedDetail, {
      AuthAction: 'kms:Decrypt',
      AuthPrincipalType: 'SubUser',
      AuthPrincipalDisplayName: 'alice',
      NoPermissionType: 'ExplicitDeny',
      PolicyType: 'IdentityBased',
    })
    const events = await house.events()
    const detail = (events.at(-1)?.['additionalEventData'] as Record<string, Record<string, string>> | undefined)?.[
      'AccessDeniedDetail'
    ]
    assert.deepEqual(
      [detail?.['PolicyName'], detail?.['PolicyVersion'], detail?.['StatementIndex']],
      ['no-decrypt', 'v1', '1'],
    )
    assert.match(detail?.['AuthResource'] ?? '', /^acs:kms:cn-hangzhou:/)
    const text = JSON.stringify(events)
    const one = await session(bob, { RoleArn: roleArn('KeyUser') }).catch(() => null)
    assert.equal(one, null)
    const mine = await session(alice)
    for (const secret of [mine.AccessKeySecret, mine.SecurityToken])
      assert.equal(JSON.stringify(await house.events()).includes(secret), false)
    assert.equal(text.includes('SecurityToken'), false)
    const session1 = events.find(({ userIdentity }) => (userIdentity as { type: string }).type === 'assumed-role')
    const context = (session1?.['userIdentity'] as { sessionContext: object } | undefined)?.sessionContext
    assert.deepEqual(Object.keys(context ?? {}), ['attributes'])
  })
})
