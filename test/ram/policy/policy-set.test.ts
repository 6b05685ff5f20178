// Decisions: what test/policies does not show in single cases, and what must hold for any policies at all.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type CompiledPolicy, compilePolicy } from '../../../src/ram/policy/compile.ts'
import type { ConditionValues } from '../../../src/ram/policy/conditions.ts'
import { parsePolicy } from '../../../src/ram/policy/language.ts'
import { PolicyMemory } from '../../../src/ram/policy/policy-memory.ts'
import { PolicySet, trusts } from '../../../src/ram/policy/policy-set.ts'
import { systemPolicies } from '../../../src/ram/system-policies.ts'
import { times } from '../../size.ts'
import { decideByDefinition, type RawPolicy, type Request } from './reference.ts'

const valuesOf = (values: Readonly<Record<string, string>>): ConditionValues => ({ get: (key) => values[key] })

const memory = new PolicyMemory()

function setOf(...documents: (object | string)[]): PolicySet {
  return setIn(memory, ...documents)
}

function setIn(memory: PolicyMemory, ...documents: (object | string)[]): PolicySet {
  return new PolicySet(
    documents.map((document, i) => {
      const text = typeof document === 'string' ? document : JSON.stringify(document)
      return { name: `p${i}`, version: 'v1', policy: compilePolicy(parsePolicy(text, 'identity')) }
    }),
    memory,
  )
}

function policy(...Statement: object[]): RawPolicy {
  return { Version: '1', Statement } as RawPolicy
}

const KEY = 'acs:kms:cn-hangzhou:1:key/k'
const decide = (set: PolicySet, action: string, resource = KEY, values: Record<string, string> = {}) =>
  set.decide(action, resource, valuesOf(values)).decision

