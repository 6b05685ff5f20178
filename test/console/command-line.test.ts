// Logging the command line on by the console: what a person allows, what strangers can try, and when such a session ends.
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { INSTALLATION } from '../../src/ledger/record.ts'
import { LOG_ON_CODE } from '../../src/ram/log-on-code.ts'
import { markOf } from '../../src/ram/logged-on.ts'
import { call } from '../acceptance/program.ts'
import { eachDatabase } from '../databases.ts'
import type { TestHouse } from '../house.ts'
import { codeOf } from '../ram/mfa.ts'
import { ramOf } from '../ram/ram.ts'
import { Browser } from './browser.ts'
import { KMS_FULL, PASSWORD, People } from './people.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

interface Given {
  readonly AccessKeyId: string
  readonly AccessKeySecret: string
  readonly SecurityToken: string
  readonly Expiration: string
}

eachDatabase((open) => {
  let house: TestHouse
  let ram: ReturnType<typeof ramOf>
  let people: People
  before(async () => {
    house = await open()
    ram = ramOf(house)
    people = new People(house)
  })
  after(() => house[Symbol.asyncDispose]())

  /** Somebody who logs on with an AccessKey: no password has to be hashed. */
  const somebody = async (): Promise<Browser & { name: string; keyId: string; secret: string }> => {
    const name = await people.user({ profile: null })
    const { AccessKeyId, AccessKeySecret } = (await ram.must('CreateAccessKey', { UserName: name })).AccessKey
    const browser = new Browser(house)
    assert.equal(await browser.outcome({ AccessKeyId, AccessKeySecret }), 'OK')
    return Object.assign(browser, { name, keyId: AccessKeyId, secret: AccessKeySecret })
  }
  /** A user without AccessKeys and login profile is deleted. */
  const deleted = async (UserName: string) => {
    await ram.must('DetachPolicyFromUser', { UserName, ...KMS_FULL })
    await ram.must('DeleteUser', { UserName })
  }
  /** What the command line sends: it is no browser. */
  const own = { 'x-strongroom-console': null, 'sec-fetch-site': null }
  const send = (path: string, body: unknown) => new Browser(house).ask('POST', `/console/log-on/${path}`, body, own)
  const outcome = async (path: string, body: unknown) => {
    const answer = await send(path, body)
    return answer.status === 200 ? 'OK' : answer.body.Code
  }
  const page = (browser: Browser, path: string, body: unknown) => browser.ask('POST', `/console/log-on/${path}`, body)
  const pageOutcome = async (browser: Browser, path: string, body: unknown) => {
    const answer = await page(browser, path, body)
    return answer.status === 200 ? 'OK' : answer.body.Code
  }
  const pair = () => {
    const Verifier = randomBytes(32).toString('base64url')
    return { Verifier, Challenge: createHash('sha256').update(Verifier).digest('base64url') }
  }
  /** A code that the page of `browser` was given, and its verifier. */
  const allowed = async (browser: Browser) => {
    const { Verifier, Challenge } = pair()
    const { status, body } = await page(browser, 'allow', { Challenge })
    assert.equal(status, 200, JSON.stringify(body))
    return { Code: body.Code as string, Verifier }
  }
  const session = async (browser: Browser): Promise<Given> => {
    const { status, body } = await send('token', await allowed(browser))
    assert.equal(status, 200, JSON.stringify(body))
    return body
  }
  const signed = (given: Given, action: string, parameters: Record<string, string> = {}) =>
    call(
      house.endpoint,
      {
        accessKeyId: given.AccessKeyId,
        accessKeySecret: given.AccessKeySecret,
        securityToken: given.SecurityToken,
      },
      action,
      parameters,
      house.now,
    )
  const codeFrom = async (given: Given) => (await signed(given, 'ListKeys')).body.Code ?? 'OK'
  const ask = async (Name = 'anna@build-7') => (await send('device', { Name })).body
  /** What events say of whom allowed or denied a command line, the oldest first. */
  const decisions = async (name: string) =>
    (await house.events())
      .filter(({ eventType }) => eventType === 'ConsoleOperation')
      .filter(({ userIdentity }) => (userIdentity as { userName: string }).userName === name)
      .map(({ eventName, sourceIpAddress, additionalEventData: data }) => {
        const { loginAccount, callbackUrl } = data as Record<string, string>
        return [eventName, sourceIpAddress, loginAccount, callbackUrl]
      })
  const stored = (userCode: string) => house.open.ledger.get(LOG_ON_CODE, INSTALLATION, userCode.replace('-', ''))

  describe('a session of the command line on this machine', () => {
    it('is of the person who allowed it, with that person’s rights, and events name it', async () => {
      const name = await people.user()
      const given = await session(await people.loggedOn(name))
      assert.match(given.AccessKeyId, /^STS\.[A-Za-z0-9]{22}$/)
      assert.equal(given.Expiration, '2026-03-01T06:00:00Z')
      const { body } = await signed(given, 'GetCallerIdentity', { Version: '2015-04-01' })
      assert.equal(body.Arn, `acs:ram::${house.credentials.accountId}:user/${name}`)
      assert.equal((await signed(given, 'CreateKey', { Description: 'by hand' })).status, 200)
      const denied = await signed(given, 'ListUsers', { Version: '2015-05-01' })
      assert.deepEqual([denied.status, denied.body.Code], [403, 'NoPermission'])
      const of = (await house.events()).filter(
        ({ userIdentity }) => (userIdentity as { userName: string }).userName === name,
      )
      const made = of.find(({ eventName }) => eventName === 'CreateKey')
      const identity = made?.['userIdentity'] as Record<string, unknown>
      assert.deepEqual(
        [identity['type'], identity['accessKeyId'], identity['sessionContext']],
        [
          'ram-user',
          given.AccessKeyId,
          { attributes: { creationDate: '2026-03-01T00:00:00Z', mfaAuthenticated: 'false' } },
        ],
      )
      const signins = of
        .filter(({ eventName }) => eventName === 'ConsoleSignin')
        .map((event) => event['additionalEventData'] as Record<string, string>)
        .map(({ callbackUrl, loginAccount }) => `${callbackUrl} ${loginAccount}`)
      const typed = `${name}@${house.credentials.accountId}`
      assert.deepEqual(signins.toSorted(), [`/console/log-on/token ${name}`, `/console/session ${typed}`])
      assert.deepEqual(await decisions(name), [['ConsoleAllow', '127.0.0.1', name, '/console/log-on/allow']])
    })

    it('has the second factor of the session that it was allowed in', async () => {
      const name = await people.user()
      const { Base32StringSeed: seed, SerialNumber } = (
        await ram.must('CreateVirtualMFADevice', { VirtualMFADeviceName: name })
      ).VirtualMFADevice
      const [AuthenticationCode1, AuthenticationCode2] = [codeOf(seed, house.now - 30_000), codeOf(seed, house.now)]
      await ram.must('BindMFADevice', { UserName: name, SerialNumber, AuthenticationCode1, AuthenticationCode2 })
      house.now += MINUTE
      const browser = new Browser(house)
      const UserName = `${name}@${house.credentials.accountId}`
      const { body } = await browser.step({ UserName, Password: PASSWORD })
      assert.equal(await browser.outcome({ Ticket: body.Ticket, Code: codeOf(seed, house.now) }), 'OK')
      const given = await session(browser)
      const document = ram.document({
        Effect: 'Deny',
        Action: 'kms:*',
        Resource: '*',
        Condition: { Bool: { 'acs:MFAPresent': 'false' } },
      })
      await ram.must('CreatePolicy', { PolicyName: `mfa-${name}`, PolicyDocument: document })
      const other = await somebody()
      for (const one of [name, other.name])
        await ram.must('AttachPolicyToUser', { UserName: one, PolicyType: 'Custom', PolicyName: `mfa-${name}` })
      assert.equal(await codeFrom(given), 'OK')
      assert.equal(await codeFrom(await session(other)), 'Forbidden.NoPermission')
    })

    it('is of the account itself, where that logged on', async () => {
      const browser = new Browser(house)
      const { accessKeyId, accessKeySecret } = house.credentials
      assert.equal(await browser.outcome({ AccessKeyId: accessKeyId, AccessKeySecret: accessKeySecret }), 'OK')
      const { body } = await signed(await session(browser), 'GetCallerIdentity', { Version: '2015-04-01' })
      assert.equal(body.IdentityType, 'Account')
    })

    it('is given once, within a minute, and only to who knows the verifier; a code that comes twice ends it', async () => {
      const browser = await somebody()
      const { Code, Verifier } = await allowed(browser)
      assert.equal(await outcome('token', { Code, Verifier: pair().Verifier }), 'LogOn.Failed')
      assert.equal(await outcome('token', { Code: `${Code}A`, Verifier }), 'LogOn.Expired')
      const { body } = await send('token', { Code, Verifier })
      assert.equal(await codeFrom(body), 'OK')
      assert.equal(await outcome('token', { Code, Verifier }), 'LogOn.Expired')
      assert.equal(await codeFrom(body), 'InvalidSecurityToken.Expired')
      assert.equal(await outcome('token', { Code, Verifier }), 'LogOn.Expired')
      const late = await allowed(browser)
      house.now += MINUTE
      assert.equal(await outcome('token', late), 'LogOn.Expired')
      const both = await allowed(browser)
      const outcomes = await Promise.all([outcome('token', both), outcome('token', both)])
      assert.deepEqual(outcomes.toSorted(), ['LogOn.Expired', 'OK'])
    })

    it('ends with the session of the console, and leaves others alone', async () => {
      const [browser, other] = [await somebody(), await somebody()]
      const [given, further, others] = [await session(browser), await session(browser), await session(other)]
      const waiting = await allowed(browser)
      assert.equal((await browser.logOff()).status, 200)
      assert.deepEqual(
        [await codeFrom(given), await codeFrom(further), await codeFrom(others)],
        ['InvalidSecurityToken.Expired', 'InvalidSecurityToken.Expired', 'OK'],
      )
      assert.equal(await outcome('token', waiting), 'LogOn.Expired')
    })

    it('is ended by the command line, which leaves the console logged on', async () => {
      const browser = await somebody()
      const [given, other] = [await session(browser), await session(browser)]
      assert.equal(await outcome('revoke', { SecurityToken: given.SecurityToken }), 'OK')
      assert.equal(await outcome('revoke', { SecurityToken: given.SecurityToken }), 'OK')
      assert.deepEqual([await codeFrom(given), await codeFrom(other)], ['InvalidSecurityToken.Expired', 'OK'])
      assert.equal((await browser.call('Kms/ListKeys')).status, 200)
      assert.equal(await outcome('revoke', { SecurityToken: 'AQAB' }), 'InvalidSecurityToken.Malformed')
    })

    it('ends with the password, the login profile, the AccessKey, the user, and the LoginSessionDuration', async () => {
      const names = [await people.user(), await people.user()] as const
      const [changed, profile] = [
        await session(await people.loggedOn(names[0])),
        await session(await people.loggedOn(names[1])),
      ]
      const [key, alive] = [await somebody(), await somebody()]
      const [disabled, long] = [await session(key), await session(alive)]
      await ram.must('UpdateLoginProfile', { UserName: names[0], Password: 'another horse 2' })
      await ram.must('DeleteLoginProfile', { UserName: names[1] })
      await ram.must('UpdateAccessKey', { UserName: key.name, UserAccessKeyId: key.keyId, Status: 'Inactive' })
      const over = 'InvalidSecurityToken.Expired'
      assert.deepEqual(await Promise.all([changed, profile, disabled, long].map(codeFrom)), [over, over, over, 'OK'])
      await deleted(names[1])
      assert.equal(await codeFrom(profile), over)
      house.now += 2 * HOUR
      assert.equal(await codeFrom(long), 'OK')
      await ram.must('SetSecurityPreference', { LoginSessionDuration: '1' })
      assert.equal(await codeFrom(long), 'InvalidSecurityToken.Expired')
      await ram.must('SetSecurityPreference', { LoginSessionDuration: '6' })
      house.now += 4 * HOUR
      assert.equal(await codeFrom(long), 'InvalidSecurityToken.Expired')
    })

    it('needs its own secret and AccessKeyId, and begins no session itself', async () => {
      const given = await session(await somebody())
      assert.equal(await codeFrom({ ...given, AccessKeySecret: 'x' }), 'SignatureDoesNotMatch')
      const wrong = { ...given, AccessKeyId: `STS.${'x'.repeat(22)}` }
      assert.equal(await codeFrom(wrong), 'InvalidSecurityToken.MismatchWithAccessKey')
      const browser = new Browser(house)
      browser.cookies.set('strongroom-console', given.SecurityToken)
      assert.equal((await browser.session()).status, 401)
    })
  })

  describe('a session of the command line on another machine', () => {
    it('is fetched under a code, once a person has seen what asks, and allowed it', async () => {
      const browser = await somebody()
      const { DeviceCode, UserCode, ExpiresIn, Interval } = await ask()
      assert.match(UserCode, /^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/)
      assert.deepEqual([ExpiresIn, Interval], [600, 5])
      assert.equal(await outcome('token', { DeviceCode }), 'LogOn.Pending')
      const typed = await page(browser, 'code', { UserCode: UserCode.toLowerCase().replace('-', ' ') })
      assert.deepEqual([typed.status, typed.body.Asks, typed.body.Decision], [200, null, ''])
      // The record holds nothing by which a reader of the database could guess the secret.
      const record = JSON.stringify(await stored(UserCode))
      assert.match(record, /"sessionId"/)
      assert.ok(!record.includes(markOf(browser.secret)))
      assert.equal(await outcome('token', { DeviceCode }), 'LogOn.Pending')
      const { Asks } = (await page(browser, 'code', { UserCode })).body
      const { Id, ...shown } = Asks
      const Since = new Date(house.now).toISOString().replace(/\.\d+/, '')
      assert.deepEqual(shown, { Name: 'anna@build-7', Address: '127.0.0.1', Since })
      assert.equal(await pageOutcome(browser, 'code', { UserCode, Id: 'other', Decision: 'Allow' }), 'LogOn.Expired')
      assert.equal(await outcome('token', { DeviceCode }), 'LogOn.Pending')
      assert.equal(await pageOutcome(browser, 'code', { UserCode, Id, Decision: 'Allow' }), 'OK')
      assert.equal(await pageOutcome(browser, 'code', { UserCode, Id, Decision: 'Deny' }), 'LogOn.Expired')
      const event = ['ConsoleAllow', '127.0.0.1', browser.keyId, '/console/log-on/code']
      assert.deepEqual(await decisions(browser.name), [event])
      const { status, body } = await send('token', { DeviceCode })
      assert.equal(status, 200, JSON.stringify(body))
      assert.equal(await codeFrom(body), 'OK')
      assert.equal(await stored(UserCode), null)
      assert.equal(await outcome('token', { DeviceCode }), 'LogOn.Pending')
      await browser.logOff()
      assert.equal(await codeFrom(body), 'InvalidSecurityToken.Expired')
    })

    it('is not given where the person denies it, logs off before, or is too late', async () => {
      const browser = await somebody()
      const decided = async (Decision: string) => {
        const asked = await ask()
        await page(browser, 'code', { UserCode: asked.UserCode })
        await send('token', { DeviceCode: asked.DeviceCode })
        const { Asks } = (await page(browser, 'code', { UserCode: asked.UserCode })).body
        assert.equal(await pageOutcome(browser, 'code', { UserCode: asked.UserCode, Id: Asks.Id, Decision }), 'OK')
        return asked
      }
      assert.equal(await outcome('token', await decided('Deny')), 'LogOn.Denied')
      const event = ['ConsoleDeny', '127.0.0.1', browser.keyId, '/console/log-on/code']
      assert.deepEqual(await decisions(browser.name), [event])
      const late = await decided('Allow')
      house.now += 10 * MINUTE
      assert.equal(await outcome('token', late), 'LogOn.Expired')
      const left = await decided('Allow')
      await browser.logOff()
      assert.equal(await outcome('token', left), 'LogOn.Expired')
      // Nothing is left of a user who is deleted.
      await ram.must('DeleteAccessKey', { UserName: browser.name, UserAccessKeyId: browser.keyId })
      assert.ok(await stored(left.UserCode))
      await deleted(browser.name)
      assert.equal(await stored(left.UserCode), null)
    })

    it('is of the first who types the code, and a person has one code at a time', async () => {
      const [one, other] = [await somebody(), await somebody()]
      const [first, second] = [await ask('first'), await ask('second')]
      assert.equal(await pageOutcome(one, 'code', { UserCode: first.UserCode }), 'OK')
      assert.equal(await pageOutcome(other, 'code', { UserCode: first.UserCode }), 'LogOn.CodeFailed')
      const again = new Browser(house)
      assert.equal(await again.outcome({ AccessKeyId: one.keyId, AccessKeySecret: one.secret }), 'OK')
      assert.equal(await pageOutcome(again, 'code', { UserCode: first.UserCode }), 'LogOn.OtherSession')
      await send('token', { DeviceCode: first.DeviceCode })
      const { Id } = (await page(one, 'code', { UserCode: first.UserCode })).body.Asks
      const taken = { UserCode: first.UserCode, Id, Decision: 'Allow' }
      assert.equal(await pageOutcome(other, 'code', taken), 'LogOn.CodeFailed')
      assert.equal(await pageOutcome(again, 'code', taken), 'LogOn.OtherSession')
      assert.equal(await pageOutcome(one, 'code', { UserCode: second.UserCode }), 'OK')
      assert.equal(await stored(first.UserCode), null)
      assert.equal(await outcome('token', { DeviceCode: first.DeviceCode }), 'LogOn.Pending')
    })

    it('is not begun from outside of LoginNetworkMasks, and the event says why', async () => {
      const name = await people.user()
      const browser = await people.loggedOn(name)
      const waiting = await allowed(browser)
      await ram.must('SetSecurityPreference', { LoginNetworkMasks: '10.0.0.0/8' })
      assert.equal(await outcome('token', waiting), 'LogOn.Failed')
      await ram.must('SetSecurityPreference', { LoginNetworkMasks: '' })
      const refused = (await house.events()).filter(({ errorCode }) => errorCode === 'LogOn.Failed')
      assert.deepEqual(
        refused.map(({ eventName, errorMessage }) => [eventName, errorMessage]),
        [['ConsoleSignin', 'The address is not within LoginNetworkMasks.']],
      )
    })
  })

  describe('a stranger', () => {
    it('has nothing stored, whatever it asks for', async () => {
      const commits = house.open.ledger.commit
      let committed = 0
      house.open.ledger.commit = (...batch) => {
        committed++
        return commits.apply(house.open.ledger, batch)
      }
      try {
        const asked = await Promise.all(Array.from({ length: 40 }, () => ask()))
        assert.equal(new Set(asked.map(({ UserCode }) => UserCode)).size, 40)
        const polled = await Promise.all(asked.map(({ DeviceCode }) => outcome('token', { DeviceCode })))
        assert.deepEqual(new Set(polled), new Set(['LogOn.Pending']))
        assert.equal(await outcome('token', { DeviceCode: 'A'.repeat(4096) }), 'LogOn.Expired')
        assert.equal(await outcome('token', { DeviceCode: 'A'.repeat(4097) }), 'InvalidParameter')
        assert.equal(await outcome('device', { Name: 'x'.repeat(65) }), 'InvalidParameter')
        assert.equal(await outcome('device', { Name: 'a\u202eb' }), 'InvalidParameter')
        assert.equal(await outcome('device', {}), 'InvalidParameter')
        assert.equal(await outcome('token', []), 'ParseRequestParameterException')
        for (const path of ['allow', 'code'])
          assert.equal(
            await pageOutcome(new Browser(house), path, { ...pair(), UserCode: asked[0]?.UserCode }),
            'Session.None',
          )
      } finally {
        house.open.ledger.commit = commits
      }
      assert.equal(committed, 0)
    })

    it('can make no browser allow anything, nor ask in one', async () => {
      const browser = await somebody()
      const { UserCode, DeviceCode } = await ask()
      for (const extra of [own, { 'sec-fetch-site': 'cross-site' }, { origin: 'https://evil.example' }])
        for (const [path, body] of [
          ['allow', pair()],
          ['code', { UserCode }],
        ] as const) {
          const answer = await browser.ask('POST', `/console/log-on/${path}`, body, extra)
          assert.deepEqual([answer.status, answer.body.Code], [403, 'Session.CrossSite'], JSON.stringify(extra))
        }
      for (const [path, body] of [
        ['device', { Name: 'x' }],
        ['token', { DeviceCode }],
        ['revoke', { SecurityToken: 'x' }],
      ] as const)
        for (const extra of [
          { ...own, origin: house.endpoint },
          { ...own, 'sec-fetch-site': 'same-origin' },
        ]) {
          const answer = await new Browser(house).ask('POST', `/console/log-on/${path}`, body, extra)
          assert.deepEqual([answer.status, answer.body.Code], [403, 'Session.CrossSite'], path)
        }
      const form = { 'content-type': 'application/x-www-form-urlencoded' }
      const posted = await new Browser(house).ask('POST', '/console/log-on/device', 'Name=x', { ...own, ...form })
      assert.equal(posted.body.Code, 'ParseRequestParameterException')
    })

    it('who is logged on guesses codes slowly, and what can be no code costs nothing', async () => {
      const browser = await somebody()
      for (const UserCode of ['BCDF', 'BCDF-GHJA', 'BCDF-GHJ1', 'BCDFGHJKL'])
        assert.equal(await pageOutcome(browser, 'code', { UserCode }), 'InvalidParameter')
      const guess = async (i: number) => {
        const letters = 'BCDFGHJKLMNPQRSTVWXZ'
        const UserCode = `ZZZZ-ZZ${letters[Math.floor(i / 20)]}${letters[i % 20]}`
        return pageOutcome(browser, 'code', { UserCode })
      }
      const outcomes: string[] = []
      for (let i = 0; i < 12; i++) outcomes.push(await guess(i))
      assert.deepEqual(outcomes, [...Array(10).fill('OK'), 'LogOn.Throttled', 'LogOn.Throttled'])
      house.now += 3000
      assert.equal(await guess(20), 'OK')
      assert.equal(await guess(21), 'LogOn.Throttled')
    })

    it('a page allows sessions slowly: each is listed, and leaves an event', async () => {
      const browser = await somebody()
      const allow = () => pageOutcome(browser, 'allow', { Challenge: pair().Challenge })
      const outcomes: string[] = []
      for (let i = 0; i < 12; i++) outcomes.push(await allow())
      assert.deepEqual(outcomes, [...Array(10).fill('OK'), 'LogOn.Throttled', 'LogOn.Throttled'])
      house.now += 3000
      assert.deepEqual([await allow(), await allow()], ['OK', 'LogOn.Throttled'])
    })

    it('who is logged on may ask as often as it likes what became of its own code', async () => {
      const browser = await somebody()
      const { UserCode } = await ask()
      for (let i = 0; i < 20; i++) assert.equal(await pageOutcome(browser, 'code', { UserCode }), 'OK')
    })
  })
})
