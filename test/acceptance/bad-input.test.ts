// Anything at all may arrive: each gets the cloud's error and changes nothing, and the server stays up.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { hashHex } from '../../src/gateway/signature.ts'
import { VERSION } from '../../src/settings/version.ts'
import { type Program, removeFolder, startProgram } from './program.ts'
import { type ByHeader, Connection, get, post, type RawAnswer, signedByHeader, signedForm } from './raw.ts'

let program: Program
before(async () => {
  program = await startProgram()
})
after(async () => {
  assert.equal((await program.call('ListKeys')).body.TotalCount, 0, 'nothing was changed')
  assert.equal(await program.stop(), 0)
  removeFolder(program.data)
})

async function once(bytes: string | Uint8Array): Promise<RawAnswer> {
  const connection = await Connection.open(program.endpoint)
  const answer = await connection.send(bytes)
  connection.close()
  assert.ok(answer, 'an answer came')
  return answer
}

/** Sends a request and expects this refusal, with one RequestId in header and body. */
async function refused(bytes: string | Uint8Array, status: number, code: string): Promise<RawAnswer> {
  const answer = await once(bytes)
  const body = JSON.parse(answer.body) as Record<string, unknown>
  assert.deepEqual([answer.status, body['Code']], [status, code], answer.body)
  const named = /x-acs-request-id: (\S+)/.exec(answer.headers)?.[1]
  if (named) assert.equal(body['RequestId'], named)
  return answer
}

const form = (parameters: Record<string, string>, options = {}) => signedForm(parameters, program.credentials, options)
const create = { Action: 'CreateKey' }
/** Well-formed, and of nothing. */
const WRONG = Buffer.alloc(20).toString('base64')