describe('a set of policies', () => {
  it('names the statement that decided, and a Deny wins wherever it stands', () => {
    const set = setOf(
      policy({ Effect: 'Allow', Action: 'kms:*', Resource: '*' }),
      policy(
        { Effect: 'Allow', Action: 'kms:Encrypt', Resource: '*' },
        { Effect: 'Deny', Action: 'kms:Decrypt', Resource: '*' },
      ),
    )
    assert.deepEqual(set.decide('kms:Decrypt', KEY, valuesOf({})), {
      decision: 'ExplicitDeny',
      by: { policyName: 'p1', policyVersion: 'v1', statementIndex: 1 },
    })
    assert.equal(decide(set, 'KMS:ENCRYPT'), 'Allow')
    assert.deepEqual(
      set.matching('kms:Encrypt', KEY, valuesOf({})).map(({ policyName, effect }) => [policyName, effect]),
      [
        ['p0', 'Allow'],
        ['p1', 'Allow'],
      ],
    )
  })

  it('decides on more resources than it remembers, each for itself', () => {
    const set = setOf(policy({ Effect: 'Allow', Action: 'kms:Encrypt', Resource: 'acs:kms:*:1:key/*7' }))
    const numbers = Array.from({ length: 3000 }, (_, i) => i)
    for (const i of [...numbers, ...numbers.toReversed()]) {
      const isAllowed = decide(set, 'kms:Encrypt', `acs:kms:r:1:key/${i}`) === 'Allow'
      assert.equal(isAllowed, i % 10 === 7, `${i}`)
      assert.equal(decide(set, 'kms:Decrypt', `acs:kms:r:1:key/${i}`), 'ImplicitDeny')
    }
  })

  it('forgets what all sets remember once it is more than the bound', () => {
    const allowed = policy({ Effect: 'Allow', Action: 'kms:Encrypt', Resource: 'acs:kms:*:1:key/*7' })
    const small = new PolicyMemory(1_000_000)
    const idle = setIn(small, allowed)
    assert.equal(decide(idle, 'kms:Encrypt', 'acs:kms:r:1:key/7'), 'Allow')
    const before = small.of(idle)
    const long = 'x'.repeat(500)
    let asked = 0
    while (small.of(idle) === before && asked++ < 1000) {
      const set = setIn(small, allowed)
      for (let i = 0; i < 10; i++) {
        const isAllowed = decide(set, 'kms:Encrypt', `acs:kms:r:1:key/${long}${i}`) === 'Allow'
        assert.equal(isAllowed, i === 7, `${i}`)
      }
    }
    // Ten pairs of a set hold 20 KB, so some 50 sets fill the memory, and then even an idle set forgets.
    assert.ok(asked > 25 && asked < 60, `${asked} sets`)
    assert.equal(decide(idle, 'kms:Encrypt', 'acs:kms:r:1:key/7'), 'Allow')
  })

  it('denies keys without the tag under a negated operator', () => {
    const set = setOf(
      policy(
        { Effect: 'Allow', Action: '*', Resource: '*' },
        {
          Effect: 'Deny',
          Action: 'kms:*',
          Resource: '*',
          Condition: { StringNotEquals: { 'acs:ResourceTag/Env': ['prod', 'test'] } },
        },
      ),
    )
    assert.equal(decide(set, 'kms:Encrypt'), 'ExplicitDeny')
    assert.equal(decide(set, 'kms:Encrypt', KEY, { 'kms:tag/Env': 'dev' }), 'ExplicitDeny')
    assert.equal(decide(set, 'kms:Encrypt', KEY, { 'kms:tag/Env': 'test' }), 'Allow')
  })

  it('means all other actions by NotAction', () => {
    const set = setOf(policy({ Effect: 'Allow', NotAction: ['ram:*', 'ims:*'], Resource: '*' }))
    assert.equal(decide(set, 'kms:Encrypt'), 'Allow')
    assert.equal(decide(set, 'ram:GetUser'), 'ImplicitDeny')
  })

  it('takes an empty region in a RAM pattern for any, and role names in any case', () => {
    const set = setOf(
      policy({
        Effect: 'Allow',
        Action: ['sts:AssumeRole', 'ram:GetUser', 'ram:GetRole'],
        Resource: ['acs:ram::1:role/Ops', 'acs:ram::1:user/a'],
      }),
    )
    assert.equal(decide(set, 'sts:AssumeRole', 'acs:ram:*:1:role/ops'), 'Allow')
    assert.equal(decide(set, 'STS:assumeRole', 'acs:ram:*:1:role/ops'), 'Allow')
    assert.equal(decide(set, 'ram:GetRole', 'acs:ram:*:1:role/Ops'), 'Allow')
    assert.equal(decide(set, 'ram:GetRole', 'acs:ram:*:1:role/ops'), 'ImplicitDeny', 'of other actions case counts')
    assert.equal(decide(set, 'ram:GetUser', 'acs:ram:*:1:user/a'), 'Allow')
    assert.equal(decide(set, 'ram:GetUser', 'acs:ram:*:1:user/A'), 'ImplicitDeny')
  })

  it('grants nothing by a condition that no request can fulfil, stored before such were refused', () => {
    const Condition = { NotIpAddress: { SourceIp: '10.0.0.0/8' } }
    const statement = { Action: 'kms:*', Resource: '*', Condition }
    assert.equal(decide(setOf(policy({ Effect: 'Allow', ...statement })), 'kms:Encrypt'), 'ImplicitDeny')
    const all = { Effect: 'Allow', Action: '*', Resource: '*' }
    assert.equal(decide(setOf(policy(all, { Effect: 'Deny', ...statement })), 'kms:Encrypt'), 'ExplicitDeny')
    const other = { ...statement, Condition: { NotIpAddress: { 'oss:X': '10.0.0.0/8' } } }
    assert.equal(decide(setOf(policy({ Effect: 'Allow', ...other })), 'kms:Encrypt'), 'Allow', "another service's key")
  })

  it('lets CryptoAdminAccess have keys, aliases and their containers, and no secret', () => {
    const set = setOf(systemPolicies.get('aliyunkmscryptoadminaccess')?.document ?? '')
    for (const resource of ['key', 'key/1', 'alias', 'alias/a'])
      assert.equal(decide(set, 'kms:ListKeys', `acs:kms:r:1:${resource}`), 'Allow', resource)
    assert.equal(decide(set, 'kms:ListSecrets', 'acs:kms:r:1:secret'), 'ImplicitDeny')
  })

  it('has only system policies that are policies', () => {
    for (const { document } of systemPolicies.values()) assert.deepEqual(parsePolicy(document, 'identity').flaws, [])
    assert.equal(systemPolicies.size, 19)
  })
})

