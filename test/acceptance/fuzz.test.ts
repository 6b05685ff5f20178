// Generated requests against the running program: never a 5xx, never silence, and bounded memory.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import { products } from '../../src/gateway/products.ts'
import { seed, times } from '../size.ts'
import { type Program, removeFolder, startProgram } from './program.ts'
import { Connection, get, post, signedForm } from './raw.ts'

const REQUESTS = times('generated requests')
const BATCH = 1000
const CONNECTIONS = 16
const MAX_MEMORY_MIB = 600

const oddText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.string({ unit: 'grapheme', maxLength: 60 }),
  fc.constantFrom(
    '',
    ' ',
    '\u0000',
    '__proto__',
    'constructor',
    'null',
    'undefined',
    'NaN',
    '-0',
    '1e999',
    '0x10',
    '٣',
    '\ufeff',
    '%00',
    "'; DROP TABLE record; --",
    '../../etc/passwd',
    '$(id)',
  ),
  fc.integer().map(String),
  fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n }).map(String),
  fc.json({ maxDepth: 4 }),
  fc.constant('[').map((open) => open.repeat(5000)),
  fc.base64String({ maxLength: 200 }),
  fc.integer({ min: 0, max: 20_000 }).map((length) => 'x'.repeat(length)),
)

/** A value that an operation might take, so that generated calls get past validation often. */
const likelyText = fc.constantFrom(
  'alias/a',
  'alias/b',
  'key',
  '1',
  '7',
  '30',
  'true',
  'EXTERNAL',
  'RSAES_OAEP_SHA_1',
  'RSAES_PKCS1_V1_5',
  'RSA_2048',
  'AES_128',
  '{"a":"b"}',
  '[{"TagKey":"k","TagValue":"v"}]',
  'Custom',
  'v1',
  'acs:ram::1:role/key',
  '{"Version":"1","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}',
  '{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"RAM":"acs:ram::1:root"}}]}',
  '["k"]',
  'AAAA',
  '{}',
)

type Made = (program: Program, keyId: string) => Uint8Array | string

const operations = products.flatMap((product) =>
  [...product.operations.values()].map((one) => ({ ...one, version: product.version })),
)
const parameterNames = [...new Set(operations.flatMap(({ parameters }) => Object.keys(parameters)))]

const namesOf = (product: string) =>
  fc.constantFrom(...operations.filter((one) => one.product.name === product).map(({ name }) => name))
/** Names by which users, groups, roles, policies, secrets and OIDC providers are made and found again. */
const ENTITY = /^(User|Group|Role|Policy|Secret|OIDCProvider)Name$/

/** A signed call of an operation with its own parameters, others, and odd ones. */
const signed: fc.Arbitrary<Made> = fc
  .record({
    action: fc.oneof(
      { weight: 6, arbitrary: namesOf('Kms') },
      { weight: 3, arbitrary: fc.oneof(namesOf('Ram'), namesOf('Ims'), namesOf('Sts')) },
      { weight: 1, arbitrary: oddText },
    ),
    own: fc.array(
      fc.oneof({ weight: 3, arbitrary: likelyText }, oddText, { weight: 2, arbitrary: fc.constant('KEY') }),
      { minLength: 9, maxLength: 9 },
    ),
    missing: fc.uniqueArray(fc.nat(8), { maxLength: 9 }),
    given: fc.uniqueArray(fc.nat(8), { maxLength: 3 }),
    others: fc.dictionary(fc.oneof(fc.constantFrom(...parameterNames), oddText), oddText, {
      maxKeys: 3,
      noNullPrototype: true,
    }),
    format: fc.constantFrom('JSON', 'XML', ''),
    get: fc.boolean(),
  })
  .map(({ action, own, missing, given, others, format, get: asGet }) => ({ credentials }, keyId) => {
    const operation = operations.find(({ name }) => name === action)
    const declared = operation?.parameters ?? {}
    const Version = operation?.version ?? '2016-01-20'
    const parameters: Record<string, string> = { ...others, Action: action, Version, Format: format }
    for (const [i, [name, { required }]] of Object.entries(declared).entries())
      if (required ? !missing.includes(i) : given.includes(i))
        parameters[name] =
          name === 'KeyId' && i % 2 === 0 ? keyId : ENTITY.test(name) ? 'key' : (own[i] ?? '').replace(/^KEY$/, keyId)
    delete parameters['']
    const method = asGet ? 'GET' : 'POST'
    const form = signedForm(parameters, credentials, { method })
    return asGet && form.length < 16_000 ? get(`/?${form}`) : post(asGet ? signedForm(parameters, credentials) : form)
  })

