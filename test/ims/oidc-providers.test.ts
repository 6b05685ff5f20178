// OIDC providers: answers, errors, limits, and who may do what with them.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { imsOperations } from '../../src/ims/operations.ts'
import { ramOperations } from '../../src/ram/operations.ts'
import { call } from '../acceptance/program.ts'
import { openTestHouse, type TestHouse } from '../house.ts'
import { explained } from '../ram/explaining.ts'
import { ramOf } from '../ram/ram.ts'

const ISSUER = 'https://oidc.example.com/cluster-1'

describe('OIDC providers', () => {
  let house: TestHouse
  let ram: ReturnType<typeof ramOf>
  before(async () => {
    house = await openTestHouse(null, ['--max-oidc-providers', '3', '--max-client-ids-per-oidc-provider', '3'])
    ram = ramOf(house)
  })
  after(() => house[Symbol.asyncDispose]())
  const account = () => house.credentials.accountId

  const ims = (action: string, parameters: Record<string, string> = {}, credentials = house.credentials) =>
    call(house.endpoint, credentials, action, { Version: '2019-08-15', ...parameters }, house.now)
  const must = async (action: string, parameters: Record<string, string> = {}) => {
    const { status, body } = await ims(action, parameters)
    assert.equal(status, 200, `${action} ${JSON.stringify(body)}`)
    return body
  }
  const outcome = async (action: string, parameters: Record<string, string> = {}) => {
    const { status, body } = await ims(action, parameters)
    return status === 200 ? 'OK' : `${status} ${body.Code}`
  }
  const create = (OIDCProviderName: string, more: Record<string, string> = {}) =>
    must('CreateOIDCProvider', { OIDCProviderName, IssuerUrl: `${ISSUER}/${OIDCProviderName}`, ...more })
  const remove = (OIDCProviderName: string) => must('DeleteOIDCProvider', { OIDCProviderName })

  it('are created, told of, changed and deleted', async () => {
    const { OIDCProvider } = await must('CreateOIDCProvider', {
      OIDCProviderName: 'ACK-rrsa',
      IssuerUrl: ISSUER,
      ClientIds: 'sts.aliyuncs.com,other:client/1,sts.aliyuncs.com',
      Fingerprints: '902ef2deeb3c5b13ea4c3d5193629309e231ae55,E0C6G',
    })
    const at = Date.parse('2026-03-01T00:00:00Z')
    const made = {
      OIDCProviderName: 'ACK-rrsa',
      Arn: `acs:ram::${account()}:oidc-provider/ACK-rrsa`,
      IssuerUrl: ISSUER,
      ClientIds: 'sts.aliyuncs.com,other:client/1',
      Fingerprints: '902ef2deeb3c5b13ea4c3d5193629309e231ae55,E0C6G',
      Description: '',
      IssuanceLimitTime: 12,
      CreateDate: '2026-03-01T00:00:00Z',
      UpdateDate: '2026-03-01T00:00:00Z',
      GmtCreate: at,
      GmtModified: at,
    }
    assert.deepEqual(OIDCProvider, made)
    assert.deepEqual((await must('GetOIDCProvider', { OIDCProviderName: 'ack-RRSA' })).OIDCProvider, made)
    house.now += 1000
    const updated = await must('UpdateOIDCProvider', {
      OIDCProviderName: 'ACK-rrsa',
      NewDescription: 'pods',
      ClientIds: 'a',
      IssuanceLimitTime: '1',
    })
    const { UpdateDate, GmtModified, ...rest } = updated.OIDCProvider
    assert.deepEqual([UpdateDate, GmtModified], ['2026-03-01T00:00:01Z', at + 1000])
    const { UpdateDate: _, GmtModified: __, ...before } = made
    assert.deepEqual(rest, { ...before, Description: 'pods', ClientIds: 'a', IssuanceLimitTime: 1 })
    const cleared = await must('UpdateOIDCProvider', { OIDCProviderName: 'ACK-rrsa', NewDescription: '' })
    assert.deepEqual([cleared.OIDCProvider.Description, cleared.OIDCProvider.ClientIds], ['', 'a'])
    assert.deepEqual(Object.keys(await remove('ack-rrsa')), ['RequestId'])
    for (const action of ['GetOIDCProvider', 'DeleteOIDCProvider', 'UpdateOIDCProvider'])
      assert.equal(await outcome(action, { OIDCProviderName: 'ACK-rrsa' }), '404 EntityNotExist.OIDCProvider')
  })

  it('have a name and an issuer of their own', async () => {
    await create('one')
    const clash = { OIDCProviderName: 'ONE', IssuerUrl: 'https://else.example.com' }
    assert.equal(await outcome('CreateOIDCProvider', clash), '409 EntityAlreadyExists.OIDCProvider')
    const taken = { OIDCProviderName: 'two', IssuerUrl: `${ISSUER}/one` }
    assert.equal(await outcome('CreateOIDCProvider', taken), '409 EntityAlreadyExists.OIDCProvider.Url')
    await remove('one')
    await must('CreateOIDCProvider', taken)
    await remove('two')
  })

  it('are refused with what is wrong with their parameters', async () => {
    const good = { OIDCProviderName: 'a', IssuerUrl: ISSUER }
    const cases: [Record<string, string>, string][] = [
      [{ OIDCProviderName: '' }, '400 MissingParameter'],
      [{ IssuerUrl: '' }, '400 MissingParameter'],
      [{ OIDCProviderName: '-a' }, '400 InvalidParameter.OIDCProviderName.InvalidChars'],
      [{ OIDCProviderName: 'x'.repeat(129) }, '400 InvalidParameter.OIDCProviderName.Length'],
      [{ IssuerUrl: 'http://oidc.example.com' }, '400 InvalidParameter.IssuerUrl.Format'],
      [{ IssuerUrl: 'https://oidc.example.com?a' }, '400 InvalidParameter.IssuerUrl.Format'],
      [{ IssuerUrl: 'https://a@oidc.example.com' }, '400 InvalidParameter.IssuerUrl.Format'],
      [{ IssuerUrl: 'https://oidc.example.com\\@b' }, '400 InvalidParameter.IssuerUrl.Format'],
      [{ IssuerUrl: `https://${'x'.repeat(250)}` }, '400 InvalidParameter.IssuerUrl.Length'],
      [{ ClientIds: 'a,,b' }, '400 InvalidParameter.ClientIds.InvalidChars'],
      [{ ClientIds: 'x'.repeat(129) }, '400 InvalidParameter.ClientIds.Length'],
      [{ ClientIds: '1,2,3,4' }, '409 LimitExceeded.OIDCProvider.ClientId'],
      [{ Fingerprints: 'a-b' }, '400 InvalidParameter.Fingerprints.InvalidChars'],
      [{ Fingerprints: '1,2,3,4,5,6' }, '409 LimitExceeded.OIDCProvider.Fingerprint'],
      [{ Description: 'x'.repeat(257) }, '400 InvalidParameter.Description.Length'],
      [{ IssuanceLimitTime: '169' }, '400 InvalidParameter.IssuanceLimitTime'],
    ]
    for (const [wrong, code] of cases)
      assert.equal(await outcome('CreateOIDCProvider', { ...good, ...wrong }), code, JSON.stringify(wrong))
  })

  it('get and lose clients and fingerprints one by one', async () => {
    await create('one', { Fingerprints: 'F1' })
    const change = (action: string, member: 'ClientId' | 'Fingerprint', value: string) =>
      outcome(action, { OIDCProviderName: 'One', [member]: value })
    for (const id of ['a', 'b', 'a', 'c']) assert.equal(await change('AddClientIdToOIDCProvider', 'ClientId', id), 'OK')
    assert.equal(await change('AddClientIdToOIDCProvider', 'ClientId', 'd'), '409 LimitExceeded.OIDCProvider.ClientId')
    for (const id of ['b', 'b']) assert.equal(await change('RemoveClientIdFromOIDCProvider', 'ClientId', id), 'OK')
    const last = '409 DeleteConflict.OIDCProvider.Fingerprint'
    assert.equal(await change('RemoveFingerprintFromOIDCProvider', 'Fingerprint', 'F1'), last)
    for (const print of ['F2', 'F2', 'F3', 'F4', 'f5'])
      assert.equal(await change('AddFingerprintToOIDCProvider', 'Fingerprint', print), 'OK')
    assert.equal(
      await change('AddFingerprintToOIDCProvider', 'Fingerprint', 'F6'),
      '409 LimitExceeded.OIDCProvider.Fingerprint',
    )
    for (const print of ['F1', 'F1', 'F3'])
      assert.equal(await change('RemoveFingerprintFromOIDCProvider', 'Fingerprint', print), 'OK')
    const { OIDCProvider } = await must('GetOIDCProvider', { OIDCProviderName: 'one' })
    assert.deepEqual([OIDCProvider.ClientIds, OIDCProvider.Fingerprints], ['a,c', 'F2,F4,f5'])
    for (const id of ['a', 'c']) await change('RemoveClientIdFromOIDCProvider', 'ClientId', id)
    assert.equal('ClientIds' in (await must('GetOIDCProvider', { OIDCProviderName: 'one' })).OIDCProvider, false)
    await remove('one')
  })

  it('are listed by name, page by page, up to their quota', async () => {
    for (const name of ['c', 'B', 'a']) await create(name)
    const fourth = { OIDCProviderName: 'd', IssuerUrl: ISSUER }
    assert.equal(await outcome('CreateOIDCProvider', fourth), '409 LimitExceeded.OIDCProvider')
    const first = await must('ListOIDCProviders', { MaxItems: '2', MaxResults: '1' })
    const names = (page: typeof first) =>
      page.OIDCProviders.OIDCProvider.map((one: { OIDCProviderName: string }) => one.OIDCProviderName)
    assert.deepEqual([names(first), first.IsTruncated, 'NextToken' in first], [['a', 'B'], true, false])
    const second = await must('ListOIDCProviders', { MaxItems: '2', Marker: first.Marker })
    assert.deepEqual([names(second), second.IsTruncated, 'Marker' in second], [['c'], false, false])
    assert.equal(await outcome('ListOIDCProviders', { MaxItems: '101' }), '400 InvalidParameter.MaxItems')
    for (const name of ['a', 'b', 'c']) await remove(name)
    assert.deepEqual((await must('ListOIDCProviders')).OIDCProviders, { OIDCProvider: [] })
  })

  it('leave events of IMS, with the provider as their resource', async () => {
    await create('seen', { ClientIds: 'a' })
    await remove('SEEN')
    const [made, gone] = (await house.events()).slice(-2)
    assert.deepEqual(
      [made?.['serviceName'], made?.['eventName'], made?.['isGlobal'], made?.['resourceType'], made?.['resourceName']],
      ['Ims', 'CreateOIDCProvider', true, 'ACS::RAM::OIDCProvider', 'seen'],
    )
    assert.deepEqual(gone?.['referencedResources'], { 'ACS::RAM::OIDCProvider': ['seen'] })
  })

  it('belong to the product that the version and the host name', async () => {
    const named = (Version: string, action = 'ListOIDCProviders') =>
      call(house.endpoint, house.credentials, action, { Version }, house.now)
    assert.equal((await named('2015-05-01')).body.Code, 'InvalidAction.NotFound')
    assert.equal((await named('2019-08-15', 'ListUsers')).body.Code, 'InvalidAction.NotFound')
  })

  describe('need a policy that allows the action, by its name in IMS or in RAM', () => {
    const PARAMETERS: Record<string, string> = {
      OIDCProviderName: 'p',
      IssuerUrl: ISSUER,
      DefaultDomainName: 'alias.onaliyun.com',
      ClientId: 'c',
      Fingerprint: 'f',
    }
    let caller: typeof house.credentials
    before(async () => {
      await ram.must('CreateUser', { UserName: 'caller' })
      caller = await ram.accessKeyOf('caller')
      await ram.must('CreatePolicy', {
        PolicyName: 'the-policy',
        PolicyDocument: ram.document({ Effect: 'Allow', Action: 'none:None', Resource: '*' }),
      })
      await ram.must('AttachPolicyToUser', { PolicyType: 'Custom', PolicyName: 'the-policy', UserName: 'caller' })
    })

    async function passes(name: string, ...statements: object[]): Promise<boolean> {
      await ram.must('CreatePolicyVersion', {
        PolicyName: 'the-policy',
        PolicyDocument: ram.document(...statements),
        SetAsDefault: 'true',
        RotateStrategy: 'DeleteOldestNonDefaultVersionWhenLimitExceeded',
      })
      const parameters = imsOperations.find((one) => one.name === name)?.parameters ?? {}
      const required = Object.keys(parameters).filter((parameter) => parameters[parameter]?.required)
      const given = Object.fromEntries(required.map((parameter) => [parameter, PARAMETERS[parameter] ?? '']))
      const { status, body } = await ims(name, given, caller)
      assert.ok(status < 500, JSON.stringify(body))
      const passed = body.Code !== 'NoPermission'
      if (!passed) assert.equal(body.AccessDeniedDetail.AuthAction, `ims:${name}`)
      // Where RAM has an operation of that name, its action is the operation's own.
      const own = ramOperations.some((one) => one.name === name)
      for (const action of [`ims:${name}`, ...(own ? [] : [`ram:${name}`])]) {
        const { decision } = await explained(house, 'user/caller', action, arnOf(name))
        assert.equal(decision === 'Allow', passed, `explain ${action}`)
      }
      return passed
    }

    const arnOf = (name: string) => {
      const of = /OIDCProviders?$/.test(name) ? `oidc-provider/${/^(Create|List)/.test(name) ? '*' : 'p'}` : '*'
      return `acs:ram:*:${account()}:${of}`
    }
    const allow = (Action: string, Resource = '*') => ({ Effect: 'Allow', Action, Resource })

    for (const { name } of imsOperations)
      it(name, async () => {
        assert.equal(await passes(name, allow('ims:Other'), allow('ram:Other')), false, 'not mentioned')
        assert.equal(await passes(name, allow(`ims:${name}`, 'acs:ram:*:*:oidc-provider/else')), false, 'elsewhere')
        for (const prefix of ['ims', 'ram']) {
          assert.equal(await passes(name, allow(`${prefix}:${name}`, arnOf(name))), true, `allowed as ${prefix}`)
          const deny = { ...allow(`${prefix}:${name}`), Effect: 'Deny' }
          assert.equal(await passes(name, allow('*'), deny), false, `denied as ${prefix}`)
          const but = { Effect: 'Allow', NotAction: `${prefix}:*`, Resource: '*' }
          assert.equal(await passes(name, but), false, `excepted as ${prefix}`)
        }
      })

    it('as the default domain does, for which the actions of the account alias count, too', async () => {
      assert.equal(
        await passes('SetDefaultDomain', allow('ims:*'), { ...allow('ram:SetAccountAlias'), Effect: 'Deny' }),
        false,
      )
      assert.equal(await passes('GetDefaultDomain', allow('ram:GetAccountAlias')), true)
    })

    it('which may name the issuer of a new provider as a condition', async () => {
      const only = (url: string) => ({ ...allow('ims:*'), Condition: { StringEquals: { 'ram:OidcIssuerUrl': url } } })
      const create = async (url: string) => {
        await ram.must('CreatePolicyVersion', {
          PolicyName: 'the-policy',
          PolicyDocument: ram.document(only(url)),
          SetAsDefault: 'true',
          RotateStrategy: 'DeleteOldestNonDefaultVersionWhenLimitExceeded',
        })
        return (await ims('CreateOIDCProvider', { OIDCProviderName: 'p', IssuerUrl: ISSUER }, caller)).body.Code
      }
      assert.equal(await create('https://else.example.com'), 'NoPermission')
      assert.equal(await create(ISSUER), undefined)
      await must('DeleteOIDCProvider', { OIDCProviderName: 'p' })
    })
  })
})
