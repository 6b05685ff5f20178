// The ring of root keys: the current one seals, all of them open, and nothing else changes.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { decodeRing, encodeRing, MAX_ROOTS, type Ring } from '../../src/cryptography/ring.ts'
import { ringOfOne } from '../../src/cryptography/seal.ts'
import { RootKeys } from '../../src/keystore/root-keys.ts'
import '../size.ts'

const bytes = (byte: number) => new Uint8Array(32).fill(byte)
const ring = (...roots: number[]): Ring => ({ generation: 7, roots: roots.map(bytes), fingerprintKey: bytes(99) })
const nonce = new Uint8Array(24).fill(3)
const place = ['access-key-secret', 'a']
const text = Buffer.from('secret')

describe('a ring of root keys', () => {
  it('seals and authenticates under its first root, and opens and verifies under all', () => {
    const [old, both, renewed] = [new RootKeys(ring(1)), new RootKeys(ring(2, 1)), new RootKeys(ring(2))]
    const [before, after] = [old.seal(place, nonce, text), both.seal(place, nonce, text)]
    assert.deepEqual(both.open(place, before), text)
    assert.deepEqual(both.open(place, after), text)
    assert.deepEqual(renewed.open(place, after), text)
    assert.equal(renewed.open(place, before), null)
    assert.equal(both.open(['access-key-secret', 'b'], before), null)
    assert.equal(both.openUnder(place, after)?.root, both.current)
    assert.notEqual(both.openUnder(place, before)?.root, both.current)
    assert.ok(both.recordMacMatches('r', old.recordMac('r')))
    assert.ok(!both.current.macMatches('r', old.recordMac('r')))
    assert.ok(!renewed.recordMacMatches('r', old.recordMac('r')))
    assert.deepEqual(both.recordMac('r'), renewed.recordMac('r'))
  })

  it('gives a session the secret of the root that its token opens under', () => {
    const [old, both] = [new RootKeys(ring(1)), new RootKeys(ring(2, 1))]
    const token = old.seal(['security-token'], nonce, text)
    assert.equal(both.openUnder(['security-token'], token)?.root.sessionSecret('STS.a'), old.sessionSecret('STS.a'))
    assert.notEqual(both.sessionSecret('STS.a'), old.sessionSecret('STS.a'))
  })

  it('recognizes material by the same fingerprint under every root', () => {
    assert.equal(new RootKeys(ring(1)).fingerprint(place, text), new RootKeys(ring(2)).fingerprint(place, text))
    const legacy = ringOfOne(bytes(1))
    const rotated = new RootKeys({ ...legacy, roots: [bytes(2), bytes(1)] })
    assert.equal(new RootKeys(bytes(1)).fingerprint(place, text), rotated.fingerprint(place, text))
  })

  it('replaces the former ring for all who hold its keys, and they can tell', () => {
    const keys = new RootKeys(ring(1))
    const sealed = keys.seal(place, nonce, text)
    const { epoch } = keys
    keys.replace(ring(2, 1))
    assert.notEqual(keys.epoch, epoch)
    assert.deepEqual(keys.open(place, sealed), text)
    keys.replace(ring(2))
    assert.equal(keys.open(place, sealed), null)
  })

  it('does not depend on the bytes that it was made from', () => {
    const given = { generation: 1, roots: [bytes(1)], fingerprintKey: bytes(99) }
    const keys = new RootKeys(given)
    const [mac, fingerprint] = [keys.recordMac('r'), keys.fingerprint(place, text)]
    for (const one of [...given.roots, given.fingerprintKey]) one.fill(0)
    assert.deepEqual(keys.recordMac('r'), mac)
    assert.equal(keys.fingerprint(place, text), fingerprint)
  })

  it('is decoded from its bytes, and from no others', () => {
    const key = fc.uint8Array({ minLength: 32, maxLength: 32 })
    const any = fc.record({
      generation: fc.integer({ min: 0, max: 2 ** 48 }),
      roots: fc.array(key, { minLength: 1, maxLength: MAX_ROOTS }),
      fingerprintKey: key,
    })
    fc.assert(
      fc.property(any, fc.integer({ min: 1, max: 400 }), (one, cut) => {
        const encoded = encodeRing(one)
        const decoded = decodeRing(encoded)
        assert.deepEqual(decoded?.generation, one.generation)
        assert.deepEqual(decoded?.fingerprintKey && new Uint8Array(decoded.fingerprintKey), one.fingerprintKey)
        assert.deepEqual(
          decoded?.roots.map((root) => new Uint8Array(root)),
          one.roots,
        )
        assert.equal(decodeRing(encoded.subarray(0, Math.max(0, encoded.length - cut))), null)
        assert.equal(decodeRing(Buffer.concat([Buffer.of(2), encoded.subarray(1)])), null)
      }),
    )
    assert.throws(() => encodeRing({ ...ring(), roots: [] }), RangeError)
    assert.throws(() => encodeRing(ring(...Array.from({ length: MAX_ROOTS + 1 }, (_, i) => i))), RangeError)
  })
})
