// AssumeRoleWithOIDC: whose tokens start a session, how the service refuses the others, and what a refused call costs.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHmac, X509Certificate } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, beforeEach, describe, it } from 'node:test'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { Refusal } from '../../src/api/errors.ts'
import { callOperation } from '../../src/cli/client.ts'
import { selfSigned } from '../../src/gateway/certificates.ts'
import { readToken } from '../../src/sts/oidc/token.ts'
import { type Called, call, removeFolder, temporaryFolder } from '../acceptance/program.ts'
import { openTestHouse, type TestHouse } from '../house.ts'
import { ramOf } from '../ram/ram.ts'
import { seed } from '../size.ts'
import { TestIssuer } from './issuer.ts'

type Parameters = Record<string, string>

const INVALID = 'AuthenticationFail.OIDCToken.Invalid'
const SIGNATURE = 'AuthenticationFail.OIDCToken.InvalidSignature'
const BROKEN = 'AuthenticationFail.OIDCToken.IssuerConfigurationBroken'
const NO_PERMISSION = 'AuthenticationFail.NoPermission'

describe('AssumeRoleWithOIDC', () => {
  let issuer: TestIssuer
  let house: TestHouse
  let ram: ReturnType<typeof ramOf>
  let account: string
  const arnOf = (name: string) => `acs:ram::${account}:oidc-provider/${name}`
  const roleArn = (name: string) => `acs:ram::${account}:role/${name}`

  const ims = async (action: string, parameters: Parameters) => {
    const { status, body } = await call(
      house.endpoint,
      house.credentials,
      action,
      { Version: '2019-08-15', ...parameters },
      house.now,
    )
    assert.equal(status, 200, JSON.stringify(body))
    return body
  }
  /** Sends a call that nobody signed, all in the form but for what the credential libraries put into the query. */
  const send = async (parameters: Parameters, query: Parameters = {}): Promise<Called> => {
    const common = { Version: '2015-04-01', Action: 'AssumeRoleWithOIDC', Format: 'JSON', ...query }
    const response = await fetch(`${house.endpoint}/?${new URLSearchParams(common)}`, {
      method: 'POST',
      body: new URLSearchParams(parameters),
    })
    return { status: response.status, body: await response.json() }
  }
  const assume = async (given: Parameters = {}): Promise<Called> =>
    send({
      OIDCProviderArn: arnOf('pods'),
      RoleArn: roleArn('Pod'),
      RoleSessionName: 'app',
      OIDCToken: given['OIDCToken'] ?? (await issuer.token(house.now)),
      ...given,
    })
  const outcome = async (given: Parameters = {}) => {
    const { status, body } = await assume(given)
    return status === 200 ? 'OK' : body.Code
  }
  const withToken = async (claims: Record<string, unknown> = {}, header = {}) =>
    outcome({ OIDCToken: await issuer.token(house.now, claims, header) })
  const trust = (Condition: object = {}, Federated = arnOf('pods'), Effect = 'Allow') => ({
    Effect,
    Action: 'sts:AssumeRole',
    Principal: { Federated: [Federated] },
    Condition,
  })
  const trusts = (...statements: object[]) =>
    ram.must('UpdateRole', { RoleName: 'Pod', NewAssumeRolePolicyDocument: ram.document(...statements) })

  before(async () => {
    issuer = await TestIssuer.start()
    house = await openTestHouse(null, [
      ...['--oidc-issuers', `${issuer.host},https://unreachable.invalid/x`, '--oidc-ca-file', issuer.caFile],
      ...['--oidc-private-addresses', '--oidc-calls-per-second', '1000'],
    ])
    ram = ramOf(house)
    account = house.credentials.accountId
    await ims('CreateOIDCProvider', {
      OIDCProviderName: 'pods',
      IssuerUrl: issuer.url(),
      ClientIds: 'sts.aliyuncs.com,other',
    })
    await ram.must('CreateRole', { RoleName: 'Pod', AssumeRolePolicyDocument: ram.document(trust()) })
    await ram.must('CreatePolicy', {
      PolicyName: 'keys',
      PolicyDocument: ram.document({ Effect: 'Allow', Action: 'kms:*', Resource: '*' }),
    })
    await ram.must('AttachPolicyToRole', { PolicyType: 'Custom', PolicyName: 'keys', RoleName: 'Pod' })
  })
  after(async () => {
    await house[Symbol.asyncDispose]()
    await issuer[Symbol.asyncDispose]()
  })

  it('starts a session, whose calls have the permissions of the role', async () => {
    const { status, body } = await assume()
    assert.equal(status, 200, JSON.stringify(body))
    const { Credentials, OIDCTokenInfo, AssumedRoleUser } = body
    const { Role } = await ram.must('GetRole', { RoleName: 'Pod' })
    assert.deepEqual(AssumedRoleUser, { Arn: `${roleArn('Pod')}/app`, AssumedRoleId: `${Role.RoleId}:app` })
    assert.equal(Credentials.Expiration, new Date(house.now + 3_600_000).toISOString().replace('.000', ''))
    assert.deepEqual(OIDCTokenInfo, {
      Subject: 'system:serviceaccount:default:app',
      Issuer: issuer.url(),
      ClientIds: 'sts.aliyuncs.com',
      IssuanceTime: new Date(house.now).toISOString().replace('.000', ''),
      ExpirationTime: new Date(house.now + 3_600_000).toISOString().replace('.000', ''),
      VerificationInfo: 'Success',
    })
    const session = {
      accountId: account,
      accessKeyId: Credentials.AccessKeyId,
      accessKeySecret: Credentials.AccessKeySecret,
      securityToken: Credentials.SecurityToken,
    }
    const who = (await ramOf(house, session).sts('GetCallerIdentity')).body
    assert.deepEqual(
      [who.IdentityType, who.Arn, who.PrincipalId],
      ['AssumedRoleUser', `acs:ram::${account}:assumed-role/Pod/app`, `${Role.RoleId}:app`],
    )
    assert.equal((await house.call('ListKeys', {}, session)).status, 200)
    assert.equal((await ramOf(house, session).call('ListUsers')).body.Code, 'NoPermission')
  })

  it('takes the algorithms of public keys, and no other', async () => {
    for (const alg of ['RS256', 'RS384', 'PS256', 'ES256']) assert.equal(await withToken({}, { alg }), 'OK', alg)
    const [, claims = ''] = (await issuer.token(house.now)).split('.')
    const forged = (alg: string, sign: (input: string) => string) => {
      const input = `${Buffer.from(JSON.stringify({ alg, kid: 'rsa-1' })).toString('base64url')}.${claims}`
      return assume({ OIDCToken: `${input}.${sign(input)}` })
    }
    const modulus = Buffer.from(issuer.keySet.keys[0]?.n ?? '', 'base64url')
    const attacks = [
      await forged('none', () => ''),
      await forged('HS256', (input) => createHmac('sha256', modulus).update(input).digest('base64url')),
    ]
    assert.deepEqual(
      attacks.map(({ status, body }) => [status, body.Code, body.Message]),
      ['none', 'HS256'].map((alg) => [
        401,
        INVALID,
        `The algorithm ${alg} that be specified in Jwt header is unknown.`,
      ]),
    )
  })

  it('names faults in the form of a token before all others', async () => {
    const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const header = encoded({ alg: 'RS256' })
    const cases: [string, string][] = [
      ['', 'The OIDCToken can not empty.'],
      ['no token', "The number of Jwt field should be divided into 3 parts with '.' ."],
      ['a.b.c.d', "The number of Jwt field should be divided into 3 parts with '.' ."],
      ['a=.b.c', 'Cannot decode base64 encoded response(format invalided).'],
      ['YQ.YQ.YQ', 'The Jwt content is invalid that cannot be recognized.'],
      [`${header}.${encoded([])}.YQ`, 'The Jwt content is invalid that cannot be recognized.'],
      [
        `${header}.${encoded({ iss: 'a', sub: 'b', aud: 'c', iat: 1 })}.YQ`,
        'The Jwt content is invalid that cannot be recognized.',
      ],
      [
        `${header}.${encoded({ iss: 'a', sub: 'b', aud: 'c', iat: 1, exp: 1e300 })}.YQ`,
        'The Jwt content is invalid that cannot be recognized.',
      ],
    ]
    for (const [OIDCToken, message] of cases) {
      const { status, body } = await assume({ OIDCToken, RoleArn: 'acs:ram::roleArn', OIDCProviderArn: 'x' })
      assert.deepEqual([status, body.Code, body.Message], [401, INVALID, message], OIDCToken)
    }
    const long = await assume({ OIDCToken: 'x'.repeat(20_001) })
    assert.match(long.body.Message, /longer than 20000 characters/)
  })

  it('tells what is wrong with the other parameters, in the order of the checks', async () => {
    const { body: missing } = await send({ OIDCToken: await issuer.token(house.now) })
    assert.equal(missing.Code, 'MissingParameter.OIDCProviderArn')
    assert.equal(await outcome({ OIDCProviderArn: 'acs:ram::roleArn' }), 'InvalidParameter.OIDCProviderArn')
    assert.equal(await outcome({ RoleArn: 'acs:ram::roleArn' }), 'InvalidParameter.RoleArn')
    assert.equal(await outcome({ RoleSessionName: 'x' }), 'InvalidParameter.RoleSessionName')
    const unknown = await assume({ OIDCProviderArn: arnOf('none') })
    assert.deepEqual(
      [unknown.status, unknown.body.Code, unknown.body.Message],
      [401, NO_PERMISSION, 'No such OIDC Provider registered.'],
    )
    const none = await assume({ RoleArn: roleArn('none') })
    assert.deepEqual([none.status, none.body.Code], [404, 'EntityNotExist.Role'])
    assert.equal(none.body.Message, `The role not exists: ${roleArn('none')}. `)
    // Nobody learns of roles without a token that passed.
    const expired = await issuer.token(house.now, { exp: 1, iat: 1 })
    for (const wrong of [{ RoleArn: roleArn('none') }, { Policy: '{' }, { DurationSeconds: '1' }])
      assert.equal(await outcome({ OIDCToken: expired, ...wrong }), 'AuthenticationFail.OIDCToken.Expired')
    assert.equal(await outcome({ RoleArn: 'acs:ram::1:role/Pod' }), NO_PERMISSION)
    assert.equal(await outcome({ Policy: '{' }), 'InvalidParameter.PolicyGrammar')
    assert.equal(await outcome({ DurationSeconds: '899' }), 'InvalidParameter.DurationSeconds')
    assert.equal(await outcome({ DurationSeconds: '3601' }), 'InvalidParameter.DurationSeconds')
    assert.equal(await outcome({ DurationSeconds: '900' }), 'OK')
  })

  it('holds a token against its provider and the clock', async () => {
    const now = Math.floor(house.now / 1000)
    const HOUR = 3600
    const cases: [Record<string, unknown>, string][] = [
      [{ iss: `${issuer.url()}/` }, 'AuthenticationFail.OIDCToken.IssuerNotMatch'],
      [{ exp: now - 61 }, 'AuthenticationFail.OIDCToken.Expired'],
      [{ exp: now - 59 }, 'OK'],
      [{ iat: now - 12 * HOUR - 1 }, 'AuthenticationFail.OIDCToken.Expired'],
      [{ iat: now - 12 * HOUR }, 'OK'],
      [{ iat: now + 61 }, INVALID],
      [{ iat: now + 60 }, 'OK'],
      [{ nbf: now + 61 }, INVALID],
      [{ nbf: now + 60 }, 'OK'],
      [{ aud: 'else' }, 'AuthenticationFail.OIDCToken.AudienceNotMatch'],
      [{ aud: [] }, 'AuthenticationFail.OIDCToken.AudienceNotMatch'],
      [{ aud: ['else', 'other'] }, 'OK'],
    ]
    for (const [claims, expected] of cases) assert.equal(await withToken(claims), expected, JSON.stringify(claims))
  })

  it('refuses a token that was altered', async () => {
    const token = await issuer.token(house.now)
    const [header = '', , signature = ''] = token.split('.')
    const other = (await issuer.token(house.now, { sub: 'system:serviceaccount:kube-system:admin' })).split('.')[1]
    assert.equal(await outcome({ OIDCToken: `${header}.${other}.${signature}` }), SIGNATURE)
    assert.equal(await outcome({ OIDCToken: `${header}.${token.split('.')[1]}.` }), SIGNATURE)
  })

  it('lets in whom the trust policy names, by issuer, audience and subject', async () => {
    const like = (sub: string) => ({ StringLike: { 'oidc:sub': sub } })
    const full = {
      StringEquals: {
        'oidc:iss': issuer.url(),
        'oidc:aud': 'sts.aliyuncs.com',
        'oidc:sub': ['system:serviceaccount:default:app'],
      },
    }
    const cases: [object[], string][] = [
      [[trust(full)], 'OK'],
      [[trust({ StringEquals: { 'oidc:sub': 'system:serviceaccount:default:other' } })], NO_PERMISSION],
      [[trust(like('system:serviceaccount:default:*'))], 'OK'],
      [[trust(like('system:serviceaccount:kube-system:*'))], NO_PERMISSION],
      [[trust({ StringEquals: { 'oidc:iss': 'https://else.example.com' } })], NO_PERMISSION],
      [[trust(), trust(like('*:app'), arnOf('pods'), 'Deny')], NO_PERMISSION],
      [[trust({}, arnOf('others'))], NO_PERMISSION],
      [[trust({}, arnOf('PODS'))], 'OK'],
      [[{ ...trust(), Principal: { RAM: [`acs:ram::${account}:root`] } }], NO_PERMISSION],
      [[{ ...trust(), Principal: { RAM: [`acs:ram::${account}:root`], Federated: arnOf('pods') } }], 'OK'],
    ]
    for (const [statements, expected] of cases) {
      await trusts(...statements)
      assert.equal(await outcome(), expected, JSON.stringify(statements))
    }
    const refused = await (async () => {
      await trusts(trust(like('nobody')))
      return assume()
    })()
    assert.deepEqual([refused.status, refused.body.Message], [401, 'There is no permission'])
    assert.equal(refused.body.AccessDeniedDetail.PolicyType, 'TrustPolicy')
    const misspelt = ram.document(trust({ StringNotEquals: { 'oidc:Sub': 'a' } }))
    const { body } = await ram.call('UpdateRole', { RoleName: 'Pod', NewAssumeRolePolicyDocument: misspelt })
    assert.match(body.Message, /Did you mean oidc:sub\?/)
    await trusts(trust())
  })

  it('matches any of several audiences with a positive operator, and none with a negated one', async () => {
    const two = async (operator: string, value: string) => {
      await trusts(trust({ [operator]: { 'oidc:aud': value } }))
      return withToken({ aud: ['sts.aliyuncs.com', 'other'] })
    }
    assert.equal(await two('StringEquals', 'other'), 'OK')
    assert.equal(await two('StringEquals', 'none'), NO_PERMISSION)
    assert.equal(await two('StringNotEquals', 'other'), NO_PERMISSION)
    assert.equal(await two('StringNotEquals', 'none'), 'OK')
    await trusts(trust())
  })

  it('matches no other caller: no signed caller is a federated principal, and no session of the console can call it', async () => {
    await ram.must('CreateUser', { UserName: 'pods' })
    await ram.must('AttachPolicyToUser', { PolicyType: 'System', PolicyName: 'AdministratorAccess', UserName: 'pods' })
    const user = ramOf(house, await ram.accessKeyOf('pods'))
    const asked = { RoleArn: roleArn('Pod'), RoleSessionName: 'me' }
    assert.equal((await user.sts('AssumeRole', asked)).body.Code, 'NoPermission')
    // Credentials that are sent all the same are ignored: the signature, which is wrong, and the nonce, which comes twice.
    const stray = { AccessKeyId: 'LTAInone', Signature: 'x', SignatureNonce: 'n', SignatureVersion: '1.0' }
    const all = { OIDCProviderArn: arnOf('pods'), OIDCToken: await issuer.token(house.now), ...asked }
    for (let i = 0; i < 2; i++) assert.equal((await send(all, stray)).status, 200)
    assert.equal((await send(all, { Timestamp: '2020-01-01T00:00:00Z' })).body.Code, 'InvalidTimeStamp.Expired')
  })

  it('is found by headers, as SDKs name operations, whatever stands in Authorization', async () => {
    const query = new URLSearchParams({
      OIDCProviderArn: arnOf('pods'),
      RoleArn: roleArn('Pod'),
      RoleSessionName: 'sdk',
      OIDCToken: await issuer.token(house.now),
    })
    const headers = { 'x-acs-action': 'AssumeRoleWithOIDC', 'x-acs-version': '2015-04-01' }
    for (const more of [{}, { authorization: 'ACS3-HMAC-SHA256 Credential=a,SignedHeaders=b,Signature=c' }]) {
      const response = await fetch(`${house.endpoint}/?${query}`, { method: 'POST', headers: { ...headers, ...more } })
      assert.equal(response.status, 200)
    }
    const both = { 'x-acs-action': 'AssumeRoleWithOIDC', 'x-acs-version': '2016-01-20' }
    const other = await fetch(`${house.endpoint}/?Action=ListKeys&Version=2016-01-20`, {
      method: 'POST',
      headers: both,
    })
    assert.equal(((await other.json()) as { Code: string }).Code, 'MissingAccessKeyId')
  })

  it('leaves events of the account, without the token', async () => {
    const token = await issuer.token(house.now, { canary: 'cafe'.repeat(8) })
    const { body } = await assume({ OIDCToken: token })
    await outcome({ OIDCToken: `${token.slice(0, -8)}AAAAAAAA` })
    await outcome({ OIDCToken: token, OIDCProviderArn: arnOf('none') })
    const events = await house.events()
    const [made, refused] = events.slice(-2)
    assert.deepEqual(made?.['userIdentity'], {
      type: 'system',
      accountId: account,
      principalId: arnOf('pods'),
      userName: 'pods',
    })
    assert.deepEqual(made?.['referencedResources'], {
      'ACS::RAM::Role': ['Pod'],
      'ACS::RAM::AccessKey': [body.Credentials.AccessKeyId],
    })
    const shown = made?.['responseElements'] as Record<string, Record<string, string>>
    assert.equal(shown['OIDCTokenInfo']?.['Subject'], 'system:serviceaccount:default:app')
    assert.deepEqual(Object.keys(made?.['requestParameters'] as object), [
      'OIDCProviderArn',
      'RoleArn',
      'RoleSessionName',
    ])
    assert.equal(refused?.['errorCode'], SIGNATURE)
    const parts = token.split('.')
    const everything = JSON.stringify([events, house.failures, house.strangers])
    for (const part of [...parts.slice(1), body.Credentials.SecurityToken])
      assert.equal(everything.includes(part), false)
  })

  describe('fetches keys', () => {
    const MINUTE = 60_000
    const fetchesDuring = async (work: () => Promise<unknown>) => {
      const before = issuer.asked.length
      await work()
      return issuer.asked.length - before
    }
    /** Lets what was fetched grow old. */
    const age = () => {
      house.now += 11 * MINUTE
    }

    it('once in ten minutes, together for all that wait', async () => {
      age()
      assert.equal(await fetchesDuring(() => Promise.all(Array.from({ length: 20 }, () => outcome()))), 2)
      house.now += 9 * MINUTE
      assert.equal(await fetchesDuring(() => outcome()), 0)
      house.now += MINUTE
      assert.equal(await fetchesDuring(() => outcome()), 2)
    })

    it('again for a key that is new, once in a minute at most', async () => {
      age()
      await outcome()
      issuer.rotate('2')
      house.now += 2 * MINUTE
      assert.equal(await withToken({}, { alg: 'ES256' }), 'OK')
      const storm = () => Promise.all(Array.from({ length: 30 }, (_, i) => withToken({}, { kid: `none-${i}` })))
      assert.equal(await fetchesDuring(async () => assert.deepEqual(new Set(await storm()), new Set([SIGNATURE]))), 0)
      house.now += MINUTE + 1
      assert.equal(await fetchesDuring(storm), 2)
      assert.equal(await withToken({}, { kid: 'rsa-1' }), SIGNATURE)
    })

    it('and takes none that does not verify, redirects, is too long or is not of the issuer itself', async () => {
      const config = '/cluster/.well-known/openid-configuration'
      const at = (path: string, page: object) => (asked: string) => (asked === path ? page : undefined)
      const discovery = (jwks_uri: string, iss = issuer.url()) => ({ body: JSON.stringify({ issuer: iss, jwks_uri }) })
      const answers: [string, (path: string) => object | undefined][] = [
        ['a redirect', at(config, { status: 302, headers: { location: issuer.url('/keys') } })],
        ['an error', at('/keys', { status: 500 })],
        ['no JSON', at(config, { body: '<html>' })],
        ['another issuer', at(config, discovery(issuer.url('/keys'), 'https://else.example.com'))],
        ['another host', at(config, discovery('https://else.example.com/keys'))],
        ['another port', at(config, discovery('https://127.0.0.1:1/keys'))],
        ['plain HTTP', at(config, discovery(`http://${issuer.host}/keys`))],
        ['no key set', at('/keys', { body: '{"keys":{}}' })],
        ['256 KiB and more', at('/keys', { body: JSON.stringify({ ...issuer.keySet, more: 'x'.repeat(262_144) }) })],
      ]
      for (const [what, instead] of answers) {
        age()
        issuer.instead = instead
        const { status, body } = await assume()
        assert.deepEqual([status, body.Code], [401, BROKEN], what)
        assert.equal(body.Message, `Get public keys from OIDC Provider failed, the issuer is ${issuer.url()}`)
        // It is asked again only after a pause.
        issuer.instead = null
        assert.equal(await fetchesDuring(() => outcome()), 0)
        house.now += 10_000
        assert.equal(await outcome(), 'OK', what)
      }
      const alarms = house.failures.splice(0)
      assert.equal(alarms.length, answers.length)
      assert.match(alarms.join(), /jwks_uri is not https on its own host: pin its keys with `oidc-pinned-keys` instead/)
    })

    it('only from issuers that the operator allowed, and tells the operator how to allow one', async () => {
      const provider = { OIDCProviderName: 'evil', IssuerUrl: 'https://169.254.169.254/latest', ClientIds: 'a' }
      await ims('CreateOIDCProvider', provider)
      const OIDCToken = await issuer.token(house.now, { iss: provider.IssuerUrl })
      assert.equal(await outcome({ OIDCProviderArn: arnOf('evil'), OIDCToken }), BROKEN)
      assert.match(
        house.failures.splice(0).join(),
        /169\.254\.169\.254\/latest could not be fetched.* not among `oidc-issuers`/,
      )
      await ims('DeleteOIDCProvider', { OIDCProviderName: 'evil' })
    })

    it('over a chain that ends in a certificate of the provider, if it names any', async () => {
      const thumbprint = new X509Certificate(readFileSync(issuer.caFile)).fingerprint.replaceAll(':', '')
      const change = (action: string, Fingerprint: string) => ims(action, { OIDCProviderName: 'pods', Fingerprint })
      await change('AddFingerprintToOIDCProvider', '0'.repeat(40))
      assert.equal(await outcome(), 'AuthenticationFail.OIDCToken.PublicKeyFingerprintMismatch')
      await change('AddFingerprintToOIDCProvider', thumbprint)
      assert.equal(await outcome(), 'OK')
    })

    it('of a provider that was deleted no more', async () => {
      await ims('CreateOIDCProvider', { OIDCProviderName: 'short', IssuerUrl: issuer.url('/short'), ClientIds: 'a' })
      await trusts(trust(), trust({}, arnOf('short')))
      const OIDCToken = await issuer.token(house.now, { iss: issuer.url('/short'), aud: 'a' })
      const short = { OIDCProviderArn: arnOf('short'), OIDCToken }
      assert.equal(await outcome(short), 'OK')
      await ims('DeleteOIDCProvider', { OIDCProviderName: 'short' })
      assert.equal(await outcome(short), NO_PERMISSION)
    })

    it('of another issuer in the place of a provider, but not for roles that trusted the former one', async () => {
      const swap = async (path: string) => {
        await ims('DeleteOIDCProvider', { OIDCProviderName: 'ci' })
        await ims('CreateOIDCProvider', { OIDCProviderName: 'Ci', IssuerUrl: issuer.url(path), ClientIds: 'a' })
      }
      const outcomeOf = async (path: string, name = 'ci') =>
        outcome({
          OIDCProviderArn: arnOf(name),
          OIDCToken: await issuer.token(house.now, { iss: issuer.url(path), aud: 'a' }),
        })
      const create = (OIDCProviderName: string, path: string) =>
        ims('CreateOIDCProvider', { OIDCProviderName, IssuerUrl: issuer.url(path), ClientIds: 'a' })
      await trusts(trust({}, arnOf('ci')))
      await create('ci', '/one')
      assert.equal(await outcomeOf('/one'), 'OK', 'written before the provider: whoever has the name')
      await swap('/two')
      assert.equal(await outcomeOf('/two'), 'OK', 'and whoever has it later')
      await trusts(trust({}, arnOf('CI')))
      assert.equal(await outcomeOf('/two'), 'OK')
      await swap('/one')
      assert.equal(await outcomeOf('/one'), NO_PERMISSION, 'another issuer')
      await house.restart()
      assert.equal(await outcomeOf('/one'), NO_PERMISSION)
      await create('other', '/two')
      assert.equal(await outcomeOf('/two', 'other'), NO_PERMISSION, 'the issuer under another name')
      await ims('DeleteOIDCProvider', { OIDCProviderName: 'other' })
      await swap('/two')
      assert.equal(await outcomeOf('/two'), 'OK', 'the same issuer again')
      await swap('/one')
      await trusts(trust({}, arnOf('ci')))
      assert.equal(await outcomeOf('/one'), 'OK', 'written again')
      await ims('DeleteOIDCProvider', { OIDCProviderName: 'ci' })
      await trusts(trust())
    })
  })
})

