// Whom a trust policy means, whatever users and roles are called meanwhile; and what a change of name takes.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, beforeEach, describe, it } from 'node:test'
import { openHouse } from '../../src/house/open.ts'
import { update } from '../../src/ledger/record.ts'
import { newCredentials } from '../../src/ram/account.ts'
import { ROLE, ramScope } from '../../src/ram/records.ts'
import { bindFormerRoles } from '../../src/ram/trusted-ids.ts'
import { SYSTEM } from '../../src/runtime/system.ts'
import { readSettings } from '../../src/settings/settings.ts'
import type { Credentials } from '../acceptance/program.ts'
import { openTestHouse, type TestHouse } from '../house.ts'
import { ramOf } from '../ram/ram.ts'

const trusting = (...RAM: string[]) =>
  JSON.stringify({ Version: '1', Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { RAM } }] })
const ASSUME = { PolicyType: 'System', PolicyName: 'AliyunSTSAssumeRoleAccess' }

let house: TestHouse
let ram: ReturnType<typeof ramOf>
let account: string
/** Names of this test alone. */
let n = 0
const named = (name: string) => `${name}-${n}`
before(async () => {
  house = await openTestHouse(null)
  ram = ramOf(house)
  account = house.credentials.accountId
})
after(async () => house[Symbol.asyncDispose]())
beforeEach(() => {
  n++
})

/** A user that may assume roles, by its name. */
async function userCalled(UserName: string, who = ram): Promise<Credentials> {
  await who.must('CreateUser', { UserName })
  await who.must('AttachPolicyToUser', { ...ASSUME, UserName })
  return who.accessKeyOf(UserName)
}

/** Deletes a user with its policy and AccessKey. */
async function gone(UserName: string, { accessKeyId }: Credentials, who = ram): Promise<void> {
  await who.must('DetachPolicyFromUser', { ...ASSUME, UserName })
  await who.must('DeleteAccessKey', { UserName, UserAccessKeyId: accessKeyId })
  await who.must('DeleteUser', { UserName })
}

async function assume(who: Credentials & { securityToken?: string }, RoleName: string, owner = account) {
  const RoleArn = `acs:ram::${owner}:role/${RoleName}`
  const { status, body } = await ramOf(house, who).sts('AssumeRole', { RoleArn, RoleSessionName: 'now' })
  return { code: status === 200 ? 'OK' : String(body.Code), body }
}
const may = async (...who: Parameters<typeof assume>) => (await assume(...who)).code

describe('a change of name', () => {
  /** Somebody with this policy. */
  async function somebody(Statement: object): Promise<ReturnType<typeof ramOf>> {
    const PolicyName = named('policy')
    await ram.must('CreateUser', { UserName: named('admin') })
    await ram.must('CreatePolicy', { PolicyName, PolicyDocument: ram.document(Statement) })
    await ram.must('AttachPolicyToUser', { PolicyType: 'Custom', PolicyName, UserName: named('admin') })
    return ramOf(house, await ram.accessKeyOf(named('admin')))
  }

  it('of a user needs the right to the old name and to the new one', async () => {
    const admin = await somebody({ Effect: 'Allow', Action: 'ram:UpdateUser', Resource: 'acs:ram:*:*:user/dev-*' })
    await ram.must('CreateUser', { UserName: named('dev') })
    const rename = (UserName: string, NewUserName: string) => admin.outcome('UpdateUser', { UserName, NewUserName })
    assert.equal(await rename(named('dev'), named('boss')), 'NoPermission')
    assert.equal(await rename(named('dev'), named('DEV')), 'NoPermission', 'the same name in another case')
    assert.equal(await rename(named('dev'), named('dev')), 'OK', 'no change at all')
    assert.equal(await rename(named('dev'), named('dev-x')), 'OK')
    const last = (await house.events()).at(-1)
    assert.deepEqual(last?.['referencedResources'], { 'ACS::RAM::User': [named('dev'), named('dev-x')] })
    await ram.must('CreateUser', { UserName: named('Taken') })
    assert.equal(
      await rename(named('dev-x'), named('taken')),
      'NoPermission',
      'and the caller does not learn that the name is taken',
    )
  })

  it('of a group needs both', async () => {
    const admin = await somebody({ Effect: 'Allow', Action: 'ram:UpdateGroup', Resource: 'acs:ram:*:*:group/dev-*' })
    await ram.must('CreateGroup', { GroupName: named('dev') })
    const rename = (NewGroupName: string) => admin.outcome('UpdateGroup', { GroupName: named('dev'), NewGroupName })
    assert.equal(await rename(named('admins')), 'NoPermission')
    assert.equal(await rename(named('dev-x')), 'OK')
  })
})

