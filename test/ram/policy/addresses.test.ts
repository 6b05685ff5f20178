// Blocks of addresses, compared with those of node:net.
import assert from 'node:assert/strict'
import { BlockList } from 'node:net'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { addressRange } from '../../../src/ram/policy/addresses.ts'
import { times } from '../../size.ts'

/** Few different groups, so that addresses often share a prefix. */
const group = fc.constantFrom('0', '1', '00ff', 'FE80', 'ffff')
const groups = (most: number) => fc.array(group, { maxLength: most }).map((all) => all.join(':'))
const ipv4 = fc
  .tuple(...Array.from({ length: 4 }, () => fc.constantFrom(0, 1, 10, 128, 255)))
  .map((all) => all.join('.'))
/** The addresses that stand for IPv4 addresses. */
const mapped = new BlockList()
mapped.addSubnet('::ffff:0:0', 96, 'ipv6')
const ipv6 = fc
  .oneof(
    fc.array(group, { minLength: 8, maxLength: 8 }).map((all) => all.join(':')),
    fc.tuple(groups(3), groups(4)).map(([left, right]) => `${left}::${right}`),
    fc.tuple(groups(2), ipv4).map(([left, last]) => `1:${left}::${last}`.replace(':::', '::')),
  )
  .filter((address) => !mapped.check(address, 'ipv6'))

describe('a block of addresses', () => {
  for (const [family, address, widest] of [['ipv4', ipv4, 32] as const, ['ipv6', ipv6, 128] as const])
    it(`of ${family} has the addresses that node:net says`, () => {
      fc.assert(
        fc.property(address, fc.integer({ min: 0, max: widest }), address, (first, bits, given) => {
          const list = new BlockList()
          list.addSubnet(first, bits, family)
          assert.equal(addressRange(`${first}/${bits}`)?.(given), list.check(given, family))
          assert.equal(addressRange(first)?.(first), true)
        }),
        { numRuns: times('odd requests to policies') },
      )
    })

  it('has no address of the other family, and an IPv4-mapped address is the IPv4 address', () => {
    assert.equal(addressRange('0.0.0.0/0')?.('::1'), false)
    assert.equal(addressRange('::/0')?.('10.0.0.1'), false)
    assert.equal(addressRange('10.0.0.0/8')?.('::ffff:10.0.0.1'), true)
    assert.equal(addressRange('::ffff:10.0.0.0/8')?.('10.1.1.1'), true)
  })

  it('of IPv4-mapped addresses is the block of IPv4 addresses, in either spelling', () => {
    for (const text of ['::ffff:10.0.0.0/104', '::ffff:a00:0/104', '::FFFF:10.9.9.9/104', '0:0:0:0:0:ffff:0a00::/104'])
      for (const [given, expected] of [
        ['10.1.1.1', true],
        ['::ffff:10.1.1.1', true],
        ['::ffff:a01:101', true],
        ['11.0.0.1', false],
        ['::a01:101', false],
        ['::1', false],
      ] as const)
        assert.equal(addressRange(text)?.(given), expected, `${given} in ${text}`)
    assert.equal(addressRange('::ffff:0:0/96')?.('10.0.0.1'), true)
    assert.equal(addressRange('::ffff:a00:1')?.('10.0.0.1'), true)
    assert.equal(addressRange('::ffff:10.0.0.1/128')?.('10.0.0.2'), false)
    assert.equal(addressRange('::ffff:0:0/95')?.('10.0.0.1'), false, 'a block of IPv6 with more than these addresses')
    assert.equal(addressRange('::ffff:0:0/95')?.('::fffe:0:1'), true)
  })

  it('has an address with a zone, and can have none itself', () => {
    assert.equal(addressRange('fe80::/10')?.('fe80::1%eth0'), true)
    assert.equal(addressRange('fe80::1%eth0'), null)
  })

  it('says of other texts that they are no addresses', () => {
    for (const text of ['', '10.0.0', '10.0.0.0/33', '10.0.0.0/', '::/129', '1.2.3.04', '::1/8/8', 'x'])
      assert.equal(addressRange(text), null, text)
    for (const text of ['', 'x', '10.0.0.256', '10.0.0.0/8']) assert.equal(addressRange('::/0')?.(text), null, text)
  })
})