describe('keys that the operator pinned', () => {
  it('verify tokens without any fetch, and a root that nobody trusts fetches nothing', async () => {
    await using issuer = await TestIssuer.start()
    await using other = await TestIssuer.start()
    const folder = temporaryFolder()
    after(() => removeFolder(folder))
    const file = join(folder, 'keys.json')
    writeFileSync(file, JSON.stringify(issuer.keySet))
    await using house = await openTestHouse(null, [
      ...['--oidc-pinned-keys', `${issuer.url()}=${file}`, '--oidc-issuers', other.url()],
      ...['--oidc-private-addresses'],
    ])
    const { accountId } = house.credentials
    const ram = ramOf(house)
    const asked = async (name: string, of: TestIssuer) => {
      const given = { OIDCProviderName: name, IssuerUrl: of.url(), ClientIds: 'sts.aliyuncs.com', Fingerprints: 'F' }
      await call(
        house.endpoint,
        house.credentials,
        'CreateOIDCProvider',
        { Version: '2019-08-15', ...given },
        house.now,
      )
      const OIDCProviderArn = `acs:ram::${accountId}:oidc-provider/${name}`
      const statement = { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Federated: OIDCProviderArn } }
      await ram.must('CreateRole', { RoleName: name, AssumeRolePolicyDocument: ram.document(statement) })
      const RoleArn = `acs:ram::${accountId}:role/${name}`
      const OIDCToken = await of.token(house.now)
      const parameters = { OIDCProviderArn, RoleArn, RoleSessionName: 'app', OIDCToken }
      const body = new URLSearchParams({ Action: 'AssumeRoleWithOIDC', Version: '2015-04-01', ...parameters })
      return (await (await fetch(house.endpoint, { method: 'POST', body })).json()) as {
        Code?: string
        Message?: string
      }
    }
    assert.equal((await asked('pinned', issuer)).Code, undefined)
    assert.deepEqual(issuer.asked, [])
    const untrusted = await asked('untrusted', other)
    assert.equal(untrusted.Code, 'AuthenticationFail.OIDCToken.HttpsUrlInvalid')
    assert.match(untrusted.Message ?? '', /The root ca certificate is not in ca whitelist of this url: https:\/\/127/)
  })
})

