// Patterns with * and ? of the policy language.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { compileWildcard } from '../../../src/ram/policy/wildcard.ts'
import { times } from '../../size.ts'
import { matchesPattern } from './reference.ts'

describe('a pattern', () => {
  const cases: [pattern: string, matching: string[], others: string[]][] = [
    ['kms:Encrypt', ['kms:Encrypt'], ['kms:encrypt', 'kms:Encrypt2', '']],
    ['*', ['', 'anything: at/all'], []],
    ['kms:*', ['kms:', 'kms:Encrypt'], ['ram:kms:', 'Kms:x']],
    ['*:List*', ['kms:ListKeys', ':List', 'a:b:List/c'], ['kms:lists', 'List']],
    ['a?c', ['abc', 'a🔑c'], ['ac', 'abbc', 'a🔑']],
    ['?', ['x', '🔑'], ['', 'xy', '🔑x']],
    ['acs:kms:*:*:key*', ['acs:kms:r:1:key', 'acs:kms:r:1:key/1'], ['acs:kms:r:1:alias/k']],
    ['acs:kms:*:*:*', ['acs:kms:r:1:key/1'], ['acs:kms:r']],
    ['acs:kms:*:*:*/*', ['acs:kms:r:1:key/1', 'acs:kms:r:1:alias/a'], ['acs:kms:r:1:key']],
    ['*a*b', ['ab', 'xaxbxb'], ['ba', 'abx']],
    ['a*a', ['aa', 'aba'], ['a']],
    ['*?*', ['x'], ['']],
    ['?*?', ['xy', '🔑🔑'], ['x', '🔑']],
  ]
  for (const [pattern, matching, others] of cases)
    it(`${pattern} matches what it says and nothing else`, () => {
      const matches = compileWildcard(pattern)
      for (const value of matching) assert.equal(matches(value), true, value)
      for (const value of others) assert.equal(matches(value), false, value)
    })

  it('agrees with the definition, for any pattern and value', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '/', '🔑', '*', '?'), maxLength: 12 })
    fc.assert(
      fc.property(text, text, (pattern, value) => {
        assert.equal(compileWildcard(pattern)(value), matchesPattern(pattern, value))
      }),
      { numRuns: times('wildcard patterns') },
    )
  })
})
