// Unwrapping of imported material: by Wycheproof's vectors, and by every way in which padding can be wrong.
import assert from 'node:assert/strict'
import { constants, createPublicKey, generateKeyPairSync, publicEncrypt, randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { unwrap, WRAPPING_ALGORITHMS, type WrappingAlgorithm } from '../../src/cryptography/wrap.ts'
import { times } from '../size.ts'
import { vectors } from '../vectors.ts'

interface Wycheproof {
  testGroups: {
    privateKeyPkcs8: string
    tests: { tcId: number; msg: string; ct: string; label?: string; result: string; flags: string[] }[]
  }[]
}

const FILES: Readonly<Record<WrappingAlgorithm, string>> = {
  RSAES_OAEP_SHA_1: 'rsa_oaep_2048_sha1_mgf1sha1_test.json',
  RSAES_OAEP_SHA_256: 'rsa_oaep_2048_sha256_mgf1sha256_test.json',
  RSAES_PKCS1_V1_5: 'rsa_pkcs1_2048_test.json',
}
const MODULUS_BYTES = 256
const MATERIAL_BYTES = 32
/** Where the zero stands that ends the padding of 32 bytes. */
const SEPARATOR = MODULUS_BYTES - MATERIAL_BYTES - 1

describe('unwrap', () => {
  const pair = generateKeyPairSync('rsa', {
    modulusLength: 8 * MODULUS_BYTES,
    publicKeyEncoding: { type: 'spki', format: 'der' },
    privateKeyEncoding: { type: 'pkcs8', format: 'der' },
  })
  const publicKey = createPublicKey({ key: pair.publicKey, format: 'der', type: 'spki' })
  const unwrapped = (algorithm: WrappingAlgorithm, text: Uint8Array) =>
    unwrap(pair.privateKey, algorithm, text, 32)?.toString('hex') ?? null
  /** What a block of PKCS #1 v1.5 is unwrapped to. */
  const ofBlock = (block: Uint8Array) =>
    unwrapped('RSAES_PKCS1_V1_5', publicEncrypt({ key: publicKey, padding: constants.RSA_NO_PADDING }, block))

  const nonzero = fc.uint8Array({ min: 1, minLength: SEPARATOR - 2, maxLength: SEPARATOR - 2 })
  const material = fc.uint8Array({ minLength: MATERIAL_BYTES, maxLength: MATERIAL_BYTES })
  /** A right block, as RFC 8017 section 7.2.1 has it. */
  const rightBlock = fc
    .tuple(nonzero, material)
    .map(([padding, bytes]) => Buffer.concat([Buffer.of(0, 2), padding, Buffer.of(0), bytes]))

  for (const algorithm of WRAPPING_ALGORITHMS)
    it(`takes 32 bytes and nothing else of Wycheproof's texts for ${algorithm}`, () => {
      let [taken, refused] = [0, 0]
      for (const group of vectors<Wycheproof>(FILES[algorithm]).testGroups)
        for (const { tcId, msg, ct, label, result } of group.tests) {
          if (label) continue
          const found = unwrap(Buffer.from(group.privateKeyPkcs8, 'hex'), algorithm, Buffer.from(ct, 'hex'), 32)
          const isMaterial = result === 'valid' && msg.length === 2 * MATERIAL_BYTES
          assert.equal(found?.toString('hex') ?? null, isMaterial ? msg : null, `test ${tcId}`)
          if (isMaterial) taken++
          else refused++
        }
      assert.ok(refused > 20 && (taken > 0 || algorithm !== 'RSAES_PKCS1_V1_5'), `${taken} taken, ${refused} refused`)
    })

  it('takes every right block of PKCS #1 v1.5', () => {
    fc.assert(
      fc.property(rightBlock, (block) => {
        assert.equal(ofBlock(block), block.subarray(SEPARATOR + 1).toString('hex'))
      }),
      { numRuns: 300 },
    )
  })

  it('refuses a block of PKCS #1 v1.5 with any one byte of its padding wrong', () => {
    const wrongAt = (block: Buffer, at: number, value: number) => {
      const wrong = Buffer.from(block)
      wrong[at] = value
      return wrong
    }
    const [block] = fc.sample(rightBlock, 1)
    assert.ok(block)
    for (let at = 2; at < SEPARATOR; at++) assert.equal(ofBlock(wrongAt(block, at, 0)), null, `a zero at ${at}`)
    for (let value = 1; value < 256; value++) assert.equal(ofBlock(wrongAt(block, SEPARATOR, value)), null, `${value}`)
    for (let value = 0; value < 256; value++)
      if (value !== 2) assert.equal(ofBlock(wrongAt(block, 1, value)), null, `block type ${value}`)
    // The first byte of a block below the modulus may be anything below 128.
    for (let value = 1; value < 128; value++) assert.equal(ofBlock(wrongAt(block, 0, value)), null, `begins ${value}`)
  })

  it('refuses thousands of random texts for PKCS #1 v1.5', () => {
    for (let i = 0; i < times('texts padded at random'); i++) {
      const text = randomBytes(MODULUS_BYTES)
      text[0] = 0x7f & (text[0] ?? 0)
      assert.equal(unwrapped('RSAES_PKCS1_V1_5', text), null, text.toString('hex'))
    }
  })

  it('refuses a text of another length, or beyond the modulus, without an error of its own', () => {
    for (const algorithm of WRAPPING_ALGORITHMS) {
      for (const length of [0, 1, MODULUS_BYTES - 1, MODULUS_BYTES + 1, 4096])
        assert.equal(unwrapped(algorithm, randomBytes(length)), null, `${algorithm} ${length}`)
      assert.equal(unwrapped(algorithm, Buffer.alloc(MODULUS_BYTES, 255)), null, algorithm)
      assert.equal(unwrapped(algorithm, Buffer.alloc(MODULUS_BYTES)), null, algorithm)
    }
  })

  it('takes nothing but 32 bytes, however they are wrapped', () => {
    const paddings = {
      RSAES_OAEP_SHA_1: { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' },
      RSAES_OAEP_SHA_256: { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' },
      RSAES_PKCS1_V1_5: { padding: constants.RSA_PKCS1_PADDING },
    }
    for (const algorithm of WRAPPING_ALGORITHMS)
      for (let length = 0; length <= 190; length++) {
        const bytes = randomBytes(length)
        const found = unwrapped(algorithm, publicEncrypt({ key: publicKey, ...paddings[algorithm] }, bytes))
        assert.equal(found, length === MATERIAL_BYTES ? bytes.toString('hex') : null, `${algorithm} ${length}`)
      }
  })
})