describe('authentication', () => {
  const cases: [string, () => string, number, string][] = [
    ['no AccessKeyId', () => form(create, { overrides: { AccessKeyId: '' } }), 400, 'MissingAccessKeyId'],
    [
      'an unknown AccessKeyId',
      () => form(create, { overrides: { AccessKeyId: 'LTAInobody' } }),
      404,
      'InvalidAccessKeyId.NotFound',
    ],
    [
      'an AccessKeyId with control characters',
      () => form(create, { overrides: { AccessKeyId: 'a\u0000b' } }),
      404,
      'InvalidAccessKeyId.NotFound',
    ],
    ['no Timestamp', () => form(create, { overrides: { Timestamp: '' } }), 400, 'IllegalTimestamp'],
    ['a Timestamp that is none', () => form({ ...create, Timestamp: 'yesterday' }), 400, 'InvalidTimeStamp.Format'],
    [
      'a Timestamp on no calendar',
      () => form({ ...create, Timestamp: '2026-13-45T99:00:00Z' }),
      400,
      'InvalidTimeStamp.Format',
    ],
    [
      'a Timestamp on February 30',
      () => form({ ...create, Timestamp: '2026-02-30T00:00:00Z' }),
      400,
      'InvalidTimeStamp.Format',
    ],
    [
      'a clock 16 minutes behind',
      () => form(create, { now: Date.now() - 16 * 60_000 }),
      400,
      'InvalidTimeStamp.Expired',
    ],
    [
      'a clock 16 minutes ahead',
      () => form(create, { now: Date.now() + 16 * 60_000 }),
      400,
      'InvalidTimeStamp.Expired',
    ],
    [
      'an unknown SignatureMethod',
      () => form({ ...create, SignatureMethod: 'HMAC-MD5' }),
      400,
      'InvalidSignatureMethod',
    ],
    ['no SignatureVersion', () => form(create, { overrides: { SignatureVersion: '' } }), 400, 'InvalidSignatureMethod'],
    ['a bearer token', () => form({ ...create, SignatureType: 'BEARERTOKEN' }), 400, 'IncompleteSignature'],
    ['no Signature', () => form(create, { overrides: { Signature: '' } }), 400, 'IncompleteSignature'],
    ['a wrong Signature', () => form(create, { overrides: { Signature: WRONG } }), 400, 'SignatureDoesNotMatch'],
    [
      'a Signature of another length',
      () => form(create, { overrides: { Signature: 'AAAA' } }),
      400,
      'IncompleteSignature',
    ],
    [
      'a SignatureNonce of 257 characters',
      () => form({ ...create, SignatureNonce: 'n'.repeat(257) }),
      400,
      'InvalidParameter',
    ],
    ['a parameter added after signing', () => `${form(create)}&Description=x`, 400, 'SignatureDoesNotMatch'],
    ['a signature for GET', () => form(create, { method: 'GET' }), 400, 'SignatureDoesNotMatch'],
    [
      'a SecurityToken with a permanent key',
      () => form({ ...create, SecurityToken: 'x' }),
      400,
      'InvalidSecurityToken.MismatchWithAccessKey',
    ],
  ]
  for (const [title, body, status, code] of cases)
    it(`refuses ${title} with ${code}`, async () => {
      await refused(post(body()), status, code)
    })

  it('refuses a replay, and another request with the same nonce, and does not burn the nonce of a forged one', async () => {
    const nonce = { SignatureNonce: `n${Date.now()}` }
    await refused(
      post(form({ Action: 'ListKeys', ...nonce }, { overrides: { Signature: WRONG } })),
      400,
      'SignatureDoesNotMatch',
    )
    const genuine = form({ Action: 'ListKeys', ...nonce })
    assert.equal((await once(post(genuine))).status, 200)
    await refused(post(genuine), 400, 'SignatureNonceUsed')
    await refused(post(form({ ...create, ...nonce })), 400, 'SignatureNonceUsed')
  })

  it('uses the signature as the nonce of a request that has none', async () => {
    const body = form({ Action: 'ListKeys', SignatureNonce: '' })
    assert.equal((await once(post(body))).status, 200)
    await refused(post(body), 400, 'SignatureNonceUsed')
  })

  it('refuses every other spelling of a signature that serves as the nonce', async () => {
    const body = form({ Action: 'ListKeys', PageSize: '3', SignatureNonce: '' })
    const signature = new URLSearchParams(body).get('Signature') ?? ''
    assert.equal((await once(post(body))).status, 200)
    // Another last character: it differs in bits that no byte is made of.
    const lax = `${signature.slice(0, -2)}${String.fromCharCode(signature.charCodeAt(26) + 1)}=`
    for (const other of [`${signature}AAAA`, `${signature} `, `${signature}=`, signature.slice(0, -1), lax])
      await refused(
        post(`${body.replace(/&Signature=.*/, '')}&Signature=${encodeURIComponent(other)}`),
        400,
        'IncompleteSignature',
      )
  })

  const byHeader = (more: ByHeader) => signedByHeader('ListKeys', program.credentials, more)

  it('accepts the parts of Authorization in any order, SM3 in either header, and an unsigned host', async () => {
    const turned = (text: string) => text.replace(/,(SignedHeaders=[^,]+),(Signature=.*)$/, ', $2, $1')
    const sm3 = { algorithm: 'ACS3-HMAC-SM3' }
    const empty = { 'x-acs-content-sha256': '', 'x-acs-content-sm3': hashHex('sm3', '') }
    for (const more of [{}, { alter: turned }, sm3, { ...sm3, headers: empty }, { unsigned: ['host'] }])
      assert.equal((await once(byHeader(more))).status, 200, JSON.stringify(more))
  })

  it('refuses a header signature with headers missing, unsigned or malformed', async () => {
    const incomplete: ByHeader[] = [
      { unsigned: ['x-acs-date'] },
      { unsigned: ['x-acs-content-sha256'] },
      { unsigned: ['x-acs-security-token'], headers: { 'x-acs-security-token': 't' } },
      { headers: { 'x-acs-action': '' } },
      { headers: { 'x-acs-content-sha256': '' } },
      { headers: { 'x-acs-content-sha256': '', 'x-acs-content-sm3': hashHex('sm3', '') } },
      { headers: { 'x-acs-content-sha256': hashHex('sha256', 'another body') } },
      { body: 'PageSize=1', unsigned: ['content-type'] },
      { body: 'PageSize=1', headers: { 'content-type': '' } },
      { alter: () => 'ACS3-HMAC-SHA256 nonsense' },
      { alter: (text) => text.replace('HMAC-SHA256', 'RSA-SHA256') },
      { alter: (text) => text.replace('ACS3', 'ACS5') },
      { alter: (text) => text.replace('ACS3-HMAC-SHA256', 'Bearer') },
      { alter: (text) => text.slice(0, -2) },
      { alter: (text) => text.replace(/Signature=.*/, (signature) => signature.toUpperCase().replace('SIG', 'Sig')) },
      { alter: (text) => text.replace('host;', 'host;host;') },
      { alter: (text) => `${text},` },
    ]
    for (const more of incomplete) await refused(byHeader(more), 400, 'IncompleteSignature')
    await refused(byHeader({ alter: (text) => `${text.slice(0, -64)}${'0'.repeat(64)}` }), 400, 'SignatureDoesNotMatch')
    await refused(byHeader({ headers: { 'x-acs-signature-nonce': 'n'.repeat(257) } }), 400, 'InvalidParameter')
  })

  it('names the supported kinds of signatures when it refuses another kind', async () => {
    for (const scheme of ['ACS5-HMAC-SHA256', 'Bearer']) {
      const { body } = await refused(
        byHeader({ alter: (text) => text.replace('ACS3-HMAC-SHA256', scheme) }),
        400,
        'IncompleteSignature',
      )
      assert.match(JSON.parse(body).Message, /ACS3-HMAC-SHA256, ACS3-HMAC-SM3, ACS4-HMAC-SHA256, ACS4-HMAC-SM3/)
    }
  })

  it('accepts ACS4, whose signing key is valid for one day, region and product only', async () => {
    const today = new Date().toISOString().slice(0, 10).replaceAll('-', '')
    const by = (scope: string, algorithm = 'ACS4-HMAC-SHA256') =>
      byHeader({ algorithm, scope: `${scope}/aliyun_v4_request` })
    for (const algorithm of ['ACS4-HMAC-SHA256', 'ACS4-HMAC-SM3'])
      for (const region of ['center', 'cn-hangzhou'])
        assert.equal((await once(by(`${today}/${region}/Kms`, algorithm))).status, 200)
    await refused(by(`20260101/center/Kms`), 400, 'IncompleteSignature')
    await refused(by(`${today}/center/Ram`), 400, 'IncompleteSignature')
    await refused(by(`${today}/cn-hongkong/Kms`), 400, 'IncompleteSignature')
    const cut = (text: string) => text.replace('/aliyun_v4_request', '')
    const scope = `${today}/center/Kms/aliyun_v4_request`
    await refused(byHeader({ algorithm: 'ACS4-HMAC-SHA256', scope, alter: cut }), 400, 'IncompleteSignature')
  })

  it('reads a body only for a known caller, and checks its hash before its parameters', async () => {
    const json = { 'content-type': 'application/json' }
    const forge = (text: string) => `${text.slice(0, -64)}${'0'.repeat(64)}`
    await refused(byHeader({ body: '{', headers: json, alter: forge }), 400, 'SignatureDoesNotMatch')
    const another = { ...json, 'x-acs-content-sha256': hashHex('sha256', '{}') }
    await refused(byHeader({ body: '{', headers: another }), 400, 'IncompleteSignature')
    await refused(byHeader({ body: '{', headers: json }), 400, 'ParseRequestParameterException')
    await refused(byHeader({ body: '[1]', headers: json }), 400, 'ParseRequestParameterException')
    await refused(
      byHeader({ body: 'x', headers: { 'content-type': 'text/plain' } }),
      400,
      'ParseRequestParameterException',
    )
    await refused(byHeader({ body: '{"a":"\\ud800"}', headers: json }), 400, 'ParseRequestParameterException')
    const page = await once(byHeader({ body: '{"PageSize":7}', headers: json }))
    assert.equal(JSON.parse(page.body).PageSize, 7)
  })

  it('repeats the string to sign of the longest usual call in full, and cuts a longer one with a mark', async () => {
    const message = async (length: number) => {
      const parameters = { ...create, Description: 'x'.repeat(length) }
      const { body } = await refused(
        post(form(parameters, { overrides: { Signature: WRONG } })),
        400,
        'SignatureDoesNotMatch',
      )
      return String(JSON.parse(body).Message)
    }
    assert.match(await message(8192), /server string to sign is:POST&%2F&.*%26Version%3D2016-01-20$/)
    const long = await message(60_000)
    assert.match(long, /x\.\.\. \(60\d\d\d characters, cut\)$/)
    assert.ok(long.length < 17_000, `${long.length}`)
  })
})

