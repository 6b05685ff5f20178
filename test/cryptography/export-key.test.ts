// Which public keys a data key may be exported under.
import assert from 'node:assert/strict'
import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { describe, it } from 'node:test'
import { exportPublicKey } from '../../src/cryptography/export-key.ts'

/** The same key with another modulus or exponent, DER. */
function altered(change: (n: Buffer, e: Buffer) => { n?: Buffer; e?: Buffer }): Buffer {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const jwk = publicKey.export({ format: 'jwk' }) as { n: string; e: string }
  const [n, e] = [Buffer.from(jwk.n, 'base64url'), Buffer.from(jwk.e, 'base64url')]
  const parts = { n, e, ...change(n, e) }
  const key = { kty: 'RSA', n: parts.n.toString('base64url'), e: parts.e.toString('base64url') }
  return createPublicKey({ key, format: 'jwk' }).export({ format: 'der', type: 'spki' })
}

describe('exportPublicKey', () => {
  it('takes an RSA-2048 key, and none that nothing can be wrapped with', () => {
    assert.notEqual(exportPublicKey(altered(() => ({}))), null)
    const even = altered((n) => ({ n: Buffer.concat([n.subarray(0, -1), Buffer.of((n.at(-1) ?? 0) & 0xfe)]) }))
    assert.equal(exportPublicKey(even), null)
    assert.equal(exportPublicKey(altered((n) => ({ e: Buffer.alloc(n.length, 0xff) }))), null)
    assert.equal(exportPublicKey(altered(() => ({ e: Buffer.of(1) }))), null)
    assert.equal(exportPublicKey(new Uint8Array(3)), null)
  })

  it('takes no key whose exponent makes a wrapping slow', () => {
    const ones = (bytes: number) => exportPublicKey(altered(() => ({ e: Buffer.alloc(bytes, 0xff) })))
    assert.notEqual(ones(8), null)
    assert.equal(exportPublicKey(altered(() => ({ e: Buffer.from('010000000000000000', 'hex') }))), null)
    assert.equal(ones(9), null)
    assert.equal(ones(255), null)
  })
})
