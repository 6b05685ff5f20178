// Every RAM operation is authorized on the resources of the table of actions and resources, before it tells what exists.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { ramOperations } from '../../src/ram/operations.ts'
import type { Credentials } from '../acceptance/program.ts'
import { openTestHouse, type TestHouse } from '../house.ts'
import { explained } from './explaining.ts'
import { ramOf } from './ram.ts'

const TRUST =
  '{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"RAM":"acs:ram::1:root"}}]}'
const POLICY = '{"Version":"1","Statement":[{"Effect":"Allow","Action":"none:None","Resource":"*"}]}'

/** A value for each parameter that some operation requires; none of what they name exists. */
const PARAMETERS: Readonly<Record<string, string>> = {
  UserName: 'u',
  GroupName: 'g',
  RoleName: 'r',
  PolicyName: 'p',
  PolicyType: 'Custom',
  PolicyDocument: POLICY,
  AssumeRolePolicyDocument: TRUST,
  NewDescription: 'd',
  VersionId: 'v1',
  UserAccessKeyId: 'LTAIx',
  Status: 'Active',
  Password: 'long-enough-1',
  OldPassword: 'x',
  NewPassword: 'long-enough-2',
  AccountAlias: 'alias',
  VirtualMFADeviceName: 'm',
  SerialNumber: 'acs:ram::0000000000000000:mfa/m',
  AuthenticationCode1: '000000',
  AuthenticationCode2: '000001',
  ResourceType: 'role',
  ResourceNames: '["r"]',
  Tag: '[{"Key":"k"}]',
}

/** What an operation is about, behind acs:ram:*:ACCOUNT: in the table of actions and resources; none is `*`. */
function resourcesOf(name: string): string[] {
  if (/^(CreateUser|ListUsers)$/.test(name)) return ['user/*']
  if (/^(CreateGroup|ListGroups)$/.test(name)) return ['group/*']
  if (/^(CreateRole|ListRoles)$/.test(name)) return ['role/*']
  if (/^(CreatePolicy|ListPolicies)$/.test(name)) return ['policy/*']
  if (/UserToGroup|UserFromGroup/.test(name)) return ['user/u', 'group/g']
  const attaching = /^(?:Attach|Detach)Policy(?:To|From)(User|Group|Role)$/.exec(name)?.[1]
  if (attaching) return [`${attaching.toLowerCase()}/${attaching.charAt(0).toLowerCase()}`, 'policy/p']
  if (/Alias$|PasswordPolicy$|SecurityPreference$|AccountSummary$/.test(name)) return ['*']
  if (/[Tt]agResources$/.test(name)) return []
  if (/ForGroup$|Group$/.test(name)) return ['group/g']
  if (/ForRole$|Role$/.test(name)) return ['role/r']
  if (name === 'ChangePassword') return ['user/caller']
  if (/^(Create|List)VirtualMFADevices?$/.test(name)) return ['mfa/*']
  if (name === 'DeleteVirtualMFADevice') return ['mfa/m']
  if (/ForUser$|User$|LoginProfile$|AccessKey|LastUsed$|MFA/.test(name)) return ['user/u']
  return ['policy/p']
}

