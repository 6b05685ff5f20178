// What the strict decoder accepts and refuses (docs/reference/signatures.md, "Parameters"): each limit at its very number.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Refusal } from '../../src/api/errors.ts'
import { decodeUnverified, decodeVerified, type HttpRequest } from '../../src/gateway/request.ts'

const FORM = 'application/x-www-form-urlencoded'
const JSON_BODY = { authorization: 'ACS3-HMAC-SHA256 …', 'content-type': 'application/json;charset=utf-8' }

interface Sent {
  readonly query?: string
  readonly body?: string | Uint8Array
  readonly headers?: HttpRequest['headers']
}

/** The parameters that are read from a request, or the code and rule of its refusal. */
function read({ query = '', body = '', headers = { 'content-type': FORM } }: Sent): unknown {
  const request: HttpRequest = {
    method: 'POST',
    target: query === '' ? '/' : `/?${query}`,
    headers,
    rawHeaders: [],
    body: Buffer.from(body),
    sourceAddress: '192.0.2.7',
    regions: ['cn-hangzhou'],
    secure: false,
    endpoint: 'http://127.0.0.1:7700',
    isAbandoned: () => false,
  }
  try {
    return Object.fromEntries(decodeVerified(request, decodeUnverified(request)))
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return `${error.code}: ${error.message.replace(/^.*?(?:params|valid)\. /, '')}`
  }
}

const unreadable = (rule: string) => `ParseRequestParameterException: ${rule}`
const names = (count: number, length: number) =>
  Array.from({ length: count }, (_, i) => `${String(i).padStart(length, 'n')}=`)

describe('a request', () => {
  const cases: readonly (readonly [title: string, sent: Sent, expected: unknown])[] = [
    ['of plain parameters', { query: 'A=1&B=', body: 'C=x' }, { A: '1', B: '', C: 'x' }],
    ['with a plus, which is a space', { body: 'A=a+b%2Bc' }, { A: 'a b+c' }],
    ['with percent-encoded UTF-8', { body: 'A=%E5%AF%86' }, { A: '密' }],
    ['with UTF-8 as it is in a form', { body: 'A=密' }, { A: '密' }],
    ['with a name without a value', { query: 'A&B=1' }, { A: '', B: '1' }],
    ['with an equals sign in a value', { query: 'A=b=c' }, { A: 'b=c' }],
    ['with empty pieces', { query: '&&A=1&' }, { A: '1' }],
    ['with names of what every object has', { body: 'constructor=1&toString=2' }, { constructor: '1', toString: '2' }],
    ['with names that differ in case', { body: 'a=1&A=2' }, { a: '1', A: '2' }],
    ['with one name twice', { query: 'A=1&A=1' }, 'InvalidParameter: It is given twice.'],
    ['with one name in query and form', { query: 'A=1', body: 'A=2' }, 'InvalidParameter: It is given twice.'],
    ['with one name twice, encoded once', { query: 'A=1&%41=1' }, 'InvalidParameter: It is given twice.'],
    ['without a name', { query: '=1' }, unreadable('A parameter has no name.')],
    ['with half an encoding', { body: 'A=%4' }, unreadable('A percent-encoding is broken, or not UTF-8.')],
    ['with an encoding of no UTF-8', { body: 'A=%FF' }, unreadable('A percent-encoding is broken, or not UTF-8.')],
    ['with bytes that are not UTF-8', { body: Uint8Array.of(65, 61, 255) }, unreadable('The body is not UTF-8.')],
    [
      'with UTF-8 as it is in the query',
      { query: 'A=密' },
      unreadable('The query holds characters that must be percent-encoded.'),
    ],
    [
      'with a JSON body under signature 1.0',
      { body: '{}', headers: { 'content-type': 'application/json' } },
      unreadable('With signature 1.0 a body must be a form.'),
    ],
  ]
  for (const [title, sent, expected] of cases) it(title, () => assert.deepEqual(read(sent), expected))
})

