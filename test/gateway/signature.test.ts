import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Refusal } from '../../src/api/errors.ts'
import { authenticate, type Credentials } from '../../src/gateway/authenticate.ts'
import { decodeParameters, type HttpRequest, header, pathOf } from '../../src/gateway/request.ts'
import {
  acs3Signature,
  acs3StringToSign,
  canonicalQuery,
  hashHex,
  parseAcs3Authorization,
  percentEncode,
  rpcSignature,
  rpcStringToSign,
} from '../../src/gateway/signature.ts'
import { vectors } from '../vectors.ts'
import '../size.ts'

interface Vector {
  client: string
  scheme: string
  accessKeyId: string
  accessKeySecret: string
  request: { method: string; url: string; headers: Record<string, string>; body: string }
  stringToSign: string
  signature: string
}
const recorded = vectors<{ vectors: Vector[] }>('signature-vectors.json').vectors

function httpRequest({ request }: Vector): HttpRequest {
  return {
    method: request.method,
    target: request.url,
    headers: request.headers,
    body: Buffer.from(request.body, 'utf8'),
    sourceAddress: '127.0.0.1',
    secure: false,
  }
}

function timeOf(request: HttpRequest): number {
  return Date.parse(decodeParameters(request).all.get('Timestamp') ?? header(request, 'x-acs-date'))
}

/** Knows one permanent AccessKey and no session. */
function credentials({ accessKeyId, accessKeySecret }: Vector): Credentials {
  const caller = { type: 'root-account', accountId: '1', principalId: '1', userName: 'root', accessKeyId } as const
  return {
    accessKeys: {
      find: async (id) => (id === accessKeyId ? { caller, secret: accessKeySecret, active: true } : null),
    },
    securityTokens: { open: () => null },
    authorizer: { sessionRole: async () => null },
    lastUsed: { note: () => {} },
  }
}

describe('the recorded requests of the official clients', () => {
  for (const vector of recorded) {
    const request = httpRequest(vector)
    const parameters = decodeParameters(request)
    it(`gives string to sign and signature of ${vector.client}`, () => {
      if (vector.scheme.startsWith('RPC')) {
        const stringToSign = rpcStringToSign(request.method, parameters.all)
        assert.equal(stringToSign, vector.stringToSign)
        const signature = rpcSignature('sha1', vector.accessKeySecret, stringToSign)
        assert.equal(signature.toString('base64'), vector.signature)
        return
      }
      const authorization = parseAcs3Authorization(header(request, 'authorization'))
      assert.ok(authorization)
      const stringToSign = acs3StringToSign(authorization, {
        method: request.method,
        path: pathOf(request),
        query: parameters.query,
        headers: (name) => header(request, name),
        bodyHash: hashHex(authorization.hash, request.body),
      })
      assert.equal(stringToSign, vector.stringToSign)
      const signature = acs3Signature(authorization.hash, vector.accessKeySecret, stringToSign)
      assert.equal(signature.toString('hex'), vector.signature)
    })
    it(`authenticates ${vector.client}, and refuses it under another secret`, async () => {
      const hasToken = parameters.all.has('SecurityToken') || header(request, 'x-acs-security-token') !== ''
      const clock = { now: () => timeOf(request), wallNow: () => timeOf(request) }
      const attempt = (secret: string) =>
        authenticate(request, parameters, credentials({ ...vector, accessKeySecret: secret }), clock)
      const refusedWith = (code: string) => (error: unknown) => error instanceof Refusal && error.code === code
      if (hasToken) {
        await assert.rejects(attempt(vector.accessKeySecret), refusedWith('InvalidSecurityToken.MismatchWithAccessKey'))
        return
      }
      assert.equal((await attempt(vector.accessKeySecret)).caller.accessKeyId, vector.accessKeyId)
      await assert.rejects(attempt('wrong'), (error) => {
        assert.ok(error instanceof Refusal)
        assert.equal(error.code, 'SignatureDoesNotMatch')
        assert.ok(error.message.endsWith(`server string to sign is:${vector.stringToSign}`))
        return true
      })
    })
  }
})

describe('percent-encoding', () => {
  it('leaves only A-Z a-z 0-9 - _ . ~ as they are', () => {
    assert.equal(percentEncode("a Z9-_.~*'()!é/+%"), 'a%20Z9-_.~%2A%27%28%29%21%C3%A9%2F%2B%25')
  })

  it('is undone by decoding, for any text and any parameters', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 40 })
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(text, text), { selector: ([name]) => name }), (pairs) => {
        const given = new Map(pairs.filter(([name]) => name !== ''))
        const target = `/?${canonicalQuery(given)}`
        const request = {
          method: 'GET',
          target,
          headers: {},
          body: new Uint8Array(0),
          sourceAddress: '',
          secure: false,
        }
        assert.deepEqual(new Map([...decodeParameters(request).all].sort()), new Map([...given].sort()))
      }),
    )
  })

  it('sorts names by code points, not by UTF-16 units', () => {
    const names = new Map([
      ['\u{1f511}', '1'],
      ['\uffee', '2'],
      ['a', '3'],
      ['Z', '4'],
    ])
    assert.equal(canonicalQuery(names), 'Z=4&a=3&%EF%BF%AE=2&%F0%9F%94%91=1')
  })
})