describe('parameters', () => {
  const cases: [string, () => Uint8Array | string, number, string][] = [
    ['a parameter given twice', () => post(`${form(create)}&Action=CreateKey`), 400, 'InvalidParameter'],
    ['a broken percent-encoding', () => post(`${form(create)}&Description=%zz`), 400, 'ParseRequestParameterException'],
    ['a lone percent sign', () => post(`${form(create)}&Description=100%`), 400, 'ParseRequestParameterException'],
    [
      'percent-encoded bytes that are not UTF-8',
      () => post(`${form(create)}&Description=%ff%fe`),
      400,
      'ParseRequestParameterException',
    ],
    ['an overlong UTF-8 form', () => post(`${form(create)}&Description=%c0%af`), 400, 'ParseRequestParameterException'],
    [
      'bytes that are not UTF-8',
      () => post(Buffer.concat([Buffer.from(`${form(create)}&Description=`), Buffer.of(0xff, 0xfe)])),
      400,
      'ParseRequestParameterException',
    ],
    ['a parameter without a name', () => post(`${form(create)}&=x`), 400, 'ParseRequestParameterException'],
    [
      '10,000 parameters',
      () => post(`${form(create)}${Array.from({ length: 10_000 }, (_, i) => `&p${i}=`).join('')}`),
      400,
      'ParseRequestParameterException',
    ],
    [
      'a value over 64 KiB',
      () => post(form({ ...create, Description: 'x'.repeat(65_537) })),
      400,
      'ParseRequestParameterException',
    ],
    [
      'a description over its limit',
      () => post(form({ ...create, Description: 'x'.repeat(60_000) })),
      400,
      'InvalidParameter',
    ],
    ['no Action', () => post(form({})), 400, 'MissingParameter'],
    ['no Version', () => post(form({ ...create, Version: '' })), 400, 'MissingParameter'],
    ['an unknown Action', () => post(form({ Action: 'createkey' })), 404, 'InvalidAction.NotFound'],
    ['an Action of the prototype', () => post(form({ Action: 'constructor' })), 404, 'InvalidAction.NotFound'],
    ['an unknown Version', () => post(form({ ...create, Version: '2016-01-21' })), 400, 'InvalidVersion'],
    [
      'an Action that the header contradicts',
      () => post(form(create), 'x-acs-action: ListKeys\r\n'),
      400,
      'InvalidParameter',
    ],
    [
      'a region that is not served',
      () =>
        post(form({ ...create, RegionId: 'moon-1' }))
          .toString()
          .replace('kms.cn-hangzhou.aliyuncs.com', 'localhost'),
      400,
      'InvalidParameter',
    ],
    [
      'a thousand empty pieces',
      () => post(`${form(create)}${'&'.repeat(1000)}`),
      400,
      'ParseRequestParameterException',
    ],
    [
      'parameters that are too long together',
      () => post(form({ ...create, a: 'x'.repeat(40_000), b: 'x'.repeat(40_000) })),
      400,
      'ParseRequestParameterException',
    ],
    [
      '101 names that are percent-encoded',
      () => post(`${form(create)}${Array.from({ length: 101 }, (_, i) => `&%41${i}=`).join('')}`),
      400,
      'ParseRequestParameterException',
    ],
    [
      'names that are too long together',
      () => post(`${form(create)}&${'n'.repeat(17_000)}=`),
      400,
      'ParseRequestParameterException',
    ],
    [
      'a body that signature 1.0 does not cover',
      () =>
        post(form({ ...create, Signed: 'this' }))
          .toString()
          .replace('x-www-form-urlencoded', 'json'),
      400,
      'ParseRequestParameterException',
    ],
    ['a form over its limit', () => post(`a=${'%41'.repeat(80_000)}`), 400, 'ParseRequestParameterException'],
  ]
  for (const [title, bytes, status, code] of cases)
    it(`refuses ${title} with ${code}`, async () => {
      await refused(bytes(), status, code)
    })

  it('refuses the same name in query and form', async () => {
    const bytes = post(form(create)).toString().replace('POST / ', 'POST /?Action=CreateKey ')
    const { body } = await refused(bytes, 400, 'InvalidParameter')
    assert.match(JSON.parse(body).Message, /"Action"/)
  })

  it('takes a mixture of query and form', async () => {
    const [first = '', ...rest] = form({ Action: 'ListKeys' }).split('&')
    assert.equal((await once(post(rest.join('&')).toString().replace('POST / ', `POST /?${first} `))).status, 200)
  })

  it('answers in XML where it is asked for', async () => {
    const ok = await once(post(form({ Action: 'ListKeys', Format: 'xml' })))
    assert.match(ok.headers, /content-type: text\/xml;charset=utf-8/i)
    assert.match(
      ok.body,
      /^<\?xml version="1.0" encoding="UTF-8"\?><ListKeysResponse><Keys><\/Keys><TotalCount>0<\/TotalCount><PageNumber>1<\/PageNumber><PageSize>10<\/PageSize><RequestId>[0-9a-f-]{36}<\/RequestId><\/ListKeysResponse>$/,
    )
    const bad = await once(post(form({ Action: 'DescribeKey', KeyId: '<&>', Format: 'XML' })))
    assert.match(
      bad.body,
      /<Error><RequestId>.*<Code>Forbidden.KeyNotFound<\/Code>.*<HttpStatus>404<\/HttpStatus><\/Error>$/,
    )
  })
})