describe('a trust policy', () => {
  const trust = (...Statement: object[]) =>
    compilePolicy(parsePolicy(JSON.stringify({ Version: '1', Statement }), 'trust'))
  it('covers whom it names, and a Deny wins', () => {
    const allow = {
      Effect: 'Allow',
      Action: 'sts:AssumeRole',
      Principal: { RAM: ['acs:ram::1:root', 'acs:ram::2:role/Ops'] },
    }
    const deny = { Effect: 'Deny', Action: 'sts:AssumeRole', Principal: { RAM: 'acs:ram::1:user/eve' } }
    const says = (policy: CompiledPolicy, ...names: string[]) =>
      trusts(policy, { names, id: null }, { account: '3', ids: {} }, valuesOf({}), 'sts:assumerole').decision
    const ask = (...names: string[]) => says(trust(allow, deny), ...names)
    assert.equal(ask('acs:ram::1:user/bob', 'acs:ram::1:root'), 'Allow')
    assert.equal(ask('acs:ram::1:user/eve', 'acs:ram::1:root'), 'ExplicitDeny')
    assert.equal(ask('acs:ram::2:role/ops', 'acs:ram::2:root'), 'Allow')
    assert.equal(ask('ecs.aliyuncs.com'), 'ImplicitDeny')
    const service = trust({ Effect: 'Allow', Action: ['sts:AssumeRole'], Principal: { Service: ['ecs.aliyuncs.com'] } })
    assert.equal(says(service, 'ecs.aliyuncs.com'), 'Allow')
    assert.equal(says(service, 'acs:ram::1:root'), 'ImplicitDeny')
  })

  it('says of each action who may take it', () => {
    const of = (Effect: string, Action: string | string[]) => ({
      Effect,
      Action,
      Principal: { RAM: 'acs:ram::1:root' },
    })
    const asks = (policy: CompiledPolicy) =>
      ['sts:assumerole', 'sts:setsourceidentity'].map((action) => {
        const root = { names: ['acs:ram::1:root'], id: null }
        return trusts(policy, root, { account: '3', ids: {} }, valuesOf({}), action).decision
      })
    const both = of('Allow', ['sts:AssumeRole', 'sts:SetSourceIdentity'])
    assert.deepEqual(asks(trust(both)), ['Allow', 'Allow'])
    assert.deepEqual(asks(trust(of('Allow', 'sts:AssumeRole'))), ['Allow', 'ImplicitDeny'])
    assert.deepEqual(asks(trust(of('Allow', 'sts:SetSourceIdentity'))), ['ImplicitDeny', 'Allow'])
    assert.deepEqual(asks(trust(both, of('Deny', 'sts:SetSourceIdentity'))), ['Allow', 'ExplicitDeny'])
  })

  it('means users and roles by their ids; of its own account, a name without one lets nobody in and still keeps out', () => {
    const [bob, root] = ['acs:ram::1:user/Bob', 'acs:ram::1:root']
    const says = (effect: string, id: string, ids: Record<string, string>, account = '1') => {
      const rest = { Action: 'sts:AssumeRole', Principal: { RAM: bob } }
      const others = { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { RAM: root } }
      const policy =
        effect === 'Allow' ? trust({ Effect: effect, ...rest }) : trust(others, { Effect: effect, ...rest })
      return trusts(policy, { names: [bob, root], id }, { account, ids }, valuesOf({}), 'sts:assumerole').decision
    }
    const ids = { [bob.toLowerCase()]: '17' }
    assert.deepEqual([says('Allow', '17', ids), says('Allow', '18', ids)], ['Allow', 'ImplicitDeny'])
    assert.deepEqual([says('Deny', '17', ids), says('Deny', '18', ids)], ['ExplicitDeny', 'Allow'])
    assert.deepEqual([says('Allow', '17', {}), says('Deny', '17', {})], ['ImplicitDeny', 'ExplicitDeny'])
    assert.deepEqual([says('Allow', '17', {}, '2'), says('Deny', '17', {}, '2')], ['Allow', 'ExplicitDeny'])
  })
})

