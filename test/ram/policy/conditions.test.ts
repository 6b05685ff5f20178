// Conditions (docs/reference/policy-language.md, "Conditions"): what each operator holds for, what not, and what it can't read.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { conditionKey } from '../../../src/ram/policy/condition-key.ts'
import { compileCondition, fits, type Operator } from '../../../src/ram/policy/conditions.ts'

const holds = (
  operator: Operator,
  values: string[],
  given: string | undefined,
  effect: 'Allow' | 'Deny' = 'Allow',
): boolean =>
  compileCondition({ operator, key: 'k', values }, effect)({ get: (key) => (key === 'k' ? given : undefined) })

describe('each operator', () => {
  const cases: [Operator, values: string[], holding: string[], others: string[]][] = [
    ['StringEquals', ['a', 'b'], ['a', 'b'], ['A', 'ab', '']],
    ['StringNotEquals', ['a', 'b'], ['A', 'c'], ['a', 'b']],
    ['StringEqualsIgnoreCase', ['Straße', 'b'], ['straße', 'B'], ['c']],
    ['StringEqualsIgnoreCase', ['ÄPFEL'], ['äpfel', 'Äpfel'], ['apfel']],
    ['StringNotEqualsIgnoreCase', ['a'], ['b'], ['A']],
    ['StringLike', ['a*', '?'], ['a', 'abc', 'x'], ['ba', 'Ab']],
    ['StringNotLike', ['a*'], ['ba'], ['ab']],
    ['NumericEquals', ['1.50'], ['1.5', '01.5'], ['1.51', 'x', '1e0', '']],
    ['NumericEquals', ['90071992547409931234567890'], ['90071992547409931234567890'], ['90071992547409931234567891']],
    ['NumericNotEquals', ['1'], ['2'], ['1.0']],
    ['NumericLessThan', ['0.3'], ['0.29999999999999999', '-5'], ['0.3', '4']],
    ['NumericLessThanEquals', ['0.3'], ['0.30'], ['0.31']],
    ['NumericGreaterThan', ['-1'], ['-0.5'], ['-1', '-2']],
    ['NumericGreaterThanEquals', ['-1'], ['-1'], ['-1.1']],
    [
      'DateEquals',
      ['2019-08-12T17:00:00+08:00'],
      ['2019-08-12T09:00:00Z', '2019-08-12T09:00:00.9Z'],
      ['2019-08-12T09:00:01Z', '2019-08-12'],
    ],
    ['DateNotEquals', ['2019-08-12T09:00:00Z'], ['2020-08-12T09:00:00Z'], ['2019-08-12T09:00:00Z']],
    ['DateLessThan', ['2019-08-12T09:00:00Z'], ['2019-08-12T08:59:59Z'], ['2019-08-12T09:00:00Z']],
    ['DateLessThanEquals', ['2019-08-12T09:00:00Z'], ['2019-08-12T09:00:00Z'], ['2019-08-12T09:00:01Z']],
    ['DateGreaterThan', ['2019-08-12T09:00:00Z'], ['2019-08-12T09:00:01Z'], ['2019-08-12T09:00:00Z', 'never']],
    ['DateGreaterThanEquals', ['2019-08-12T09:00:00Z'], ['2019-08-12T09:00:00Z'], ['2019-08-12T08:59:59Z']],
    ['Bool', ['TRUE'], ['true', 'True'], ['false', 'yes']],
    [
      'IpAddress',
      ['10.1.2.3/8', '192.0.2.7'],
      ['10.255.0.1', '192.0.2.7', '::ffff:10.0.0.1'],
      ['192.0.2.8', '11.0.0.1', 'x'],
    ],
    ['IpAddress', ['2001:db8::/32'], ['2001:db8:1::1'], ['2001:db9::1', '10.0.0.1']],
    ['IpAddress', ['::ffff:10.0.0.1'], ['10.0.0.1'], ['10.0.0.2']],
    ['NotIpAddress', ['10.0.0.0/8'], ['11.0.0.1', '::1'], ['10.0.0.1']],
  ]
  for (const [operator, values, holding, others] of cases)
    it(`${operator} ${values.join(', ')}`, () => {
      for (const value of holding) assert.equal(holds(operator, values, value), true, value)
      for (const value of others) assert.equal(holds(operator, values, value), false, value)
      assert.equal(holds(operator, values, undefined), operator.includes('Not'), 'a key that is missing')
    })

  it('narrows what is allowed by a value that it can not read', () => {
    const unreadable: [Operator, wanted: string, given: string][] = [
      ['NumericEquals', '1', 'x'],
      ['NumericNotEquals', '1', ''],
      ['NumericLessThan', '1', '1e0'],
      ['DateNotEquals', '2019-08-12T09:00:00Z', '2019-08-12'],
      ['DateGreaterThan', '2019-08-12T09:00:00Z', 'never'],
      ['Bool', 'true', 'yes'],
      ['IpAddress', '10.0.0.0/8', 'x'],
      ['NotIpAddress', '10.0.0.0/8', '10.0.0.0/8'],
    ]
    for (const [operator, wanted, given] of unreadable) {
      assert.equal(holds(operator, [wanted], given, 'Allow'), false, operator)
      assert.equal(holds(operator, [wanted], given, 'Deny'), true, operator)
    }
  })

  it('takes only values of its own form', () => {
    const odd: [Operator, string[]][] = [
      ['NumericEquals', ['', '1e3', '1.', '.5', '0x1', '٣']],
      ['DateEquals', ['2019-08-12', '2019-08-12T09:00:00', '2019-02-30T00:00:00Z', 'now']],
      ['Bool', ['yes', '1', '']],
      ['IpAddress', ['10.0.0.0/33', '10.0.0', '10.0.0.0/', '10.0.0.0/8/8', 'fe80::1%eth0', '::/129', '*']],
    ]
    for (const [operator, values] of odd) for (const value of values) assert.equal(fits(operator, value), false, value)
    assert.equal(fits('StringLike', ''), true)
  })
})

describe('the names of condition keys', () => {
  it('meet in one form: acs: in any case, tag keys as they are, ResourceTag as kms:tag', () => {
    assert.equal(conditionKey('ACS:SourceIP'), conditionKey('acs:sourceip'))
    assert.equal(conditionKey('acs:ResourceTag/Team/a'), 'kms:tag/Team/a')
    assert.notEqual(conditionKey('kms:tag/project'), conditionKey('kms:tag/Project'))
    assert.equal(conditionKey('kms:tag/acs:rds:instance-encryption'), 'kms:tag/acs:rds:instance-encryption')
  })
})
