// Two servers on one PostgreSQL: what one has answered, the other knows at its very next call, without a pause or a second try. And a
// server on SQLite, beside which the operator changes AccessKeys.
import assert from 'node:assert/strict'
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type PostgresqlServer, startPostgresql } from '../storage/postgresql-server.ts'
import { type Credentials, call, type Program, runProgram, startProgram, temporaryFolder } from './program.ts'
import { Connection, post, signedForm } from './raw.ts'

type Parameters = Readonly<Record<string, string>>
type Caller = Pick<Credentials, 'accessKeyId' | 'accessKeySecret'> & { readonly securityToken?: string }

const RAM = '2015-05-01'
const STS = '2015-04-01'
/** How often each change goes to and fro. */
const ROUNDS = 3

const allow = (Action: string, more: object = {}) => ({ Effect: 'Allow', Action, Resource: '*', ...more })
const document = (...Statement: object[]) => JSON.stringify({ Version: '1', Statement })

/** Calls; answers 'OK', or the code that it is refused with. */
async function outcome(program: Program, caller: Caller, action: string, parameters: Parameters): Promise<string> {
  const { status, body } = await call(program.endpoint, caller, action, { ...parameters }, Date.now())
  return status === 200 ? 'OK' : String(body.Code)
}

describe('two servers on one PostgreSQL', () => {
  let server: PostgresqlServer
  let one: Program
  let two: Program
  let root: Credentials
  let flags: readonly string[]
  before(async () => {
    server = await startPostgresql()
    flags = ['--database', server.database()]
    const [data, second] = [temporaryFolder(), temporaryFolder()]
    one = await startProgram({ data, flags })
    for (const file of ['root-key', 'root-credentials.json']) copyFileSync(join(data, file), join(second, file))
    two = await startProgram({ data: second, flags })
    root = one.credentials
  })
  after(async () => {
    const ended = [await one.stop(), await two.stop()]
    await server[Symbol.asyncDispose]()
    assert.deepEqual(ended, [0, 0], one.log() + two.log())
  })

  const must = async (program: Program, action: string, parameters: Parameters = {}) => {
    const { status, body } = await call(program.endpoint, root, action, { ...parameters }, Date.now())
    assert.equal(status, 200, `${action}: ${JSON.stringify(body)}`)
    return body
  }
  const ram = (program: Program, action: string, parameters: Parameters = {}) =>
    must(program, action, { Version: RAM, ...parameters })

  async function newKey(): Promise<string> {
    return (await must(one, 'CreateKey')).KeyMetadata.KeyId
  }

  async function newUser(UserName: string): Promise<Caller> {
    await ram(one, 'CreateUser', { UserName })
    const { AccessKeyId, AccessKeySecret } = (await ram(one, 'CreateAccessKey', { UserName })).AccessKey
    return { accessKeyId: AccessKeyId, accessKeySecret: AccessKeySecret }
  }

  async function newPolicy(PolicyName: string, ...statements: object[]): Promise<Parameters> {
    await ram(one, 'CreatePolicy', { PolicyName, PolicyDocument: document(...statements) })
    return { PolicyType: 'Custom', PolicyName }
  }

  /**
   * Has `caller` encrypt through both servers in turn, and changes something through the other one each time: there and back. Every call must
   * go as the last change says.
   */
  async function toAndFro(
    caller: Caller,
    KeyId: string,
    away: (through: Program) => Promise<unknown>,
    back: (through: Program) => Promise<unknown>,
    refusal: string,
  ): Promise<void> {
    const encrypt = (program: Program) => outcome(program, caller, 'Encrypt', { KeyId, Plaintext: 'x' })
    const seen: string[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const [here, there] = round % 2 ? [two, one] : [one, two]
      seen.push(await encrypt(here), await encrypt(there))
      await away(here)
      seen.push(await encrypt(there), await encrypt(here))
      await back(there)
    }
    const expected = Array.from({ length: ROUNDS }, () => ['OK', 'OK', refusal, refusal]).flat()
    assert.deepEqual(seen, expected)
  }

  it('know of a key that was disabled and enabled again', async () => {
    const KeyId = await newKey()
    await toAndFro(
      root,
      KeyId,
      (through) => must(through, 'DisableKey', { KeyId }),
      (through) => must(through, 'EnableKey', { KeyId }),
      'Rejected.Disabled',
    )
  })

  it('change nothing for a caller who hung up while the server was stopped', async () => {
    const KeyId = await newKey()
    await must(two, 'DescribeKey', { KeyId })
    const { pid } = two.process
    assert.ok(pid)
    process.kill(pid, 'SIGSTOP')
    try {
      using gaveUp = await Connection.open(two.endpoint)
      const late = { Action: 'UpdateKeyDescription', KeyId, Description: 'late' }
      gaveUp.write(post(signedForm(late, root)))
      await gaveUp.drained()
      gaveUp.close()
      await must(one, 'UpdateKeyDescription', { KeyId, Description: 'newer' })
    } finally {
      process.kill(pid, 'SIGCONT')
    }
    for (const through of [two, two, one]) {
      const { KeyMetadata } = await must(through, 'DescribeKey', { KeyId })
      assert.equal(KeyMetadata.Description, 'newer')
    }
  })

  it('know of an AccessKey that was made inactive, though the refusal leaves no event', async () => {
    const [KeyId, user] = [await newKey(), await newUser('alice')]
    const may = await newPolicy('alice', allow('kms:*'))
    await ram(one, 'AttachPolicyToUser', { ...may, UserName: 'alice' })
    const change = (Status: string) => (through: Program) =>
      ram(through, 'UpdateAccessKey', { UserName: 'alice', UserAccessKeyId: user.accessKeyId, Status })
    await toAndFro(user, KeyId, change('Inactive'), change('Active'), 'Forbidden.AccessKey')
    assert.equal(await outcome(two, user, 'ListKeys', {}), 'OK')
    await ram(one, 'DeleteAccessKey', { UserName: 'alice', UserAccessKeyId: user.accessKeyId })
    assert.equal(await outcome(two, user, 'ListKeys', {}), 'InvalidAccessKeyId.NotFound')
  })

  it('know of a policy that was detached, and attached again', async () => {
    const [KeyId, user] = [await newKey(), await newUser('bob')]
    const may = await newPolicy('bob', allow('kms:*'))
    await ram(one, 'AttachPolicyToUser', { ...may, UserName: 'bob' })
    await toAndFro(
      user,
      KeyId,
      (through) => ram(through, 'DetachPolicyFromUser', { ...may, UserName: 'bob' }),
      (through) => ram(through, 'AttachPolicyToUser', { ...may, UserName: 'bob' }),
      'Forbidden.NoPermission',
    )
  })

  it("know of a change of a group's policies, of its members, and of what a policy says", async () => {
    const [KeyId, user] = [await newKey(), await newUser('carol')]
    const may = await newPolicy('carol', allow('kms:*'))
    const [GroupName, UserName] = ['people', 'carol']
    await ram(one, 'CreateGroup', { GroupName })
    await ram(one, 'AddUserToGroup', { GroupName, UserName })
    await ram(one, 'AttachPolicyToGroup', { ...may, GroupName })
    await toAndFro(
      user,
      KeyId,
      (through) => ram(through, 'DetachPolicyFromGroup', { ...may, GroupName }),
      (through) => ram(through, 'AttachPolicyToGroup', { ...may, GroupName }),
      'Forbidden.NoPermission',
    )
    await toAndFro(
      user,
      KeyId,
      (through) => ram(through, 'RemoveUserFromGroup', { GroupName, UserName }),
      (through) => ram(through, 'AddUserToGroup', { GroupName, UserName }),
      'Forbidden.NoPermission',
    )
    const PolicyDocument = document({ ...allow('kms:Encrypt'), Effect: 'Deny' })
    const { PolicyName = '' } = may
    await ram(one, 'CreatePolicyVersion', { PolicyName, PolicyDocument })
    const choose = (VersionId: string) => (through: Program) =>
      ram(through, 'SetDefaultPolicyVersion', { PolicyName, VersionId })
    await toAndFro(user, KeyId, choose('v2'), choose('v1'), 'Forbidden.NoPermission')
  })

  it('know of a role that was deleted: its sessions end', async () => {
    const [KeyId, user] = [await newKey(), await newUser('dave')]
    const assume = await newPolicy('assume', allow('sts:AssumeRole'))
    const may = await newPolicy('role', allow('kms:*'))
    await ram(one, 'AttachPolicyToUser', { ...assume, UserName: 'dave' })
    const Principal = { RAM: [`acs:ram::${root.accountId}:root`] }
    const AssumeRolePolicyDocument = document({ Effect: 'Allow', Action: 'sts:AssumeRole', Principal })
    for (let round = 0; round < ROUNDS; round++) {
      const [here, there] = round % 2 ? [two, one] : [one, two]
      await ram(here, 'CreateRole', { RoleName: 'app', AssumeRolePolicyDocument })
      await ram(here, 'AttachPolicyToRole', { ...may, RoleName: 'app' })
      const asked = {
        Version: STS,
        RoleArn: `acs:ram::${root.accountId}:role/app`,
        RoleSessionName: 's1',
      }
      const { status, body } = await call(there.endpoint, user, 'AssumeRole', asked, Date.now())
      assert.equal(status, 200, JSON.stringify(body))
      const { AccessKeyId: accessKeyId, AccessKeySecret: accessKeySecret, SecurityToken } = body.Credentials
      const session = { accessKeyId, accessKeySecret, securityToken: SecurityToken }
      const encrypt = (program: Program) => outcome(program, session, 'Encrypt', { KeyId, Plaintext: 'x' })
      assert.deepEqual([await encrypt(here), await encrypt(there)], ['OK', 'OK'])
      await ram(here, 'DetachPolicyFromRole', { ...may, RoleName: 'app' })
      assert.equal(await encrypt(there), 'Forbidden.NoPermission')
      await ram(there, 'DeleteRole', { RoleName: 'app' })
      assert.equal(await encrypt(here), 'InvalidSecurityToken.Expired')
      assert.equal(await encrypt(there), 'InvalidSecurityToken.Expired')
    }
  })

  it('know of an alias that was moved, made and deleted', async () => {
    const [first, second] = [await newKey(), await newKey()]
    const AliasName = 'alias/moving'
    const keyOf = async (program: Program) => {
      const asked = { KeyId: AliasName, Plaintext: 'x' }
      const { body } = await call(program.endpoint, root, 'Encrypt', asked, Date.now())
      return body.KeyId ?? body.Code
    }
    assert.equal(await keyOf(two), 'Forbidden.AliasNotFound')
    await must(one, 'CreateAlias', { AliasName, KeyId: first })
    for (const KeyId of [first, second, first, second]) {
      await must(one, 'UpdateAlias', { AliasName, KeyId })
      assert.equal(await keyOf(two), KeyId)
    }
    await must(two, 'DeleteAlias', { AliasName })
    assert.equal(await keyOf(one), 'Forbidden.AliasNotFound')
  })

  it('know of a tag that a condition asks for', async () => {
    const [KeyId, user] = [await newKey(), await newUser('erin')]
    const may = await newPolicy('erin', allow('kms:*', { Condition: { StringEquals: { 'kms:tag/Team': 'a' } } }))
    await ram(one, 'AttachPolicyToUser', { ...may, UserName: 'erin' })
    const tag = (TagValue: string) => (through: Program) =>
      must(through, 'TagResource', { KeyId, Tags: JSON.stringify([{ TagKey: 'Team', TagValue }]) })
    await tag('a')(one)
    await toAndFro(user, KeyId, tag('b'), tag('a'), 'Forbidden.NoPermission')
  })

  it('know of an AccessKey that the operator disabled or enabled in the database', async () => {
    await assertOperatorsWordCounts([two, one], ['--data', one.data, ...flags])
  })
})

