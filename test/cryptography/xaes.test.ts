// XAES-256-GCM, by the published vectors of C2SP, and what it must refuse.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { NONCE_BYTES, Xaes } from '../../src/cryptography/xaes.ts'
import { vectors } from '../vectors.ts'
import '../size.ts'

interface Published {
  vectors: { key: string; nonceAscii: string; plaintextAscii: string; aadAscii: string; ciphertext: string }[]
  accumulated: { hash10000: string }
}
const published = vectors<Published>('xaes-256-gcm.json')

describe('XAES-256-GCM', () => {
  for (const vector of published.vectors)
    it(`gives and opens the published ciphertext under key ${vector.key.slice(0, 4)}…`, () => {
      const xaes = new Xaes(Buffer.from(vector.key, 'hex'))
      const [nonce, plaintext, aad] = [vector.nonceAscii, vector.plaintextAscii, vector.aadAscii].map((ascii) =>
        Buffer.from(ascii, 'latin1'),
      ) as [Buffer, Buffer, Buffer]
      assert.equal(xaes.seal(nonce, plaintext, aad).toString('hex'), vector.ciphertext)
      assert.deepEqual(xaes.open(nonce, Buffer.from(vector.ciphertext, 'hex'), aad), plaintext)
    })

  it('accumulates the published hash over 10,000 random messages', () => {
    const stream = createHash('shake128', { outputLength: 10_000 * (32 + 24 + 2 + 510) }).digest()
    let at = 0
    const take = (length: number) => {
      at += length
      return stream.subarray(at - length, at)
    }
    const sealed = createHash('shake128', { outputLength: 32 })
    for (let i = 0; i < 10_000; i++) {
      const [key, nonce] = [take(32), take(24)]
      const plaintext = take(take(1)[0] ?? 0)
      const aad = take(take(1)[0] ?? 0)
      sealed.update(new Xaes(key).seal(nonce, plaintext, aad))
    }
    assert.equal(sealed.digest('hex'), published.accumulated.hash10000)
  })

  it('opens what it sealed, and nothing with a flipped bit', () => {
    const bytes = fc.uint8Array({ maxLength: 200 })
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.uint8Array({ minLength: NONCE_BYTES, maxLength: NONCE_BYTES }),
        bytes,
        bytes,
        fc.nat(),
        (key, nonce, plaintext, aad, bit) => {
          const xaes = new Xaes(key)
          const sealed = xaes.seal(nonce, plaintext, aad)
          assert.deepEqual(xaes.open(nonce, sealed, aad), Buffer.from(plaintext))
          const message = xaes.messageKey(nonce)
          assert.deepEqual(message.open(sealed, aad), Buffer.from(plaintext))
          const at = bit % (sealed.length * 8)
          sealed[at >> 3] = (sealed[at >> 3] ?? 0) ^ (1 << (at & 7))
          assert.equal(xaes.open(nonce, sealed, aad), null)
          assert.equal(message.open(sealed, aad), null)
        },
      ),
    )
  })

  it('gives for one message a key of its own, which outlives the key and opens nothing once it is wiped', () => {
    const [nonce, other, aad] = [Buffer.alloc(24, 1), Buffer.alloc(24, 2), Buffer.of(3)]
    const xaes = new Xaes(Buffer.alloc(32, 4))
    const [sealed, another] = [nonce, other].map((one) => xaes.seal(one, Buffer.from('text'), aad)) as [Buffer, Buffer]
    const message = xaes.messageKey(nonce)
    xaes.wipe()
    nonce.fill(0)
    assert.equal(message.open(sealed, aad)?.toString(), 'text')
    assert.equal(message.open(another, aad), null)
    assert.equal(message.open(sealed, Buffer.of(4)), null)
    assert.equal(message.open(sealed.subarray(0, 15), aad), null)
    message.wipe()
    assert.throws(() => message.open(sealed, aad), /wiped/)
  })

  it('refuses keys and nonces of other lengths', () => {
    assert.throws(() => new Xaes(new Uint8Array(31)), RangeError)
    const xaes = new Xaes(new Uint8Array(32))
    assert.throws(() => xaes.seal(new Uint8Array(12), new Uint8Array(1), new Uint8Array(0)), RangeError)
    assert.throws(() => xaes.messageKey(new Uint8Array(12)), RangeError)
    assert.equal(xaes.open(new Uint8Array(12), new Uint8Array(40), new Uint8Array(0)), null)
    assert.equal(xaes.open(new Uint8Array(24), new Uint8Array(15), new Uint8Array(0)), null)
  })
})
