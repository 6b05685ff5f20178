// Signatures of requests (docs/reference/signatures.md): what official clients sent, to the letter, and that nothing else is taken for it.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Refusal } from '../../src/api/errors.ts'
import { authenticate, type Credentials } from '../../src/gateway/authenticate.ts'
import { headerSignature, headerStringToSign, parseAuthorization } from '../../src/gateway/header-signature.ts'
import { percentEncode } from '../../src/gateway/percent-encoding.ts'
import { decodeUnverified, decodeVerified, type HttpRequest, header, pathOf } from '../../src/gateway/request.ts'
import { canonicalQuery, hashHex, rpcSignature, rpcStringToSign } from '../../src/gateway/signature.ts'
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

function httpRequest({ request }: Pick<Vector, 'request'>): HttpRequest {
  return {
    method: request.method,
    target: request.url,
    headers: request.headers,
    rawHeaders: Object.entries(request.headers).flat(),
    body: Buffer.from(request.body, 'utf8'),
    sourceAddress: '127.0.0.1',
    regions: [],
    secure: false,
    endpoint: 'http://127.0.0.1:7700',
    isAbandoned: () => false,
  }
}

function timeOf(request: HttpRequest): number {
  return Date.parse(decodeUnverified(request).get('Timestamp') ?? header(request, 'x-acs-date'))
}

/** A view of no records: the credentials of these tests are in none. */
const NOTHING = { get: async () => null }

