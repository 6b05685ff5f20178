// What was not signed decides nothing: operation, region and parameters of a call follow from what its sender signed.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type ByHeader, Connection, post, signedByHeader, signedForm } from '../acceptance/raw.ts'
import { openTestHouse, type TestHouse } from '../house.ts'

let house: TestHouse
before(async () => {
  house = await openTestHouse(null, ['--region', 'cn-hangzhou,cn-hongkong,moon'])
})
after(async () => {
  await house[Symbol.asyncDispose]()
})

/** Sends the request: the region that its call was made in, or the code of the refusal and the parameter that it names. */
async function outcome(bytes: string | Uint8Array): Promise<string> {
  const connection = await Connection.open(house.endpoint)
  try {
    const answer = await connection.send(bytes)
    assert.ok(answer, 'an answer came')
    const body = JSON.parse(answer.body)
    if (answer.status === 200) return String(body.KeyMetadata?.Arn.split(':')[2] ?? 'OK')
    const named = /"(\w+)" is not valid|parameter "(\w+)" is needed/.exec(body.Message)
    return [body.Code, named?.[1] ?? named?.[2]].filter(Boolean).join(' ')
  } finally {
    connection.close()
  }
}

/** CreateKey under signature 1.0, with this Host, whole header lines and parameters. */
function byParameters(host: string, parameters: Record<string, string> = {}, headers = ''): Promise<string> {
  const form = signedForm({ Action: 'CreateKey', ...parameters }, house.credentials, { now: house.now })
  return outcome(post(form, headers).toString('latin1').replace('kms.cn-hangzhou.aliyuncs.com', host))
}

/** CreateKey under ACS3, which signs its Host. */
function byHeader(host: string, more: ByHeader = {}): Promise<string> {
  return outcome(signedByHeader('CreateKey', house.credentials, { host, now: house.now, ...more }))
}

describe('the region of a call', () => {
  const RegionId = 'cn-hongkong'
  const cases: [string, () => Promise<string>, string][] = [
    ['the host says it', () => byParameters('kms.cn-hongkong.aliyuncs.com'), 'cn-hongkong'],
    ['the host says it in capitals', () => byParameters('KMS.CN-HongKong.Aliyuncs.Com:443'), 'cn-hongkong'],
    ['the host is fully qualified', () => byParameters('kms-vpc.cn-hongkong.aliyuncs.com.'), 'cn-hongkong'],
    ['a host of another domain says it', () => byParameters('kms.cn-hongkong.example.com'), 'cn-hongkong'],
    ['a region of the operator is named by a host', () => byParameters('vault.moon.example.com'), 'moon'],
    ['only RegionId says it', () => byParameters('localhost:7700', { RegionId }), 'cn-hongkong'],
    ['nothing says it', () => byParameters('127.0.0.1:7700'), 'cn-hangzhou'],
    ['the host is of no region', () => byParameters('kms.example.com', { RegionId }), 'cn-hongkong'],
    ['both agree', () => byParameters('kms.CN-HONGKONG.aliyuncs.com', { RegionId }), 'cn-hongkong'],
    [
      'an unsigned host contradicts RegionId',
      () => byParameters('kms.cn-hangzhou.aliyuncs.com', { RegionId }),
      'InvalidParameter RegionId',
    ],
    [
      'the host names a region that is not served',
      () => byParameters('kms.cn-beijing.aliyuncs.com'),
      'InvalidParameter RegionId',
    ],
    [
      'so does a host of another domain',
      () => byParameters('kms.cn-beijing.example.com', { RegionId }),
      'InvalidParameter RegionId',
    ],
    [
      'a signed host overrules RegionId',
      () => byHeader('kms.moon.aliyuncs.com', { query: 'RegionId=cn-hangzhou' }),
      'moon',
    ],
    [
      'a signed host names a region that is not served',
      () => byHeader('KMS.cn-beijing.aliyuncs.com'),
      'InvalidParameter RegionId',
    ],
    [
      'the host could have been signed, and was not',
      () => byHeader('kms.cn-hongkong.aliyuncs.com', { unsigned: ['host'] }),
      'cn-hangzhou',
    ],
    [
      'of such a request RegionId counts',
      () => byHeader('ram.cn-beijing.aliyuncs.com', { unsigned: ['host'], query: `RegionId=${RegionId}` }),
      'cn-hongkong',
    ],
    ['the signing key of ACS4 is for it', () => byKeyFor('cn-hongkong', '127.0.0.1:7700'), 'cn-hongkong'],
    [
      'that key is for a region that is not served',
      () => byKeyFor('cn-beijing', 'localhost'),
      'InvalidParameter RegionId',
    ],
    ['that key is for another one', () => byKeyFor('cn-hongkong', 'kms.moon.aliyuncs.com'), 'IncompleteSignature'],
    ['that key is for none', () => byKeyFor('center', 'kms.moon.aliyuncs.com'), 'moon'],
  ]
  const byKeyFor = (region: string, host: string) =>
    byHeader(host, { algorithm: 'ACS4-HMAC-SHA256', scope: `20260301/${region}/Kms/aliyun_v4_request` })
  for (const [title, call, expected] of cases)
    it(`is ${expected} where ${title}`, async () => {
      assert.equal(await call(), expected)
    })
})

