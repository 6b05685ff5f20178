// Parameters in their canonical spelling are read on a way of their own: it must agree with the strict decoder on every input.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Refusal } from '../../src/api/errors.ts'
import { CanonicalForm } from '../../src/gateway/canonical-form.ts'
import { percentEncode } from '../../src/gateway/percent-encoding.ts'
import { decodeAny, decodeUnverified, type HttpRequest, type Parameters } from '../../src/gateway/request.ts'
import { canonicalQuery, rpcStringToSign } from '../../src/gateway/signature.ts'
import { times } from '../size.ts'

const FORM = 'application/x-www-form-urlencoded'

function requestOf(query: string, form: string | Uint8Array, headers: HttpRequest['headers'] = {}): HttpRequest {
  return {
    method: form.length > 0 ? 'POST' : 'GET',
    target: query === '' ? '/' : `/?${query}`,
    headers: { 'content-type': FORM, ...headers },
    rawHeaders: [],
    body: typeof form === 'string' ? Buffer.from(form) : form,
    sourceAddress: '',
    regions: [],
    secure: false,
    endpoint: 'http://127.0.0.1:7700',
    isAbandoned: () => false,
  }
}

/** The parameters in their order and what is signed of them, or the refusal. */
function outcome(decode: (request: HttpRequest) => Parameters, request: HttpRequest): readonly unknown[] {
  try {
    const parameters = decode(request)
    const ofForm = parameters instanceof CanonicalForm ? parameters.stringToSign(request.method) : null
    return [[...parameters], ofForm ?? rpcStringToSign(request.method, parameters)]
  } catch (error) {
    assert.ok(error instanceof Refusal)
    return [error.code, error.message]
  }
}

function agrees(request: HttpRequest): void {
  assert.deepEqual(outcome(decodeUnverified, request), outcome(decodeAny, request))
}

/** Bytes that any spelling may hold, canonical ones most often. */
const spelled = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom('a', 'Z', '0', '-', '_', '.', '~', '%2F', '%3D', '%2B', '%20', '%25', '%00'),
  },
  { weight: 1, arbitrary: fc.constantFrom('+', '*', '/', ' ', '%', '%%', '%2', '%zz', '%2f', '%41', '%7E', '%C3%A9') },
  {
    weight: 1,
    arbitrary: fc.constantFrom('%FF', '%80', '%C3', '%ED%A0%80', 'é', '\u{1f511}', '\0', '%-1', '%0x', '='),
  },
)
const name = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('Action', 'Signature', 'Tag', 'Tag.1.Key', 'Tag.1', 'Tag-1', 'a', 'A') },
  { weight: 1, arbitrary: fc.array(spelled, { maxLength: 3 }).map((parts) => parts.join('')) },
)
const value = fc.array(spelled, { maxLength: 8 }).map((parts) => parts.join(''))
const piece = fc.oneof(
  { weight: 12, arbitrary: fc.tuple(name, value).map(([left, right]) => `${left}=${right}`) },
  { weight: 1, arbitrary: fc.constantFrom('', '=', 'a', '=a', 'a==b', '%3D=%26') },
)
const form = fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join('&'))
/** Without what no request line holds; other bytes of a query are refused. */
const query = form.map((text) => Buffer.from(text).toString('latin1'))

