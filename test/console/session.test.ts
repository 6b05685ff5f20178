// Sessions of the console, from outside: what they may do, when they end, and what is refused to everybody else.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { newCredentials } from '../../src/ram/account.ts'
import { SYSTEM } from '../../src/runtime/system.ts'
import { call } from '../acceptance/program.ts'
import { eachDatabase } from '../databases.ts'
import type { TestHouse } from '../house.ts'
import { codeOf } from '../ram/mfa.ts'
import { ramOf } from '../ram/ram.ts'
import { Browser } from './browser.ts'
import { KMS_FULL, PASSWORD, People } from './people.ts'

const HOUR = 3_600_000

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

  const asRoot = async ({ accessKeyId, accessKeySecret } = house.credentials): Promise<Browser> => {
    const browser = new Browser(house)
    assert.equal(await browser.outcome({ AccessKeyId: accessKeyId, AccessKeySecret: accessKeySecret }), 'OK')
    return browser
  }
  const codeFrom = async (browser: Browser) => (await browser.call('Kms/ListKeys')).body.Code ?? 'OK'

  describe('a call of a session', () => {
    it('calls the operation with the parameters of a JSON body and the region of the query', async () => {
      const browser = await asRoot()
      const made = await browser.call('Kms/CreateKey', { Description: 'by hand', EnableAutomaticRotation: false })
      assert.equal(made.status, 200)
      assert.match(made.headers.get('x-acs-request-id') ?? '', /^[0-9a-f-]{36}$/)
      const { KeyId, Creator } = made.body.KeyMetadata
      assert.equal(Creator, house.credentials.accountId)
      const listed = await browser.call('Kms/ListKeys', { PageSize: 100, PageNumber: 1 })
      assert.ok(listed.body.Keys.Key.some((key: { KeyId: string }) => key.KeyId === KeyId))
      const elsewhere = await browser.call('Kms/ListKeys', {}, '?region=cn-nowhere')
      assert.deepEqual([elsewhere.status, elsewhere.body.Code], [400, 'InvalidParameter'])
      const users = await browser.call('Ram/ListUsers', { Format: 'XML' })
      assert.match(users.body.RequestId, /^[0-9A-F-]{36}$/)
      const wrong = await browser.call('Kms/DescribeKey', { KeyId: 'nothing' })
      assert.deepEqual(
        [wrong.status, wrong.body.Code, typeof wrong.body.Recommend],
        [404, 'Forbidden.KeyNotFound', 'string'],
      )
      assert.equal((await browser.call('Kms/ListKeys', { PageSize: 'x' })).body.Code, 'InvalidParameter')
    })

    it('goes through policies, and leaves the event of a console session', async () => {
      const name = await people.user({ policy: null })
      const browser = await people.loggedOn(name)
      const denied = await browser.call('Kms/CreateKey', { Description: 'mine' })
      assert.deepEqual([denied.status, denied.body.Code], [403, 'Forbidden.NoPermission'])
      await ram.must('AttachPolicyToUser', { UserName: name, ...KMS_FULL })
      assert.equal((await browser.call('Kms/CreateKey', { Description: 'mine' })).status, 200)
      await ram.must('DetachPolicyFromUser', { UserName: name, ...KMS_FULL })
      assert.equal(await codeFrom(browser), 'Forbidden.NoPermission')
      const { UserId } = (await ram.must('GetUser', { UserName: name })).User
      const [refused, made] = (await house.events()).filter(
        ({ eventName, userIdentity }) =>
          eventName === 'CreateKey' && (userIdentity as { userName: string }).userName === name,
      )
      assert.deepEqual([refused?.['errorCode'], refused?.['eventType']], ['Forbidden.NoPermission', 'ApiCall'])
      const { accountId } = house.credentials
      const creationDate = new Date(house.now).toISOString().replace(/\.\d+/, '')
      assert.deepEqual(made?.['userIdentity'], {
        type: 'ram-user',
        accountId,
        principalId: UserId,
        userName: name,
        sessionContext: { attributes: { creationDate, mfaAuthenticated: 'false' } },
      })
      assert.deepEqual(
        [made?.['eventSource'], made?.['userAgent'], made?.['requestParameters']],
        ['127.0.0.1', 'node', { Description: 'mine' }],
      )
    })

    it('names an operation in its own spelling and its newest version, or none', async () => {
      const browser = await asRoot()
      for (const name of [
        'Kms/listkeys',
        'Kms/ListKeysX',
        'kms/ListKeys',
        'KMS/ListKeys',
        'Sts/ListKeys',
        'Unknown/ListKeys',
        'Kms/ListKeys/',
        'Kms/%4cistKeys',
        'Ram/ListKeys',
        'Kms',
      ]) {
        const { status, body } = await browser.call(name)
        assert.deepEqual([status, body.Code], [404, 'InvalidAction.NotFound'], name)
      }
      const renamed = await browser.call('Kms/ListKeys', { Action: 'CreateKey' })
      assert.equal(renamed.body.Code, 'InvalidParameter')
      const older = await browser.call('Actiontrail/LookupEvents', { Version: '2015-09-28' })
      assert.equal(older.body.Code, 'InvalidParameter')
      const got = await browser.ask('GET', '/console/api/Kms/ListKeys')
      assert.deepEqual([got.status, got.body.Code], [403, 'UnsupportedHTTPMethod'])
    })

    it('may be sent again: only the operation itself may refuse a repetition', async () => {
      const browser = await asRoot()
      const alias = { AliasName: 'alias/again', KeyId: (await browser.call('Kms/CreateKey')).body.KeyMetadata.KeyId }
      assert.equal((await browser.call('Kms/CreateAlias', alias)).status, 200)
      assert.equal((await browser.call('Kms/CreateAlias', alias)).body.Code, 'AliasAlreadyExists')
    })
  })

  describe('a request that no page of the console sent', () => {
    it('is refused without the header, from another site, and with a body of another type', async () => {
      const browser = await asRoot()
      const send = async (extra: Record<string, string | null>, path = '/console/api/Kms/CreateKey') => {
        const { status, body } = await browser.ask('POST', path, {}, extra)
        return `${status} ${body.Code}`
      }
      const keys = (await browser.call('Kms/ListKeys')).body.TotalCount
      for (const extra of [
        { 'x-strongroom-console': null },
        { 'x-strongroom-console': '0' },
        { 'sec-fetch-site': 'cross-site' },
        { 'sec-fetch-site': 'same-site' },
        { 'sec-fetch-site': 'none' },
        { origin: 'https://evil.example' },
        { origin: 'null' },
      ]) {
        for (const path of ['/console/api/Kms/CreateKey', '/console/session'])
          assert.equal(await send(extra, path), '403 Session.CrossSite', JSON.stringify(extra))
      }
      for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data'])
        assert.equal(await send({ 'content-type': type }), '400 ParseRequestParameterException')
      assert.equal((await browser.call('Kms/ListKeys')).body.TotalCount, keys)
      assert.equal(await send({ origin: house.endpoint }), '200 undefined')
    })

    it('is refused on every path where a session counts, whatever it has instead', async () => {
      const browser = await asRoot()
      const [[name = '', cookie = ''] = []] = [...browser.cookies]
      const paths = [
        ['POST', '/console/api/Kms/CreateKey'],
        ['POST', '/console/api/Ram/ListUsers'],
        ['POST', '/console/api/simulate'],
        ['POST', '/console/api/who-can'],
        ['POST', '/console/api/check-policy'],
        ['GET', '/console/session'],
        ['DELETE', '/console/session'],
      ] as const
      const all = async (extra: Record<string, string | null>) => {
        const codes = new Set<string>()
        for (const [method, path] of paths) {
          const { status, body } = await browser.ask(method, path, method === 'POST' ? {} : undefined, extra)
          codes.add(`${status} ${body.Code}`)
        }
        return [...codes]
      }
      const keys = (await browser.call('Kms/ListKeys')).body.TotalCount
      // The header of pages without the cookie; the cookie without the header; another origin that hides where it comes from.
      assert.deepEqual(await all({ cookie: null }), ['401 Session.None'])
      assert.deepEqual(await all({ 'x-strongroom-console': null }), ['403 Session.CrossSite'])
      const { port } = new URL(house.endpoint)
      for (const origin of [`http://127.0.0.1:${Number(port) + 1}`, `http://127.0.0.1.evil.example:${port}`, 'file://'])
        assert.deepEqual(await all({ origin }), ['403 Session.CrossSite'], origin)
      assert.deepEqual(await all({ origin: house.endpoint, 'sec-fetch-site': 'cross-site' }), ['403 Session.CrossSite'])
      assert.equal((await browser.call('Kms/ListKeys')).body.TotalCount, keys)
      // The cookie again after its log-off.
      await browser.logOff()
      assert.deepEqual(await all({ cookie: `${name}=${cookie}` }), ['401 Session.None'])
    })

    it('has its parameters read only in a session', async () => {
      const codes = async (browser: Browser) => {
        const made = await Promise.all(
          ['{', '{"KeyId":1,"KeyId":1}'].map((body) => browser.ask('POST', '/console/api/Kms/DescribeKey', body)),
        )
        return made.map(({ body }) => body.Code)
      }
      assert.deepEqual(await codes(new Browser(house)), ['Session.None', 'Session.None'])
      assert.deepEqual(await codes(await asRoot()), ['ParseRequestParameterException', 'InvalidParameter'])
    })

    it('is refused with the cookie of another installation', async () => {
      await using other = await open()
      const { accessKeyId, accessKeySecret } = other.credentials
      const stranger = new Browser(other)
      assert.equal(await stranger.outcome({ AccessKeyId: accessKeyId, AccessKeySecret: accessKeySecret }), 'OK')
      const browser = new Browser(house)
      for (const [name, value] of stranger.cookies) browser.cookies.set(name, value)
      assert.equal(await codeFrom(browser), 'Session.None')
      assert.equal(await codeFrom(stranger), 'OK')
    })

    it('is in the log of unauthenticated requests when it comes with a cookie, and not at a first visit', async () => {
      const [name = ''] = [...(await asRoot()).cookies.keys()]
      const logged = async (method: 'GET' | 'POST', path: string, cookie: string | null) => {
        // The log has few lines in a period, and other tests may have filled this one.
        house.now += 60_000
        const before = house.strangers.length
        const { status } = await new Browser(house).ask(method, path, method === 'POST' ? {} : undefined, { cookie })
        return [status, house.strangers.slice(before).filter((line) => line.includes('Session.None')).length]
      }
      assert.deepEqual(await logged('GET', '/console/session', null), [401, 0])
      assert.deepEqual(await logged('GET', '/console/session', `${name}=x`), [401, 1])
      // What a page asks for only after a log-on.
      assert.deepEqual(await logged('POST', '/console/api/simulate', null), [401, 1])
    })

    it('is allowed nothing beforehand: no preflight is answered with a permission', async () => {
      const browser = await asRoot()
      const { status, headers } = await browser.ask('OPTIONS', '/console/api/Kms/CreateKey', undefined, {
        origin: 'https://evil.example',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'x-strongroom-console',
      })
      assert.notEqual(status, 200)
      assert.equal(
        [...headers.keys()].some((name) => name.startsWith('access-control')),
        false,
      )
    })

    it('is refused with the header alone, and with a cookie that was altered, is of another kind or comes twice', async () => {
      assert.equal(await codeFrom(new Browser(house)), 'Session.None')
      const browser = await asRoot()
      const [[name = '', cookie = ''] = []] = [...browser.cookies]
      const withCookie = async (text: string) => {
        const { status, body } = await browser.ask('POST', '/console/api/Kms/ListKeys', {}, { cookie: text })
        return `${status} ${body.Code}`
      }
      assert.equal(await withCookie(`${name}=${cookie}`), '200 undefined')
      for (const other of [
        `${name}=`,
        `${name}=x`,
        `${name}=${cookie.slice(0, -1)}`,
        `${name}=${cookie}=`,
        `${name}=${cookie.slice(0, 40)}AAAA${cookie.slice(44)}`,
        `__Host-strongroom=${cookie}`,
        `${name}-mfa=${cookie}`,
        `${name}=${cookie}; ${name}=${cookie}`,
        `${name}=${'A'.repeat(5000)}`,
      ])
        assert.equal(await withCookie(other), '401 Session.None', other.slice(0, 60))
      const profile = await people.user()
      await ram.must('UpdateLoginProfile', { UserName: profile, PasswordResetRequired: 'true' })
      const started = await new Browser(house).step({
        UserName: `${profile}@${house.credentials.accountId}`,
        Password: PASSWORD,
      })
      assert.equal(await withCookie(`${name}=${started.body.Ticket}`), '401 Session.None')
    })
  })

  describe('the signed API', () => {
    it('never looks at a cookie', async () => {
      const browser = await asRoot()
      for (const path of ['/', '/?Action=ListKeys&Version=2016-01-20', '//'])
        for (const method of ['GET', 'POST']) {
          const { status, body } = await browser.ask(method, path)
          assert.ok(status >= 400 && body.Code !== undefined, `${method} ${path} ${status}`)
        }
      const before = (await browser.call('Kms/ListKeys')).body.TotalCount
      const form = 'Action=CreateKey&Version=2016-01-20&Format=JSON'
      const acs = { 'x-acs-action': 'CreateKey', 'x-acs-version': '2016-01-20' }
      for (const [path, extra] of [
        ['/', { 'content-type': 'application/x-www-form-urlencoded' }],
        ['/?Action=CreateKey&Version=2016-01-20', { 'content-type': 'application/json' }],
        ['/', { ...acs, 'content-type': 'application/json' }],
        ['/console/../', { 'content-type': 'application/x-www-form-urlencoded' }],
      ] as const) {
        const { status, body } = await browser.ask('POST', path, path === '/' ? form : '{}', extra)
        assert.ok(status >= 400 && body.Code !== undefined, `${path} ${status}`)
      }
      assert.equal((await browser.call('Kms/ListKeys')).body.TotalCount, before)
      const plain = await call(house.endpoint, house.credentials, 'ListKeys', {}, house.now)
      assert.equal(plain.status, 200)
    })
  })

  describe('a session', () => {
    it('is of its own account', async () => {
      const other = { ...newCredentials(SYSTEM), accountId: '1999999999999999' }
      await house.open.accounts.provide(other, 'other', house.now)
      const key = (await house.must('CreateKey')).KeyMetadata
      const browser = await asRoot(other)
      assert.equal((await browser.session()).body.Session.AccountId, other.accountId)
      assert.equal((await browser.call('Kms/DescribeKey', { KeyId: key.KeyId })).body.Code, 'Forbidden.KeyNotFound')
      assert.equal((await browser.call('Kms/DescribeKey', { KeyId: key.Arn })).status >= 400, true)
    })

    it('ends with log-off, also where its cookie was copied', async () => {
      const name = await people.user()
      const browser = await people.loggedOn(name)
      const copied = new Browser(house)
      for (const [cookie, value] of browser.cookies) copied.cookies.set(cookie, value)
      const other = await people.loggedOn(name)
      assert.equal(await codeFrom(copied), 'OK')
      const { status, headers } = await browser.logOff()
      assert.equal(status, 200)
      assert.match(headers.get('set-cookie') ?? '', /^strongroom-console=; .*Max-Age=0/)
      assert.equal(await codeFrom(copied), 'Session.None')
      assert.equal((await copied.session()).status, 401)
      assert.equal((await copied.logOff()).status, 401)
      assert.equal(await codeFrom(other), 'OK')
    })

    it('ends after LoginSessionDuration, also where that is shortened', async () => {
      const name = await people.user()
      await ram.must('SetSecurityPreference', { LoginSessionDuration: '2' })
      const browser = await people.loggedOn(name)
      house.now += 2 * HOUR - 1
      assert.equal(await codeFrom(browser), 'OK')
      const later = await people.loggedOn(name)
      await ram.must('SetSecurityPreference', { LoginSessionDuration: '1' })
      assert.equal(await codeFrom(browser), 'Session.None')
      assert.equal(await codeFrom(later), 'OK')
      await ram.must('SetSecurityPreference', { LoginSessionDuration: '6' })
      house.now += 2 * HOUR
      assert.equal(await codeFrom(later), 'Session.None')
    })

    it('ends with another password, whoever gives it', async () => {
      const name = await people.user()
      const [one, other] = [await people.loggedOn(name), await people.loggedOn(name)]
      await ram.must('UpdateLoginProfile', { UserName: name, MFABindRequired: 'false' })
      assert.equal(await codeFrom(one), 'OK')
      const changed = await one.call('Ram/ChangePassword', { OldPassword: PASSWORD, NewPassword: 'another horse 2' })
      assert.equal(changed.status, 200)
      assert.deepEqual([await codeFrom(one), await codeFrom(other)], ['Session.None', 'Session.None'])
      const again = await people.loggedOn(name, 'another horse 2')
      await ram.must('UpdateLoginProfile', { UserName: name, Password: 'another horse 3' })
      assert.equal(await codeFrom(again), 'Session.None')
    })

    it('ends with the login profile, and with the user', async () => {
      const name = await people.user()
      const browser = await people.loggedOn(name)
      await ram.must('DeleteLoginProfile', { UserName: name })
      assert.equal(await codeFrom(browser), 'Session.None')
      await ram.must('CreateLoginProfile', { UserName: name, Password: PASSWORD })
      assert.equal(await codeFrom(browser), 'Session.None')
      const next = await people.loggedOn(name)
      await ram.must('UpdateUser', { UserName: name, NewUserName: `${name}-x` })
      assert.equal((await next.session()).body.Session.UserName, `${name}-x`)
      await ram.must('DeleteLoginProfile', { UserName: `${name}-x` })
      await ram.must('DetachPolicyFromUser', { UserName: `${name}-x`, ...KMS_FULL })
      await ram.must('DeleteUser', { UserName: `${name}-x` })
      assert.equal(await codeFrom(next), 'Session.None')
    })

    it('of an AccessKey ends with the AccessKey', async () => {
      const name = await people.user()
      const key = await ram.accessKeyOf(name)
      const browser = await asRoot(key)
      assert.equal(await codeFrom(browser), 'OK')
      const named = { UserName: name, UserAccessKeyId: key.accessKeyId }
      await ram.must('UpdateAccessKey', { ...named, Status: 'Inactive' })
      assert.equal(await codeFrom(browser), 'Session.None')
      await ram.must('UpdateAccessKey', { ...named, Status: 'Active' })
      assert.equal(await codeFrom(browser), 'OK')
      await ram.must('DeleteAccessKey', named)
      assert.equal(await codeFrom(browser), 'Session.None')
    })

    it('outlives a restart', async () => {
      const browser = await people.loggedOn(await people.user())
      await house.restart()
      assert.equal(await codeFrom(browser), 'OK')
    })
  })

  describe('acs:MFAPresent', () => {
    it('is true or false in sessions, and in roles that they assume; and absent with an AccessKey', async () => {
      const name = await people.user({ policy: null })
      const { accountId } = house.credentials
      const seedOf = async () => {
        const { VirtualMFADevice } = await ram.must('CreateVirtualMFADevice', { VirtualMFADeviceName: name })
        const { Base32StringSeed: seed, SerialNumber } = VirtualMFADevice
        const codes = {
          AuthenticationCode1: codeOf(seed, house.now - 30_000),
          AuthenticationCode2: codeOf(seed, house.now),
        }
        await ram.must('BindMFADevice', { UserName: name, SerialNumber, ...codes })
        house.now += 60_000
        return seed as string
      }
      const when = (mfa: string) => ({
        Effect: 'Allow',
        Action: mfa === 'true' ? 'kms:ListKeys' : 'kms:ListAliases',
        Resource: '*',
        Condition: { Bool: { 'acs:MFAPresent': mfa } },
      })
      const assume = { Effect: 'Allow', Action: 'sts:AssumeRole', Resource: '*' }
      const trust = { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { RAM: [`acs:ram::${accountId}:root`] } }
      const policy = (PolicyName: string, ...statements: object[]) =>
        ram.must('CreatePolicy', { PolicyName, PolicyDocument: ram.document(...statements) })
      await policy('by-mfa', when('true'), when('false'), assume)
      await ram.must('CreateRole', { RoleName: 'by-mfa', AssumeRolePolicyDocument: ram.document(trust) })
      const attached = { PolicyType: 'Custom', PolicyName: 'by-mfa' }
      await ram.must('AttachPolicyToUser', { UserName: name, ...attached })
      await ram.must('AttachPolicyToRole', { RoleName: 'by-mfa', ...attached })

      const may = async (ask: (operation: string) => Promise<{ status: number }>) => [
        (await ask('ListKeys')).status === 200,
        (await ask('ListAliases')).status === 200,
      ]
      const RoleArn = `acs:ram::${accountId}:role/by-mfa`
      const assumedBy = async (browser: Browser) => {
        const { body } = await browser.call('Sts/AssumeRole', { RoleArn, RoleSessionName: 'session' })
        const { AccessKeyId, AccessKeySecret, SecurityToken } = body.Credentials
        const credentials = {
          accountId,
          accessKeyId: AccessKeyId,
          accessKeySecret: AccessKeySecret,
          securityToken: SecurityToken,
        }
        return (operation: string) => call(house.endpoint, credentials, operation, {}, house.now)
      }
      const plain = await people.loggedOn(name)
      assert.deepEqual(await may((operation) => plain.call(`Kms/${operation}`)), [false, true])
      assert.deepEqual(await may(await assumedBy(plain)), [false, true])

      const seed = await seedOf()
      const browser = new Browser(house)
      const { Ticket } = (await browser.step({ UserName: `${name}@${accountId}`, Password: PASSWORD })).body
      assert.equal(await browser.outcome({ Ticket, Code: codeOf(seed, house.now) }), 'OK')
      assert.deepEqual(await may((operation) => browser.call(`Kms/${operation}`)), [true, false])
      assert.deepEqual(await may(await assumedBy(browser)), [true, false])
      const assumed = (await house.events()).findLast(
        ({ userIdentity }) => (userIdentity as { type: string }).type === 'assumed-role',
      )
      assert.ok(assumed)
      const { sessionContext } = assumed['userIdentity'] as { sessionContext: { attributes: Record<string, string> } }
      assert.equal(sessionContext.attributes['mfaAuthenticated'], 'true')

      const key = await ram.accessKeyOf(name)
      const signed = (operation: string) => call(house.endpoint, key, operation, {}, house.now)
      assert.deepEqual(await may(signed), [false, false])
    })
  })

  describe('pages', () => {
    it('have a strict policy, also for deep links, and no file system behind them', async () => {
      const browser = new Browser(house)
      for (const path of ['/console', '/console/', '/console/keys/0190f5f2/details']) {
        const { status, headers } = await browser.ask('GET', path)
        assert.equal(status, 200)
        const policy = headers.get('content-security-policy') ?? ''
        for (const part of ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"])
          assert.ok(policy.includes(part))
        assert.ok(!/unsafe|\*|http/.test(policy), policy)
        for (const name of ['cross-origin-opener-policy', 'cross-origin-resource-policy'])
          assert.equal(headers.get(name), 'same-origin')
        assert.deepEqual(
          [headers.get('x-content-type-options'), headers.get('referrer-policy')],
          ['nosniff', 'no-referrer'],
        )
        assert.equal(headers.get('cache-control'), 'no-store')
      }
      for (const path of [
        '/console/assets/nothing.js',
        '/console/../package.json',
        '/console/%2e%2e/package.json',
        '/console/assets/..%2f..%2fpackage.json',
      ])
        assert.ok((await browser.ask('GET', path)).status >= 400, path)
      assert.equal((await browser.ask('POST', '/console', {})).status, 403)
    })
  })
})