const KEYS = ['acs:sourceip', 'kms:tag/Env', 'acs:currenttime', 'acs:securetransport', 'n:x']
const VALUES: Readonly<Record<string, readonly string[]>> = {
  String: ['a', 'A', 'b', '10.0.0.1', 'a*', '?'],
  Numeric: ['1', '1.0', '-2', '10', '0.5'],
  Date: ['2026-01-01T00:00:00Z', '2026-01-01T08:00:00+08:00', '2026-06-01T00:00:00Z'],
  Bool: ['true', 'False'],
  IpAddress: ['10.0.0.0/8', '10.0.0.1', '192.0.2.7/31', '0.0.0.0/0'],
}
const OPERATORS = [
  'StringEquals',
  'StringNotEquals',
  'StringEqualsIgnoreCase',
  'StringNotEqualsIgnoreCase',
  'StringLike',
  'StringNotLike',
  'NumericEquals',
  'NumericNotEquals',
  'NumericLessThan',
  'NumericLessThanEquals',
  'NumericGreaterThan',
  'NumericGreaterThanEquals',
  'DateEquals',
  'DateNotEquals',
  'DateLessThan',
  'DateLessThanEquals',
  'DateGreaterThan',
  'DateGreaterThanEquals',
  'Bool',
  'IpAddress',
  'NotIpAddress',
]
const wordsOf = (operator: string) =>
  VALUES[operator.replace(/^Not/, '').replace(/(?<=String|Numeric|Date).*/, '')] ?? []

const condition = fc.constantFrom(...OPERATORS).chain((operator) =>
  fc
    .dictionary(
      fc.constantFrom(...KEYS),
      fc.array(fc.constantFrom(...wordsOf(operator)), { minLength: 1, maxLength: 2 }),
      {
        minKeys: 1,
        maxKeys: 2,
        noNullPrototype: true,
      },
    )
    .map((keys) => ({ [operator]: keys })),
)
const actions = fc.array(fc.constantFrom('*', 'kms:*', 'kms:Encrypt', 'kms:?ncrypt', '*:Get*', 'ram:GetUser'), {
  minLength: 1,
  maxLength: 2,
})
const statement = fc
  .record({
    Effect: fc.constantFrom('Allow', 'Allow', 'Deny'),
    list: actions,
    not: fc.integer({ min: 0, max: 7 }),
    Resource: fc.array(fc.constantFrom('*', 'acs:kms:*:1:key/*', KEY, 'acs:kms:*:*:key/?', 'acs:kms:*:2:*'), {
      minLength: 1,
      maxLength: 2,
    }),
    Condition: fc.option(condition, { nil: undefined }),
  })
  .map(({ list, not, Effect, Resource, Condition }) => ({
    Effect,
    [not === 0 ? 'NotAction' : 'Action']: list,
    Resource,
    ...(Condition && { Condition }),
  }))
const policies = fc.array(
  fc.array(statement, { minLength: 1, maxLength: 3 }).map((all) => policy(...all)),
  {
    minLength: 1,
    maxLength: 3,
  },
)
const request: fc.Arbitrary<Request> = fc.record({
  action: fc.constantFrom('kms:Encrypt', 'kms:Decrypt', 'ram:GetUser', 'oss:GetObject'),
  resource: fc.constantFrom(KEY, 'acs:kms:r:1:key/other', 'acs:kms:r:2:key/k', '*'),
  values: fc.dictionary(
    fc.constantFrom(...KEYS),
    fc.constantFrom('a', 'b', '10.0.0.1', '192.0.2.6', 'true', '1', '2026-01-01T00:00:00Z'),
    {
      noNullPrototype: true,
    },
  ),
})