describe('the credential library of the cloud', () => {
  it('gets credentials for a pod by what its environment names', async () => {
    await using issuer = await TestIssuer.start()
    const folder = temporaryFolder()
    after(() => removeFolder(folder))
    const tls = await selfSigned(folder, ['localhost', '127.0.0.1'], Date.now())
    const flags = ['--oidc-issuers', issuer.url(), '--oidc-ca-file', issuer.caFile, '--oidc-private-addresses']
    await using house = await openTestHouse(null, flags, { tls })
    // The library writes the time of its machine into the call.
    house.now = Date.now()
    const { accountId } = house.credentials
    const ca = readFileSync(tls.caFile, 'utf8')
    const ask = async (Version: string, Action: string, parameters: Parameters, as = {}) => {
      const how = { endpoint: house.endpoint, ...house.credentials, securityToken: null, now: house.now, ca, ...as }
      const { status, body } = await callOperation(new Map(Object.entries({ Version, Action, ...parameters })), how)
      assert.equal(status, 200, body)
      return JSON.parse(body)
    }
    const [provider, role] = [`acs:ram::${accountId}:oidc-provider/pods`, `acs:ram::${accountId}:role/Pod`]
    const statement = { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Federated: [provider] } }
    const named = { OIDCProviderName: 'pods', IssuerUrl: issuer.url(), ClientIds: 'sts.aliyuncs.com' }
    await ask('2019-08-15', 'CreateOIDCProvider', named)
    const AssumeRolePolicyDocument = JSON.stringify({ Version: '1', Statement: [statement] })
    await ask('2015-05-01', 'CreateRole', { RoleName: 'Pod', AssumeRolePolicyDocument })
    const tokenFile = join(folder, 'token')
    writeFileSync(tokenFile, await issuer.token(house.now))
    const script = `
      const { default: Credential, Config } = require('@alicloud/credentials')
      const stsEndpoint = 'localhost:${new URL(house.endpoint).port}'
      const found = new Credential(new Config({ type: 'oidc_role_arn', stsEndpoint })).getCredential()
      found.then((credential) => console.log(JSON.stringify(credential)))`
    const env = {
      ...process.env,
      NODE_EXTRA_CA_CERTS: tls.caFile,
      ALIBABA_CLOUD_ROLE_ARN: role,
      ALIBABA_CLOUD_OIDC_PROVIDER_ARN: provider,
      ALIBABA_CLOUD_OIDC_TOKEN_FILE: tokenFile,
      ALIBABA_CLOUD_ROLE_SESSION_NAME: 'pod-1',
    }
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', script], { env, timeout: 60_000 })
    const { accessKeyId, accessKeySecret, securityToken } = JSON.parse(stdout)
    const who = await ask('2015-04-01', 'GetCallerIdentity', {}, { accessKeyId, accessKeySecret, securityToken })
    assert.equal(who.Arn, `acs:ram::${accountId}:assumed-role/Pod/pod-1`)
  })
})

