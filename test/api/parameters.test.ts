// What each type of parameter accepts, and what reading a declaration's parameters refuses, in which order.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Refusal } from '../../src/api/errors.ts'
import {
  boolean,
  choice,
  integer,
  json,
  optional,
  type Parameter,
  type Parameters,
  possiblyEmpty,
  readableValues,
  readValues,
  secret,
  text,
} from '../../src/api/parameters.ts'
import { textPieces } from '../../src/api/pieces.ts'

/** Returns what `work` returns, or the refusal's code and message. */
function outcome(work: () => unknown): unknown {
  try {
    return work()
  } catch (error) {
    if (error instanceof Refusal) return `${error.code}: ${error.message}`
    throw error
  }
}

function read(declared: Parameters, given: Readonly<Record<string, string>>): unknown {
  return outcome(() => readValues(declared, new Map(Object.entries(given))))
}

const invalid = (rule: string) => `InvalidParameter: The specified parameter "P" is not valid. ${rule}`

const list = json({ max: 9, rule: 'A list.', check: (value) => (Array.isArray(value) ? value : null) })
const isObject = { max: 99, rule: 'Any.', check: (value: unknown) => (value === undefined ? null : { value }) }

const CASES: readonly (readonly [title: string, type: Parameter<unknown>, given: string, expected: unknown])[] = [
  ['a text of its greatest length', text({ max: 3 }), 'abc', 'abc'],
  ['a longer text', text({ max: 3 }), 'abcd', invalid('At most 3 characters.')],
  ['a text that matches the pattern', text({ max: 9, rule: 'Digits.', pattern: /^\d+$/ }), '12', '12'],
  ['a text that does not match', text({ max: 9, rule: 'Digits.', pattern: /^\d+$/ }), '1x', invalid('Digits.')],
  ['the least integer', integer({ min: 7, max: 30 }), '7', 7],
  ['the greatest integer', integer({ min: 7, max: 30 }), '30', 30],
  ['an integer with leading zeros', integer({ min: 7, max: 30 }), '008', 8],
  ['a lesser integer', integer({ min: 7, max: 30 }), '6', invalid('A whole number from 7 to 30.')],
  ['a greater integer', integer({ min: 7, max: 30 }), '31', invalid('A whole number from 7 to 30.')],
  ['a fraction', integer({ min: 7, max: 30 }), '7.0', invalid('A whole number from 7 to 30.')],
  ['a number with an exponent', integer({ min: 7, max: 30 }), '1e1', invalid('A whole number from 7 to 30.')],
  ['a negative integer', integer({ min: -9, max: 30 }), '-9', -9],
  ['a boolean in any case', boolean(), 'True', true],
  ['another word', boolean(), 'yes', invalid('true or false.')],
  ['a choice', choice('A', 'B'), 'B', 'B'],
  ['a choice in another case', choice('A', 'B'), 'b', invalid('One of A, B.')],
  ['JSON that passes its check', list, '[1]', [1]],
  ['JSON that does not', list, '{}', invalid('A list.')],
  ['broken JSON', json(isObject), '{', invalid('Any.')],
  [
    'JSON with equal members of two objects',
    json(isObject),
    '[{"a":1},{"a":{"a":2}}]',
    { value: [{ a: 1 }, { a: { a: 2 } }] },
  ],
  ['JSON with a member twice', json(isObject), '[{"a":1,"\\u0061":2}]', invalid('Any.')],
  ['JSON beyond its length', list, '[1,2,3,4,5]', invalid('A list.')],
]

describe('a parameter', () => {
  for (const [title, type, given, expected] of CASES)
    it(`reads or refuses ${title}`, () => {
      const found = read({ P: type }, { P: given })
      assert.deepEqual(
        found,
        typeof expected === 'string' && expected.startsWith('Invalid') ? expected : { P: expected },
      )
    })

  it('that is secret never shows its value in a refusal', () => {
    assert.equal(read({ P: secret({ max: 3 }) }, { P: 'canary' }), invalid('At most 3 characters.'))
    assert.equal(secret({ max: 3 }).secret, true)
  })

  it('that is optional has its fallback when it is absent or empty, and says so in its rule', () => {
    const days = optional(integer({ min: 7, max: 30 }), 30)
    assert.deepEqual(read({ P: days }, {}), { P: 30 })
    assert.deepEqual(read({ P: days }, { P: '' }), { P: 30 })
    assert.deepEqual(read({ P: days }, { P: '8' }), { P: 8 })
    assert.equal(days.rule, 'A whole number from 7 to 30. Default: 30.')
    assert.equal(optional(text({ max: 3 }), null).rule, 'At most 3 characters.')
  })

  it('that may be empty has the empty text as a value', () => {
    assert.deepEqual(read({ P: possiblyEmpty(text({ max: 3 })) }, { P: '' }), { P: '' })
  })

  it('is read in pieces where it takes them, and refused whole and in pieces at once', () => {
    const names = { ...list, pieces: textPieces(2) }
    assert.deepEqual(read({ P: names }, { 'P.2': 'b', 'P.1': 'a' }), { P: ['a', 'b'] })
    assert.equal(read({ P: names }, { P: '[]', 'P.1': 'a' }), invalid('It is given both whole and in pieces.'))
  })
})

describe('readValues', () => {
  const declared = { P: integer({ min: 7, max: 30 }), Q: text({ max: 3 }) }

  it('refuses an absent parameter before an invalid one', () => {
    assert.equal(read(declared, { P: '1' }), 'MissingParameter: The parameter "Q" is needed but not provided.')
    assert.equal(read(declared, { P: '1', Q: 'a' }), invalid('A whole number from 7 to 30.'))
  })

  it('ignores a parameter that is not declared, but refuses a piece that a declared one does not take', () => {
    assert.deepEqual(read(declared, { P: '7', Q: 'a', R: 'x', 'R.1': 'y' }), { P: 7, Q: 'a' })
    assert.equal(
      read(declared, { P: '7', Q: 'a', 'Q.1': 'b' }),
      'InvalidParameter: The specified parameter "Q.1" is not valid. Q is: At most 3 characters.',
    )
  })

  it('finds no parameter under the names that every object inherits', () => {
    assert.deepEqual(read({ constructor: optional(text({ max: 3 }), null) }, {}), { constructor: null })
    assert.deepEqual(read(declared, { P: '7', Q: 'a', '__proto__.1': 'b', 'constructor.x': 'c' }), { P: 7, Q: 'a' })
  })
})

describe('readableValues', () => {
  it('refuses only the code that reads an invalid parameter', () => {
    const values = readableValues({ P: integer({ min: 7, max: 30 }), Q: text({ max: 3 }) }, new Map([['P', '1']]))
    assert.equal(
      outcome(() => values.P),
      invalid('A whole number from 7 to 30.'),
    )
    assert.equal(
      outcome(() => values.Q),
      'MissingParameter: The parameter "Q" is needed but not provided.',
    )
    const valid = readableValues({ P: integer({ min: 7, max: 30 }), Q: text({ max: 3 }) }, new Map([['Q', 'a']]))
    assert.equal(valid.Q, 'a')
  })
})
