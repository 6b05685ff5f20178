// `ram explain` and the service, on what no policy decides alone; that they agree on policies is tested with each operation.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { products } from '../../src/gateway/products.ts'
import { newCredentials } from '../../src/ram/account.ts'
import { SYSTEM } from '../../src/runtime/system.ts'
import type { Credentials } from '../acceptance/program.ts'
import { openTestHouse, type TestHouse } from '../house.ts'
import { explained } from './explaining.ts'
import { ramOf } from './ram.ts'

describe('an explanation', () => {
  let house: TestHouse
  let ram: ReturnType<typeof ramOf>
  let user: Credentials
  let account: string
  let key: string
  const allow = (Action: string, Resource = '*', Condition: object = {}) => ({
    Effect: 'Allow',
    Action,
    Resource,
    Condition,
  })
  const put = (...statements: object[]) =>
    ram.must('CreatePolicyVersion', {
      PolicyName: 'p',
      PolicyDocument: ram.document(...statements),
      SetAsDefault: 'true',
      RotateStrategy: 'DeleteOldestNonDefaultVersionWhenLimitExceeded',
    })
  const ask = (action: string, arn: string, context?: Record<string, string>) =>
    explained(house, 'user/dev', action, arn, context)
  const keyArn = (of = account, id = key) => `acs:kms:cn-hangzhou:${of}:key/${id}`
  before(async () => {
    house = await openTestHouse(null)
    ram = ramOf(house)
    account = house.credentials.accountId
    await ram.must('CreateUser', { UserName: 'dev' })
    user = await ram.accessKeyOf('dev')
    await ram.must('CreatePolicy', { PolicyName: 'p', PolicyDocument: ram.document(allow('none:None')) })
    await ram.must('AttachPolicyToUser', { PolicyType: 'Custom', PolicyName: 'p', UserName: 'dev' })
    key = (await house.must('CreateKey')).KeyMetadata.KeyId
  })
  after(async () => house[Symbol.asyncDispose]())

  it('finds an MFA device in its own spelling', async () => {
    await ram.must('CreateVirtualMFADevice', { VirtualMFADeviceName: 'Phone' })
    const own = `acs:ram:*:${account}:mfa/Phone`
    await put(allow('ram:*'), { Effect: 'Deny', Action: 'ram:DeleteVirtualMFADevice', Resource: own })
    const { decision } = await ask('ram:DeleteVirtualMFADevice', `acs:ram::${account}:mfa/phone`)
    assert.equal(decision, 'ExplicitDeny')
    const SerialNumber = `acs:ram::${account}:mfa/phone`
    assert.equal(await ramOf(house, user).outcome('DeleteVirtualMFADevice', { SerialNumber }), 'NoPermission')
  })

  it('says of every key that one is denied', async () => {
    await put(allow('kms:*'))
    assert.equal((await ask('kms:DescribeKey', keyArn(account, '*'))).decision, 'Allow')
    await put(allow('kms:*'), { Effect: 'Deny', Action: 'kms:DescribeKey', Resource: keyArn() })
    const { decision, statements, warnings } = await ask('kms:DescribeKey', keyArn(account, '*'))
    assert.equal(decision, 'ExplicitDeny')
    assert.deepEqual(
      statements.map(({ statementIndex, effect }) => [statementIndex, effect]),
      [
        [1, 'Deny'],
        [0, 'Allow'],
      ],
    )
    assert.deepEqual(warnings, [])
    assert.equal((await ask('kms:DescribeKey', keyArn(account, 'another'))).decision, 'Allow')
  })

  it("says what the service says of another account's key", async () => {
    const theirs = newCredentials(SYSTEM)
    await house.open.accounts.provide(theirs, 'theirs', house.now)
    const other = keyArn(theirs.accountId, (await house.call('CreateKey', {}, theirs)).body.KeyMetadata.KeyId)
    await put(allow('kms:*'))
    for (const [who, principal] of [
      [user, 'user/dev'],
      [house.credentials, 'root'],
    ] as const) {
      assert.equal((await house.call('DescribeKey', { KeyId: other }, who)).status, 404)
      const { decision, reason } = await explained(house, principal, 'kms:DescribeKey', other)
      assert.deepEqual([decision, /another account/.test(reason)], ['ImplicitDeny', true], principal)
    }
    assert.equal((await explained(house, 'root', 'kms:DescribeKey', keyArn())).decision, 'Allow')
  })

  it('says of calls that no policy governs that everybody may', async () => {
    await put({ Effect: 'Deny', Action: '*', Resource: '*' })
    for (const action of ['kms:DescribeRegions', 'sts:GetCallerIdentity'])
      for (const arn of ['*', keyArn()]) assert.equal((await ask(action, arn)).decision, 'Allow', action)
    assert.equal((await house.call('DescribeRegions', {}, user)).status, 200)
    assert.equal((await ramOf(house, user).sts('GetCallerIdentity')).status, 200)
    assert.equal((await ask('kms:DescribeKey', keyArn())).decision, 'ExplicitDeny')
  })

  it('finds what a call would find: the key of an alias, names in their own spelling, containers', async () => {
    await house.must('CreateAlias', { AliasName: 'alias/a', KeyId: key })
    await put(allow('kms:Encrypt', keyArn()))
    const alias = `acs:kms:cn-hangzhou:${account}:alias/a`
    assert.equal((await ask('kms:Encrypt', alias)).decision, 'Allow')
    assert.equal((await house.call('Encrypt', { KeyId: 'alias/a', Plaintext: 'x' }, user)).status, 200)

    await ram.must('CreateUser', { UserName: 'Victim' })
    await put(allow('ram:*'), { Effect: 'Deny', Action: 'ram:*', Resource: 'acs:ram:*:*:user/Victim' })
    for (const arn of [`acs:ram::${account}:user/victim`, `acs:ram:*:${account}:user/VICTIM`])
      assert.equal((await ask('ram:GetUser', arn)).decision, 'ExplicitDeny')

    await put(allow('ram:CreateUser', `acs:ram:*:${account}:user/new`), allow('kms:CreateKey', keyArn()))
    for (const [action, arn] of [
      ['ram:CreateUser', `acs:ram:*:${account}:user/new`],
      ['kms:CreateKey', keyArn()],
    ] as const) {
      const { decision, warnings } = await ask(action, arn)
      assert.deepEqual([decision, warnings.length], ['ImplicitDeny', 1])
      assert.match(warnings[0] ?? '', /is decided on acs:/)
    }
    assert.equal(await ramOf(house, user).outcome('CreateUser', { UserName: 'new' }), 'NoPermission')
    const both = await ask('ram:AddUserToGroup', `acs:ram:*:${account}:user/dev`)
    assert.match(both.warnings.join(), /GroupName/)
  })

  it('tells which conditions it could not know', async () => {
    await put(
      allow('kms:*', '*', { IpAddress: { 'acs:SourceIp': '10.0.0.0/8' }, Bool: { 'acs:SecureTransport': 'true' } }),
    )
    const blind = await ask('kms:Encrypt', keyArn(), {})
    assert.equal(blind.decision, 'ImplicitDeny')
    assert.deepEqual(
      blind.warnings.map((warning) => /depends on (\S+?),/.exec(warning)?.[1]),
      ['acs:SourceIp', 'acs:SecureTransport'],
    )
    const seeing = await ask('kms:Encrypt', keyArn(), { 'acs:SourceIp': '10.0.0.1', 'acs:SecureTransport': 'true' })
    assert.deepEqual([seeing.decision, seeing.warnings], ['Allow', []])
    await put(allow('kms:*', '*', { StringEquals: { 'acs:RequestTag/Team': 'a' } }))
    assert.match((await ask('kms:TagResource', keyArn())).warnings.join(), /acs:RequestTag\/Team/)
  })

  it('warns of a key that no call has: a negated condition on it always holds', async () => {
    for (const key of ['asc:SourceIp', 'aliyun:SourceIp', 'oss:Prefix']) {
      await put(allow('kms:*', '*', { NotIpAddress: { [key]: '10.0.0.0/8' } }))
      const { decision, warnings } = await ask('kms:Encrypt', keyArn())
      assert.equal(decision, 'Allow')
      assert.match(warnings.join(), new RegExp(`^the decision depends on ${key}, which no call here has`))
      assert.equal(/Did you mean acs:SourceIp\?$/.test(warnings.join()), key !== 'oss:Prefix')
    }
  })

  it('asks both sides of AssumeRole', async () => {
    const arn = (name: string) => `acs:ram::${account}:role/${name}`
    await ram.must('CreateRole', {
      RoleName: 'Ops',
      AssumeRolePolicyDocument: ram.document({
        Effect: 'Allow',
        Action: 'sts:AssumeRole',
        Principal: { RAM: `acs:ram::${account}:user/dev` },
        Condition: { StringEquals: { 'sts:ExternalId': 'word' } },
      }),
    })
    await put(allow('sts:AssumeRole'))
    const blind = await ask('sts:AssumeRole', arn('ops'))
    assert.deepEqual([blind.decision, blind.warnings.length], ['ImplicitDeny', 1])
    assert.equal((await ask('sts:AssumeRole', arn('ops'), { 'sts:ExternalId': 'word' })).decision, 'Allow')
    assert.deepEqual((await ask('sts:AssumeRole', arn('none'))).reason, 'There is no such role.')
    assert.match((await ask('sts:AssumeRole', '*')).warnings.join(), /no ARN of a role/)
  })

  it('is given for each action, whatever it is asked on', async () => {
    await put(allow('*'))
    const arns = ['*', 'nothing', keyArn(), `acs:kms:cn-hangzhou:${account}:alias/none`, 'acs:oss:*:*:bucket/x'].concat(
      ['user/dev', 'group/g', 'role/r', 'policy/p', 'oidc-provider/p', '*'].map((one) => `acs:ram:*:${account}:${one}`),
    )
    for (const { operations } of products)
      for (const { product, name } of operations.values())
        for (const arn of arns)
          assert.match((await ask(`${product.service}:${name}`, arn)).decision, /^(Allow|ImplicitDeny)$/)
  })
})