describe('a trust policy', () => {
  it('means the user that had the name when it was written, and goes on meaning it', async () => {
    const [name, RoleName] = [named('alice'), named('role')]
    const alice = await userCalled(name)
    const document = trusting(`acs:ram::${account}:user/${name.toUpperCase()}`)
    await ram.must('CreateRole', { RoleName, AssumeRolePolicyDocument: document })
    assert.equal(await may(alice, RoleName), 'OK')
    await ram.must('UpdateUser', { UserName: name, NewUserName: named('renamed') })
    assert.equal(await may(alice, RoleName), 'OK', 'it is still the same user')
    const other = await userCalled(name)
    assert.equal(await may(other, RoleName), 'NoPermission', 'another user took over the name')
    await house.restart()
    assert.equal(await may(other, RoleName), 'NoPermission')
    const { Role } = await ram.must('GetRole', { RoleName })
    assert.equal(Role.AssumeRolePolicyDocument, document, 'it is shown as it was given')
    await ram.must('UpdateRole', { RoleName, NewDescription: 'other' })
    assert.equal(await may(other, RoleName), 'NoPermission')
    await ram.must('UpdateRole', { RoleName, NewAssumeRolePolicyDocument: document })
    assert.deepEqual([await may(other, RoleName), await may(alice, RoleName)], ['OK', 'NoPermission'])
  })

  it('does not trust a user that is made again', async () => {
    const [name, RoleName] = [named('alice'), named('role')]
    const former = await userCalled(name)
    await ram.must('CreateRole', { RoleName, AssumeRolePolicyDocument: trusting(`acs:ram::${account}:user/${name}`) })
    await gone(name, former)
    assert.equal(await may(await userCalled(name), RoleName), 'NoPermission')
  })

  it('means the role that had the name', async () => {
    const [first, second] = [named('first'), named('second')]
    const user = await userCalled(named('user'))
    const make = async () => {
      await ram.must('CreateRole', { RoleName: first, AssumeRolePolicyDocument: trusting(`acs:ram::${account}:root`) })
      await ram.must('AttachPolicyToRole', { ...ASSUME, RoleName: first })
    }
    const onward = async () => {
      const { Credentials } = (await assume(user, first)).body
      const { AccessKeyId: accessKeyId, AccessKeySecret: accessKeySecret, SecurityToken: securityToken } = Credentials
      return may({ accountId: account, accessKeyId, accessKeySecret, securityToken }, second)
    }
    await make()
    await ram.must('CreateRole', {
      RoleName: second,
      AssumeRolePolicyDocument: trusting(`acs:ram::${account}:role/${first}`),
    })
    assert.equal(await onward(), 'OK')
    await ram.must('DetachPolicyFromRole', { ...ASSUME, RoleName: first })
    await ram.must('DeleteRole', { RoleName: first })
    await make()
    assert.equal(await onward(), 'NoPermission')
  })

  it('of an earlier release is bound at the next start to whoever has the names then', async () => {
    const [name, RoleName, Again] = [named('alice'), named('role'), named('again')]
    const former = await userCalled(name)
    const [own, later] = [name, named('later')].map((one) => `acs:ram::${account}:user/${one}`)
    for (const role of [RoleName, Again])
      await ram.must('CreateRole', { RoleName: role, AssumeRolePolicyDocument: trusting(own ?? '') })
    const { ledger, ring } = house.open
    /** As it was written: without ids. */
    const unbind = async (id: string, trustPolicy: string) => {
      const role = await ledger.get(ROLE, ramScope(account), id)
      assert.ok(role)
      const { trustedIds: _, ...before } = role.body
      const changes = [update(role, { body: { ...before, trustPolicy } })]
      assert.equal(await ledger.commit({ changes, nonce: null, event: null }), 'committed')
    }
    await unbind(RoleName, trusting(own ?? '', later ?? '', `acs:ram::${account}:root`))
    await unbind(Again, trusting(own ?? '', later ?? ''))
    // As databases of an earlier release say that all of their roles are bound: it may still run, and make roles.
    assert.ok(await ring.change({ body: { ...ring.record.body, trustBound: true } as object }))
    assert.deepEqual(
      [await may(former, RoleName), await may(former, Again), await may(former, Again)],
      ['OK', 'NoPermission', 'NoPermission'],
    )
    assert.deepEqual(
      house.failures.splice(0).map((line) => /^role (\d+\/\S+) is not bound/.exec(line)?.[1]),
      [`${account}/${Again}`],
      'reported once',
    )
    await house.restart()
    assert.deepEqual(house.failures, [])
    assert.deepEqual([await may(former, RoleName), await may(former, Again)], ['OK', 'OK'])
    await gone(name, former)
    assert.equal(await may(await userCalled(name), Again), 'NoPermission', 'another user took over the name')
    assert.equal(await may(await userCalled(named('later')), Again), 'NoPermission', 'a name that nobody had')
    assert.equal(await may(await userCalled(named('other')), RoleName), 'OK', 'the account as a whole')
  })

  it('of an earlier release is bound beside roles that are not authentic, and by two servers at once', async () => {
    await using own = await openTestHouse(null)
    const { accountId } = own.credentials
    const owner = ramOf(own)
    await owner.must('CreateUser', { UserName: 'alice' })
    const document = trusting(`acs:ram::${accountId}:user/alice`)
    const names = ['a', 'b', 'c', 'd']
    for (const RoleName of names) await owner.must('CreateRole', { RoleName, AssumeRolePolicyDocument: document })
    const role = async (name: string) => own.open.ledger.get(ROLE, ramScope(accountId), name)
    for (const name of names) {
      const made = await role(name)
      assert.ok(made)
      const { trustedIds: _, ...body } = made.body
      const changes = [update(made, { body })]
      assert.equal(await own.open.ledger.commit({ changes, nonce: null, event: null }), 'committed')
    }
    await own.stop()
    const settings = readSettings(['--data', own.data], {}, () => '')
    using db = new DatabaseSync(join(own.data, 'strongroom.db'))
    db.exec(`UPDATE record SET body = replace(body, '"description":""', '"description":"x"') WHERE id IN ('b', 'c')`)
    const alarms: string[] = []
    const houses = await Promise.all(
      [0, 1].map(() => openHouse(settings, (message) => void alarms.push(message), own.now)),
    )
    try {
      await Promise.all(houses.map((house) => bindFormerRoles(house, (message) => void alarms.push(message))))
    } finally {
      for (const { storage } of houses) await storage.close()
    }
    const about = alarms.map((line) => /^role \d+\/(\S+) can't be bound .* not authentic$/.exec(line)?.[1] ?? line)
    assert.deepEqual(about.sort(), ['b', 'b', 'c', 'c'])
    const bodies = db.prepare(`SELECT id, body FROM record WHERE kind = 'ram-role' ORDER BY id`).all()
    assert.deepEqual(
      bodies.filter(({ body }) => 'trustedIds' in JSON.parse(String(body))).map(({ id }) => id),
      ['a', 'd'],
    )
  })

  it('means the users of another account likewise, without telling which there are', async () => {
    const theirs = newCredentials(SYSTEM)
    await house.open.accounts.provide(theirs, 'theirs', house.now)
    const their = ramOf(house, theirs)
    const [name, RoleName] = [named('alice'), named('role')]
    const former = await userCalled(name, their)
    const document = trusting(...[name, named('later')].map((one) => `acs:ram::${theirs.accountId}:user/${one}`))
    await ram.must('CreateRole', { RoleName, AssumeRolePolicyDocument: document })
    assert.equal(await may(former, RoleName), 'OK')
    await gone(name, former, their)
    assert.equal(await may(await userCalled(name, their), RoleName), 'NoPermission')
    assert.equal(await may(await userCalled(named('later'), their), RoleName), 'OK', 'who is yet to come')
  })
})
