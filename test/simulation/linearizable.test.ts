// The judge itself: what has an order, and what has none.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Called, linearizable, type Specification } from './linearizable.ts'

/** A register that is set and read. */
type Op = { readonly set: number } | 'read'
const register: Specification<number, Op> = {
  initial: 0,
  apply: (state, op) => (op === 'read' ? { state, answer: String(state) } : { state: op.set, answer: 'OK' }),
  isRead: (op) => op === 'read',
  text: String,
}

const call = (from: number, to: number, op: Op, answer: string | null): Called<Op> => ({ op, from, to, answer })
const never = Number.POSITIVE_INFINITY
const verdict = (...calls: readonly Called<Op>[]) => linearizable(calls, register).verdict

describe('an order of calls', () => {
  it('is found where calls overlap', () => {
    assert.equal(verdict(call(0, 9, { set: 1 }, 'OK'), call(1, 2, 'read', '1'), call(3, 4, 'read', '1')), 'yes')
    assert.equal(verdict(call(0, 9, { set: 1 }, 'OK'), call(1, 2, 'read', '0'), call(3, 4, 'read', '1')), 'yes')
  })

  it('is found where a call sets what is there already, and matters only later', () => {
    assert.equal(verdict(call(0, 9, { set: 1 }, 'OK'), call(1, 9, { set: 0 }, 'OK'), call(10, 11, 'read', '0')), 'yes')
  })

  it('is found by a call whose outcome nobody knows, however late', () => {
    assert.equal(verdict(call(0, never, { set: 1 }, null), call(5, 6, 'read', '0'), call(7, 8, 'read', '1')), 'yes')
    assert.equal(verdict(call(0, never, { set: 1 }, null), call(5, 6, 'read', '0')), 'yes')
  })

  it('is missing where a value comes back, or is read before or after its time', () => {
    assert.equal(verdict(call(0, 9, { set: 1 }, 'OK'), call(1, 2, 'read', '1'), call(3, 4, 'read', '0')), 'no')
    assert.equal(verdict(call(0, 1, { set: 1 }, 'OK'), call(2, 3, 'read', '0')), 'no')
    assert.equal(verdict(call(0, 1, 'read', '1'), call(2, 3, { set: 1 }, 'OK')), 'no')
    assert.equal(verdict(call(0, 1, 'read', '1'), call(2, never, { set: 1 }, null)), 'no')
  })

  it('is refused with the answers that contradict each other, and no others', () => {
    const wrong = call(12, 13, 'read', '0')
    const set = call(2, 5, { set: 1 }, 'OK')
    const result = linearizable(
      [call(0, 1, 'read', '0'), set, call(6, 7, 'read', '1'), wrong, call(14, 15, 'read', '1')],
      register,
    )
    assert.ok(result.verdict === 'no')
    const answered = result.contradiction.filter(({ answer }) => answer !== null)
    assert.deepEqual(answered.length, 2)
    assert.ok(answered.includes(wrong))
  })
})
