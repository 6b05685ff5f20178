// Records and their rows: a record that was read has the very row that was read, whatever JSON its body is.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { formerRow, fromRow, insert, type Kind, toRow, update } from '../../src/ledger/record.ts'
import { testKeys } from '../storage/chained.ts'

const THING: Kind<unknown> = { name: 'thing', counted: false }
const scope = { account: '1', region: 'r' }
const key = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('__proto__', 'toJSON', 'constructor', '10', '9', '-1', '01', '\ud800', '\u2028', ''),
)
const { value: body } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(
      null,
      undefined,
      true,
      -0,
      1e21,
      5e-324,
      Number.NaN,
      Number.MAX_SAFE_INTEGER,
      new Date(5),
      '\udfff',
    ),
    fc.double(),
    fc.string({ unit: 'binary' }),
    fc.array(tie('value')),
    fc.array(fc.tuple(key, tie('value'))).map((members) => Object.fromEntries(members)),
  ),
}))

describe('a record', () => {
  it('has the row that was read, and the one that was written', () => {
    fc.assert(
      fc.property(body, body, fc.option(fc.string()), fc.option(fc.nat()), (first, second, parent, dueAt) => {
        const fields = { ...scope, id: 'a', createdAt: 5, dueAt, body: { first } }
        const { after: inserted } = insert(THING, parent === null ? fields : { ...fields, parent })
        const { after: updated } = update(inserted, { body: { first, second } })
        for (const record of [inserted, updated]) {
          const row = toRow(record, testKeys)
          const { mac: _, ...read } = row
          assert.deepEqual(formerRow(fromRow(row, testKeys)), read)
          assert.deepEqual(formerRow(record), read)
        }
      }),
    )
  })
})