describe('parameters in canonical spelling', () => {
  it('are read as the strict decoder reads them, whatever a query and a form hold', () => {
    fc.assert(
      fc.property(query, form, (ofQuery, ofForm) => agrees(requestOf(ofQuery, ofForm))),
      { numRuns: times('spellings of parameters') },
    )
  })

  it('are read as the strict decoder reads them, whatever bytes a form holds', () => {
    const byte = fc.oneof(fc.constantFrom(...Buffer.from('aA=&%2F3D')), fc.integer({ min: 0, max: 255 }))
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 24 }), fc.array(byte, { maxLength: 24 }), (bytes, likely) => {
        agrees(requestOf('', bytes))
        agrees(requestOf('', Uint8Array.from(likely)))
      }),
      { numRuns: times('spellings of parameters') },
    )
  })

  it('sign the same string, whichever names and ASCII values they have, and wherever they are', () => {
    const ascii = fc.string({ unit: 'binary-ascii', maxLength: 60 })
    const names = fc.string({ unit: fc.constantFrom(...'aBz09-_.~'), minLength: 1, maxLength: 6 })
    const pairs = fc.uniqueArray(fc.tuple(names, ascii), { selector: ([one]) => one, minLength: 1, maxLength: 64 })
    fc.assert(
      fc.property(pairs, fc.nat(64), (all, split) => {
        const spell = (some: readonly (readonly [string, string])[]) =>
          some.map(([one, text]) => `${one}=${percentEncode(text)}`).join('&')
        const request = requestOf(spell(all.slice(0, split)), spell(all.slice(split)))
        const parameters = decodeUnverified(request)
        assert.ok(parameters instanceof CanonicalForm)
        assert.deepEqual([...parameters], all)
        assert.equal(parameters.stringToSign('POST'), rpcStringToSign('POST', new Map(all)))
        agrees(request)
      }),
    )
  })

  it('are the only ones: every other spelling is left to the strict decoder', () => {
    const others = ['a', 'a=b&', '&a=b', 'a=b&&c=d', '=a', 'a=b=c', 'a=+', 'a=%2f', 'a=%41', 'a=%7E', 'a=%C3%A9']
    for (const text of [...others, '%61=b', 'a=é', 'a=*', 'a=%', 'a=%2', 'a=b&a=c']) {
      for (const request of [requestOf(text, ''), requestOf('', text), requestOf('x=y', text)]) {
        agrees(request)
        const isRefused = typeof outcome(decodeAny, request)[0] === 'string'
        assert.ok(isRefused || !(decodeUnverified(request) instanceof CanonicalForm))
      }
    }
  })

  it('come once each in query and form together', () => {
    const request = requestOf('Action=Encrypt', 'Action=Decrypt')
    agrees(request)
    assert.equal(outcome(decodeUnverified, request)[0], 'InvalidParameter')
  })

  it('may be few and short alone: more of them are counted by the strict decoder', () => {
    const many = (count: number) => Array.from({ length: count }, (_, i) => `n${i}=v`).join('&')
    const isCanonical = (text: string) => decodeUnverified(requestOf('', text)) instanceof CanonicalForm
    assert.deepEqual([64, 65].map(many).map(isCanonical), [true, false])
    assert.deepEqual(
      [2047, 2048].map((length) => isCanonical(`${'n'.repeat(length)}=`)),
      [true, false],
    )
    assert.deepEqual(
      [16_382, 16_383].map((length) => isCanonical(`n=${'v'.repeat(length)}`)),
      [true, false],
    )
    for (const text of [many(65), many(1000), many(1001), `${'n'.repeat(2048)}=`, `n=${'v'.repeat(70_000)}`])
      agrees(requestOf('', text))
  })

  it('are no body under a signature in the header, and none of another type', () => {
    const signed = requestOf('a=b', 'c=d', { authorization: 'ACS3-HMAC-SHA256 Credential=x' })
    assert.deepEqual([...decodeUnverified(signed)], [['a', 'b']])
    agrees(signed)
    agrees(requestOf('a=b', 'c=d', { 'content-type': 'text/plain' }))
  })

  it('stay as they were while others are read, however many shapes there are', () => {
    const texts = Array.from({ length: 200 }, (_, i) => canonicalQuery(new Map([[`name${i}`, `value ${i}`]])))
    const all = texts.map((text) => decodeUnverified(requestOf('', text)))
    for (const [i, parameters] of all.entries()) {
      assert.ok(parameters instanceof CanonicalForm)
      assert.equal(parameters.get(`name${i}`), `value ${i}`)
      assert.equal(parameters.stringToSign('GET'), `GET&%2F&name${i}%3Dvalue%2520${i}`)
    }
  })
})
