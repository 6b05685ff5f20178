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

  it('agrees with the definition for values longer than a word of bits, too', () => {
    const run = fc.tuple(fc.constantFrom('a', 'b', '*', '?', 'a?b*'), fc.integer({ min: 1, max: 20 }))
    const pattern = fc.array(run, { maxLength: 5 }).map((runs) => runs.map(([text, n]) => text.repeat(n)).join(''))
    const value = fc.array(fc.tuple(fc.constantFrom('a', 'b'), fc.integer({ min: 1, max: 40 })), { maxLength: 3 })
    fc.assert(
      fc.property(pattern, value, (pattern, runs) => {
        const text = runs.map(([letter, n]) => letter.repeat(n)).join('')
        assert.equal(compileWildcard(pattern)(text), matchesPattern(pattern, text))
        // The longest run of the pattern's own letters that may match.
        const own = pattern.replaceAll('*', 'ab').replaceAll('?', 'a')
        assert.equal(compileWildcard(pattern)(own), true)
      }),
      { numRuns: times('wildcard patterns') },
    )
  })

  /** The least CPU time of some runs, in microseconds. */
  const least = (work: () => unknown) => {
    const cpu = () => {
      const before = process.cpuUsage()
      for (let n = 0; n < 20; n++) work()
      const { user, system } = process.cpuUsage(before)
      return user + system
    }
    return Math.min(...Array.from({ length: 5 }, cpu))
  }

  it('with question marks takes far less than pattern × value steps', () => {
    const [pattern, value] = [`*${'a'.repeat(120)}?b*`, 'a'.repeat(2000)]
    const matches = compileWildcard(pattern)
    const places = Array.from(pattern, (character) => character.charCodeAt(0))
    const points = Array.from(value, (character) => character.charCodeAt(0))
    const stepByStep = () => {
      let equal = 0
      for (let start = 0; start < points.length; start++)
        for (let at = 1; at < places.length; at++) if (places[at] === points[start + at]) equal++
      return equal
    }
    const [taken, steps] = [least(() => matches(value)), least(stepByStep)]
    assert.ok(taken < steps / 4, `${taken} µs; step by step ${steps} µs`)
  })

  it('takes no pass through the value for each letter that the value lacks', () => {
    const value = 'a'.repeat(4000)
    const points = Array.from(value, (character) => character.charCodeAt(0))
    const lacking = Array.from({ length: 200 }, (_, i) => 0x4e00 + i)
    const patterns = lacking.map((point) => compileWildcard(`*?${String.fromCodePoint(point)}*`))
    // Another value each time: what is known of the last one does not help.
    let n = 0
    const matched = () => {
      const another = value + n++
      return patterns.some((matches) => matches(another))
    }
    const passes = () => lacking.some((lacked) => points.filter((point) => point === lacked).length > 0)
    const [taken, steps] = [least(matched), least(passes)]
    assert.ok(taken < steps / 4, `${taken} µs; with a pass each ${steps} µs`)
  })
})