describe('a token of any form', () => {
  const part = fc.oneof(
    fc.base64String({ maxLength: 60 }),
    fc.json().map((json) => Buffer.from(json).toString('base64url')),
    fc
      .record(
        {
          alg: fc.constantFrom('RS256', 'none', 'HS256', 'ES384', ''),
          iss: fc.oneof(fc.string(), fc.json()),
          sub: fc.oneof(fc.string(), fc.constant(null)),
          aud: fc.oneof(fc.string(), fc.array(fc.oneof(fc.string(), fc.integer()))),
          iat: fc.oneof(fc.double(), fc.string()),
          exp: fc.oneof(fc.double(), fc.constant(2e9)),
        },
        { requiredKeys: [] },
      )
      .map((object) => Buffer.from(JSON.stringify(object)).toString('base64url')),
  )
  const anyText = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(part, { minLength: 2, maxLength: 4 }).map((parts) => parts.join('.')),
  )

  it('is read with all that is checked of it, or refused, and no message tells any of it', () => {
    fc.assert(
      fc.property(anyText, (token) => {
        try {
          const { text: kept, issuer, subject, audiences, issuedAt, expiresAt } = readToken(token)
          assert.equal(kept, token)
          for (const one of [issuer, subject, ...audiences]) assert.ok(typeof one === 'string' && one !== '')
          for (const one of [issuedAt, expiresAt]) assert.ok(Number.isFinite(new Date(one * 1000).getTime()))
        } catch (error) {
          assert.ok(error instanceof Refusal && error.entry === INVALID, String(error))
          for (const one of token.split('.')) if (one.length > 20) assert.equal(error.message.includes(one), false)
        }
      }),
      { numRuns: 2000, seed },
    )
  })
})