describe('any policies', () => {
  it('allow every key only where they allow each, whatever its name and its tags', () => {
    const ids = ['k', 'other', 'x', 'k2', 'zz-9']
    const tags = [undefined, 'a', 'b', '10.0.0.1', 'true', '1', '2026-01-01T00:00:00Z']
    let allowed = 0
    fc.assert(
      fc.property(policies, request, (documents, { action, values }) => {
        const set = setOf(...documents)
        if (set.decide(action, 'acs:kms:r:1:key/*', valuesOf(values), true).decision !== 'Allow') return
        allowed++
        for (const id of ids)
          for (const tag of tags) {
            const { 'kms:tag/Env': _, ...untagged } = values
            const tagged = tag === undefined ? untagged : { ...untagged, 'kms:tag/Env': tag }
            const one = { action, resource: `acs:kms:r:1:key/${id}`, values: tagged }
            assert.equal(decideByDefinition(documents, one), 'Allow', JSON.stringify([documents, one]))
          }
      }),
      { numRuns: times('sets of policies') },
    )
    assert.ok(allowed > times('sets of policies') / 50, `${allowed}`)
  })

  it('are decided as the definition says', () => {
    const seen = { Allow: 0, ExplicitDeny: 0, ImplicitDeny: 0 }
    fc.assert(
      fc.property(policies, fc.array(request, { minLength: 10, maxLength: 10 }), (documents, requests) => {
        const set = setOf(...documents)
        for (const one of requests) {
          const { decision } = set.decide(one.action, one.resource, valuesOf(one.values))
          assert.equal(decision, decideByDefinition(documents, one), JSON.stringify([documents, one]))
          seen[decision]++
        }
      }),
      { numRuns: times('sets of policies') },
    )
    const cases = seen.Allow + seen.ExplicitDeny + seen.ImplicitDeny
    assert.equal(cases, 10 * times('sets of policies'))
    for (const [decision, count] of Object.entries(seen)) assert.ok(count > cases / 20, `${decision}: ${count}`)
  })

  it('are decided as the definition says, whatever the same was asked under before', () => {
    const values = fc.array(
      request.map((one) => one.values),
      { minLength: 6, maxLength: 6 },
    )
    let changed = 0
    fc.assert(
      fc.property(policies, request, values, (documents, { action, resource }, all) => {
        const set = setOf(...documents)
        const decisions = [...all, ...all].map((one) => {
          const { decision } = set.decide(action, resource, valuesOf(one))
          assert.equal(decision, decideByDefinition(documents, { action, resource, values: one }))
          assert.equal(set.decide(action, resource, valuesOf(one)).decision, decision)
          return decision
        })
        if (new Set(decisions).size > 1) changed++
      }),
      { numRuns: times('sets of policies') },
    )
    assert.ok(changed > times('sets of policies') / 50, `${changed}`)
  })

  it('grant nothing more with a Deny added, an Allow removed or the statements in another order', () => {
    const allows = (documents: RawPolicy[], one: Request) =>
      setOf(...documents).decide(one.action, one.resource, valuesOf(one.values)).decision === 'Allow'
    fc.assert(
      fc.property(policies, statement, request, fc.nat(), (documents, added, one, at) => {
        const before = allows(documents, one)
        const withDeny = [...documents, policy({ ...added, Effect: 'Deny' })]
        assert.ok(before || !allows(withDeny, one))
        const all = documents.flatMap(({ Statement }) => Statement)
        const allowing = all.findIndex(({ Effect }, i) => Effect === 'Allow' && i >= at % all.length)
        const fewer = all.filter((_, i) => i !== allowing)
        if (allowing >= 0 && fewer.length > 0) assert.ok(before || !allows([policy(...fewer)], one))
        const rotated = [...all.slice(at % all.length), ...all.slice(0, at % all.length)].reverse()
        assert.equal(allows([policy(...rotated)], one), before)
      }),
      { numRuns: times('changes to policies') },
    )
  })

  it('never throw, whatever the request says', () => {
    fc.assert(
      fc.property(policies, fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (documents, action, text) => {
        const set = setOf(...documents)
        const { decision } = set.decide(action, text, { get: () => text })
        assert.ok(['Allow', 'ExplicitDeny', 'ImplicitDeny'].includes(decision))
      }),
      { numRuns: times('odd requests to policies') },
    )
  })
})