/** A signed request, then altered anywhere. */
const altered: fc.Arbitrary<Made> = fc
  .tuple(signed, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }))
  .map(([make, changes]) => (program, keyId) => {
    const bytes = Buffer.from(make(program, keyId))
    const start = bytes.indexOf('\r\n\r\n') + 4
    // The head stays as it is, so that the bytes remain one HTTP request and the connection can go on.
    if (start < bytes.length) for (const [at, byte] of changes) bytes[start + (at % (bytes.length - start))] = byte
    return bytes
  })

/** Bodies and targets of any kind, unsigned. */
const unsigned: fc.Arbitrary<Made> = fc.oneof(
  fc.uint8Array({ maxLength: 400 }).map((body) => () => post(body)),
  fc
    .string({ unit: fc.constantFrom(...'&=%+abAction.0123456789F;/?'), maxLength: 200 })
    .map((text) => () => post(text)),
  fc
    .record({
      OIDCToken: fc.oneof(
        oddText,
        fc.array(fc.base64String({ maxLength: 40 }), { maxLength: 4 }).map((parts) => parts.join('.')),
      ),
      OIDCProviderArn: fc.oneof(oddText, fc.constant('acs:ram::1:oidc-provider/key')),
      RoleArn: fc.oneof(oddText, fc.constant('acs:ram::1:role/key')),
      RoleSessionName: fc.oneof(oddText, fc.constant('key')),
      DurationSeconds: oddText,
    })
    .map((claimed) => () => {
      const form = new URLSearchParams({ Action: 'AssumeRoleWithOIDC', Version: '2015-04-01', ...claimed })
      return post(form.toString())
    }),
  fc.webQueryParameters().map((query) => () => get(`/?${query}`)),
  fc.webPath().map((path) => () => get(path.startsWith('/') ? path : `/${path}`)),
  fc
    .dictionary(
      fc.constantFrom(
        'authorization',
        'x-acs-action',
        'x-acs-version',
        'x-acs-date',
        'accept',
        'content-type',
        'user-agent',
      ),
      fc.string({ unit: fc.constantFrom(...'ACS3-HMAC SHA256=,;/x1'), maxLength: 80 }),
    )
    .map(
      (headers) => () =>
        get('/', {
          headers: Object.entries(headers)
            .map(([name, value]) => `${name}: ${value}\r\n`)
            .join(''),
        }),
    ),
)

const anyRequest = fc.oneof(
  { weight: 6, arbitrary: signed },
  { weight: 2, arbitrary: altered },
  { weight: 2, arbitrary: unsigned },
)

describe('generated requests', () => {
  let program: Program
  before(async () => {
    program = await startProgram()
  })
  after(async () => {
    assert.equal(await program.stop(), 0)
    removeFolder(program.data)
  })

  const memoryMib = () =>
    Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${program.process.pid}/status`, 'utf8'))?.[1]) / 1024

  it(`meet no 5xx in ${REQUESTS}, and each is answered`, async () => {
    const keyId: string = (await program.call('CreateKey')).body.KeyMetadata.KeyId
    const statuses = new Map<number, number>()
    let sent = 0
    for (let batch = seed; sent < REQUESTS; batch++) {
      const requests = fc.sample(anyRequest, { seed: batch, numRuns: BATCH })
      const lane = async (first: number) => {
        let connection = await Connection.open(program.endpoint)
        for (let i = first; i < requests.length; i += CONNECTIONS) {
          const bytes = requests[i]?.(program, keyId) ?? ''
          const answer = await connection.send(bytes)
          const told = `seed ${batch}, request ${i}: ${Buffer.from(bytes).toString('latin1').slice(0, 2000)}`
          assert.ok(answer, `no answer to ${told}`)
          assert.ok(answer.status < 500, `${answer.status} ${answer.body} to ${told}`)
          const id = /x-acs-request-id: (\S+)/.exec(answer.headers)?.[1]
          if (id) assert.ok(answer.body.includes(id), `RequestId of ${told}`)
          statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
          if (/connection: close/i.test(answer.headers)) {
            connection.close()
            connection = await Connection.open(program.endpoint)
          }
        }
        connection.close()
      }
      await Promise.all(Array.from({ length: CONNECTIONS }, (_, first) => lane(first)))
      sent += requests.length
    }
    assert.ok(sent >= REQUESTS)
    assert.ok((statuses.get(200) ?? 0) > REQUESTS / 20, `enough calls succeed: ${JSON.stringify([...statuses])}`)
    assert.ok((statuses.get(400) ?? 0) > REQUESTS / 10)
    assert.ok(memoryMib() < MAX_MEMORY_MIB, `${memoryMib()} MiB`)
    assert.equal((await program.call('DescribeKey', { KeyId: keyId })).status, 200)
    assert.equal(program.log().includes('failed'), false, program.log().slice(0, 2000))
  })
})