describe('a body under a signature in the header', () => {
  const cases: readonly (readonly [title: string, body: string, expected: unknown])[] = [
    ['has its members as parameters', '{"A":"1","B":""}', { A: '1', B: '' }],
    ['has values that are no text as JSON', '{"A":1,"B":true,"C":{"k":[1]}}', { A: '1', B: 'true', C: '{"k":[1]}' }],
    ['has no parameter for a null', '{"A":null}', {}],
    ['has no name twice', '{"A":"1","A":"2"}', 'InvalidParameter: It is given twice.'],
    ['has no name twice, once as a null', '{"A":"1","B":{},"A":null}', 'InvalidParameter: It is given twice.'],
    ['has no name twice, once escaped', '{"A":"1","\\u0041":"1"}', 'InvalidParameter: It is given twice.'],
    ['has no name twice within a value', '{"A":[{"B":{"C":1},"B":2}]}', 'InvalidParameter: It is given twice.'],
    [
      'may repeat a name within values',
      '{"A":{"A":"1","b":[{"A":2},{"A":3}]},"b":"\\"A\\":","c":"}{"}',
      { A: '{"A":"1","b":[{"A":2},{"A":3}]}', b: '"A":', c: '}{' },
    ],
    ['is no list', '[]', unreadable('The JSON body must be an object.')],
    ['is no broken JSON', '{', unreadable('The JSON body is broken.')],
    ['holds no half of a character', '{"A":"\\ud800"}', unreadable('A parameter is not well-formed Unicode.')],
    ['names none', '{"\\ud800":"1","\\ud800":"2"}', unreadable('A parameter is not well-formed Unicode.')],
    ['holds no parameter without a name', '{"":"1"}', unreadable('A parameter has no name.')],
  ]
  for (const [title, body, expected] of cases)
    it(title, () => assert.deepEqual(read({ body, headers: JSON_BODY }), expected))

  it('adds to the query, and repeats nothing of it', () => {
    assert.deepEqual(read({ query: 'A=1', body: '{"B":"2"}', headers: JSON_BODY }), { A: '1', B: '2' })
    assert.equal(read({ query: 'A=1', body: '{"A":"2"}', headers: JSON_BODY }), 'InvalidParameter: It is given twice.')
  })

  it('is a form or JSON, and nothing else', () => {
    const headers = { ...JSON_BODY, 'content-type': 'text/plain' }
    assert.equal(read({ body: 'A=1', headers }), unreadable('A body must be a form or a JSON object.'))
    assert.deepEqual(read({ body: 'A=1', headers: { ...JSON_BODY, 'content-type': FORM } }), { A: '1' })
  })
})

describe('the limit of', () => {
  const value = (length: number) => `A=${'x'.repeat(length)}`
  /** A JSON body of so many values; what its text holds is none. */
  const listed = (count: number) => ({ body: `{"A":[${'1,'.repeat(count - 2)}"\\",[{"]}`, headers: JSON_BODY })
  const cases: readonly (readonly [what: string, most: Sent, more: Sent, rule: string])[] = [
    ['a query is 64 KiB', { query: value(65_534) }, { query: value(65_535) }, 'The query is longer than 65536 bytes.'],
    [
      'parameters is 1,000',
      { body: names(1000, 4).join('&') },
      { body: names(1001, 4).join('&') },
      'There are more than 1000 parameters.',
    ],
    [
      'pieces, empty ones included, is 1,000',
      { body: `A=1${'&'.repeat(1000)}` },
      { body: `A=1${'&'.repeat(1001)}` },
      'There are more than 1000 parameters.',
    ],
    [
      'encoded names is 100',
      {
        body: names(100, 4)
          .map((name) => `%41${name}`)
          .join('&'),
      },
      {
        body: names(101, 4)
          .map((name) => `%41${name}`)
          .join('&'),
      },
      'There are more than 100 names that are percent-encoded or not ASCII.',
    ],
    [
      'a value is 64 KiB, decoded',
      { body: `A=${'%78'.repeat(65_536)}` },
      { body: `A=${'%78'.repeat(65_537)}` },
      'A value is longer than 65536 bytes.',
    ],
    [
      'all names together is 16 KiB',
      { body: names(8, 2048).join('&') },
      { body: `B=&${names(8, 2048).join('&')}` },
      'The names of parameters are longer than 16384 bytes together.',
    ],
    [
      'all names and values together is 72 KiB',
      { body: `${value(65_536)}&B=${'x'.repeat(8190)}` },
      { body: `${value(65_536)}&B=${'x'.repeat(8191)}` },
      'The parameters are longer than 73728 bytes together.',
    ],
    ['values in JSON is 5,000', listed(5000), listed(5001), 'The JSON body has more than 5000 values.'],
  ]
  for (const [what, most, more, rule] of cases)
    it(what, () => {
      assert.equal(typeof read(most), 'object', String(read(most)))
      assert.equal(read(more), unreadable(rule))
    })

  it('a form is 223,184 bytes', () => {
    assert.equal(read({ body: `A=${'x'.repeat(223_183)}` }), unreadable('The form is longer than 223184 bytes.'))
  })
})