/** Knows one permanent AccessKey and no session. */
function credentials({ accessKeyId, accessKeySecret }: Pick<Vector, 'accessKeyId' | 'accessKeySecret'>): Credentials {
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
    const parameters = decodeUnverified(request)
    it(`gives string to sign and signature of ${vector.client}`, () => {
      if (vector.scheme.startsWith('RPC')) {
        const stringToSign = rpcStringToSign(request.method, parameters)
        assert.equal(stringToSign, vector.stringToSign)
        const signature = rpcSignature('sha1', vector.accessKeySecret, stringToSign)
        assert.equal(signature.toString('base64'), vector.signature)
        return
      }
      const authorization = parseAuthorization(header(request, 'authorization'))
      assert.ok(authorization)
      const stringToSign = headerStringToSign(authorization, {
        method: request.method,
        path: pathOf(request),
        query: parameters,
        headers: (name) => header(request, name),
        bodyHash: hashHex(authorization.algorithm.hash, request.body),
      })
      assert.equal(stringToSign, vector.stringToSign)
      const signature = headerSignature(authorization, vector.accessKeySecret, stringToSign)
      assert.equal(signature.toString('hex'), vector.signature)
    })
    it(`authenticates ${vector.client}, and refuses it under another secret`, async () => {
      const hasToken = parameters.has('SecurityToken') || header(request, 'x-acs-security-token') !== ''
      const clock = { now: () => timeOf(request), wallNow: () => timeOf(request) }
      const attempt = async (secret: string) =>
        authenticate(request, parameters, credentials({ ...vector, accessKeySecret: secret }), clock, NOTHING)
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

interface HeaderVectors {
  accessKeyId: string
  accessKeySecret: string
  vectors: { client: string; refused?: string; request: Vector['request'] }[]
}
const byHeader = vectors<HeaderVectors>('header-signatures.json')

describe('what clients sent that sign with ACS4, or with ACS3 and not the host', () => {
  for (const vector of byHeader.vectors) {
    const request = httpRequest(vector)
    const parameters = decodeUnverified(request)
    const clock = { now: () => timeOf(request), wallNow: () => timeOf(request) }
    const attempt = async (accessKeySecret: string, asked = request) =>
      authenticate(asked, parameters, credentials({ ...byHeader, accessKeySecret }), clock, NOTHING)
    const refusedWith = (code: string) => (error: unknown) => error instanceof Refusal && error.code === code
    if (vector.refused !== undefined) {
      const { refused } = vector
      it(`refuses ${vector.client} with ${refused}: its signature does not cover the body`, async () => {
        await assert.rejects(attempt(byHeader.accessKeySecret), refusedWith(refused))
      })
      continue
    }
    it(`authenticates ${vector.client}`, async () => {
      const { caller, host, scope } = await attempt(byHeader.accessKeySecret)
      const isJava = vector.client.includes('java')
      assert.equal(caller.accessKeyId, byHeader.accessKeyId)
      assert.equal(host, isJava ? 'means nothing' : 'decides')
      assert.equal(scope?.product, isJava ? undefined : 'Kms')
      const sent = new URL(request.target, 'http://localhost').searchParams
      if (request.body.length > 0) sent.set('Description', /json/.test(vector.client) ? 'x' : 'a b+c*d~e/f=g&h%')
      assert.deepEqual(decodeVerified(request, parameters), new Map(sent))
    })
    it(`refuses ${vector.client} under another secret, of another day and with another body`, async () => {
      await assert.rejects(attempt('wrong'), refusedWith('SignatureDoesNotMatch'))
      const altered = { ...request, body: Buffer.concat([request.body, Buffer.from('&x=')]) }
      await assert.rejects(attempt(byHeader.accessKeySecret, altered), refusedWith('IncompleteSignature'))
      const authorization = header(request, 'authorization').replace('/20261127/', '/20261126/')
      const yesterday = { ...request, headers: { ...request.headers, authorization } }
      if (authorization.includes('/20261126/'))
        await assert.rejects(attempt(byHeader.accessKeySecret, yesterday), refusedWith('IncompleteSignature'))
    })
  }
})

describe('the order of work', () => {
  const vector = recorded.find(({ client }) => client === '@alicloud/pop-core POST')
  assert.ok(vector)
  const request = httpRequest(vector)
  const clock = { now: () => timeOf(request), wallNow: () => timeOf(request) }

  /** The code of the refusal, and how often the parameters were gone through, as they are for a string to sign. */
  async function work(known: Pick<Vector, 'accessKeyId' | 'accessKeySecret'>): Promise<[string, number]> {
    let passes = 0
    class Watched extends Map<string, string> {
      override keys() {
        passes++
        return super.keys()
      }
    }
    const parameters = new Watched(decodeUnverified(request))
    const failed = (error: unknown) => (error instanceof Refusal ? error.code : String(error))
    const attempt = async () => authenticate(request, parameters, credentials(known), clock, NOTHING)
    const code = await attempt().then(() => 'OK', failed)
    return [code, passes]
  }

  it('finds the AccessKey before it makes a string to sign', async () => {
    const { accessKeyId, accessKeySecret } = vector
    assert.deepEqual(await work({ accessKeyId: 'another', accessKeySecret }), ['InvalidAccessKeyId.NotFound', 0])
    assert.deepEqual(await work({ accessKeyId, accessKeySecret: 'wrong' }), ['SignatureDoesNotMatch', 1])
    assert.deepEqual(await work({ accessKeyId, accessKeySecret }), ['OK', 1])
  })

  it('hashes a body only when its signature is right', async () => {
    const signed = byHeader.vectors.find(({ client }) => client.includes('SHA256, form'))
    assert.ok(signed)
    const sent = httpRequest(signed)
    const altered = { ...sent, body: Buffer.from('another') }
    const at = { now: () => timeOf(sent), wallNow: () => timeOf(sent) }
    const attempt = async (accessKeyId: string, accessKeySecret: string) =>
      authenticate(altered, decodeUnverified(altered), credentials({ accessKeyId, accessKeySecret }), at, NOTHING)
    const code = (accessKeyId: string, accessKeySecret: string) =>
      attempt(accessKeyId, accessKeySecret).then(
        () => 'OK',
        (error: unknown) => (error instanceof Refusal ? error.code : String(error)),
      )
    const { accessKeyId, accessKeySecret } = byHeader
    assert.equal(await code('another', accessKeySecret), 'InvalidAccessKeyId.NotFound')
    assert.equal(await code(accessKeyId, 'wrong'), 'SignatureDoesNotMatch')
    assert.equal(await code(accessKeyId, accessKeySecret), 'IncompleteSignature')
  })
})

describe('percent-encoding', () => {
  it('leaves only A-Z a-z 0-9 - _ . ~ unencoded', () => {
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
          rawHeaders: [],
          body: new Uint8Array(0),
          sourceAddress: '',
          regions: [],
          secure: false,
          endpoint: 'http://127.0.0.1:7700',
          isAbandoned: () => false,
        }
        assert.deepEqual(new Map([...decodeUnverified(request)].sort()), new Map([...given].sort()))
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
