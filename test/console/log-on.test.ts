// Logging on to the console, from outside: each kind of log-on, each rule that RAM stores about passwords, and what events say.
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { newCredentials } from '../../src/ram/account.ts'
import { SYSTEM } from '../../src/runtime/system.ts'
import { eachDatabase } from '../databases.ts'
import type { TestHouse } from '../house.ts'
import { codeOf, scanned } from '../ram/mfa.ts'
import { ramOf } from '../ram/ram.ts'
import { Browser } from './browser.ts'
import { PASSWORD, People } from './people.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

eachDatabase((open) => {
  let house: TestHouse
  let ram: ReturnType<typeof ramOf>
  let people: People
  before(async () => {
    house = await open()
    ram = ramOf(house)
    people = new People(house)
    await ram.must('SetAccountAlias', { AccountAlias: 'acme' })
  })
  after(() => house[Symbol.asyncDispose]())
  const defaults = { LoginSessionDuration: '6', LoginNetworkMasks: '', EnableSaveMFATicket: 'false' }
  // What a call leaves out stays as it was.
  const policy = {
    MinimumPasswordLength: '8',
    HardExpiry: 'false',
    MaxPasswordAge: '0',
    PasswordReusePrevention: '0',
    MaxLoginAttemps: '0',
  }
  beforeEach(async () => {
    house.now += HOUR
    await ram.must('SetPasswordPolicy', policy)
    await ram.must('SetSecurityPreference', { ...defaults, AllowUserToChangePassword: 'true' })
  })

  /** A new user with a login profile, who may do nothing. */
  const user = (profile: Record<string, string> = {}) => people.user({ profile, policy: null })
  const named = (name: string, Password = PASSWORD) => ({ UserName: `${name}@acme`, Password })
  const signins = async () =>
    (await house.events()).filter((event) => event['eventName'] === 'ConsoleSignin') as Record<string, never>[]

  describe('a log-on with a password', () => {
    it('takes each form of the name, and begins a session', async () => {
      const name = await user()
      const { accountId } = house.credentials
      for (const domain of ['acme', 'ACME', 'acme.onaliyun.com', accountId, `${accountId}.onaliyun.com`]) {
        const browser = new Browser(house)
        const { status, body, headers } = await browser.step({ UserName: ` ${name}@${domain} `, Password: PASSWORD })
        assert.equal(status, 200, JSON.stringify(body))
        const { UserId, CreatedAt, ExpiresAt, Version, Regions, ...session } = body.Session
        assert.deepEqual(session, {
          AccountId: accountId,
          AccountAlias: 'acme',
          Type: 'ram-user',
          UserName: name,
          MFAAuthenticated: false,
          DefaultRegion: 'cn-hangzhou',
          Dev: false,
        })
        assert.equal(Date.parse(ExpiresAt) - Date.parse(CreatedAt), 6 * HOUR)
        assert.match(
          headers.get('set-cookie') ?? '',
          /^strongroom-console=[\w-]+; Path=\/console; HttpOnly; SameSite=Strict$/,
        )
        assert.equal(headers.get('cache-control'), 'no-store')
        assert.deepEqual((await browser.session()).body, body)
      }
      const { User } = await ram.must('GetUser', { UserName: name })
      assert.equal(Date.parse(User.LastLoginDate), house.now)
    })

    it('takes an alias of digits, and an account id before an alias', async () => {
      const name = await user()
      const status = async (domain: string) =>
        (await new Browser(house).step({ UserName: `${name}@${domain}`, Password: PASSWORD })).status
      await ram.must('SetAccountAlias', { AccountAlias: '20260228' })
      assert.equal(await status('20260228'), 200)
      const theirs = newCredentials(SYSTEM)
      await house.open.accounts.provide(theirs, 'theirs', house.now)
      const they = ramOf(house, theirs)
      assert.equal(await they.outcome('SetAccountAlias', { AccountAlias: house.credentials.accountId }), 'OK')
      assert.equal(await status(house.credentials.accountId), 200)
      await ram.must('SetAccountAlias', { AccountAlias: 'acme' })
      assert.equal(await status('20260228'), 403)
    })

    it('is refused alike whatever is wrong, and only the event has the cause', async () => {
      const name = await user()
      await ram.must('CreateUser', { UserName: 'no-profile' })
      const before = (await signins()).length
      const browser = new Browser(house)
      const messages = new Set<string>()
      for (const body of [
        named(name, 'wrong'),
        named('nobody'),
        named('no-profile'),
        { UserName: `${name}@elsewhere`, Password: PASSWORD },
        { UserName: name, Password: PASSWORD },
      ]) {
        const answer = await browser.step(body)
        assert.equal(answer.status, 403)
        messages.add(`${answer.body.Code} ${answer.body.Message}`)
      }
      assert.deepEqual([...messages], ['LogOn.Failed The log-on failed.'])
      const events = (await signins()).slice(before)
      assert.deepEqual(
        events.map(({ errorCode, errorMessage, userIdentity }) => [
          errorCode,
          errorMessage,
          userIdentity?.['userName'],
        ]),
        [
          ['LogOn.Failed', 'The password is wrong.', name],
          ['LogOn.Failed', 'The user has no password for the console.', 'no-profile'],
        ],
      )
      assert.ok(house.strangers.some((line) => line.includes('LogOn.Failed')))
      await ram.must('DeleteUser', { UserName: 'no-profile' })
    })

    it('leaves the event that the contract describes', async () => {
      const name = await user()
      const browser = new Browser(house)
      await browser.step(named(name))
      await browser.logOff()
      const { UserId } = (await ram.must('GetUser', { UserName: name })).User
      const [signin, signout] = (await house.events())
        .filter(({ eventType }) => `${eventType}`.startsWith('Console'))
        .slice(-2)
      const { accountId } = house.credentials
      const identity = { type: 'ram-user', accountId, principalId: UserId, userName: name }
      const eventTime = new Date(house.now).toISOString().replace(/\.\d+/, '')
      const common = {
        eventVersion: 1,
        eventCategory: 'Management',
        eventRW: 'Write',
        eventTime,
        eventSource: '127.0.0.1',
        serviceName: 'AasSub',
        acsRegion: 'cn-hangzhou',
        isGlobal: true,
        sourceIpAddress: '127.0.0.1',
        userAgent: 'node',
        recipientAccountId: accountId,
      }
      const callbackUrl = '/console/session'
      assert.deepEqual(signin, {
        ...common,
        eventType: 'ConsoleSignin',
        eventName: 'ConsoleSignin',
        eventId: signin?.['requestId'],
        requestId: signin?.['requestId'],
        additionalEventData: { loginAccount: `${name}@acme`, callbackUrl, mfaChecked: 'false', isMFAChecked: 'false' },
        userIdentity: identity,
      })
      const attributes = { creationDate: eventTime, mfaAuthenticated: 'false' }
      assert.deepEqual(signout, {
        ...common,
        eventType: 'ConsoleSignout',
        eventName: 'ConsoleSignout',
        eventId: signout?.['requestId'],
        requestId: signout?.['requestId'],
        additionalEventData: { loginAccount: name, callbackUrl },
        userIdentity: { ...identity, sessionContext: { attributes } },
      })
      const found = await house.must('LookupEvents', {
        Version: '2020-07-06',
        'LookupAttribute.1.Key': 'EventType',
        'LookupAttribute.1.Value': 'ConsoleSignout',
      })
      assert.ok(found.Events.some((event: { eventId: string }) => event.eventId === signout?.['eventId']))
    })

    it('locks a user after MaxLoginAttemps failures in a row, for one hour', async () => {
      const name = await user()
      await ram.must('SetPasswordPolicy', { MaxLoginAttemps: '3' })
      const browser = new Browser(house)
      const fail = () => browser.outcome(named(name, 'wrong'))
      assert.deepEqual([await fail(), await fail()], ['LogOn.Failed', 'LogOn.Failed'])
      assert.equal(await browser.outcome(named(name)), 'OK')
      for (let i = 0; i < 3; i++) await fail()
      assert.equal(await browser.outcome(named(name)), 'LogOn.Failed')
      assert.match(String((await signins()).at(-1)?.['errorMessage']), /locked/)
      house.now += HOUR - 1
      assert.equal(await browser.outcome(named(name)), 'LogOn.Failed')
      house.now += 1
      assert.equal(await browser.outcome(named(name)), 'OK')
      for (let i = 0; i < 3; i++) await fail()
      await ram.must('UpdateLoginProfile', { UserName: name, Password: 'another horse 2' })
      assert.equal(await browser.outcome(named(name, 'another horse 2')), 'OK')
    })

    it('is not unlocked by a log-on with an AccessKey', async () => {
      const name = await user()
      const { accessKeyId, accessKeySecret } = await ram.accessKeyOf(name)
      await ram.must('SetPasswordPolicy', { MaxLoginAttemps: '1' })
      await new Browser(house).outcome(named(name, 'wrong'))
      const pair = { AccessKeyId: accessKeyId, AccessKeySecret: accessKeySecret }
      assert.equal(await new Browser(house).outcome(pair), 'OK')
      assert.equal(await new Browser(house).outcome(named(name)), 'LogOn.Failed')
    })

    it('counts failures that come at once', async () => {
      const name = await user()
      await ram.must('SetPasswordPolicy', { MaxLoginAttemps: '4' })
      await Promise.all([1, 2, 3, 4].map(() => new Browser(house).outcome(named(name, 'wrong'))))
      assert.equal(await new Browser(house).outcome(named(name)), 'LogOn.Failed')
    })

    it('is slowed for a name and not for the user who logged on from here before', async () => {
      const name = await user()
      const browser = new Browser(house)
      assert.equal(await browser.outcome(named(name)), 'OK')
      // However it is spelled.
      const spelled = ['ghost@acme', 'Ghost@ACME', ' ghost@acme.onaliyun.com']
      const outcomes = await Promise.all(
        Array.from({ length: 14 }, (_, i) => browser.outcome({ UserName: spelled[i % 3], Password: 'x' })),
      )
      assert.deepEqual(new Set(outcomes), new Set(['LogOn.Failed', 'LogOn.Throttled']))
      const { status, headers } = await browser.step(named('ghost', 'x'))
      assert.deepEqual([status, headers.get('retry-after')], [429, '60'])
      assert.equal(await browser.outcome(named(name)), 'OK')
    })

    it('is possible from the addresses of LoginNetworkMasks alone', async () => {
      const name = await user()
      await ram.must('SetSecurityPreference', { LoginNetworkMasks: '192.0.2.0/24;203.0.113.7' })
      const browser = new Browser(house)
      assert.equal(await browser.outcome(named(name)), 'LogOn.Failed')
      for (const bad of ['everywhere', '300.1.1.1', '1.2.3.4/33', '::1/129', '192.0.2.0-24'])
        assert.equal(
          await ram.outcome('SetSecurityPreference', { LoginNetworkMasks: bad }),
          'InvalidParameter.LoginNetworkMasks',
          bad,
        )
      await ram.must('SetSecurityPreference', { LoginNetworkMasks: '192.0.2.0/24;127.0.0.0/8' })
      assert.equal(await browser.outcome(named(name)), 'OK')
    })
  })

  describe('a new password', () => {
    it('is asked for where PasswordResetRequired says so, and ends with a session', async () => {
      const name = await user({ PasswordResetRequired: 'true' })
      await ram.must('SetPasswordPolicy', { PasswordReusePrevention: '2', MinimumPasswordLength: '10' })
      await ram.must('SetSecurityPreference', { AllowUserToChangePassword: 'false' })
      const browser = new Browser(house)
      const { body } = await browser.step(named(name))
      assert.equal(body.Next, 'NewPassword')
      assert.equal(body.PasswordPolicy.MinimumPasswordLength, 10)
      assert.equal(browser.cookies.size, 0)
      const { Ticket } = body
      const give = (NewPassword: string) => browser.outcome({ Ticket, NewPassword })
      assert.equal(await give('short'), 'InvalidParameter.Password.TooWeak')
      assert.equal(await give(PASSWORD), 'InvalidParameter.Password.TooWeak')
      assert.equal(await give('battery staple'), 'OK')
      assert.equal((await browser.session()).status, 200)
      assert.equal(await new Browser(house).outcome({ Ticket, NewPassword: 'battery staple 2' }), 'LogOn.Expired')
      assert.equal(await new Browser(house).outcome(named(name, 'battery staple')), 'OK')
      const events = (await house.events()).slice(-20)
      assert.ok(events.some(({ eventName, errorCode }) => eventName === 'ChangePassword' && errorCode === undefined))
    })

    it('is asked for after MaxPasswordAge; with HardExpiry, or where users may not change it, the log-on is refused', async () => {
      const name = await user()
      await ram.must('SetPasswordPolicy', { MaxPasswordAge: '30' })
      house.now += 30 * DAY - 1
      assert.equal(await new Browser(house).outcome(named(name)), 'OK')
      house.now += 1
      assert.equal(await new Browser(house).outcome(named(name)), 'NewPassword')
      await ram.must('SetSecurityPreference', { AllowUserToChangePassword: 'false' })
      assert.equal(await new Browser(house).outcome(named(name)), 'LogOn.PasswordExpired')
      await ram.must('SetSecurityPreference', { AllowUserToChangePassword: 'true' })
      await ram.must('SetPasswordPolicy', { MaxPasswordAge: '30', HardExpiry: 'true' })
      assert.equal(await new Browser(house).outcome(named(name)), 'LogOn.PasswordExpired')
      assert.equal(await new Browser(house).outcome(named(name, 'wrong')), 'LogOn.Failed')
      await ram.must('UpdateLoginProfile', { UserName: name, Password: 'another horse 2' })
      assert.equal(await new Browser(house).outcome(named(name, 'another horse 2')), 'OK')
    })

    it('takes ten minutes at most, and no ticket that was altered', async () => {
      const name = await user({ PasswordResetRequired: 'true' })
      const { Ticket } = (await new Browser(house).step(named(name))).body
      const give = (sealed: string) => new Browser(house).outcome({ Ticket: sealed, NewPassword: 'battery staple' })
      assert.equal(await give(`${Ticket.slice(0, -2)}AA`), 'LogOn.Expired')
      assert.equal(await new Browser(house).outcome({ Ticket, Code: '123456' }), 'LogOn.Expired')
      house.now += 10 * MINUTE
      assert.equal(await give(Ticket), 'LogOn.Expired')
    })
  })

  describe('a second factor', () => {
    /** Logs a user on that has to bind a device, and binds it; returns the seed. */
    const bound = async (name: string, browser = new Browser(house)): Promise<string> => {
      const { body } = await browser.step(named(name))
      assert.equal(body.Next, 'BindMFADevice', JSON.stringify(body))
      const { Ticket, Base32StringSeed: seed, QRCodePNG } = body
      assert.deepEqual(scanned(QRCodePNG), { label: `Strongroom:${name}@acme`, secret: seed })
      const bind = (Code1: string, Code2: string) => browser.outcome({ Ticket, Bind: { Code1, Code2 } })
      assert.equal(await bind('000000', '000001'), 'CheckAuthenticationCodeFail')
      assert.equal(await bind(codeOf(seed, house.now - 30_000), codeOf(seed, house.now)), 'OK')
      assert.equal(await bind(codeOf(seed, house.now - 30_000), codeOf(seed, house.now)), 'LogOn.Expired')
      return seed
    }

    it('is bound at log-on where MFABindRequired says so, and asked for from then on; a code counts once', async () => {
      const name = await user({ MFABindRequired: 'true' })
      const browser = new Browser(house)
      const seed = await bound(name, browser)
      assert.equal((await browser.session()).body.Session.MFAAuthenticated, true)
      const { SerialNumber } = (await ram.must('GetUserMFAInfo', { UserName: name })).MFADevice
      assert.equal(SerialNumber, `acs:ram::${house.credentials.accountId}:mfa/${name}`)
      const event = (await house.events()).findLast(({ eventName }) => eventName === 'BindMFADevice')
      assert.deepEqual(event?.['requestParameters'], { UserName: name, SerialNumber })

      const next = new Browser(house)
      const { body } = await next.step(named(name))
      assert.deepEqual([body.Next, body.MaySave], ['Code', false])
      const { Ticket } = body
      const give = (Code: string) => next.outcome({ Ticket, Code })
      // The one that bound it, and one that is wrong.
      assert.equal(await give(codeOf(seed, house.now)), 'LogOn.CodeFailed')
      assert.equal(await give('12345'), 'LogOn.CodeFailed')
      house.now += MINUTE
      assert.equal(await give(codeOf(seed, house.now)), 'OK')
      assert.equal(await new Browser(house).outcome({ Ticket, Code: codeOf(seed, house.now) }), 'LogOn.CodeFailed')
      const signin = (await signins()).findLast(({ errorCode }) => errorCode === undefined)
      assert.equal(signin?.['additionalEventData']?.['mfaChecked'], 'true')
    })

    it('is asked for before a new password', async () => {
      const name = await user({ MFABindRequired: 'true' })
      const seed = await bound(name)
      await ram.must('UpdateLoginProfile', { UserName: name, PasswordResetRequired: 'true' })
      house.now += MINUTE
      const browser = new Browser(house)
      const { Ticket } = (await browser.step(named(name))).body
      const { body } = await browser.step({ Ticket, Code: codeOf(seed, house.now) })
      assert.equal(body.Next, 'NewPassword')
      // The first ticket leads no further than the code, which counts once.
      assert.equal(await browser.outcome({ Ticket, NewPassword: 'battery staple' }), 'LogOn.Expired')
      const done = await browser.step({ Ticket: body.Ticket, NewPassword: 'battery staple' })
      assert.equal(done.body.Session.MFAAuthenticated, true)
    })

    it('locks the user after ten wrong codes', async () => {
      const name = await user({ MFABindRequired: 'true' })
      const seed = await bound(name)
      house.now += MINUTE
      const { Ticket } = (await new Browser(house).step(named(name))).body
      for (let i = 0; i < 10; i++) {
        assert.equal(await new Browser(house).outcome({ Ticket, Code: '000000' }), 'LogOn.CodeFailed')
        house.now += 3000
      }
      assert.equal(await new Browser(house).outcome({ Ticket, Code: codeOf(seed, house.now) }), 'LogOn.Failed')
    })

    it('is kept for seven days on a browser, where the security preference allows that', async () => {
      const name = await user({ MFABindRequired: 'true' })
      const seed = await bound(name)
      const browser = new Browser(house)
      const withCode = async (Save: boolean) => {
        house.now += MINUTE
        const { body } = await browser.step(named(name))
        assert.equal(body.Next, 'Code')
        assert.equal(await browser.outcome({ Ticket: body.Ticket, Code: codeOf(seed, house.now), Save }), 'OK')
      }
      await withCode(true)
      assert.equal(await browser.outcome(named(name)), 'Code')
      await ram.must('SetSecurityPreference', { EnableSaveMFATicket: 'true' })
      await withCode(false)
      await withCode(true)
      const { body } = await browser.step(named(name))
      assert.equal(body.Session.MFAAuthenticated, true)
      // Another user on the same browser, and the same user on another one.
      const other = await user({ MFABindRequired: 'true' })
      await bound(other)
      assert.equal(await browser.outcome(named(other)), 'Code')
      assert.equal(await new Browser(house).outcome(named(name)), 'Code')
      house.now += 7 * DAY
      assert.equal(await browser.outcome(named(name)), 'Code')
      await withCode(true)
      await ram.must('UnbindMFADevice', { UserName: name })
      assert.equal(await browser.outcome(named(name)), 'BindMFADevice')
    })
  })

  describe('a log-on with an AccessKey', () => {
    it('is that of the account itself or of a user', async () => {
      const { accountId, accessKeyId, accessKeySecret } = house.credentials
      const browser = new Browser(house)
      const pair = { AccessKeyId: accessKeyId, AccessKeySecret: accessKeySecret }
      const { body } = await browser.step(pair)
      assert.deepEqual(
        [body.Session.Type, body.Session.UserName, body.Session.UserId],
        ['root-account', 'root', accountId],
      )
      const event = (await signins()).at(-1)
      assert.equal(event?.['serviceName'], 'AasCustomer')
      assert.deepEqual(event?.['userIdentity'], {
        type: 'root-account',
        accountId,
        principalId: accountId,
        userName: 'root',
      })
      assert.equal(event?.['additionalEventData']?.['loginAccount'], accessKeyId)
      const name = await user()
      const own = await ram.accessKeyOf(name)
      const users = { AccessKeyId: own.accessKeyId, AccessKeySecret: own.accessKeySecret }
      assert.equal((await new Browser(house).step(users)).body.Session.UserName, name)
      for (const wrong of [
        { ...pair, AccessKeySecret: 'x' },
        { ...pair, AccessKeyId: 'LTAIx' },
      ])
        assert.equal(await new Browser(house).outcome(wrong), 'LogOn.Failed')
      await ram.must('UpdateAccessKey', { UserName: name, UserAccessKeyId: own.accessKeyId, Status: 'Inactive' })
      assert.equal(await new Browser(house).outcome(users), 'LogOn.Failed')
    })

    it('has bodies of at most 32 KiB', async () => {
      const browser = new Browser(house)
      const codes = async (length: number) => {
        const body = '{}'.padEnd(length)
        const asked = ['/console/session', '/console/log-on/code'].map((path) => browser.ask('POST', path, body))
        return (await Promise.all(asked)).map((answer) => answer.body.Code)
      }
      assert.deepEqual(await codes(32_768), ['InvalidParameter', 'InvalidParameter'])
      assert.deepEqual(await codes(32_769), ['ParseRequestParameterException', 'ParseRequestParameterException'])
    })

    it('says what is wrong with a body that is no step', async () => {
      const browser = new Browser(house)
      for (const body of ['', '[]', '{', 'null', '"x"'])
        assert.equal((await browser.ask('POST', '/console/session', body)).body.Code, 'ParseRequestParameterException')
      for (const body of [
        {},
        { UserName: 'x' },
        { UserName: 1, Password: 'x' },
        { Ticket: 'x', Bind: [] },
        { Ticket: 'x' },
      ])
        assert.equal(await browser.outcome(body), 'InvalidParameter', JSON.stringify(body))
    })

    it('refuses a member that the step does not have, and names it', async () => {
      const { accountId, accessKeyId, accessKeySecret } = house.credentials
      const pair = { AccessKeyId: accessKeyId, AccessKeySecret: accessKeySecret }
      const name = await user()
      const password = { UserName: `${name}@${accountId}`, Password: PASSWORD }
      for (const [body, member] of [
        [{ ...pair, ...password }, 'UserName'],
        [{ ...pair, Password: PASSWORD }, 'Password'],
        [{ ...pair, Ticket: 'x' }, 'Ticket'],
        [{ ...password, Save: true }, 'Save'],
        [{ ...password, password: PASSWORD }, 'password'],
        [{ Ticket: 'x', Code: '123456', NewPassword: PASSWORD }, 'NewPassword'],
        [{ Ticket: 'x', NewPassword: PASSWORD, Save: true }, 'Save'],
        [{ Ticket: 'x', Bind: { Code1: '123456', Code2: '123456', Code3: '123456' } }, 'Bind.Code3'],
        [{ Ticket: 'x', Code: '123456', Save: 'yes' }, 'Save'],
      ] as const) {
        const browser = new Browser(house)
        const { status, body: answer } = await browser.step(body)
        assert.deepEqual([status, answer.Code], [400, 'InvalidParameter'], JSON.stringify(body))
        assert.match(answer.Message, new RegExp(`"${member}"`))
        assert.ok(!answer.Message.includes(PASSWORD) && !answer.Message.includes(accessKeySecret))
        assert.equal(browser.cookies.size, 0)
      }
      assert.equal(await new Browser(house).outcome(pair), 'OK')
      assert.equal(await new Browser(house).outcome(password), 'OK')
    })
  })
})
