// What pages ask besides operations: declarations, what a caller may do, who may do something, and whether a policy is one.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { products } from '../../src/gateway/products.ts'
import { newCredentials } from '../../src/ram/account.ts'
import { SYSTEM } from '../../src/runtime/system.ts'
import { FEW_PAIRS } from '../few-pairs.ts'
import { openTestHouse, type TestHouse } from '../house.ts'
import { ramOf } from '../ram/ram.ts'
import { Browser } from './browser.ts'
import { PASSWORD } from './people.ts'

describe('the console', () => {
  let house: TestHouse
  let ram: ReturnType<typeof ramOf>
  let root: Browser
  let dev: Browser
  let key: string
  /** Runs once, the next time that work lets other calls run between two of its steps. */
  let between: (() => Promise<unknown>) | null = null
  const turn = async () => {
    const change = between
    between = null
    await change?.()
    await FEW_PAIRS.turn()
  }
  before(async () => {
    house = await openTestHouse(null, [], { runtime: { ...FEW_PAIRS, turn } })
    ram = ramOf(house)
    const { accountId, accessKeyId, accessKeySecret } = house.credentials
    root = new Browser(house)
    assert.equal(await root.outcome({ AccessKeyId: accessKeyId, AccessKeySecret: accessKeySecret }), 'OK')
    key = (await house.must('CreateKey')).KeyMetadata.Arn
    await ram.must('CreateUser', { UserName: 'dev' })
    await ram.must('CreateLoginProfile', { UserName: 'dev', Password: PASSWORD })
    const PolicyDocument = ram.document(
      { Effect: 'Allow', Action: 'kms:*', Resource: '*' },
      { Effect: 'Deny', Action: 'kms:ScheduleKeyDeletion', Resource: '*' },
      { Effect: 'Deny', Action: 'kms:Decrypt', Resource: '*', Condition: { Bool: { 'acs:MFAPresent': 'false' } } },
    )
    await ram.must('CreatePolicy', { PolicyName: 'p', PolicyDocument })
    await ram.must('CreatePolicyVersion', {
      PolicyName: 'p',
      PolicyDocument: ram.document({ Effect: 'Deny', Action: '*', Resource: '*' }),
    })
    await ram.must('AttachPolicyToUser', { PolicyType: 'Custom', PolicyName: 'p', UserName: 'dev' })
    dev = new Browser(house)
    assert.equal(await dev.outcome({ UserName: `dev@${accountId}`, Password: PASSWORD }), 'OK')
  })
  after(() => house[Symbol.asyncDispose]())
  const ask = (who: Browser, path: string, body: object) => who.ask('POST', `/console/api/${path}`, body)

  describe('shows the declarations', () => {
    it('of every operation in its newest version, and all that policies may name', async () => {
      const { status, body, headers } = await new Browser(house).ask('GET', '/console/api/declarations')
      assert.equal(status, 200)
      assert.deepEqual(
        body.Products.map(({ Name, Version }: { Name: string; Version: string }) => [Name, Version]),
        [
          ['Kms', '2016-01-20'],
          ['Ram', '2015-05-01'],
          ['Ims', '2019-08-15'],
          ['Sts', '2015-04-01'],
          ['Actiontrail', '2020-07-06'],
        ],
      )
      const [kms, ram] = body.Products
      assert.equal(kms.Operations.length, products[0]?.operations.size)
      const named = (of: { Operations: { Name: string; Parameters: { Name: string }[] }[] }, operation: string) =>
        of.Operations.find(({ Name }) => Name === operation)
      const size = named(kms, 'ListKeys')?.Parameters.find(({ Name }) => Name === 'PageSize')
      assert.deepEqual(size, {
        Name: 'PageSize',
        Type: 'integer',
        Required: false,
        Default: 10,
        Min: 1,
        Max: 100,
        Secret: false,
        Description: 'A whole number from 1 to 100. Default: 10.',
      })
      const name = named(ram, 'CreateUser')?.Parameters[0]
      assert.deepEqual(name, {
        Name: 'UserName',
        Type: 'text',
        Required: true,
        MaxLength: 64,
        Pattern: '^[A-Za-z0-9._-]+$',
        Secret: false,
        Description: '1 to 64 characters of letters, digits, ., _ and -.',
      })
      for (const action of ['kms:Encrypt', 'kms:ReEncryptTo', 'ram:BindMFADevice'])
        assert.ok(body.Actions.includes(action))
      assert.deepEqual(
        body.ConditionKeys.find(({ Key }: { Key: string }) => Key === 'acs:MFAPresent'),
        { Key: 'acs:MFAPresent', Type: 'Bool' },
      )
      const again = await root.ask('GET', '/console/api/declarations', undefined, {
        'if-none-match': headers.get('etag'),
      })
      assert.equal(again.status, 304)
      const foreign = await root.ask('GET', '/console/api/declarations', undefined, { 'x-strongroom-console': null })
      assert.equal(foreign.body.Code, 'Session.CrossSite')
    })
  })

  describe('simulates', () => {
    const actions = ['kms:Encrypt', 'kms:ScheduleKeyDeletion', 'kms:Decrypt', 'ram:ListUsers', 'sts:GetCallerIdentity']
    const questions = () => actions.map((Action) => ({ Action, ...(Action.startsWith('kms') && { Resource: key }) }))

    it('what the caller itself may do, and shows statements to who may read the own policies', async () => {
      const { status, body } = await ask(dev, 'simulate', { Questions: questions() })
      assert.equal(status, 200)
      assert.deepEqual(body.Answers, [
        { Allowed: true, Decision: 'Allow' },
        { Allowed: false, Decision: 'ExplicitDeny' },
        { Allowed: false, Decision: 'ExplicitDeny' },
        { Allowed: false, Decision: 'ImplicitDeny' },
        { Allowed: true, Decision: 'Allow' },
      ])
      assert.equal((await dev.call('Kms/ScheduleKeyDeletion', { KeyId: key, PendingWindowInDays: 7 })).status, 403)
      await ram.must('AttachPolicyToUser', {
        PolicyType: 'System',
        PolicyName: 'AliyunRAMReadOnlyAccess',
        UserName: 'dev',
      })
      const { Answers } = (await ask(dev, 'simulate', { Questions: questions() })).body
      await ram.must('DetachPolicyFromUser', {
        PolicyType: 'System',
        PolicyName: 'AliyunRAMReadOnlyAccess',
        UserName: 'dev',
      })
      const place = { PolicyName: 'p', PolicyVersion: 'v1' }
      assert.deepEqual(Answers[0].By, { ...place, StatementIndex: 0, Effect: 'Allow' })
      assert.deepEqual(Answers[1].By, { ...place, StatementIndex: 1, Effect: 'Deny' })
      const all = (await ask(root, 'simulate', { Questions: questions() })).body.Answers
      assert.deepEqual(new Set(all.map(({ Allowed }: { Allowed: boolean }) => Allowed)), new Set([true]))
    })

    it('what others may do, under conditions, for who may read their policies', async () => {
      const about = { Principal: 'user/dev', Questions: [{ Action: 'kms:Decrypt', Resource: key }] }
      assert.equal((await ask(dev, 'simulate', about)).body.Code, 'NoPermission')
      assert.equal((await ask(dev, 'simulate', { ...about, Principal: 'user/nobody' })).body.Code, 'NoPermission')
      const decided = async (Context: object) => (await ask(root, 'simulate', { ...about, Context })).body.Answers[0]
      const denied = await decided({ 'acs:MFAPresent': 'false' })
      assert.deepEqual([denied.Decision, denied.By.StatementIndex, denied.Statements.length], ['ExplicitDeny', 2, 2])
      assert.equal((await decided({ 'acs:MFAPresent': 'true' })).Decision, 'Allow')
      assert.equal(
        (await ask(root, 'simulate', { ...about, Principal: 'user/nobody' })).body.Code,
        'EntityNotExist.User',
      )
      assert.equal((await ask(root, 'simulate', { ...about, Principal: 'group/x' })).body.Code, 'InvalidParameter')
    })

    it('of a role of another account only what the own policies decide', async () => {
      const theirs = newCredentials(SYSTEM)
      await house.open.accounts.provide(theirs, 'theirs', house.now)
      const AssumeRolePolicyDocument = JSON.stringify({
        Version: '1',
        Statement: [
          {
            Effect: 'Allow',
            Action: 'sts:AssumeRole',
            Principal: { RAM: [`acs:ram::${house.credentials.accountId}:root`] },
            Condition: { StringEquals: { 'sts:ExternalId': 'their-own-id' } },
          },
        ],
      })
      await ramOf(house, theirs).must('CreateRole', { RoleName: 'there', AssumeRolePolicyDocument })
      const assume = { PolicyType: 'System', PolicyName: 'AliyunSTSAssumeRoleAccess', UserName: 'dev' }
      const answers = async (who: Browser, about: object) => {
        const arns = ['there', 'none'].map((name) => `acs:ram::${theirs.accountId}:role/${name}`)
        const Questions = arns.map((Resource) => ({ Action: 'sts:AssumeRole', Resource }))
        return (await ask(who, 'simulate', { ...about, Questions })).body.Answers
      }
      const [denied] = await answers(dev, {})
      assert.deepEqual(denied, { Allowed: false, Decision: 'ImplicitDeny' })
      await ram.must('AttachPolicyToUser', assume)
      for (const id of ['their-own-id', 'a-guess'])
        for (const [who, about] of [
          [dev, {}],
          [root, {}],
          [root, { Principal: 'user/dev' }],
        ] as const) {
          const [there, none] = await answers(who, { ...about, Context: { 'sts:ExternalId': id } })
          assert.deepEqual(there, none)
          assert.equal(there.Allowed, !(who === root && !('Principal' in about)))
        }
      const [{ Warnings }] = await answers(root, { Principal: 'user/dev' })
      assert.deepEqual(Warnings, [
        'the role belongs to another account: its trust policy, if there is such a role, decides as well',
      ])
      await ram.must('DetachPolicyFromUser', assume)
    })

    it('by one state of the records, when they change between two questions', async () => {
      const policy = { PolicyType: 'Custom', PolicyName: 'p', UserName: 'dev' }
      const Questions = [{ Action: 'kms:Encrypt' }, { Action: 'kms:Encrypt' }]
      const allowed = async (who: Browser, about: object) =>
        (await ask(who, 'simulate', { ...about, Questions })).body.Answers.map(
          ({ Allowed }: { Allowed: boolean }) => Allowed,
        )
      assert.deepEqual(await allowed(dev, {}), [true, true])
      between = () => ram.must('DetachPolicyFromUser', policy)
      assert.deepEqual(await allowed(dev, {}), [false, false])
      assert.equal(between, null)
      await ram.must('AttachPolicyToUser', policy)
      // For the account, only the answers read the policy itself.
      const about = { Principal: 'user/dev' }
      assert.deepEqual(await allowed(root, about), [true, true])
      between = () => ram.must('SetDefaultPolicyVersion', { PolicyName: 'p', VersionId: 'v2' })
      assert.deepEqual(await allowed(root, about), [false, false])
      assert.equal(between, null)
      await ram.must('SetDefaultPolicyVersion', { PolicyName: 'p', VersionId: 'v1' })
    })

    it('at most 100 questions at once, and none without a session', async () => {
      const many = { Questions: Array.from({ length: 101 }, () => ({ Action: 'kms:Encrypt' })) }
      assert.equal((await ask(root, 'simulate', many)).body.Code, 'InvalidParameter')
      for (const Questions of [undefined, {}, [1], [{}], [{ Action: 1 }]])
        assert.equal((await ask(root, 'simulate', { Questions })).body.Code, 'InvalidParameter')
      for (const path of ['simulate', 'who-can', 'check-policy'])
        assert.equal((await ask(new Browser(house), path, {})).body.Code, 'Session.None')
      assert.equal((await root.ask('GET', '/console/api/simulate')).body.Code, 'InvalidAction.NotFound')
    })
  })

  it('says who may do something, to who may read all policies', async () => {
    const { accountId } = house.credentials
    const question = { Action: 'kms:Encrypt', Resource: key }
    assert.deepEqual((await ask(root, 'who-can', question)).body.Principals, [
      `acs:ram::${accountId}:root`,
      `acs:ram::${accountId}:user/dev`,
    ])
    between = () => ram.must('SetDefaultPolicyVersion', { PolicyName: 'p', VersionId: 'v2' })
    assert.deepEqual((await ask(root, 'who-can', question)).body.Principals, [`acs:ram::${accountId}:root`])
    assert.equal(between, null)
    await ram.must('SetDefaultPolicyVersion', { PolicyName: 'p', VersionId: 'v1' })
    assert.equal((await ask(dev, 'who-can', question)).body.Code, 'NoPermission')
    const foreign = { ...question, Resource: key.replace(accountId, '1000000000000009') }
    assert.equal((await ask(root, 'who-can', foreign)).body.Code, 'InvalidParameter')
  })

  it('says where a policy is wrong, in the words of the parser', async () => {
    const checked = async (Document: string, Use = 'identity') =>
      (await ask(dev, 'check-policy', { Document, Use })).body
    const good = ram.document({ Effect: 'Allow', Action: 'kms:Encrypt', Resource: '*' })
    assert.deepEqual(await checked(good), { Faults: [], Flaws: [], Warnings: [] })
    const [json] = (await checked('{\n  "Version": 1,,\n}')).Faults
    assert.match(json.Message, /not JSON/)
    assert.deepEqual([json.Path, json.Line, json.Column], ['', 2, 16])
    const second = `{"Version":"1","Statement":[
  {"Effect":"Allow","Action":"kms:Encrypt","Resource":"*"},
  {"Effect":"Maybe","Action":"kms:Encrypt","Resource":"*"}]}`
    const [effect] = (await checked(second)).Faults
    assert.deepEqual(effect, {
      Message: 'Effect of Statement[1] must be Allow or Deny.',
      Path: 'Statement[1].Effect',
      Line: 3,
      Column: 4,
    })
    const [key] = (
      await checked(
        second
          .replace('Maybe', 'Deny')
          .replace(
            ']}',
            ',{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"Bool":{"acs:MfaPresents":"true"}}}]}',
          ),
      )
    ).Faults
    assert.deepEqual([key.Path, key.Line], ['Statement[2].Condition', 3])
    const flaws = (await checked(good.replace('"*"', '"acs:kms:*:*:keys/x"'))).Flaws
    assert.deepEqual([flaws.length, flaws[0].Path], [1, 'Statement[0].Resource'])
    const doubtful = good.replace(
      '"kms:Encrypt"',
      '["kms:Encrypt", "KMS:Encript", "kms:Encryp*", "ecs:RunInstances", "*"]',
    )
    const warned = await checked(doubtful)
    assert.deepEqual([warned.Faults, warned.Flaws, warned.Warnings.length], [[], [], 1])
    assert.match(warned.Warnings[0].Message, /^"KMS:Encript" in Action of Statement\[0\] is no action/)
    assert.equal(warned.Warnings[0].Path, 'Statement[0].Action')
    assert.equal(warned.Warnings[0].Column, doubtful.indexOf('"KMS:Encript') + 1)
    assert.match((await checked(good, 'trust')).Faults[0].Message, /member "Resource" of Statement\[0\]/)
    assert.equal((await checked(good, 'other')).Code, 'InvalidParameter')
  })

  it('says so of the first 50 parts of a long policy, and names the length of a much longer one as its only fault', async () => {
    const checked = async (count: number, statement: object) => {
      const Statement = Array.from({ length: count }, () => statement)
      return (await ask(dev, 'check-policy', { Document: JSON.stringify({ Version: '1', Statement }) })).body
    }
    const flawed = { Effect: 'Deny', Action: 'a:b', Resource: 'acs:::::' }
    assert.equal((await checked(200, flawed)).Flaws.length, 50)
    const doubtful = { Effect: 'Deny', Action: 'kms:Encript', Resource: '*' }
    assert.equal((await checked(200, doubtful)).Warnings.length, 50)
    const long = await checked(400, flawed)
    const Message = 'The policy has more than 16384 characters.'
    assert.deepEqual(long, { Faults: [{ Message, Path: '', Line: 1, Column: 1 }], Flaws: [], Warnings: [] })
    assert.equal((await ask(dev, 'check-policy', { Document: 1 })).body.Code, 'InvalidParameter')
  })
})