describe('what a request asks for', () => {
  const host = 'localhost'
  it('is named by parameters under signature 1.0, and by no header alone', async () => {
    assert.equal(await byParameters(host, { Action: '' }, 'x-acs-action: CreateKey\r\n'), 'MissingParameter Action')
    assert.equal(await byParameters(host, { Version: '' }, 'x-acs-version: 2016-01-20\r\n'), 'MissingParameter Version')
    assert.equal(
      await byParameters(host, {}, 'x-acs-action: CreateKey\r\nx-acs-version: 2016-01-20\r\n'),
      'cn-hangzhou',
    )
    assert.equal(await byParameters(host, {}, 'x-acs-version: 2015-05-01\r\n'), 'InvalidParameter Version')
  })

  it('is named by signed headers under ACS3, which parameters may repeat', async () => {
    assert.equal(await byHeader(host, { query: 'Action=CreateKey&Version=2016-01-20' }), 'cn-hangzhou')
    assert.equal(await byHeader(host, { query: 'Action=ListKeys' }), 'InvalidParameter Action')
    assert.equal(
      await byHeader(host, { query: 'Action=CreateKey', headers: { 'x-acs-action': '' } }),
      'IncompleteSignature',
    )
  })

  it('is no product that the host of another one offers, where the host counts', async () => {
    assert.equal(await byParameters('RAM.aliyuncs.com'), 'InvalidVersion')
    assert.equal(await byHeader('sts.cn-hangzhou.aliyuncs.com'), 'InvalidVersion')
    assert.equal(await byHeader('ram.aliyuncs.com', { unsigned: ['host'] }), 'cn-hangzhou')
  })

  it('holds no parameters of a body whose kind nobody signed', async () => {
    const tags = { body: `Tags=${encodeURIComponent('[{"TagKey":"a","TagValue":"b"}]')}` }
    assert.equal(await byHeader(host, tags), 'cn-hangzhou')
    assert.equal(await byHeader(host, { ...tags, unsigned: ['content-type'] }), 'IncompleteSignature')
    assert.equal(await byHeader(host, { ...tags, headers: { 'content-type': '' } }), 'IncompleteSignature')
    const json = post(signedForm({ Action: 'CreateKey' }, house.credentials, { now: house.now }))
    assert.equal(
      await outcome(json.toString().replace('x-www-form-urlencoded', 'json')),
      'ParseRequestParameterException',
    )
  })
})

it('refuses two headers Host, whichever of them another one would follow', async () => {
  const headers = 'host: kms.cn-hongkong.aliyuncs.com\r\n'
  assert.equal(await byParameters('localhost', {}, headers), 'ParseRequestParameterException')
  const twice = signedByHeader('CreateKey', house.credentials, { now: house.now }).toString()
  assert.equal(await outcome(twice.replace('\r\n', `\r\n${headers}`)), 'ParseRequestParameterException')
})
