// One-time codes against the vectors of RFC 6238, appendix B, of which six digits count.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { stepOf, stepOfConsecutive } from '../../src/ram/one-time-code.ts'
import { codeOf } from './mfa.ts'

const SEED = Buffer.from('12345678901234567890')
const BASE32 = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'
const VECTORS: readonly (readonly [seconds: number, code: string])[] = [
  [59, '287082'],
  [1111111109, '081804'],
  [1111111111, '050471'],
  [1234567890, '005924'],
  [2000000000, '279037'],
  [20000000000, '353130'],
]

describe('one-time codes', () => {
  it('are those of RFC 6238', () => {
    for (const [seconds, code] of VECTORS) {
      assert.equal(codeOf(BASE32, seconds * 1000), code)
      assert.equal(stepOf(SEED, code, seconds * 1000, 0), Math.floor(seconds / 30))
      assert.equal(stepOf(SEED, code, (seconds + 30) * 1000, 0), Math.floor(seconds / 30))
      assert.equal(stepOf(SEED, code, (seconds + 60) * 1000, 0), null)
    }
  })

  it('count once, and none of before counts after one', () => {
    const [[seconds, code] = [0, '']] = VECTORS.slice(1)
    const step = Math.floor(seconds / 30)
    assert.equal(stepOf(SEED, code, seconds * 1000, step), null)
    assert.equal(stepOf(SEED, codeOf(BASE32, (seconds - 30) * 1000), seconds * 1000, step), null)
    assert.equal(stepOf(SEED, codeOf(BASE32, (seconds + 30) * 1000), seconds * 1000, step), step + 1)
  })

  it('follow each other where two are asked for', () => {
    const now = 1_700_000_010_000
    const at = (steps: number) => codeOf(BASE32, now + steps * 30_000)
    const step = Math.floor(now / 30_000)
    assert.equal(stepOfConsecutive(SEED, at(-1), at(0), now), step)
    assert.equal(stepOfConsecutive(SEED, at(-2), at(-1), now), step - 1)
    for (const [first, second] of [
      [at(0), at(0)],
      [at(0), at(-1)],
      [at(-2), at(0)],
      [at(-3), at(-2)],
    ] as const)
      assert.equal(stepOfConsecutive(SEED, first, second, now), null)
  })

  it('are refused unless they have six digits', () => {
    for (const code of ['', '28708', '2870822', 'abcdef', '２８７０８２'])
      assert.equal(stepOf(SEED, code, 59_000, 0), null)
  })
})
