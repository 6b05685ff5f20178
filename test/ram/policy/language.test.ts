// The policy language (docs/reference/policy-language.md): which documents are taken, and where the fault of each other one is.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { PRODUCTS } from '../../../src/api/product.ts'
import { MalformedPolicy, type PolicyUse, parseNewPolicy, parsePolicy } from '../../../src/ram/policy/language.ts'
import { compileWildcard } from '../../../src/ram/policy/wildcard.ts'
import { times } from '../../size.ts'

const good = { Effect: 'Allow', Action: 'kms:*', Resource: '*' }
const withCondition = (Condition: unknown) => ({ Version: '1', Statement: [{ ...good, Condition }] })
const one = (...Statement: unknown[]) => ({ Version: '1', Statement })

function fault(document: unknown, use: PolicyUse = 'identity'): string {
  try {
    parseNewPolicy(typeof document === 'string' ? document : JSON.stringify(document), use)
  } catch (error) {
    assert.ok(error instanceof MalformedPolicy)
    return error.message
  }
  return ''
}

describe('a policy is refused with the place of its fault', () => {
  const cases: [name: string, document: unknown, message: RegExp][] = [
    ['no JSON', '{', /not JSON/],
    ['no object', [], /must be a JSON object/],
    ['version as a number', { Version: 1, Statement: [good] }, /Version .* "1"/],
    ['version 2', { Version: '2', Statement: [good] }, /Version .* "1"/],
    ['no version', { Statement: [good] }, /Version/],
    ['no statement', { Version: '1' }, /Statement must be an array/],
    ['one statement without an array', { Version: '1', Statement: good }, /Statement must be an array/],
    ['an empty array', one(), /at least one/],
    ['an unknown member', { ...one(good), Id: 'x' }, /"Id" of the policy/],
    ['Conditions', one(good, { ...good, Conditions: {} }), /"Conditions" of Statement\[1\]/],
    ['NotResource', one({ Effect: 'Allow', Action: '*', NotResource: '*' }), /"NotResource"/],
    [
      '__proto__',
      '{"Version":"1","Statement":[{"Effect":"Allow","Action":"*","Resource":"*","__proto__":{}}]}',
      /"__proto__"/,
    ],
    [
      'a member twice',
      '{"Version":"1","Statement":[{"Effect":"Deny","Effe\\u0063t":"Allow","Action":"*","Resource":"*"}]}',
      /"Effect" is given twice/,
    ],
    ['effect in another case', one({ ...good, Effect: 'allow' }), /Effect of Statement\[0\]/],
    ['a long Sid', one({ ...good, Sid: 'x'.repeat(129) }), /Sid of Statement\[0\]/],
    [
      'neither action',
      one({ Effect: 'Allow', Resource: '*' }),
      /^Add an Action or NotAction element to the policy statement\.$/,
    ],
    ['both actions', one({ ...good, NotAction: '*' }), /not both/],
    ['no action in the list', one({ ...good, Action: [] }), /Action of Statement\[0\] must not be empty/],
    ['an action without a service', one({ ...good, Action: 'Encrypt' }), /"Encrypt" in Action of Statement\[0\]/],
    ['no resource', one({ Effect: 'Allow', Action: '*' }), /Add a Resource element to Statement\[0\]/],
    ['a short resource', one({ ...good, Resource: 'acs:kms:key' }), /"acs:kms:key" in Resource/],
    ['a resource in capitals', one({ ...good, Resource: 'acs:KMS:*:*:*' }), /in Resource/],
    ['a principal', one({ ...good, Principal: { RAM: 'acs:ram::1:root' } }), /"Principal"/],
    ['a variable', one({ ...good, Resource: `acs:kms:*:*:key/\${x}` }), /no policy variables/],
    ['a variable in a condition', withCondition({ StringEquals: { 'x:y': `\${z}` } }), /no policy variables/],
    [
      'an unknown operator',
      withCondition({ ArnLike: { 'x:y': 'z' } }),
      /^The condition operator "ArnLike" in Statement\[0\] is not supported\.$/,
    ],
    [
      'IfExists',
      withCondition({ StringEqualsIfExists: { 'x:y': 'z' } }),
      /^The condition operator 'IfExists\/Null' is not supported/,
    ],
    ['Null', withCondition({ Null: { 'x:y': 'true' } }), /'IfExists\/Null'/],
    ['ForAllValues', withCondition({ 'ForAllValues:StringEquals': { 'x:y': 'z' } }), /is not supported/],
    ['a misspelt key', withCondition({ StringNotEquals: { 'kms:tga/Env': 'x' } }), /"kms:tga\/Env"/],
    ['an unknown key of ours', withCondition({ StringEquals: { 'acs:Nothing': 'x' } }), /"acs:Nothing"/],
    ['a tag without a name', withCondition({ StringEquals: { 'kms:tag/': 'x' } }), /kms:tag/],
    ['no values', withCondition({ StringEquals: { 'x:y': [] } }), /must not be empty/],
    ['an object as a value', withCondition({ StringEquals: { 'x:y': {} } }), /must be strings/],
    ['no number', withCondition({ NumericEquals: { 'x:y': 'many' } }), /"many".*does not fit.*a decimal number/],
    [
      'a date without a zone',
      withCondition({ DateLessThan: { 'acs:CurrentTime': '2019-08-12T09:00:00' } }),
      /does not fit.*a time with its zone/,
    ],
    ['a bad block', withCondition({ IpAddress: { 'acs:SourceIp': '10.0.0.0/40' } }), /does not fit.*192\.0\.2\.0\/24/],
    ['a bad truth', withCondition({ Bool: { 'acs:SecureTransport': 'yes' } }), /does not fit.*true or false/],
    ...['SourceIp', '', 'aws:SourceIp', 'AWS:x', 'x:', ':x', 'x::y', ' acs:SourceIp'].map(
      (key): [string, unknown, RegExp] => [
        `the condition key "${key}"`,
        withCondition({ NotIpAddress: { [key]: '10.0.0.0/8' } }),
        /^The condition key ".*" in NotIpAddress of Statement\[0\] is not known\./,
      ],
    ),
    ['a key without its prefix', withCondition({ IpAddress: { sourceip: '::1' } }), /Did you mean acs:SourceIp\?$/],
    ['an empty part of an action', one({ ...good, Action: ['kms:*', 'kms::Encrypt'] }), /"kms::Encrypt" in Action/],
    ...[
      'acs:kms:*:*:key/a,acs:kms:*:*:key/b',
      'acs:oss:*:*:a/*, acs:oss:*:*:b/*',
      '*,acs:kms:*:*:key/b',
      'acs:kms:*:*:key/a,key/b',
      'acs:::::',
      'acs::*:*:key/x',
      'acs:kms:cn-hangzhou:1:',
      'acs:kms::1:key/x',
      'acs:kms:cn-hangzhou::key/x',
      'acs:ram:::role/x',
      'key/*',
      ' *',
      'acs:kms :*:*:key/*',
      'acs:kms:*::key/x',
      'acs:kms:*::*',
      'acs:ram:*::*',
      'acs:ram:cn-hangzhou:1:user/x',
      'acs:actiontrail:*::trail/x',
      'acs:kms:*:1:keys/x',
      'acs:kms:*:?:key:*',
      'acs:kms:*:*:key/a b*',
      'acs:sts:*:1:role/x',
      'acs:sts:cn-hangzhou:1:*',
      'acs:kms:*:1:?',
    ].map((text): [string, unknown, RegExp] => [
      `the resource "${text}"`,
      one(good, { ...good, Resource: ['*', text] }),
      /^".*" in Resource of Statement\[1\] can match no resource/,
    ]),
  ]
  for (const [name, document, message] of cases) it(name, () => assert.match(fault(document), message))

  const trust = { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { RAM: ['acs:ram::1:root'] } }
  const trustCases: [name: string, statement: unknown, message: RegExp][] = [
    ['another action', { ...trust, Action: 'sts:*' }, /sts:AssumeRole alone/],
    ['a resource', { ...trust, Resource: '*' }, /"Resource"/],
    ['no principal', { Effect: 'Allow', Action: 'sts:AssumeRole' }, /Principal of Statement\[0\]/],
    ['an empty principal', { ...trust, Principal: {} }, /must not be empty/],
    ['a wildcard', { ...trust, Principal: { RAM: 'acs:ram::*:root' } }, /no wildcards/],
    ['everybody', { ...trust, Principal: '*' }, /must be an object/],
    ['another kind', { ...trust, Principal: { AWS: 'x' } }, /"AWS"/],
  ]
  for (const [name, statement, message] of trustCases)
    it(`in a trust policy: ${name}`, () => assert.match(fault(one(statement), 'trust'), message))
})

