// The settings of an account in IMS: the same that RAM shows, and those that only IMS has.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { call } from '../acceptance/program.ts'
import { openTestHouse, type TestHouse } from '../house.ts'
import { ramOf } from '../ram/ram.ts'

describe('settings of an account', () => {
  let house: TestHouse
  let ram: ReturnType<typeof ramOf>
  before(async () => {
    house = await openTestHouse(null)
    ram = ramOf(house)
  })
  after(() => house[Symbol.asyncDispose]())

  const ims = (action: string, parameters: Record<string, string> = {}) =>
    call(house.endpoint, house.credentials, action, { Version: '2019-08-15', ...parameters }, house.now)
  const must = async (action: string, parameters: Record<string, string> = {}) => {
    const { status, body } = await ims(action, parameters)
    assert.equal(status, 200, `${action} ${JSON.stringify(body)}`)
    return body
  }
  const outcome = async (action: string, parameters: Record<string, string>) =>
    (await ims(action, parameters)).body.Code

  it('have a password policy of which RAM sets all but two rules, and both see what the other set', async () => {
    const { PasswordPolicy } = await must('SetPasswordPolicy', {
      HardExpire: 'true',
      MaxLoginAttemps: '5',
      MinimumPasswordDifferentCharacter: '4',
      PasswordNotContainUserName: 'true',
    })
    assert.deepEqual(PasswordPolicy, {
      MinimumPasswordLength: 8,
      RequireLowercaseCharacters: false,
      RequireUppercaseCharacters: false,
      RequireNumbers: false,
      RequireSymbols: false,
      HardExpire: true,
      MaxPasswordAge: 0,
      PasswordReusePrevention: 0,
      MaxLoginAttemps: 5,
      MinimumPasswordDifferentCharacter: 4,
      PasswordNotContainUserName: true,
    })
    const of = (await ram.must('SetPasswordPolicy', { MinimumPasswordLength: '10' })).PasswordPolicy
    assert.deepEqual([of.HardExpiry, of.MaxLoginAttemps, 'HardExpire' in of], [true, 5, false])
    const seen = (await must('GetPasswordPolicy')).PasswordPolicy
    assert.deepEqual(seen, { ...PasswordPolicy, MinimumPasswordLength: 10 })
    assert.equal(
      await outcome('SetPasswordPolicy', { MinimumPasswordLength: '7' }),
      'InvalidParameter.MinimumPasswordLength.Range',
    )
  })

  it('hold new passwords against the rules of both', async () => {
    await must('SetPasswordPolicy', {
      MinimumPasswordLength: '10',
      MinimumPasswordDifferentCharacter: '4',
      PasswordNotContainUserName: 'true',
    })
    await ram.must('CreateUser', { UserName: 'Alice' })
    const give = (Password: string) => ram.outcome('CreateLoginProfile', { UserName: 'alice', Password })
    for (const weak of ['aaaabbbbcc', 'my-aLIcE-password', 'short-one'])
      assert.equal(await give(weak), 'InvalidParameter.Password.TooWeak', weak)
    assert.equal(await give('bbbbccccdd-ee'), 'OK')
  })

  it('have a security preference of which IMS shows more, in groups, and both see what the other set', async () => {
    const { SecurityPreference } = await must('SetSecurityPreference', {
      AllowUserToManageAccessKeys: 'true',
      LoginNetworkMasks: '10.0.0.0/8',
      MFAOperationForLogin: 'adaptive',
      VerificationTypes: '["sms","email"]',
      MaxIdleDaysForUsers: '90',
    })
    assert.deepEqual(SecurityPreference, {
      LoginProfilePreference: {
        EnableSaveMFATicket: false,
        AllowUserToChangePassword: true,
        LoginSessionDuration: 6,
        LoginNetworkMasks: '10.0.0.0/8',
        AllowUserToLoginWithPasskey: true,
        MFAOperationForLogin: 'adaptive',
        EnforceMFAForLogin: false,
        OperationForRiskLogin: 'autonomous',
      },
      AccessKeyPreference: { AllowUserToManageAccessKeys: true },
      MFAPreference: { AllowUserToManageMFADevices: true },
      PersonalInfoPreference: { AllowUserToManagePersonalDingTalk: true },
      VerificationPreference: { VerificationTypes: ['sms', 'email'] },
      MaxIdleDays: { MaxIdleDaysForUsers: 90, MaxIdleDaysForAccessKeys: 730 },
    })
    const of = (await ram.must('SetSecurityPreference', { LoginSessionDuration: '8' })).SecurityPreference
    assert.equal(of.AccessKeyPreference.AllowUserToManageAccessKeys, true)
    const shown = (await must('GetSecurityPreference')).SecurityPreference.LoginProfilePreference
    assert.deepEqual([shown.LoginSessionDuration, shown.MFAOperationForLogin], [8, 'adaptive'])
  })

  it('take the older form of MFAOperationForLogin, and an empty text for no networks', async () => {
    await must('SetSecurityPreference', { LoginSessionDuration: '8', LoginNetworkMasks: '10.0.0.0/8' })
    const enforced = await must('SetSecurityPreference', { EnforceMFAForLogin: 'true', LoginNetworkMasks: '' })
    const { LoginProfilePreference: seen } = enforced.SecurityPreference
    assert.deepEqual(
      [seen.MFAOperationForLogin, seen.EnforceMFAForLogin, seen.LoginSessionDuration, seen.LoginNetworkMasks],
      ['mandatory', true, 8, ''],
    )
    assert.deepEqual((await must('GetSecurityPreference')).SecurityPreference, enforced.SecurityPreference)
  })

  it('refuse what IMS does not know, and more networks than it takes, with a code of the parameter', async () => {
    const wrong = { VerificationTypes: '["pigeon"]', MFAOperationForLogin: 'never', MaxIdleDaysForUsers: '0' }
    for (const [name, value] of Object.entries(wrong))
      assert.equal(await outcome('SetSecurityPreference', { [name]: value }), `InvalidParameter.${name}`)
    const masks = Array.from({ length: 41 }, (_, i) => `10.0.0.${i}`).join(';')
    assert.equal(
      await outcome('SetSecurityPreference', { LoginNetworkMasks: masks }),
      'InvalidParameter.LoginNetworkMasks',
    )
  })

  it('have a default domain: the account alias, or the account itself', async () => {
    const { accountId } = house.credentials
    const domain = async () => (await must('GetDefaultDomain')).DefaultDomainName
    assert.equal(await domain(), `${accountId}.onaliyun.com`)
    await must('SetDefaultDomain', { DefaultDomainName: 'our-company.onaliyun.com' })
    assert.equal((await ram.must('GetAccountAlias')).AccountAlias, 'our-company')
    await ram.must('SetAccountAlias', { AccountAlias: 'other' })
    assert.equal(await domain(), 'other.onaliyun.com')
    assert.deepEqual(
      (await must('SetDefaultDomain', { DefaultDomainName: `${accountId}.onaliyun.com` })).DefaultDomainName,
      `${accountId}.onaliyun.com`,
    )
    assert.equal((await ram.must('GetAccountAlias')).AccountAlias, '')
    const set = (DefaultDomainName: string) => outcome('SetDefaultDomain', { DefaultDomainName })
    for (const wrong of ['our-company.example.com', '-a-.onaliyun.com', 'a--b.onaliyun.com', 'ab.onaliyun.com'])
      assert.equal(await set(wrong), 'InvalidParameter.DefaultDomainName.Format', wrong)
    assert.equal(await set(`${'x'.repeat(64)}.onaliyun.com`), 'InvalidParameter.DefaultDomainName.Length')
  })
})
