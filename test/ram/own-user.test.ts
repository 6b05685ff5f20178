// A user that is renamed in the middle of a call of its own: the call is about the user, not about whoever has the name now.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { UserCaller } from '../../src/api/caller.ts'
import type { RamContext } from '../../src/ram/operation.ts'
import { locateOwnOrNamed, ownOrNamedHolder } from '../../src/ram/own-or-named.ts'
import { openTestHouse } from '../house.ts'
import { ramOf } from './ram.ts'

describe('a call of a user on itself', () => {
  it('compares the id of the user', async () => {
    await using house = await openTestHouse(null)
    const ram = ramOf(house)
    const { accountId } = house.credentials
    await ram.must('SetSecurityPreference', { AllowUserToManageAccessKeys: 'true' })
    const { UserId: principalId } = (await ram.must('CreateUser', { UserName: 'alice' })).User
    // As it was authenticated, before it was renamed and the name given away.
    const caller: UserCaller = { type: 'ram-user', accountId, principalId, userName: 'alice', accessKeyId: 'x' }
    await ram.must('UpdateUser', { UserName: 'alice', NewUserName: 'former' })
    await ram.must('CreateUser', { UserName: 'alice' })
    const context = { caller, ledger: house.open.ledger.view() } as unknown as RamContext
    const arn = (name: string) => `acs:ram:*:${accountId}:user/${name}`
    const resources = await locateOwnOrNamed({ UserName: null }, context)
    assert.deepEqual(
      resources.map((one) => one.arn),
      [arn('former')],
    )
    assert.equal((await ownOrNamedHolder({ UserName: null }, context)).id, principalId)
    const facts = { now: house.now, secureTransport: false, sourceAddress: '::1', requestTags: [] }
    const may = async (name: string) => {
      const asked = [{ type: '', name, arn: arn(name) }]
      const request = {
        caller,
        action: 'ram:CreateAccessKey',
        resources: asked,
        facts,
        selfService: 'access keys',
        ledger: house.open.ledger.view(),
      } as const
      return (await house.open.authorizer.denial(request)) === null
    }
    assert.deepEqual([await may('former'), await may('alice')], [true, false])
  })

  it('needs no policy, but a Deny still counts, and so does every other resource', async () => {
    await using house = await openTestHouse(null)
    const ram = ramOf(house)
    await ram.must('SetSecurityPreference', { AllowUserToManageAccessKeys: 'true' })
    await ram.must('CreateUser', { UserName: 'alice' })
    const alice = await ram.accessKeyOf('alice')
    const own = ramOf(house, alice)
    const caller = await house.open.accessKeys.find(alice.accessKeyId, house.open.ledger.view())
    assert.ok(caller)
    const facts = { now: house.now, secureTransport: false, sourceAddress: '::1', requestTags: [] }
    const deniedOn = async (...names: string[]) => {
      const arns = names.map((name) => `acs:ram:*:${alice.accountId}:user/${name}`)
      const denial = await house.open.authorizer.denial({
        caller: caller.caller,
        action: 'ram:ListAccessKeys',
        resources: arns.map((arn) => ({ type: '', name: '', arn })),
        facts,
        selfService: 'access keys',
        ledger: house.open.ledger.view(),
      })
      return denial && [denial.type, denial.resource.replace(/.*\//, '')]
    }
    assert.equal(await own.outcome('ListAccessKeys'), 'OK')
    assert.equal(await deniedOn('alice', 'alice'), null)
    assert.deepEqual(await deniedOn('alice', 'bob'), ['ImplicitDeny', 'bob'])
    assert.deepEqual(await deniedOn('bob', 'alice'), ['ImplicitDeny', 'bob'])

    const PolicyDocument = ram.document({ Effect: 'Deny', Action: 'ram:ListAccessKeys', Resource: '*/alice' })
    await ram.must('CreatePolicy', { PolicyName: 'no', PolicyDocument })
    await ram.must('AttachPolicyToUser', { PolicyType: 'Custom', PolicyName: 'no', UserName: 'alice' })
    assert.equal(await own.outcome('ListAccessKeys'), 'NoPermission')
    assert.deepEqual(await deniedOn('alice'), ['ExplicitDeny', 'alice'])
    assert.deepEqual(await deniedOn('bob', 'alice'), ['ImplicitDeny', 'bob'])
  })

  it('is refused with the detail of a denial where the caller is no user', async () => {
    await using house = await openTestHouse(null)
    const passwords = { OldPassword: 'long-enough-1', NewPassword: 'long-enough-2' }
    const { status, body } = await ramOf(house).call('ChangePassword', passwords)
    assert.deepEqual([status, body.Code, body.Message], [403, 'NoPermission', 'Only a user has a password.'])
    assert.deepEqual(body.AccessDeniedDetail, {
      AuthAction: 'ram:ChangePassword',
      AuthPrincipalType: 'Account',
      AuthPrincipalDisplayName: 'root',
      NoPermissionType: 'ImplicitDeny',
      PolicyType: 'IdentityBased',
    })
  })
})