describe('a stored policy with a part that never matched', () => {
  it('is read, and tells where the part is', () => {
    const Condition = { NotIpAddress: { SourceIp: '10.0.0.0/8' } }
    const text = JSON.stringify(one({ ...good, Action: 'kms::Encrypt', Resource: 'acs:::::', Condition }))
    assert.equal(parsePolicy(text, 'identity').flaws.length, 3)
    assert.equal(parsePolicy(text, 'session').statements[0]?.conditions[0]?.impossible, true)
  })
})

describe('a policy is taken', () => {
  const cases: [string, unknown, PolicyUse?][] = [
    [
      'strings for lists, booleans and numbers as text',
      withCondition({ Bool: { 'acs:SecureTransport': true }, NumericLessThan: { 'x:y': 5.5 } }),
    ],
    [
      'an empty condition, a Sid, keys of other services',
      one({ ...good, Sid: 'a', Condition: {} }, { ...good, Condition: { StringEquals: { 'oss:Prefix': 'a' } } }),
    ],
    [
      'a service trusted, of another account too',
      one({
        Effect: 'Allow',
        Action: ['sts:AssumeRole'],
        Principal: { Service: ['ecs.aliyuncs.com', '1@oss.aliyuncs.com'] },
      }),
      'trust',
    ],
    [
      'an identity provider',
      one({
        Effect: 'Allow',
        Action: 'sts:AssumeRole',
        Principal: { Federated: 'acs:ram::1:saml-provider/idp' },
        Condition: { StringEquals: { 'sts:ExternalId': 'x' } },
      }),
      'trust',
    ],
  ]
  for (const [name, document, use] of cases) it(name, () => assert.equal(fault(document, use), ''))

  it('with numbers as they are written, all digits', () => {
    const written = ['12345678901234567890', '9007199254740993', '0.10', '-0', '0.00000001', `1${'0'.repeat(24)}`]
    const taken = (numbers: readonly string[], operator: string) => {
      const statement = `"Effect":"Allow","Action":"kms:*","Resource":"*","Condition":{"${operator}":{"x:y":[${numbers}]}}`
      const { statements } = parseNewPolicy(`{"Version":"1","Statement":[{${statement}}]}`, 'identity')
      return statements[0]?.conditions[0]?.values
    }
    for (const operator of ['StringEquals', 'NumericEquals']) assert.deepEqual(taken(written, operator), written)
    assert.deepEqual(taken(['1e3', '25E-1'], 'NumericLessThan'), ['1000', '2.5'])
    assert.throws(() => taken(['1e400'], 'NumericEquals'), MalformedPolicy)
    for (const elsewhere of ['"Version":1', '"Version":"1","Statement":1', '"Version":"1","Statement":[1]'])
      assert.throws(() => parseNewPolicy(`{${elsewhere}}`, 'identity'), MalformedPolicy, elsewhere)
    for (const member of ['Effect', 'Action', 'Resource', 'Condition', 'Sid', 'Principal'])
      for (const use of ['identity', 'trust'] as const)
        assert.notEqual(fault(one({ ...good, [member]: 1 }), use), '', member)
  })

  it('with any resource that can match', () => {
    const Resource = [
      '*',
      'acs:*',
      'a*',
      '*:key/x',
      'acs:*:key/x',
      'acs:?ms:*:*:key/x',
      'acs:kms:*',
      'acs:kms:*:*:*/*',
      'acs:ram::1:role/x',
      'acs:ram:*:system:policy/x',
      'acs:ram:*:1:user/*',
      'acs:ram:*:1:*',
      'acs:ram:*:1:?ser/x',
      'acs:kms:*:1:key',
      'acs:kms:*:1:secret',
      'acs:ram:*:*:mfa/*',
      'acs:ram:*:*:saml-provider/*',
      'acs:kms:cn-*:1*:k*/?x',
      'acs:kms:*:*:secret/a/b@c+d=e.f',
      'acs:kms*x',
      'acs:k?s:*::key/x',
      'acs:actiontrail:cn-hangzhou:1:trail/x',
      'acs:sts:*:*:*',
      'acs:sts::1:*',
      'acs:sts:*',
      'acs:oss:*:*:bucket/a,b c/*',
      'acs:oss:::bucket',
    ]
    assert.equal(fault(one({ ...good, Resource })), '')
  })

  it('with all of every service here', () => {
    for (const service of PRODUCTS.map(({ service }) => service)) {
      const Resource = [`acs:${service}:*:*:*`, `acs:${service}:*:1:*`, `acs:${service}:*`]
      assert.equal(fault(one({ ...good, Resource })), '', service)
    }
  })

  it('with any pattern that matches a resource of ours', () => {
    const arns = ['key/0-a', 'key', 'alias/a/b_c', 'secret/a@b', 'certificate/c'].map(
      (what) => `acs:kms:cn-x:12:${what}`,
    )
    const others = ['ram:*:12:user/a.b', 'ram:*:12:role/*', 'ram:*:system:policy/p', 'actiontrail:cn-x:12:trail/t-1']
    const arn = fc.constantFrom(...arns, ...others.map((what) => `acs:${what}`))
    const pieces = fc.array(fc.tuple(fc.nat(40), fc.constantFrom('?', '*', '', '**')), { maxLength: 4 })
    fc.assert(
      fc.property(arn, pieces, (whole, some) => {
        const wild = some.reduce((text, [i, piece]) => {
          // Between two characters, or in place of one: a ? in place of a colon leaves no five parts.
          const cut = piece === '' || text[i] === ':' || i >= text.length ? 0 : 1
          return text.slice(0, i) + (piece === '' ? '*' : piece) + text.slice(i + cut)
        }, whole)
        if (compileWildcard(wild)(whole)) assert.equal(fault(one({ ...good, Resource: [wild] })), '', wild)
      }),
      { numRuns: times('policy documents') },
    )
  })

  it('or refused, whatever its text: no other error is thrown', () => {
    const uses = fc.constantFrom<PolicyUse>('identity', 'session', 'trust')
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), uses, (text, use) => void fault(text, use)),
      { numRuns: times('policy documents') },
    )
    fc.assert(
      fc.property(fc.json(), uses, (text, use) => void fault(text, use)),
      { numRuns: times('policy documents') },
    )
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), uses, (a, b, use) => {
        fault(one({ ...good, Condition: { StringEquals: a } }, b), use)
        fault(one({ Effect: 'Allow', Action: a, Resource: b, Principal: a }), use)
      }),
      { numRuns: times('policy documents') },
    )
  })
})
