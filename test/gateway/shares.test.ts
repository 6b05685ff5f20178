// Who holds what of something scarce, and who gives way.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Shares } from '../../src/gateway/shares.ts'
import { plainAddress, sourceOf } from '../../src/gateway/source.ts'
import { isLoopback } from '../../src/settings/listen.ts'

describe('shares', () => {
  it('tell who holds most, and whose holder is oldest', () => {
    const shares = new Shares<{ source: string; name: string }>()
    const [a, b, c] = [
      { source: 'x', name: 'a' },
      { source: 'x', name: 'b' },
      { source: 'y', name: 'c' },
    ]
    assert.equal(shares.heaviest(), null)
    shares.take(a, 1)
    shares.take(c, 2)
    assert.equal(shares.heaviest(), 'y')
    shares.take(b, 3)
    assert.deepEqual([shares.heaviest(), shares.total, shares.of('x'), shares.of('y')], ['x', 6, 4, 2])
    assert.deepEqual([...shares.holders('x')], [a, b])
    assert.equal(shares.drop(b, 3), true)
    assert.equal(shares.drop(b, 3), false)
    assert.deepEqual([shares.heaviest(), shares.total, [...shares]], ['y', 3, [a, c]])
    shares.take(b, 1)
    assert.equal(shares.heaviest(), 'x', 'the earliest of two that hold as much')
  })
})

describe('a source', () => {
  const cases: [string, string][] = [
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::6', '2001:db8:1:2::/64'],
    ['2001:db8::6', '2001:db8:0:0::/64'],
    ['2001:db8:1::4:5:6', '2001:db8:1:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ]
  for (const [address, source] of cases)
    it(`of ${address} is ${source}`, () => assert.equal(sourceOf(plainAddress(address)), source))

  it('is loopback for 127.0.0.0/8 and ::1 alone', () => {
    const all = ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1', '128.0.0.1', '::2', '12.7.0.1']
    assert.deepEqual(
      all.map((address) => isLoopback(plainAddress(address))),
      [true, true, true, true, false, false, false],
    )
  })
})
