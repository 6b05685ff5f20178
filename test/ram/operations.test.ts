// RAM's operations: answers, errors, limits, and that every change counts at once.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { newCredentials } from '../../src/ram/account.ts'
import { ramOperations } from '../../src/ram/operations.ts'
import { SYSTEM } from '../../src/runtime/system.ts'
import { eachDatabase } from '../databases.ts'
import type { TestHouse } from '../house.ts'
import { codeOf, scanned } from './mfa.ts'
import { ramOf } from './ram.ts'

const allow = (Action: string | string[], Resource: string | string[] = '*') => ({ Effect: 'Allow', Action, Resource })
const TRUST = (...RAM: string[]) =>
  JSON.stringify({ Version: '1', Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { RAM } }] })

eachDatabase((open) => {
  let house: TestHouse
  let ram: ReturnType<typeof ramOf>
  const called = new Set<string>()
  before(async () => {
    house = await open(['--max-groups', '3', '--max-custom-policies-per-user', '2', '--max-mfa-devices', '2'])
    const { call: plain, ...rest } = ramOf(house)
    const noting = (action: string, parameters?: Record<string, string>) => {
      called.add(action)
      return plain(action, parameters)
    }
    const must: typeof rest.must = async (action, parameters) => {
      const { status, body } = await noting(action, parameters)
      assert.equal(status, 200, `${action} ${JSON.stringify(body)}`)
      return body
    }
    const outcome: typeof rest.outcome = async (action, parameters) => {
      const { status, body } = await noting(action, parameters)
      return status === 200 ? 'OK' : `${status} ${body.Code}`
    }
    ram = { ...rest, call: noting, must, outcome }
  })
  after(() => house[Symbol.asyncDispose]())
  const account = () => house.credentials.accountId

  describe('users', () => {
    it('are created, told of, changed, renamed and deleted', async () => {
      const { User, RequestId } = await ram.must('CreateUser', { UserName: 'Alice', Email: 'a@example.com' })
      assert.match(RequestId, /^[0-9A-F-]{36}$/)
      assert.match(User.UserId, /^2\d{17}$/)
      assert.deepEqual(User, {
        UserId: User.UserId,
        UserName: 'Alice',
        DisplayName: '',
        MobilePhone: '',
        Email: 'a@example.com',
        Comments: '',
        CreateDate: '2026-03-01T00:00:00Z',
      })
      assert.equal(await ram.outcome('CreateUser', { UserName: 'aLICE' }), '409 EntityAlreadyExists.User')
      assert.equal((await ram.must('GetUser', { UserName: 'ALICE' })).User.LastLoginDate, '')
      await ram.must('CreateUser', {
        UserName: 'bob',
        MobilePhone: '86-18688880000',
        Comments: 'x',
        DisplayName: '鲍勃 B',
      })
      assert.equal(
        await ram.outcome('UpdateUser', { UserName: 'bob', NewUserName: 'alice' }),
        '409 EntityAlreadyExists.User',
      )
      house.now += 1000
      const { User: updated } = await ram.must('UpdateUser', {
        UserName: 'Alice',
        NewUserName: 'carol',
        NewComments: 'c',
      })
      assert.deepEqual([updated.UserId, updated.UserName, updated.Comments], [User.UserId, 'carol', 'c'])
      assert.equal(updated.UpdateDate, '2026-03-01T00:00:01Z')
      assert.equal(await ram.outcome('GetUser', { UserName: 'alice' }), '404 EntityNotExist.User')
      for (const UserName of ['bob', 'carol']) await ram.must('DeleteUser', { UserName })
      assert.equal(await ram.outcome('DeleteUser', { UserName: 'bob' }), '404 EntityNotExist.User')
      await ram.must('CreateUser', { UserName: 'bob' })
      await ram.must('DeleteUser', { UserName: 'bob' })
    })

    it('lose what an update gives an empty text for, and keep what it does not give', async () => {
      const given = { DisplayName: 'Ada', MobilePhone: '86-18688880000', Email: 'hello.uuu@aaa_all.com', Comments: 'c' }
      await ram.must('CreateUser', { UserName: 'ada', ...given })
      const update = async (more: Record<string, string>) => {
        const { User } = await ram.must('UpdateUser', { UserName: 'ada', ...more })
        return [User.UserName, User.DisplayName, User.MobilePhone, User.Email, User.Comments]
      }
      const { DisplayName, MobilePhone, Email, Comments } = given
      assert.deepEqual(await update({ NewUserName: 'ada' }), ['ada', DisplayName, MobilePhone, Email, Comments])
      assert.deepEqual(await update({ NewDisplayName: '' }), ['ada', '', MobilePhone, Email, Comments])
      const all = { NewMobilePhone: '', NewEmail: '', NewComments: '' }
      assert.deepEqual(await update(all), ['ada', '', '', '', ''])
      assert.deepEqual(await update({ NewUserName: '' }), ['ada', '', '', '', ''], 'a name can not be cleared')
      await ram.must('DeleteUser', { UserName: 'ada' })
    })

    it('are refused with what is wrong with their parameters', async () => {
      const cases: [Record<string, string>, string][] = [
        [{}, '400 MissingParameter'],
        [{ UserName: 'a b' }, '400 InvalidParameter.UserName.InvalidChars'],
        [{ UserName: 'x'.repeat(65) }, '400 InvalidParameter.UserName.Length'],
        [{ UserName: 'a', Email: 'nobody' }, '400 InvalidParameter.Email.Format'],
        [{ UserName: 'a', MobilePhone: '1' }, '400 InvalidParameter.MobilePhone.Format'],
        [{ UserName: 'a', Comments: '订'.repeat(129) }, '400 InvalidParameter.Comments.Length'],
        [{ UserName: 'a', DisplayName: 'a<b' }, '400 InvalidParameter.DisplayName.InvalidChars'],
      ]
      for (const [parameters, code] of cases)
        assert.equal(await ram.outcome('CreateUser', parameters), code, JSON.stringify(parameters))
      const { body } = await ram.call('CreateUser', { UserName: 'a b' })
      assert.equal(body.Message, 'The parameter - "UserName" contains invalid chars.')
      assert.match(body.Recommend, /#invalidparameternameinvalidchars$/)
    })

    it('are listed by name, page by page, through changes between the pages', async () => {
      for (const UserName of ['c', 'B', 'a']) await ram.must('CreateUser', { UserName })
      const first = await ram.must('ListUsers', { MaxItems: '2' })
      assert.deepEqual(
        first.Users.User.map((one: { UserName: string }) => one.UserName),
        ['a', 'B'],
      )
      assert.equal(first.IsTruncated, true)
      await ram.must('DeleteUser', { UserName: 'b' })
      const second = await ram.must('ListUsers', { MaxItems: '2', Marker: first.Marker })
      assert.deepEqual(
        second.Users.User.map((one: { UserName: string }) => one.UserName),
        ['c'],
      )
      assert.deepEqual([second.IsTruncated, 'Marker' in second], [false, false])
      assert.equal(await ram.outcome('ListUsers', { Marker: '!' }), '400 InvalidParameter.Marker')
      assert.equal(await ram.outcome('ListUsers', { MaxItems: '1001' }), '400 InvalidParameter.MaxItems')
      for (const UserName of ['a', 'c']) await ram.must('DeleteUser', { UserName })
      assert.deepEqual((await ram.must('ListUsers')).Users, { User: [] })
    })
  })

  describe('AccessKeys', () => {
    it('are shown once, two to a user, and work, stop and go at once', async () => {
      await ram.must('CreateUser', { UserName: 'dave' })
      const { AccessKey } = await ram.must('CreateAccessKey', { UserName: 'dave' })
      assert.match(AccessKey.AccessKeyId, /^LTAI[A-Za-z0-9]{20}$/)
      assert.match(AccessKey.AccessKeySecret, /^[A-Za-z0-9]{30}$/)
      const second = await ram.accessKeyOf('dave')
      assert.equal(await ram.outcome('CreateAccessKey', { UserName: 'dave' }), '409 LimitExceeded.User.AccessKey')
      const { body } = await ram.call('ListAccessKeys', { UserName: 'dave' })
      assert.equal(JSON.stringify(body).includes(AccessKey.AccessKeySecret), false)
      assert.equal(body.AccessKeys.AccessKey.length, 2)
      const mine = ramOf(house, second)
      const identity = await mine.sts('GetCallerIdentity')
      assert.deepEqual(
        [identity.body.IdentityType, identity.body.Arn, identity.body.AccountId],
        ['RAMUser', `acs:ram::${account()}:user/dave`, account()],
      )
      const UserAccessKeyId = second.accessKeyId
      const used = () => ram.must('GetAccessKeyLastUsed', { UserName: 'dave', UserAccessKeyId })
      assert.equal((await used()).AccessKeyLastUsed.LastUsedDate, '2026-03-01T00:00:01Z')
      await house.open.lastUsed.write(house.now)
      await house.restart()
      assert.equal((await used()).AccessKeyLastUsed.LastUsedDate, '2026-03-01T00:00:01Z')
      const never = { UserName: 'dave', UserAccessKeyId: AccessKey.AccessKeyId }
      assert.equal((await ram.must('GetAccessKeyLastUsed', never)).AccessKeyLastUsed.LastUsedDate, '')
      const set = (Status: string) => ram.outcome('UpdateAccessKey', { UserName: 'dave', UserAccessKeyId, Status })
      const code = async () => (await ramOf(house, second).sts('GetCallerIdentity')).body.Code ?? 'OK'
      assert.deepEqual([await set('Inactive'), await code()], ['OK', 'Forbidden.AccessKey'])
      assert.deepEqual([await set('Active'), await code()], ['OK', 'OK'])
      assert.equal(await set('Broken'), '400 InvalidParameter.Status')
      assert.equal(await ram.outcome('DeleteUser', { UserName: 'dave' }), '409 DeleteConflict.User.AccessKey')
      await ram.must('DeleteAccessKey', { UserName: 'dave', UserAccessKeyId })
      assert.equal(await code(), 'InvalidAccessKeyId.NotFound')
      assert.equal(
        await ram.outcome('DeleteAccessKey', { UserName: 'dave', UserAccessKeyId }),
        '404 EntityNotExist.User.AccessKey',
      )
      await ram.must('DeleteAccessKey', never).catch(() => {})
      await ram.must('DeleteUser', { UserName: 'dave' })
    })

    it("are managed by their user itself only where the account's preference says so", async () => {
      await ram.must('CreateUser', { UserName: 'self' })
      await ram.must('CreateUser', { UserName: 'other' })
      const self = ramOf(house, await ram.accessKeyOf('self'))
      assert.equal(await self.outcome('ListAccessKeys'), 'NoPermission')
      const { SecurityPreference } = await ram.must('SetSecurityPreference', { AllowUserToManageAccessKeys: 'true' })
      assert.equal(SecurityPreference.AccessKeyPreference.AllowUserToManageAccessKeys, true)
      assert.deepEqual((await ram.must('GetSecurityPreference')).SecurityPreference, SecurityPreference)
      assert.equal(await self.outcome('ListAccessKeys'), 'OK')
      assert.equal(await self.outcome('ListAccessKeys', { UserName: 'SELF' }), 'OK')
      assert.equal(await self.outcome('ListAccessKeys', { UserName: 'other' }), 'NoPermission')
      await ram.must('SetSecurityPreference', { AllowUserToManageAccessKeys: 'false' })
      assert.equal(await self.outcome('ListAccessKeys'), 'NoPermission')
    })
  })

  describe('groups', () => {
    it('hold users, whose rights change with them at once', async () => {
      const { Group } = await ram.must('CreateGroup', { GroupName: 'ops', Comments: 'operators' })
      assert.match(Group.GroupId, /^g-[A-Za-z0-9]{16}$/)
      assert.equal(await ram.outcome('CreateGroup', { GroupName: 'OPS' }), '409 EntityAlreadyExists.Group')
      await ram.must('CreateUser', { UserName: 'erin' })
      const erin = await ram.accessKeyOf('erin')
      const listing = async () => (await house.call('ListKeys', {}, erin)).body.Code ?? 'OK'
      await ram.must('AttachPolicyToGroup', {
        PolicyType: 'System',
        PolicyName: 'AliyunKMSReadOnlyAccess',
        GroupName: 'ops',
      })
      assert.equal(await listing(), 'Forbidden.NoPermission')
      await ram.must('AddUserToGroup', { UserName: 'erin', GroupName: 'ops' })
      assert.equal(await listing(), 'OK')
      const again = { UserName: 'erin', GroupName: 'ops' }
      assert.equal(await ram.outcome('AddUserToGroup', again), '409 EntityAlreadyExists.User.Group')
      await ram.must('UpdateUser', { UserName: 'erin', NewUserName: 'erin2' })
      await ram.must('UpdateGroup', { GroupName: 'ops', NewGroupName: 'operators' })
      const changed = async (more: Record<string, string>) =>
        (await ram.must('UpdateGroup', { GroupName: 'operators', ...more })).Group.Comments
      assert.deepEqual([await changed({}), await changed({ NewComments: '' })], ['operators', ''])
      const members = await ram.must('ListUsersForGroup', { GroupName: 'operators' })
      assert.deepEqual(
        members.Users.User.map((one: { UserName: string }) => one.UserName),
        ['erin2'],
      )
      const groups = await ram.must('ListGroupsForUser', { UserName: 'erin2' })
      assert.deepEqual(
        groups.Groups.Group.map((one: { GroupName: string }) => one.GroupName),
        ['operators'],
      )
      assert.equal((await ram.must('ListPoliciesForGroup', { GroupName: 'operators' })).Policies.Policy.length, 1)
      assert.equal(await ram.outcome('DeleteGroup', { GroupName: 'operators' }), '409 DeleteConflict.Group.User')
      const out = { UserName: 'erin2', GroupName: 'operators' }
      await ram.must('RemoveUserFromGroup', out)
      assert.equal(await listing(), 'Forbidden.NoPermission')
      assert.equal(await ram.outcome('RemoveUserFromGroup', out), '404 EntityNotExist.User.Group')
      assert.equal(await ram.outcome('DeleteGroup', { GroupName: 'operators' }), '409 DeleteConflict.Group.Policy')
      const attached = { PolicyType: 'System', PolicyName: 'AliyunKMSReadOnlyAccess', GroupName: 'operators' }
      await ram.must('DetachPolicyFromGroup', attached)
      assert.equal(await ram.outcome('DetachPolicyFromGroup', attached), '404 EntityNotExist.Group.Policy')
      for (const GroupName of ['g1', 'g2']) await ram.must('CreateGroup', { GroupName })
      assert.equal(await ram.outcome('CreateGroup', { GroupName: 'g3' }), '409 LimitExceeded.Group')
      assert.equal((await ram.must('ListGroups', { MaxItems: '2' })).Groups.Group.length, 2)
      await ram.must('DeleteGroup', { GroupName: 'operators' })
      assert.equal(await ram.outcome('GetGroup', { GroupName: 'operators' }), '404 EntityNotExist.Group')
    })
  })

  describe('policies', () => {
    it('have versions, of which one is in force', async () => {
      const document = (action: string) => ram.document(allow(action))
      const { Policy } = await ram.must('CreatePolicy', {
        PolicyName: 'use',
        PolicyDocument: document('kms:List*'),
        Description: 'd',
      })
      assert.deepEqual(Policy, {
        PolicyName: 'use',
        PolicyType: 'Custom',
        Description: 'd',
        DefaultVersion: 'v1',
        CreateDate: Policy.CreateDate,
      })
      assert.equal(
        await ram.outcome('CreatePolicy', { PolicyName: 'aliyunkmsfullaccess', PolicyDocument: document('*') }),
        '409 EntityAlreadyExists.Policy',
      )
      assert.equal(
        await ram.outcome('CreatePolicy', { PolicyName: 'aliyunkmsfullaccess', PolicyDocument: '{}' }),
        '400 MalformedPolicyDocument',
        'the document comes before the conflict',
      )
      const malformed = await ram.call('CreatePolicy', {
        PolicyName: 'x',
        PolicyDocument: '{"Version":"1","Statement":[{}]}',
      })
      assert.deepEqual([malformed.status, malformed.body.Code], [400, 'MalformedPolicyDocument'])
      assert.match(malformed.body.Message, /Statement\[0\]/)
      await ram.must('CreateUser', { UserName: 'frank' })
      const frank = await ram.accessKeyOf('frank')
      const may = async () =>
        (await Promise.all(['ListKeys', 'ListAliases', 'CreateKey'].map((name) => house.call(name, {}, frank)))).map(
          ({ status }) => status === 200,
        )
      const attached = { PolicyType: 'Custom', PolicyName: 'use', UserName: 'frank' }
      await ram.must('AttachPolicyToUser', attached)
      assert.equal(await ram.outcome('AttachPolicyToUser', attached), '409 EntityAlreadyExists.User.Policy')
      assert.deepEqual(await may(), [true, true, false])
      const { PolicyVersion } = await ram.must('CreatePolicyVersion', {
        PolicyName: 'use',
        PolicyDocument: document('kms:CreateKey'),
      })
      assert.deepEqual([PolicyVersion.VersionId, PolicyVersion.IsDefaultVersion], ['v2', false])
      assert.deepEqual(await may(), [true, true, false])
      await ram.must('SetDefaultPolicyVersion', { PolicyName: 'use', VersionId: 'v2' })
      assert.deepEqual(await may(), [false, false, true])
      for (let i = 3; i <= 5; i++)
        await ram.must('CreatePolicyVersion', { PolicyName: 'use', PolicyDocument: document('*') })
      const sixth = { PolicyName: 'use', PolicyDocument: document('*') }
      assert.equal(await ram.outcome('CreatePolicyVersion', sixth), '409 LimitExceeded.Policy.Version')
      await ram.must('CreatePolicyVersion', {
        ...sixth,
        RotateStrategy: 'DeleteOldestNonDefaultVersionWhenLimitExceeded',
      })
      const versions = await ram.must('ListPolicyVersions', { PolicyType: 'Custom', PolicyName: 'use' })
      assert.deepEqual(
        versions.PolicyVersions.PolicyVersion.map((one: { VersionId: string }) => one.VersionId),
        ['v2', 'v3', 'v4', 'v5', 'v6'],
      )
      const of = (VersionId: string) => ({ PolicyName: 'use', VersionId })
      assert.equal(await ram.outcome('DeletePolicyVersion', of('v2')), '409 DeleteConflict.Policy.Version.Default')
      assert.equal(await ram.outcome('DeletePolicyVersion', of('v1')), '404 EntityNotExist.Policy.Version')
      assert.equal(await ram.outcome('DeletePolicyVersion', of('six')), '400 InvalidParameter.VersionId.Format')
      await ram.must('DeletePolicyVersion', of('v6'))
      const got = await ram.must('GetPolicyVersion', { PolicyType: 'Custom', ...of('v2') })
      assert.equal(got.PolicyVersion.PolicyDocument, document('kms:CreateKey'))
      const policy = await ram.must('GetPolicy', { PolicyType: 'Custom', PolicyName: 'USE' })
      assert.deepEqual([policy.Policy.AttachmentCount, policy.DefaultPolicyVersion.VersionId], [1, 'v2'])
      assert.equal(
        (await ram.must('UpdatePolicyDescription', { PolicyName: 'use', NewDescription: 'n' })).Policy.Description,
        'n',
      )
      assert.equal(
        (await ram.must('UpdatePolicyDescription', { PolicyName: 'use', NewDescription: '' })).Policy.Description,
        '',
      )
      const entities = await ram.must('ListEntitiesForPolicy', { PolicyType: 'Custom', PolicyName: 'use' })
      assert.deepEqual(
        entities.Users.User.map((one: { UserName: string }) => one.UserName),
        ['frank'],
      )
      assert.deepEqual([entities.Groups, entities.Roles], [{ Group: [] }, { Role: [] }])
      assert.equal(await ram.outcome('DeletePolicy', { PolicyName: 'use' }), '409 DeleteConflict.Policy.User')
      await ram.must('DetachPolicyFromUser', attached)
      assert.deepEqual(await may(), [false, false, false])
      assert.equal(await ram.outcome('DetachPolicyFromUser', attached), '404 EntityNotExist.User.Policy')
      assert.equal(await ram.outcome('DeletePolicy', { PolicyName: 'use' }), '409 DeleteConflict.Policy.Version')
      await ram.must('DeletePolicy', { PolicyName: 'use', CascadingDelete: 'true' })
    })

    it('of the system can be attached, and not changed', async () => {
      const { Policies } = await ram.must('ListPolicies', { PolicyType: 'System' })
      assert.equal(Policies.Policy.length, 19)
      for (const { PolicyName, Description, CreateDate, UpdateDate } of Policies.Policy)
        for (const text of [Description, CreateDate, UpdateDate]) assert.notEqual(text, '', PolicyName)
      for (const PolicyName of [
        'AliyunECSFullAccess',
        'AliyunGlobalAccelerationReadOnlyAccess',
        'AliyunRDSGADReadOnlyAccess',
      ])
        assert.equal(await ram.outcome('GetPolicy', { PolicyType: 'System', PolicyName }), 'OK', PolicyName)
      for (const [action, more] of [
        ['DeletePolicy', {}],
        ['CreatePolicyVersion', { PolicyDocument: ram.document(allow('*')) }],
        ['UpdatePolicyDescription', { NewDescription: 'mine' }],
      ] as const)
        assert.equal(
          await ram.outcome(action, { PolicyName: 'AdministratorAccess', ...more }),
          '404 EntityNotExist.Policy',
        )
      assert.equal(
        await ram.outcome('GetPolicy', { PolicyType: 'Own', PolicyName: 'x' }),
        '400 InvalidParameter.PolicyType',
      )
    })

    it('are limited in number for each user, and listed with the others by name', async () => {
      await ram.must('CreateUser', { UserName: 'grace' })
      for (const PolicyName of ['a1', 'Zz', 'm']) {
        await ram.must('CreatePolicy', {
          PolicyName,
          PolicyDocument: ram.document(allow('*')),
          Tag: '[{"Key":"k","Value":"v"}]',
        })
      }
      const attach = (PolicyName: string) =>
        ram.outcome('AttachPolicyToUser', { PolicyType: 'Custom', PolicyName, UserName: 'grace' })
      assert.deepEqual(
        [await attach('a1'), await attach('m'), await attach('zz')],
        ['OK', 'OK', '409 LimitExceeded.User.Policy'],
      )
      assert.equal(
        await ram.outcome('AttachPolicyToUser', {
          PolicyType: 'Custom',
          PolicyName: 'zz',
          UserName: 'grace',
          ResourceGroupId: 'rg',
        }),
        '404 EntityNotExists.ResourceGroup',
      )
      const names: string[] = []
      for (let Marker = '', more = true; more; ) {
        const page = await ram.must('ListPolicies', { MaxItems: '7', ...(Marker && { Marker }) })
        names.push(...page.Policies.Policy.map((one: { PolicyName: string }) => one.PolicyName.toLowerCase()))
        more = page.IsTruncated
        Marker = page.Marker
      }
      assert.deepEqual(names, names.toSorted())
      assert.equal(names.length, 22)
      const tagged = await ram.must('ListPolicies', { Tag: '[{"Key":"k"}]' })
      assert.equal(tagged.Policies.Policy.length, 3)
      assert.deepEqual(tagged.Policies.Policy[0].Tags, { Tag: [{ TagKey: 'k', TagValue: 'v' }] })
      assert.equal((await ram.must('ListPoliciesForUser', { UserName: 'grace' })).Policies.Policy.length, 2)
      assert.equal(await ram.outcome('DeleteUser', { UserName: 'grace' }), '409 DeleteConflict.User.Policy')
    })
  })

  describe('roles', () => {
    it('are created with a trust policy that names whom there is', async () => {
      const missing = TRUST(`acs:ram::${account()}:user/nobody`)
      assert.equal(
        await ram.outcome('CreateRole', { RoleName: 'reader', AssumeRolePolicyDocument: missing }),
        '400 MalformedPolicyDocument',
      )
      const AssumeRolePolicyDocument = TRUST(`acs:ram::${account()}:root`, 'acs:ram::1234567890123456:user/x')
      const { Role } = await ram.must('CreateRole', {
        RoleName: 'Reader',
        AssumeRolePolicyDocument,
        'Tag.1.Key': 'team',
        'Tag.1.Value': 'a',
      })
      assert.match(Role.RoleId, /^3\d{17}$/)
      assert.deepEqual([Role.Arn, Role.MaxSessionDuration], [`acs:ram::${account()}:role/Reader`, 3600])
      assert.equal('UpdateDate' in Role, false)
      assert.equal(
        await ram.outcome('CreateRole', { RoleName: 'READER', AssumeRolePolicyDocument }),
        '409 EntityAlreadyExists.Role',
      )
      assert.equal(
        await ram.outcome('CreateRole', { RoleName: 'READER', AssumeRolePolicyDocument: '{}' }),
        '400 MalformedPolicyDocument',
        'the document comes before the conflict',
      )
      assert.equal(
        (await ram.must('GetRole', { RoleName: 'reader' })).Role.AssumeRolePolicyDocument,
        AssumeRolePolicyDocument,
      )
      const updated = await ram.must('UpdateRole', {
        RoleName: 'reader',
        NewMaxSessionDuration: '7200',
        NewDescription: 'd',
      })
      assert.deepEqual([updated.Role.MaxSessionDuration, updated.Role.Description], [7200, 'd'])
      const cleared = await ram.must('UpdateRole', { RoleName: 'reader', NewDescription: '' })
      assert.deepEqual([cleared.Role.MaxSessionDuration, cleared.Role.Description], [7200, ''])
      assert.equal(
        await ram.outcome('UpdateRole', { RoleName: 'reader', NewMaxSessionDuration: '60' }),
        '400 InvalidParameter.NewMaxSessionDuration',
      )
      const attached = { PolicyType: 'System', PolicyName: 'ReadOnlyAccess', RoleName: 'reader' }
      await ram.must('AttachPolicyToRole', attached)
      assert.equal((await ram.must('ListPoliciesForRole', { RoleName: 'reader' })).Policies.Policy.length, 1)
      assert.equal(await ram.outcome('DeleteRole', { RoleName: 'reader' }), '409 DeleteConflict.Role.Policy')
      assert.equal((await ram.must('ListRoles', { 'Tag.1.Key': 'other' })).Roles.Role.length, 0)
      const { Roles } = await ram.must('ListRoles', { 'Tag.1.Key': 'team' })
      assert.deepEqual(Roles.Role[0].Tags, { Tag: [{ TagKey: 'team', TagValue: 'a' }] })
      assert.equal(Roles.Role.length, 1)
      assert.equal('AssumeRolePolicyDocument' in Roles.Role[0], false)
      await ram.must('DetachPolicyFromRole', attached)
      await ram.must('DeleteRole', { RoleName: 'reader' })
      assert.equal(await ram.outcome('GetRole', { RoleName: 'reader' }), '404 EntityNotExist.Role')
    })
  })

  describe('tags of roles and policies', () => {
    const json = JSON.stringify
    const names = (ResourceType: string, ...all: string[]) => ({ ResourceType, ResourceNames: json(all) })
    const tags = (all: Record<string, string>) => ({
      Tag: json(Object.entries(all).map(([Key, Value]) => ({ Key, Value }))),
    })
    const listed = async (parameters: Record<string, string>) => {
      const { TagResources, NextToken } = await ram.must('ListTagResources', parameters)
      const rows = TagResources.map((row: Record<string, string>) => [
        row['ResourceName'],
        row['TagKey'],
        row['TagValue'],
      ])
      return { rows, NextToken }
    }
    before(async () => {
      for (const RoleName of ['Tagged-b', 'tagged-a'])
        await ram.must('CreateRole', {
          RoleName,
          AssumeRolePolicyDocument: TRUST('acs:ram::1:root'),
          ...tags({ at: 'birth' }),
        })
      await ram.must('CreatePolicy', { PolicyName: 'tagged', PolicyDocument: ram.document(allow('a:B')) })
    })
    after(async () => {
      for (const RoleName of ['Tagged-b', 'tagged-a']) await ram.must('DeleteRole', { RoleName })
      await ram.must('DeletePolicy', { PolicyName: 'tagged' })
    })

    it('are set, replaced, listed and removed: of all that a call names, or of none', async () => {
      await ram.must('TagResources', { ...names('role', 'TAGGED-A', 'tagged-b'), ...tags({ team: 'a', at: 'work' }) })
      const all = [
        ['tagged-a', 'at', 'work'],
        ['tagged-a', 'team', 'a'],
        ['Tagged-b', 'at', 'work'],
        ['Tagged-b', 'team', 'a'],
      ]
      assert.deepEqual(await listed(names('role', 'tagged-b', 'tagged-a')), { rows: all, NextToken: undefined })
      assert.deepEqual((await listed({ ResourceType: 'role' })).rows, all)
      const half = { ...names('role', 'tagged-a', 'nobody'), ...tags({ team: 'b' }) }
      assert.equal(await ram.outcome('TagResources', half), '404 EntityNotExist.Role')
      assert.equal(await ram.outcome('UntagResources', { ...half, TagKeys: '["team"]' }), '404 EntityNotExist.Role')
      assert.deepEqual((await listed(names('role', 'tagged-a'))).rows, all.slice(0, 2))
      const pieces = { 'ResourceNames.1': 'tagged-a', 'TagKeys.1': 'team', 'TagKeys.2': 'no such key' }
      await ram.must('UntagResources', { ResourceType: 'role', ...pieces })
      assert.deepEqual((await listed({ ResourceType: 'role', ...tags({ team: '' }) })).rows, all.slice(2))
      assert.deepEqual((await listed({ ResourceType: 'role', ...tags({ team: 'b' }) })).rows, [])
      await ram.must('UntagResources', { ...names('role', 'tagged-b'), All: 'true' })
      assert.deepEqual((await listed({ ResourceType: 'role' })).rows, all.slice(0, 1))
      await ram.must('TagResources', { ...names('policy', 'Tagged'), ...tags({ empty: '' }) })
      assert.deepEqual((await listed(names('policy', 'tagged'))).rows, [['tagged', 'empty', '']])
      const { Policies } = await ram.must('ListPolicies', tags({ empty: '' }))
      assert.deepEqual(Policies.Policy[0].Tags, { Tag: [{ TagKey: 'empty', TagValue: '' }] })
    })

    it('are listed page by page, through changes between the pages', async () => {
      await ram.must('TagResources', { ...names('role', 'tagged-a', 'tagged-b'), ...tags({ k1: '', k2: '', k3: '' }) })
      const keys: string[] = []
      for (let token: Record<string, string> | null = {}; token; ) {
        const { rows, NextToken } = await listed({ ResourceType: 'role', PageSize: '2', ...token })
        keys.push(...rows.map(([name, key]: string[]) => `${name}/${key}`))
        await ram.must('UntagResources', { ...names('role', 'tagged-a'), TagKeys: '["at","k1"]' })
        token = NextToken === undefined ? null : { NextToken }
      }
      const b = ['Tagged-b/k1', 'Tagged-b/k2', 'Tagged-b/k3']
      assert.deepEqual(keys, ['tagged-a/at', 'tagged-a/k1', 'tagged-a/k2', 'tagged-a/k3', ...b])
      await ram.must('UntagResources', { ...names('role', 'tagged-a', 'tagged-b'), All: 'true' })
    })

    it('are refused with what is wrong with their parameters', async () => {
      const many = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`key-${i}`, '']))
      const role = names('role', 'tagged-a')
      await ram.must('TagResources', { ...role, ...tags(many) })
      const cases: [action: string, parameters: Record<string, string>, code: string][] = [
        ['TagResources', { ...role, ...tags({ 'key-20': '' }) }, '409 LimitExceeded.Tag'],
        ['TagResources', { ...role, ...tags({ ...many, 'key-20': '' }) }, '400 InvalidParameter.Tag'],
        ['TagResources', { ...role, ...tags({ 'acs:x': '' }) }, '400 InvalidParameter.Tag'],
        ['TagResources', { ...role, ...tags({ Aliyun: '' }) }, '400 InvalidParameter.Tag'],
        ['TagResources', { ...role, ...tags({ x: 'http://x' }) }, '400 InvalidParameter.Tag'],
        ['TagResources', { ...role, ...tags({}) }, '400 InvalidParameter.Tag'],
        ['TagResources', role, '400 MissingParameter'],
        ['TagResources', { ...names('user', 'a'), ...tags({ a: '' }) }, '400 InvalidParameter.ResourceType'],
        ['TagResources', { ...names('role'), ...tags({ a: '' }) }, '400 InvalidParameter.ResourceNames'],
        [
          'TagResources',
          { ...names('policy', 'AdministratorAccess'), ...tags({ a: '' }) },
          '404 EntityNotExist.Policy',
        ],
        ['UntagResources', role, '400 MissingParameter'],
        ['UntagResources', { ...role, TagKeys: '[]' }, '400 InvalidParameter.TagKeys'],
        ['ListTagResources', names('policy', 'nothing'), '404 EntityNotExist.Policy'],
        ['ListTagResources', { ...role, PageSize: '101' }, '400 InvalidParameter.PageSize'],
        ['ListTagResources', { ...role, NextToken: 'x' }, '400 InvalidParameter.NextToken'],
      ]
      for (const [action, parameters, code] of cases)
        assert.equal(await ram.outcome(action, parameters), code, `${action} ${json(parameters)}`)
    })

    it('name in their events what they are about', async () => {
      await ram.must('UntagResources', { ...names('role', 'TAGGED-a'), TagKeys: '["key-1"]' })
      const last = (await house.events()).at(-1)
      assert.deepEqual(last?.['referencedResources'], { 'ACS::RAM::Role': ['tagged-a'] })
      assert.equal(last?.['eventRW'], 'Write')
    })
  })

  describe('passwords and the account', () => {
    it('keep what the password policy demands, and never show a password', async () => {
      await ram.must('CreateUser', { UserName: 'heidi' })
      const weak = { UserName: 'heidi', Password: 'short' }
      assert.equal(await ram.outcome('CreateLoginProfile', weak), '400 InvalidParameter.Password.TooWeak')
      await ram.must('SetPasswordPolicy', { RequireNumbers: 'true', MinimumPasswordLength: '10' })
      const { PasswordPolicy } = await ram.must('SetPasswordPolicy', { MaxPasswordAge: '90' })
      const { RequireNumbers, MinimumPasswordLength, MaxPasswordAge } = PasswordPolicy
      assert.deepEqual([RequireNumbers, MinimumPasswordLength, MaxPasswordAge], [true, 10, 90], 'absent: unchanged')
      assert.deepEqual((await ram.must('GetPasswordPolicy')).PasswordPolicy, PasswordPolicy)
      await ram.must('SetPasswordPolicy', { MaxPasswordAge: '0' })
      assert.equal(
        await ram.outcome('SetPasswordPolicy', { MinimumPasswordLength: '7' }),
        '400 InvalidParameter.MinimumPasswordLength.Range',
      )
      assert.equal(
        await ram.outcome('CreateLoginProfile', { ...weak, Password: 'no digits at all' }),
        '400 InvalidParameter.Password.TooWeak',
      )
      const Password = 'canary-password-1'
      await ram.must('CreateLoginProfile', { UserName: 'heidi', Password, PasswordResetRequired: 'true' })
      assert.equal(
        await ram.outcome('CreateLoginProfile', { UserName: 'heidi', Password }),
        '409 EntityAlreadyExists.User.LoginProfile',
      )
      assert.equal((await ram.must('GetLoginProfile', { UserName: 'heidi' })).LoginProfile.PasswordResetRequired, true)
      const heidi = ramOf(house, await ram.accessKeyOf('heidi'))
      const change = (OldPassword: string, NewPassword: string) =>
        heidi.outcome('ChangePassword', { OldPassword, NewPassword })
      called.add('ChangePassword')
      assert.equal(await change('wrong', 'canary-password-2'), 'InvalidParameter.OldPassword')
      assert.equal(await change(Password, 'canary-password-2'), 'OK')
      assert.equal(await change(Password, 'canary-password-3'), 'InvalidParameter.OldPassword')
      await ram.must('SetSecurityPreference', { AllowUserToChangePassword: 'false' })
      assert.equal(await change('canary-password-2', 'canary-password-4'), 'NoPermission')
      await ram.must('UpdateLoginProfile', { UserName: 'heidi', PasswordResetRequired: 'false' })
      const same = { UserName: 'heidi', Password: 'canary-password-2' }
      assert.equal(await ram.outcome('UpdateLoginProfile', same), 'OK', 'while no former password is kept')
      await ram.must('SetPasswordPolicy', { PasswordReusePrevention: '1' })
      assert.equal(await ram.outcome('UpdateLoginProfile', same), '400 InvalidParameter.Password.TooWeak')
      await ram.must('SetPasswordPolicy', { PasswordReusePrevention: '0' })
      assert.equal(JSON.stringify(await house.events()).includes('canary-password'), false)
      await ram.must('DeleteLoginProfile', { UserName: 'heidi' })
      assert.equal(await ram.outcome('GetLoginProfile', { UserName: 'heidi' }), '404 EntityNotExist.User.LoginProfile')
    })

    it('have an alias', async () => {
      assert.equal((await ram.must('GetAccountAlias')).AccountAlias, '')
      assert.equal(
        await ram.outcome('SetAccountAlias', { AccountAlias: 'a' }),
        '400 InvalidParameter.AccountAlias.Length',
      )
      assert.equal(
        await ram.outcome('SetAccountAlias', { AccountAlias: 'a--b' }),
        '400 InvalidParameter.AccountAlias.Format',
      )
      const theirs = newCredentials(SYSTEM)
      await house.open.accounts.provide(theirs, 'theirs', house.now)
      const they = ramOf(house, theirs)
      await ram.must('SetAccountAlias', { AccountAlias: 'my-team' })
      assert.equal(
        await they.outcome('SetAccountAlias', { AccountAlias: 'my-team' }),
        'EntityAlreadyExists.AccountAlias',
      )
      for (const AccountAlias of ['other', 'other', 'my-team', 'other']) {
        await ram.must('SetAccountAlias', { AccountAlias })
        assert.equal((await ram.must('GetAccountAlias')).AccountAlias, AccountAlias)
      }
      assert.equal(await they.outcome('SetAccountAlias', { AccountAlias: 'my-team' }), 'OK', 'it is free again')
      await ram.must('ClearAccountAlias')
      await ram.must('ClearAccountAlias')
      assert.equal((await ram.must('GetAccountAlias')).AccountAlias, '')
      assert.equal(
        await ram.outcome('SetAccountAlias', { AccountAlias: 'my-team' }),
        '409 EntityAlreadyExists.AccountAlias',
      )
    })
  })

  describe('MFA devices', () => {
    const SERIAL = () => `acs:ram::${account()}:mfa/Phone`

    it('are created, bound with two codes that follow each other, listed, unbound and deleted', async () => {
      await ram.must('CreateUser', { UserName: 'mia', DisplayName: 'Mia' })
      const { VirtualMFADevice: device } = await ram.must('CreateVirtualMFADevice', { VirtualMFADeviceName: 'Phone' })
      assert.equal(device.SerialNumber, SERIAL())
      assert.match(device.Base32StringSeed, /^[A-Z2-7]{32}$/)
      assert.deepEqual(scanned(device.QRCodePNG), {
        label: `Strongroom:Phone@${account()}`,
        secret: device.Base32StringSeed,
      })
      const again = { VirtualMFADeviceName: 'phone' }
      assert.equal(await ram.outcome('CreateVirtualMFADevice', again), '409 EntityAlreadyExists.VirtualMFADevice')
      const bad = { VirtualMFADeviceName: 'a_b' }
      assert.equal(
        await ram.outcome('CreateVirtualMFADevice', bad),
        '400 InvalidParameter.VirtualMFADeviceName.InvalidChars',
      )
      const { VirtualMFADevices: before } = await ram.must('ListVirtualMFADevices')
      assert.deepEqual(before.VirtualMFADevice, [{ SerialNumber: SERIAL() }])
      assert.equal(await ram.outcome('GetUserMFAInfo', { UserName: 'mia' }), '404 EntityNotExist.User.MFADevice')

      const code = (ms: number) => codeOf(device.Base32StringSeed, house.now + ms)
      const bind = (first: string, second: string, more = {}) =>
        ram.outcome('BindMFADevice', {
          UserName: 'mia',
          SerialNumber: SERIAL(),
          AuthenticationCode1: first,
          AuthenticationCode2: second,
          ...more,
        })
      assert.equal(await bind('12345', code(0)), '400 InvalidParameter.AuthenticationCode.Format')
      assert.equal(await bind(code(0), code(0)), '403 CheckAuthenticationCodeFail')
      assert.equal(await bind(code(0), code(-30_000)), '403 CheckAuthenticationCodeFail')
      assert.equal(await bind(code(-90_000), code(-60_000)), '403 CheckAuthenticationCodeFail')
      const elsewhere = { SerialNumber: 'acs:ram::1000000000000009:mfa/Phone' }
      assert.equal(await bind(code(-30_000), code(0), elsewhere), '404 EntityNotExist.VirtualMFADevice')
      assert.equal(await bind(code(-30_000), code(0)), 'OK')
      assert.equal(await bind(code(0), code(30_000)), '409 EntityAlreadyExists.User.MFADevice')
      await ram.must('CreateUser', { UserName: 'noah' })
      assert.equal(
        await bind(code(0), code(30_000), { UserName: 'noah' }),
        '409 EntityAlreadyExists.VirtualMFADevice.User',
      )

      const { User } = await ram.must('GetUser', { UserName: 'mia' })
      const { VirtualMFADevices: bound } = await ram.must('ListVirtualMFADevices')
      assert.deepEqual(bound.VirtualMFADevice, [
        {
          SerialNumber: SERIAL(),
          ActivateDate: new Date(house.now).toISOString().replace(/\.\d+/, ''),
          User: { UserId: User.UserId, UserName: 'mia', DisplayName: 'Mia' },
        },
      ])
      const { MFADevice } = await ram.must('GetUserMFAInfo', { UserName: 'mia' })
      assert.deepEqual(MFADevice, { SerialNumber: SERIAL(), Type: 'VMFA' })
      assert.equal(await ram.outcome('DeleteUser', { UserName: 'mia' }), '409 DeleteConflict.User.MFADevice')
      const named = { SerialNumber: SERIAL() }
      assert.equal(await ram.outcome('DeleteVirtualMFADevice', named), '409 DeleteConflict.VirtualMFADevice.User')
      assert.deepEqual((await ram.must('UnbindMFADevice', { UserName: 'mia' })).MFADevice, named)
      // The codes that bound it count no more.
      assert.equal(await bind(code(-30_000), code(0)), '403 CheckAuthenticationCodeFail')
      await ram.must('DeleteVirtualMFADevice', { SerialNumber: SERIAL().replace('Phone', 'PHONE') })
      assert.equal(await ram.outcome('DeleteVirtualMFADevice', named), '404 EntityNotExist.VirtualMFADevice')
      for (const UserName of ['mia', 'noah']) await ram.must('DeleteUser', { UserName })
      const told = JSON.stringify(await house.events())
      for (const secret of [device.Base32StringSeed, device.QRCodePNG, 'AuthenticationCode1'])
        assert.ok(!told.includes(secret), secret)
    })

    it('are removed when Terraform destroys a user with force_destroy', async () => {
      const UserName = 'forced'
      await ram.must('CreateUser', { UserName })
      const { accessKeyId } = await ram.accessKeyOf(UserName)
      const policy = { PolicyType: 'System', PolicyName: 'AliyunKMSReadOnlyAccess', UserName }
      await ram.must('AttachPolicyToUser', policy)
      const { VirtualMFADevice: device } = await ram.must('CreateVirtualMFADevice', { VirtualMFADeviceName: 'Forced' })
      const code = (ms: number) => codeOf(device.Base32StringSeed, house.now + ms)
      const codes = { AuthenticationCode1: code(-30_000), AuthenticationCode2: code(0) }
      const { SerialNumber } = device
      await ram.must('BindMFADevice', { UserName, SerialNumber, ...codes })
      await ram.must('DeleteAccessKey', { UserName, UserAccessKeyId: accessKeyId })
      await ram.must('DetachPolicyFromUser', policy)
      assert.equal(await ram.outcome('DeleteLoginProfile', { UserName }), '404 EntityNotExist.User.LoginProfile')
      assert.equal(await ram.outcome('UnbindMFADevice', { UserName }), 'OK')
      assert.equal(await ram.outcome('UnbindMFADevice', { UserName }), '404 EntityNotExist.User.MFADevice')
      assert.equal(await ram.outcome('DeleteUser', { UserName }), 'OK')
      await ram.must('DeleteVirtualMFADevice', { SerialNumber })
    })

    it('are as many as the quota allows', async () => {
      for (const VirtualMFADeviceName of ['one', 'two'])
        await ram.must('CreateVirtualMFADevice', { VirtualMFADeviceName })
      const third = { VirtualMFADeviceName: 'three' }
      assert.equal(await ram.outcome('CreateVirtualMFADevice', third), '409 LimitExceeded.VirtualMFADevice')
    })

    it('are managed by users themselves where the security preference says so: their own only', async () => {
      for (const name of ['one', 'two'])
        await ram.must('DeleteVirtualMFADevice', { SerialNumber: `acs:ram::${account()}:mfa/${name}` })
      for (const UserName of ['ole_o', 'pia']) await ram.must('CreateUser', { UserName })
      const own = ramOf(house, await ram.accessKeyOf('ole_o'))
      const create = (VirtualMFADeviceName: string) => own.call('CreateVirtualMFADevice', { VirtualMFADeviceName })
      assert.equal((await create('pia')).body.Code, 'NoPermission')
      assert.equal(await own.outcome('ListVirtualMFADevices'), 'NoPermission')
      const { VirtualMFADevice: device } = (await create('ole-o')).body
      const code = (ms: number) => codeOf(device.Base32StringSeed, house.now + ms)
      const codes = { AuthenticationCode1: code(-30_000), AuthenticationCode2: code(0) }
      const { SerialNumber } = device
      assert.equal(await own.outcome('BindMFADevice', { UserName: 'pia', SerialNumber, ...codes }), 'NoPermission')
      assert.equal(await own.outcome('BindMFADevice', { UserName: 'ole_o', SerialNumber, ...codes }), 'OK')
      assert.equal(await own.outcome('GetUserMFAInfo', { UserName: 'ole_o' }), 'OK')
      assert.equal(await own.outcome('UnbindMFADevice', { UserName: 'ole_o' }), 'OK')
      await ram.must('SetSecurityPreference', { AllowUserToManageMFADevices: 'false' })
      assert.equal(await own.outcome('DeleteVirtualMFADevice', { SerialNumber }), 'NoPermission')
      await ram.must('SetSecurityPreference', { AllowUserToManageMFADevices: 'true' })
      assert.equal(await own.outcome('DeleteVirtualMFADevice', { SerialNumber }), 'OK')
    })
  })

  it('counts what the account has beside its quotas', async () => {
    const summary = async () => (await ram.must('GetAccountSummary')).SummaryMap
    const before = await summary()
    await ram.must('CreateUser', { UserName: 'counted' })
    await ram.must('CreateGroup', { GroupName: 'counted' })
    const after = await summary()
    assert.deepEqual([after.Users, after.Groups, after.Roles], [before.Users + 1, before.Groups + 1, before.Roles])
    assert.deepEqual(
      [after.UsersQuota, after.GroupsQuota, after.AccessKeysPerUserQuota],
      [1000, 3, 2],
      'the quotas of this house',
    )
  })

  it('has been called in each of its operations', () => {
    assert.deepEqual(
      ramOperations.map(({ name }) => name).filter((name) => !called.has(name)),
      [],
    )
  })

  it('leaves events that are global, with the identity of the caller and without secrets', async () => {
    const events = await house.events()
    const created = events.find(({ eventName }) => eventName === 'CreateAccessKey')
    assert.equal(created?.['isGlobal'], true)
    assert.equal(created?.['serviceName'], 'Ram')
    const resources = created?.['referencedResources'] as Record<string, string[]>
    assert.deepEqual(Object.keys(resources), ['ACS::RAM::User', 'ACS::RAM::AccessKey'])
    assert.equal(JSON.stringify(events).includes('AccessKeySecret'), false)
  })

  it('leaves events that name the AccessKey and the MFA device that a call is about', async () => {
    const UserName = 'named'
    await ram.must('CreateUser', { UserName })
    const { AccessKeyId: UserAccessKeyId } = (await ram.must('CreateAccessKey', { UserName })).AccessKey
    await ram.must('UpdateAccessKey', { UserName, UserAccessKeyId, Status: 'Inactive' })
    await ram.must('GetAccessKeyLastUsed', { UserName, UserAccessKeyId })
    await ram.must('DeleteAccessKey', { UserName, UserAccessKeyId })
    await ram.outcome('DeleteAccessKey', { UserName, UserAccessKeyId })
    await ram.outcome('DeleteAccessKey', { UserName: 'no name', UserAccessKeyId })
    await ram.outcome('DeleteAccessKey', { UserName })
    const { SerialNumber, Base32StringSeed: seed } = (
      await ram.must('CreateVirtualMFADevice', { VirtualMFADeviceName: 'Tablet' })
    ).VirtualMFADevice
    const [first, second] = [codeOf(seed, house.now - 30_000), codeOf(seed, house.now)]
    const codes = { AuthenticationCode1: first, AuthenticationCode2: second }
    await ram.must('BindMFADevice', { UserName, SerialNumber: SerialNumber.toLowerCase(), ...codes })
    await ram.must('UnbindMFADevice', { UserName })
    await ram.outcome('UnbindMFADevice', { UserName })
    const [user, key] = [{ 'ACS::RAM::User': [UserName] }, { 'ACS::RAM::AccessKey': [UserAccessKeyId] }]
    const device = { 'ACS::RAM::VirtualMFADevice': ['Tablet'] }
    assert.deepEqual(
      (await house.events()).slice(-10).map(({ eventName, referencedResources }) => [eventName, referencedResources]),
      [
        ['UpdateAccessKey', { ...user, ...key }],
        ['GetAccessKeyLastUsed', { ...user, ...key }],
        ['DeleteAccessKey', { ...user, ...key }],
        ['DeleteAccessKey', { ...user, ...key }],
        ['DeleteAccessKey', key],
        ['DeleteAccessKey', user],
        ['CreateVirtualMFADevice', device],
        ['BindMFADevice', { ...user, ...device }],
        ['UnbindMFADevice', { ...user, ...device }],
        ['UnbindMFADevice', user],
      ],
    )
  })

  it('lets no client undo what another one changes at the same time', async () => {
    await ram.must('CreateUser', { UserName: 'ivan' })
    const results = await Promise.all(
      Array.from({ length: 6 }, () => ram.outcome('CreateAccessKey', { UserName: 'ivan' })),
    )
    assert.deepEqual(results.toSorted(), [...Array(4).fill('409 LimitExceeded.User.AccessKey'), 'OK', 'OK'])
    await ram.must('CreatePolicy', { PolicyName: 'race', PolicyDocument: ram.document(allow('*')) })
    const both = await Promise.all([
      ram.outcome('AttachPolicyToUser', { PolicyType: 'Custom', PolicyName: 'race', UserName: 'ivan' }),
      ram.outcome('DeletePolicy', { PolicyName: 'race' }),
    ])
    const after = await ram.outcome('GetPolicy', { PolicyType: 'Custom', PolicyName: 'race' })
    assert.ok(both.includes('OK') && both.filter((one) => one === 'OK').length === 1, both.join())
    assert.equal(after, both[0] === 'OK' ? 'OK' : '404 EntityNotExist.Policy')
  })
})
