// Random bytes, which are drawn in advance: no two callers get the same, or memory of each other. And RSA pairs, each of which is new.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { randomBytes } from '../../src/runtime/random.ts'
import { SYSTEM } from '../../src/runtime/system.ts'

describe('random bytes', () => {
  it('have the requested length, and are never the same twice', () => {
    const seen = new Set<string>()
    let drawn = 0
    for (let round = 0; round < 5000; round++) {
      const length = [12, 16, 24, 32, 256, 257, 5000][round % 7] ?? 0
      const bytes = randomBytes(length)
      assert.equal(bytes.length, length)
      // Eight bytes at a time: pieces that overlap would repeat some of them.
      for (let at = 0; at + 8 <= length; at += 4) {
        seen.add(bytes.toString('hex', at, at + 8))
        drawn++
      }
    }
    assert.equal(seen.size, drawn)
  })

  it('share no memory with each other', () => {
    const [first, second] = [randomBytes(32), randomBytes(32)]
    assert.notEqual(first.buffer, second.buffer)
    const copy = Buffer.from(second)
    first.fill(0)
    assert.deepEqual(second, copy)
  })
})

describe('RSA pairs', () => {
  it('are new each time', async () => {
    const pairs = await Promise.all([SYSTEM.rsaPair(), SYSTEM.rsaPair()])
    assert.equal(new Set(pairs.map(({ publicKey }) => publicKey.toString('hex'))).size, 2)
    assert.equal(new Set(pairs.map(({ privateKey }) => privateKey.toString('hex'))).size, 2)
  })
})
