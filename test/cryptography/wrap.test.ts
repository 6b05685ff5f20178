// Unwrapping of imported material: by Wycheproof's vectors, and by every way in which padding can be wrong.
import assert from 'node:assert/strict'
import crypto, {
  constants,
  createCipheriv,
  createHash,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
  publicEncrypt,
  randomBytes,
} from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { hybridPair, unwrapHybrid } from '../../src/cryptography/hybrid-wrap.ts'
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

interface XWing {
  tests: { seed: string; pk: string; ct: string; ss: string }[]
}

interface MlKem {
  testGroups: { tests: { tcId: number; seed: string; ek?: string; c: string; K?: string; result: string }[] }[]
}

describe('unwrapHybrid', () => {
  const hex = (text: string) => Buffer.from(text, 'hex')
  const bytes = randomBytes(MATERIAL_BYTES)
  /** Material under an X-Wing secret, steps 3 and 4 of docs/reference/formats.md. */
  const under = (secret: Uint8Array) => {
    const wrapping = Buffer.from(hkdfSync('sha256', secret, '', 'X_WING_AES_256_KW', 32))
    const cipher = createCipheriv('id-aes256-wrap', wrapping, Buffer.alloc(8, 0xa6))
    return Buffer.concat([cipher.update(bytes), cipher.final()])
  }
  /** The pair of a seed of ML-KEM and a scalar of X25519. */
  const pairOf = (seed: Buffer, scalar: Buffer) => {
    const pair = (privateKey: KeyObject) => ({ privateKey, publicKey: createPublicKey(privateKey) })
    return hybridPair(
      pair(createPrivateKey({ key: seed, format: 'raw-seed', asymmetricKeyType: 'ml-kem-768' })),
      pair(createPrivateKey({ key: scalar, format: 'raw-private', asymmetricKeyType: 'x25519' })),
    )
  }

  it("agrees on the secrets of X-Wing's vectors", () => {
    const { tests } = vectors<XWing>('x-wing.json')
    assert.equal(tests.length, 3)
    for (const { seed, pk, ct, ss } of tests) {
      const expanded = createHash('shake256', { outputLength: 96 }).update(hex(seed)).digest()
      const { privateKey, publicKey } = pairOf(expanded.subarray(0, 64), expanded.subarray(64))
      assert.equal(publicKey.toString('hex'), pk)
      const wrapped = Buffer.concat([hex(ct), under(hex(ss))])
      assert.deepEqual(unwrapHybrid(privateKey, wrapped, MATERIAL_BYTES), bytes)
      // A changed ciphertext of ML-KEM has a secret, too: another one.
      wrapped[0] = (wrapped[0] ?? 0) ^ 1
      assert.equal(unwrapHybrid(privateKey, wrapped, MATERIAL_BYTES), null)
    }
  })

  it('wipes the secrets of what it unwraps and of what it refuses', (t) => {
    const [vector] = vectors<XWing>('x-wing.json').tests
    assert.ok(vector)
    const expanded = createHash('shake256', { outputLength: 96 }).update(hex(vector.seed)).digest()
    const { privateKey } = pairOf(expanded.subarray(0, 64), expanded.subarray(64))
    const right = Buffer.concat([hex(vector.ct), under(hex(vector.ss))])
    const changed = Buffer.from(right)
    changed[0] = (changed[0] ?? 0) ^ 1
    /** With X25519's point of order 1, which has no shared secret. */
    const lowOrder = Buffer.concat([right.subarray(0, 1088), Buffer.alloc(32), right.subarray(1120)])
    const derivations = [
      t.mock.method(crypto, 'decapsulate'),
      t.mock.method(crypto, 'diffieHellman'),
      t.mock.method(crypto, 'hash'),
      t.mock.method(crypto, 'hkdfSync'),
    ].map(({ mock }) => mock)
    syncBuiltinESMExports()
    try {
      for (const [wrapped, material, secrets] of [
        [right, bytes, 5],
        [changed, null, 5],
        [lowOrder, null, 1],
      ] as const) {
        for (const derivation of derivations) derivation.resetCalls()
        assert.deepEqual(unwrapHybrid(privateKey, wrapped, MATERIAL_BYTES), material)
        const [hashed] = derivations[2]?.calls.map(({ arguments: [, text] }) => text) ?? []
        const seen = [hashed, ...derivations.flatMap(({ calls }) => calls.map(({ result }) => result))]
          .filter((one) => one instanceof ArrayBuffer || ArrayBuffer.isView(one))
          .map((one) => Buffer.from(one instanceof ArrayBuffer ? new Uint8Array(one) : (one as Uint8Array)))
        assert.equal(seen.length, secrets)
        for (const one of seen) assert.deepEqual(one, Buffer.alloc(one.length))
      }
    } finally {
      t.mock.restoreAll()
      syncBuiltinESMExports()
    }
  })

  it("takes and refuses what Wycheproof's mlkem_768_test.json says", () => {
    const [own, peer] = [generateKeyPairSync('x25519'), generateKeyPairSync('x25519')]
    const [ownPoint, point] = [own, peer].map(({ publicKey }) => publicKey.export({ format: 'raw-public' }))
    assert.ok(ownPoint && point)
    const scalar = own.privateKey.export({ format: 'raw-private' })
    const agreed = diffieHellman({ privateKey: peer.privateKey, publicKey: own.publicKey })
    const seen = { valid: 0, invalid: 0 }
    for (const { tests } of vectors<MlKem>('mlkem_768_test.json').testGroups)
      for (const { tcId, seed, ek = '', c, K = '', result } of tests) {
        const combined = createHash('sha3-256')
        for (const part of [hex(K), agreed, point, ownPoint, hex('5c2e2f2f5e5c')]) combined.update(part)
        const wrapped = Buffer.concat([hex(c), point, under(combined.digest())])
        const found = unwrapHybrid(Buffer.concat([hex(seed), scalar]), wrapped, MATERIAL_BYTES)
        assert.deepEqual(found, result === 'valid' ? bytes : null, `test ${tcId}`)
        if (result === 'valid')
          assert.equal(pairOf(hex(seed), scalar).publicKey.toString('hex'), ek + ownPoint.toString('hex'))
        if (found === null) seen.invalid++
        else seen.valid++
      }
    assert.ok(seen.valid > 100 && seen.invalid > 30, JSON.stringify(seen))
  })
})