describe('each RAM operation', () => {
  let house: TestHouse
  let ram: ReturnType<typeof ramOf>
  let caller: Credentials
  before(async () => {
    house = await openTestHouse(null)
    ram = ramOf(house)
    await ram.must('CreateUser', { UserName: 'caller' })
    caller = await ram.accessKeyOf('caller')
    await ram.must('CreatePolicy', { PolicyName: 'the-policy', PolicyDocument: POLICY })
    await ram.must('AttachPolicyToUser', { PolicyType: 'Custom', PolicyName: 'the-policy', UserName: 'caller' })
    await ram.must('SetSecurityPreference', {
      AllowUserToChangePassword: 'false',
      AllowUserToManageMFADevices: 'false',
    })
  })
  after(async () => house[Symbol.asyncDispose]())

  async function passes(name: string, parameters: Record<string, string>, ...Statement: object[]): Promise<boolean> {
    await ram.must('CreatePolicyVersion', {
      PolicyName: 'the-policy',
      PolicyDocument: JSON.stringify({ Version: '1', Statement }),
      SetAsDefault: 'true',
      RotateStrategy: 'DeleteOldestNonDefaultVersionWhenLimitExceeded',
    })
    const { status, body } = await ramOf(house, caller).call(name, parameters)
    assert.ok(status < 500, `${name} ${JSON.stringify(body)}`)
    await compare(name, parameters, body.Code !== 'NoPermission')
    if (body.Code === 'NoPermission') assert.equal(body.AccessDeniedDetail.AuthAction, `ram:${name}`)
    return body.Code !== 'NoPermission'
  }

  /** `ram explain` says the same as the service did, as far as one resource can tell. */
  async function compare(name: string, parameters: Record<string, string>, passed: boolean) {
    const [resource] = parameters['UserName'] === undefined ? resourcesOf(name) : [`user/${parameters['UserName']}`]
    const arn = resource === undefined ? '*' : `acs:ram:*:${house.credentials.accountId}:${resource}`
    const { decision, warnings } = await explained(house, 'user/caller', `ram:${name}`, arn)
    const partly = warnings.some((warning) => warning.includes('which this answer leaves out'))
    if (!partly || passed) assert.equal(decision === 'Allow', passed, `explain ${name}`)
  }

  for (const { name, parameters } of ramOperations)
    it(name, async () => {
      const required = Object.keys(parameters).filter(
        (parameter) => parameters[parameter]?.required || parameter === 'UserName',
      )
      const given = Object.fromEntries(required.map((parameter) => [parameter, PARAMETERS[parameter] ?? '']))
      const arns = resourcesOf(name).map((one) => `acs:ram:*:${house.credentials.accountId}:${one}`)
      const allow = (Resource: string[], Action = `ram:${name}`) => ({ Effect: 'Allow', Action, Resource })
      const ask = (...statements: object[]) => passes(name, given, ...statements)
      assert.equal(await ask(allow(['*'], 'kms:*'), allow(['*'], 'ram:Other')), false, 'not mentioned')
      assert.equal(await ask(allow(['*']), { ...allow(['*']), Effect: 'Deny' }), false, 'denied')
      assert.equal(
        await ask(allow(['acs:ram:*:*:user/else', 'acs:ram:*:*:saml-provider/*'])),
        false,
        'allowed elsewhere',
      )
      if (arns.length > 1)
        for (const arn of arns) assert.equal(await ask(allow([arn])), false, `allowed on ${arn} alone`)
      const Condition = { DateLessThan: { 'acs:CurrentTime': '2020-01-01T00:00:00Z' } }
      assert.equal(
        await ask({ ...allow(arns.length === 0 ? ['*'] : arns), Condition }),
        false,
        'allowed by a condition that does not hold',
      )
      const exact = arns.length === 0 ? ['*'] : arns.map((arn) => arn.replace(/:\*$/, ':?'))
      assert.equal(await ask(allow(exact)), true, `allowed on ${arns.join()}`)
    })

  it('sees the tags of roles and policies, and those that the call gives', async () => {
    const allow = (Action: string, Condition: object) => ({ Effect: 'Allow', Action, Resource: '*', Condition })
    const own = { StringEquals: { 'acs:ResourceTag/team': 'a' } }
    const given = { StringEquals: { 'acs:RequestTag/team': 'a' } }
    for (const team of ['a', 'b']) {
      const Tag = JSON.stringify([{ Key: 'team', Value: team }])
      await ram.must('CreateRole', { RoleName: `role-${team}`, AssumeRolePolicyDocument: TRUST, Tag })
      await ram.must('CreatePolicy', { PolicyName: `policy-${team}`, PolicyDocument: POLICY, Tag })
    }
    const role = (team: string) => ({ RoleName: `role-${team}` })
    const policy = (team: string) => ({ PolicyType: 'Custom', PolicyName: `policy-${team}` })
    const names = (...teams: string[]) => ({
      ResourceType: 'role',
      ResourceNames: JSON.stringify(teams.map((team) => `role-${team}`)),
    })
    const tag = (team: string) => ({ Tag: JSON.stringify([{ Key: 'team', Value: team }]) })
    const cases: [name: string, parameters: Record<string, string>, condition: object, passes: boolean][] = [
      ['GetRole', role('a'), own, true],
      ['GetRole', role('b'), own, false],
      ['GetPolicy', policy('a'), own, true],
      ['GetPolicy', policy('b'), own, false],
      ['AttachPolicyToRole', { ...role('a'), ...policy('a') }, own, true],
      ['AttachPolicyToRole', { ...role('a'), ...policy('b') }, own, false],
      ['ListTagResources', names('a'), own, true],
      ['ListTagResources', names('a', 'b'), own, false],
      ['TagResources', { ...names('b'), ...tag('a') }, given, true],
      ['TagResources', { ...names('b'), ...tag('b') }, given, false],
      ['CreateRole', { RoleName: 'role-c', AssumeRolePolicyDocument: TRUST, ...tag('a') }, given, true],
      ['CreatePolicy', { PolicyName: 'policy-c', PolicyDocument: POLICY, ...tag('b') }, given, false],
    ]
    for (const [name, parameters, condition, expected] of cases) {
      await ram.must('CreatePolicyVersion', {
        PolicyName: 'the-policy',
        PolicyDocument: JSON.stringify({ Version: '1', Statement: [allow(`ram:${name}`, condition)] }),
        SetAsDefault: 'true',
        RotateStrategy: 'DeleteOldestNonDefaultVersionWhenLimitExceeded',
      })
      const code = await ramOf(house, caller).outcome(name, parameters)
      assert.equal(code !== 'NoPermission', expected, `${name} ${JSON.stringify(parameters)} ${code}`)
    }
  })

  it('minds a Deny on a role or policy whose tags are changed, though no Allow on one counts', async () => {
    const { accountId } = house.credentials
    await ram.must('CreateRole', { RoleName: 'Guarded', AssumeRolePolicyDocument: TRUST })
    await ram.must('CreatePolicy', { PolicyName: 'Guarded', PolicyDocument: POLICY })
    const all = { Effect: 'Allow', Action: 'ram:*', Resource: '*' }
    for (const type of ['role', 'policy']) {
      const arn = `acs:ram:*:${accountId}:${type}/Guarded`
      const named = (...names: string[]) => ({ ResourceType: type, ResourceNames: JSON.stringify(names) })
      const tagsOf = { TagResources: { Tag: '[{"Key":"k"}]' }, UntagResources: { All: 'true' }, ListTagResources: {} }
      for (const [name, tags] of Object.entries(tagsOf)) {
        const outcome = async (names: string[], ...Statement: object[]) => {
          await ram.must('CreatePolicyVersion', {
            PolicyName: 'the-policy',
            PolicyDocument: JSON.stringify({ Version: '1', Statement }),
            SetAsDefault: 'true',
            RotateStrategy: 'DeleteOldestNonDefaultVersionWhenLimitExceeded',
          })
          const { status, body } = await ramOf(house, caller).call(name, { ...named(...names), ...tags })
          if (body.Code !== 'NoPermission') return `${status}`
          const { NoPermissionType, PolicyType } = body.AccessDeniedDetail
          return `${NoPermissionType} ${PolicyType}`
        }
        const deny = { ...all, Effect: 'Deny', Resource: arn }
        assert.equal(await outcome(['guarded'], all, deny), 'ExplicitDeny IdentityBased', name)
        const { decision, statements } = await explained(house, 'user/caller', `ram:${name}`, arn)
        assert.deepEqual([decision, statements.map(({ effect }) => effect)], ['ExplicitDeny', ['Deny', 'Allow']])
        assert.equal(await outcome([`${type}-a`], all, deny), '200', `${name} of others`)
        assert.match(await outcome([`${type}-a`, 'guarded'], all, deny), /^ExplicitDeny/, `${name} of several`)
        assert.match(await outcome(['guarded'], { ...all, Resource: arn }), /^ImplicitDeny/, `${name} allowed on one`)
      }
    }
  })

  it('recognizes another spelling of a name', async () => {
    await ram.must('CreateUser', { UserName: 'Victim' })
    const deny = { Effect: 'Deny', Action: 'ram:*', Resource: 'acs:ram:*:*:user/Victim' }
    for (const UserName of ['Victim', 'victim', 'VICTIM'])
      assert.equal(await passes('GetUser', { UserName }, { Effect: 'Allow', Action: '*', Resource: '*' }, deny), false)
  })
})