describe('HTTP', () => {
  for (const method of ['PUT', 'DELETE', 'OPTIONS', 'PATCH'])
    it(`refuses ${method}`, async () => {
      await refused(get('/', { method }), 403, 'UnsupportedHTTPMethod')
    })

  it('refuses HEAD, without a body', async () => {
    const answer = await fetch(program.endpoint, { method: 'HEAD' })
    assert.deepEqual([answer.status, await answer.text()], [403, ''])
  })

  it('knows no path but /', async () => {
    for (const target of ['/admin', '/../etc/passwd', '/%2e%2e/', '/kms'])
      await refused(get(target), 404, 'InvalidAction.NotFound')
    await refused(get('//'), 400, 'MissingAccessKeyId')
    await refused(get('*', { method: 'OPTIONS' }), 403, 'UnsupportedHTTPMethod')
  })

  it('refuses a body over 256 KiB, declared or not', async () => {
    const big = Buffer.alloc(262_145, 'x')
    await refused(post(big), 413, 'RequestEntityTooLarge')
    const chunk = `10000\r\n${'y'.repeat(65_536)}\r\n`
    const head =
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n'
    await refused(head + chunk.repeat(5), 413, 'RequestEntityTooLarge')
  })

  it('refuses a query over 64 KiB and headers over 16 KiB', async () => {
    await refused(get(`/?a=${'x'.repeat(65_536)}`), 400, 'ParseRequestParameterException')
    await refused(get('/', { headers: `x-long: ${'x'.repeat(16_400)}\r\n` }), 431, 'ParseRequestParameterException')
    await refused(get('/', { headers: `x-long: ${'x'.repeat(200_000)}\r\n` }), 431, 'ParseRequestParameterException')
  })

  it('answers what is not HTTP with 400', async () => {
    for (const garbage of [
      '\0\0\0\0\r\n\r\n',
      'HELLO\r\n\r\n',
      'GET / HTTP/9.9\r\n\r\n',
      'GET / HTTP/1.1\r\nno colon\r\n\r\n',
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n',
    ])
      await refused(garbage, 400, 'ParseRequestParameterException')
  })

  it('answers pipelined requests in order', async () => {
    const connection = await Connection.open(program.endpoint)
    connection.write(
      Buffer.concat([
        post(form({ Action: 'ListKeys' })),
        post(form({ Action: 'Nope' })),
        post(form({ Action: 'ListAliases' })),
      ]),
    )
    const answers = [await connection.answer(), await connection.answer(), await connection.answer()]
    assert.deepEqual(
      answers.map((answer) => answer?.status),
      [200, 404, 200],
    )
    connection.close()
  })

  it('goes on serving others while clients are slow, hang up half-way, or send nothing', async () => {
    const request = post(form({ Action: 'ListKeys' }))
    const slow = await Promise.all(Array.from({ length: 100 }, () => Connection.open(program.endpoint)))
    for (const [i, connection] of slow.entries()) connection.write(request.subarray(0, 1 + i * 3))
    assert.equal((await program.call('ListKeys')).status, 200)
    for (const [i, connection] of slow.entries()) if (i % 2 === 0) connection.close()
    assert.equal((await program.call('ListKeys')).status, 200)
    const patient = slow[99]
    patient?.write(request.subarray(1 + 99 * 3))
    assert.equal((await patient?.answer())?.status, 200)
    for (const connection of slow) connection.close()
  })

  it('serves its health without credentials', async () => {
    const alive = await once(get('/healthz'))
    assert.deepEqual([alive.status, JSON.parse(alive.body)], [200, { status: 'ok', version: VERSION }])
    const ready = await once(get('/readyz'))
    assert.deepEqual([ready.status, JSON.parse(ready.body)], [200, { status: 'ok' }])
  })
})