describe('a server on SQLite', () => {
  it('knows of an AccessKey that the operator disabled or enabled in the database', async () => {
    const program = await startProgram()
    await assertOperatorsWordCounts([program], ['--data', program.data])
    assert.equal(await program.stop(), 0)
  })
})

/** Disables and enables an account's AccessKey by the command line, and calls each of the programs at once. */
async function assertOperatorsWordCounts(programs: readonly Program[], flags: readonly string[]): Promise<void> {
  const accountId = programs[0]?.credentials.accountId ?? ''
  const operator = async (...words: string[]) => {
    const { code, out, err } = await runProgram(['account', 'key', ...words, ...flags])
    assert.equal(code, 0, err)
    return out
  }
  const made = JSON.parse(await operator('create', accountId))
  const caller = { accessKeyId: made.accessKeyId, accessKeySecret: made.accessKeySecret }
  const all = () => Promise.all(programs.map((program) => outcome(program, caller, 'ListKeys', {})))
  const expect = async (code: string) =>
    assert.deepEqual(
      await all(),
      programs.map(() => code),
    )
  for (let round = 0; round < 2; round++) {
    await expect('OK')
    await operator('disable', accountId, caller.accessKeyId)
    await expect('Forbidden.AccessKey')
    await operator('enable', accountId, caller.accessKeyId)
  }
  await expect('OK')
  await operator('delete', accountId, caller.accessKeyId)
  await expect('InvalidAccessKeyId.NotFound')
}