describe('calls that nobody signed', () => {
  const ACCOUNT_RATE = 12
  let issuer: TestIssuer
  let house: TestHouse
  let good: string
  let bad: string
  const of = (resource: string) => `acs:ram::${house.credentials.accountId}:${resource}`
  /** Sends a call from a loopback address, and returns its outcome. */
  const send = (from: string, given: Parameters = {}) =>
    new Promise<string>((resolve, reject) => {
      const query = new URLSearchParams({
        ...{ Action: 'AssumeRoleWithOIDC', Version: '2015-04-01', Format: 'JSON' },
        ...{ OIDCProviderArn: of('oidc-provider/pods'), RoleArn: of('role/Pod'), RoleSessionName: 'app' },
        ...{ OIDCToken: good, ...given },
      })
      const asked = request(house.endpoint, { method: 'POST', localAddress: from, agent: false }, (answer) => {
        text(answer).then((body) => resolve(JSON.parse(body).Code ?? 'OK'), reject)
      })
      asked.on('error', reject)
      asked.setHeader('content-type', 'application/x-www-form-urlencoded')
      asked.end(query.toString())
    })
  const times = async (count: number, sent: (i: number) => Promise<string>) => {
    const outcomes: Record<string, number> = {}
    for (let i = 0; i < count; i++) {
      const outcome = await sent(i)
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
    }
    return outcomes
  }
  const THROTTLED = 'Throttling.User'

  before(async () => {
    issuer = await TestIssuer.start()
    const flags = ['--oidc-issuers', issuer.host, '--oidc-ca-file', issuer.caFile, '--oidc-private-addresses']
    const limits = ['--oidc-calls-per-second', '10', '--refused-bytes-per-second', '4096']
    const rate = { product: 'Sts', operations: ['AssumeRoleWithOIDC'], calls: ACCOUNT_RATE, seconds: 1 }
    house = await openTestHouse(null, [...flags, ...limits], { quotas: { default: { rates: [rate] } } })
    for (const [OIDCProviderName, path] of [
      ['pods', '/cluster'],
      ['builds', '/builds'],
    ] as const) {
      const IssuerUrl = issuer.url(path)
      const named = { OIDCProviderName, IssuerUrl, ClientIds: 'sts.aliyuncs.com' }
      const asked = { Version: '2019-08-15', ...named }
      assert.equal((await call(house.endpoint, house.credentials, 'CreateOIDCProvider', asked, house.now)).status, 200)
    }
    const ram = ramOf(house)
    const Federated = [of('oidc-provider/pods'), of('oidc-provider/builds')]
    const statement = { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Federated } }
    await ram.must('CreateRole', { RoleName: 'Pod', AssumeRolePolicyDocument: ram.document(statement) })
    good = await issuer.token(house.now)
    bad = `${good.slice(0, -8)}AAAAAAAA`
  })
  after(async () => {
    await issuer[Symbol.asyncDispose]()
    await house[Symbol.asyncDispose]()
  })
  beforeEach(() => {
    house.now += 60_000
  })

  it('take nothing from the callers of a provider until their tokens are verified', async () => {
    assert.deepEqual(await times(5, () => send('127.0.0.2', { OIDCToken: bad })), { [SIGNATURE]: 2, [THROTTLED]: 3 })
    const strangers = 2 * ACCOUNT_RATE
    const flood = await times(strangers, (i) => send(`127.0.1.${i >> 1}`, { OIDCToken: bad }))
    assert.deepEqual(flood, { [SIGNATURE]: strangers })
    assert.equal(await send('127.0.0.1'), 'OK')
  })

  it('draw on the rates of their provider and of its account once their tokens are verified, from one source a small part', async () => {
    assert.deepEqual(await times(4, () => send('127.0.0.2')), { OK: 2, [THROTTLED]: 2 })
    assert.deepEqual(await times(10, (i) => send(`127.0.1.${i}`)), { OK: 8, [THROTTLED]: 2 })
    const OIDCToken = await issuer.token(house.now, { iss: issuer.url('/builds') })
    const builds = { OIDCProviderArn: of('oidc-provider/builds'), OIDCToken }
    assert.deepEqual(await times(4, (i) => send(`127.0.2.${i}`, builds)), { OK: ACCOUNT_RATE - 10, [THROTTLED]: 2 })
  })

  it('hide no refused call of others, and show of strangers only what they ask for', async () => {
    const Policy = JSON.stringify({ Version: '1', Statement: [], more: 'x'.repeat(2000) })
    const stored = async () => (await house.open.storage.events.after(0, 1_000_000)).map(({ body }) => body)
    const before = (await stored()).length
    const flood = await times(80, (i) => {
      const OIDCProviderArn = of(`oidc-provider/${i % 2 ? 'pods' : 'builds'}`)
      return send(`127.0.3.${i >> 1}`, { OIDCProviderArn, OIDCToken: bad, Policy, DurationSeconds: 'long' })
    })
    const written = (await stored()).slice(before)
    // 1/16 of what the account may write, half of that, 256 seconds' worth.
    assert.ok(written.join('').length <= (4096 / 16 / 2) * 256)
    const silent = flood[THROTTLED] ?? 0
    assert.deepEqual([written.length, silent > 0], [80 - silent, true])
    assert.equal(written.join('').includes('xxx'), false)
    const shown = async () => {
      const { requestParameters, errorCode, additionalEventData } = (await house.events()).at(-1) ?? {}
      return { code: errorCode, names: Object.keys(requestParameters ?? {}), more: additionalEventData }
    }
    assert.deepEqual((await shown()).names, ['OIDCProviderArn', 'RoleArn'])

    assert.equal(await house.outcome('DescribeKey', { KeyId: 'x' }), 'Forbidden.KeyNotFound')
    assert.deepEqual(await shown(), { code: 'Forbidden.KeyNotFound', names: ['KeyId'], more: undefined })

    assert.equal(await send('127.0.0.1', { RoleArn: of('role/none'), Policy }), 'EntityNotExist.Role')
    assert.deepEqual(await shown(), {
      code: 'EntityNotExist.Role',
      names: ['OIDCProviderArn', 'RoleArn', 'RoleSessionName', 'Policy'],
      more: { UnrecordedRefusals: String(silent) },
    })
  })

  it('are throttled by their source before anything is read for them', async () => {
    await using house = await openTestHouse(null, ['--oidc-calls-per-second', '3'])
    const body = new URLSearchParams({ Action: 'AssumeRoleWithOIDC', Version: '2015-04-01', OIDCToken: 'a.b.c' })
    const send = async () =>
      ((await (await fetch(house.endpoint, { method: 'POST', body })).json()) as { Code: string }).Code
    const codes = []
    for (let i = 0; i < 5; i++) codes.push(await send())
    assert.deepEqual(codes, [...Array(3).fill('MissingParameter.OIDCProviderArn'), ...Array(2).fill('Throttling.User')])
    house.now += 1000
    assert.equal(await send(), 'MissingParameter.OIDCProviderArn')
  })
})
