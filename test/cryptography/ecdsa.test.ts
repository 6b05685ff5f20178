// r and s of an ECDSA signature, as DER has them: numbers without a zero too many or too few.
import assert from 'node:assert/strict'
import { generateKeyPairSync, sign, verify } from 'node:crypto'
import { describe, it } from 'node:test'
import { ecdsaToDer } from '../../src/cryptography/ecdsa.ts'

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')

describe('an ECDSA signature as DER', () => {
  for (const [what, signature, der] of [
    ['as it is', '7f01 0102', '3008 0202 7f01 0202 0102'],
    ['with a zero before a first bit', '80ff 0102', '3009 0203 0080ff 0202 0102'],
    ['without leading zeros', '0001 0080', '3007 0201 01 0202 0080'],
    ['of zero', '0000 0001', '3006 0201 00 0201 01'],
  ] as const)
    it(`has each number ${what}`, () => assert.deepEqual(ecdsaToDer(hex(signature)), hex(der)))

  it('is what others verify, on every curve that there is', () => {
    for (const namedCurve of ['P-256', 'secp256k1', 'P-384', 'P-521']) {
      const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve })
      for (let i = 0; i < 20; i++) {
        const text = Buffer.from([i])
        const signature = sign('sha256', text, { key: privateKey, dsaEncoding: 'ieee-p1363' })
        assert.ok(verify('sha256', text, publicKey, ecdsaToDer(signature)))
      }
    }
  })

  it('is not made of what is no signature', () => {
    for (const length of [0, 63]) assert.throws(() => ecdsaToDer(Buffer.alloc(length)), RangeError)
  })
})
