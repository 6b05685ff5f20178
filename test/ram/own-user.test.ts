// A user that is renamed in the middle of a call of its own: the call is about the user, not about whoever has the name now.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { UserCaller } from '../../src/api/caller.ts'
import type { RamContext } from '../../src/ram/operation.ts'
import { locateOwnOrNamed, ownOrNamedHolder } from '../../src/ram/own-or-named.ts'
import { openTestHouse } from '../house.ts'
import { ramOf } from './ram.ts'

describe('a call of a user on itself', () => {
  it('goes by the id of the user', async () => {
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
