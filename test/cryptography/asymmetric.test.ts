// Signing, verifying and encrypting with pairs: against Wycheproof, and both ways against the openssl program.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, verify } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { EncryptionAlgorithm, SigningAlgorithm } from '../../src/cryptography/algorithms.ts'
import { decryptWith, encryptFor, signWith, verifies } from '../../src/cryptography/asymmetric.ts'
import { type PrivateKey, privateKeyObject } from '../../src/cryptography/private-key.ts'
import { sm2FromDer, sm2ToDer } from '../../src/cryptography/sm2-ciphertext.ts'
import { Sm4 } from '../../src/cryptography/sm4.ts'
import { temporaryFolder } from '../acceptance/program.ts'
import { times } from '../size.ts'
import { vectors } from '../vectors.ts'

interface Signatures {
  testGroups: {
    publicKeyDer?: string
    publicKey?: { modulus: string; publicExponent: string }
    tests: { tcId: number; msg: string; sig: string; ctx?: string; result: string }[]
  }[]
}
interface Encryptions {
  testGroups: {
    privateKeyPkcs8: string
    tests: { tcId: number; msg: string; ct: string; label: string; result: string }[]
  }[]
}
interface Sealings {
  testGroups: {
    ivSize: number
    tests: {
      tcId: number
      key: string
      iv: string
      aad: string
      msg: string
      ct: string
      tag: string
      result: string
    }[]
  }[]
}

const hex = (text: string) => Buffer.from(text, 'hex')
const sha256 = (message: Uint8Array) => createHash('sha256').update(message).digest()

/** The SubjectPublicKeyInfo of a group, which some files give in parts. */
function publicKeyOf({ publicKeyDer, publicKey }: Signatures['testGroups'][number]): Buffer {
  if (publicKeyDer) return hex(publicKeyDer)
  const base64url = (number = '') => hex(number.replace(/^00/, '')).toString('base64url')
  const [n, e] = [base64url(publicKey?.modulus), base64url(publicKey?.publicExponent)]
  return createPublicKey({ key: { kty: 'RSA', n, e }, format: 'jwk' }).export({ type: 'spki', format: 'der' })
}

function parses(publicKeyDer: Buffer): boolean {
  try {
    return createPublicKey({ key: publicKeyDer, format: 'der', type: 'spki' }).type === 'public'
  } catch {
    return false
  }
}

const SIGNATURES: readonly (readonly [SigningAlgorithm, string])[] = [
  ['ECDSA_SHA_256', 'ecdsa_secp256r1_sha256_test.json'],
  ['ECDSA_SHA_256', 'ecdsa_secp256k1_sha256_test.json'],
  ['RSA_PSS_SHA_256', 'rsa_pss_2048_sha256_mgf1_32_test.json'],
  ['RSA_PKCS1_SHA_256', 'rsa_signature_2048_sha256_test.json'],
]
const ML_DSA: readonly (readonly [SigningAlgorithm, string])[] = [
  ['ML_DSA_65', 'mldsa_65_verify_test.json'],
  ['ML_DSA_87', 'mldsa_87_verify_test.json'],
]

interface Kind {
  readonly pair: { readonly privateKey: KeyObject; readonly publicKey: KeyObject }
  readonly signing: readonly SigningAlgorithm[]
  readonly encryption: readonly EncryptionAlgorithm[]
  readonly onCurve: boolean
}
const rsa: Kind = {
  pair: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  signing: ['RSA_PSS_SHA_256', 'RSA_PKCS1_SHA_256'],
  encryption: ['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256'],
  onCurve: false,
}
const curve = (namedCurve: string, signing: SigningAlgorithm, encryption: EncryptionAlgorithm[] = []): Kind => ({
  pair: generateKeyPairSync('ec', { namedCurve }),
  signing: [signing],
  encryption,
  onCurve: true,
})
const mlDsa: Kind = { pair: generateKeyPairSync('ml-dsa-65'), signing: ['ML_DSA_65'], encryption: [], onCurve: false }
const sm2 = curve('SM2', 'SM2DSA', ['SM2PKE'])
const OPENSSL_KINDS = [rsa, curve('P-256', 'ECDSA_SHA_256'), curve('secp256k1', 'ECDSA_SHA_256'), sm2]

const spki = ({ pair }: Kind) => pair.publicKey.export({ type: 'spki', format: 'der' })
function privateOf({ pair, onCurve }: Kind): PrivateKey {
  const der = pair.privateKey.export({ type: 'pkcs8', format: 'der' })
  return onCurve ? der : privateKeyObject(der)
}
const signed = (kind: Kind, algorithm: SigningAlgorithm, digest: Uint8Array) =>
  signWith(privateOf(kind), algorithm, digest, randomBytes(32))

describe('signatures', () => {
  for (const [algorithm, file] of SIGNATURES)
    it(`verify as Wycheproof's ${file} says`, () => {
      const seen = { valid: 0, invalid: 0 }
      for (const group of vectors<Signatures>(file).testGroups)
        for (const { tcId, msg, sig, result } of group.tests) {
          const found = verifies(publicKeyOf(group), algorithm, sha256(hex(msg)), hex(sig))
          if (result !== 'acceptable') assert.equal(found, result === 'valid', `test ${tcId}`)
          if (result === 'valid' || result === 'invalid') seen[result]++
        }
      assert.ok(seen.valid > 5 && seen.invalid > 40, JSON.stringify(seen))
    })

  for (const [algorithm, file] of ML_DSA)
    it(`verify as Wycheproof's ${file} says`, () => {
      const seen = { valid: 0, invalid: 0 }
      for (const group of vectors<Signatures>(file).testGroups)
        for (const { tcId, msg, sig, ctx, result } of group.tests) {
          // We sign without a context.
          if (ctx) continue
          // No public key of a wrong length is ever stored: the parser refuses it.
          const parsed = parses(publicKeyOf(group))
          const isValid = parsed && verifies(publicKeyOf(group), algorithm, hex(msg), hex(sig))
          assert.equal(isValid, result === 'valid', `test ${tcId}`)
          if (isValid) seen.valid++
          else seen.invalid++
        }
      assert.ok(seen.valid > 60 && seen.invalid > 120, JSON.stringify(seen))
    })

  it('are of one digest, one key and one algorithm, and do not verify when they are cut or changed', () => {
    const kinds = [...OPENSSL_KINDS, mlDsa]
    for (const kind of kinds)
      for (const algorithm of kind.signing)
        fc.assert(
          fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.nat(), (digest, at) => {
            const signature = signed(kind, algorithm, digest)
            const isValid = (key: Uint8Array, of: Uint8Array, sig: Uint8Array, by = algorithm) =>
              verifies(key, by, of, sig)
            assert.ok(isValid(spki(kind), digest, signature))
            assert.ok(!isValid(spki(kind), sha256(digest), signature))
            const changed = Buffer.from(signature)
            changed[at % changed.length] = (changed[at % changed.length] ?? 0) ^ 1
            assert.ok(!isValid(spki(kind), digest, changed))
            assert.ok(!isValid(spki(kind), digest, signature.subarray(0, at % signature.length)))
            for (const other of kinds)
              if (other !== kind && other.onCurve === kind.onCurve && other.signing[0] === algorithm)
                assert.ok(!isValid(spki(other), digest, signature))
          }),
          { numRuns: times('tries of a key pair') },
        )
  })

  it('of ML-DSA are of the bytes given, from 1 to 64', () => {
    for (const length of [1, 32, 64]) {
      const bytes = randomBytes(length)
      const signature = signed(mlDsa, 'ML_DSA_65', bytes)
      assert.ok(verify(null, bytes, mlDsa.pair.publicKey, signature))
      assert.ok(verifies(spki(mlDsa), 'ML_DSA_65', bytes, signature))
    }
  })
})

describe('encryption for a public key', () => {
  it("decrypts as Wycheproof's rsa_oaep_3072_sha256_mgf1sha256_test.json says", () => {
    let count = 0
    for (const group of vectors<Encryptions>('rsa_oaep_3072_sha256_mgf1sha256_test.json').testGroups)
      for (const { tcId, msg, ct, label, result } of group.tests) {
        if (label) continue
        const found = decryptWith(privateKeyObject(hex(group.privateKeyPkcs8)), 'RSAES_OAEP_SHA_256', hex(ct))
        assert.equal(found && Buffer.from(found).toString('hex'), result === 'valid' ? msg : null, `test ${tcId}`)
        count++
      }
    assert.ok(count > 20)
  })

  it('gives back what was encrypted, and nothing of a ciphertext that was changed', () => {
    for (const kind of [rsa, sm2])
      for (const algorithm of kind.encryption)
        fc.assert(
          fc.property(fc.uint8Array({ minLength: 1, maxLength: 190 }), fc.nat(), (plaintext, at) => {
            const ciphertext = encryptFor(spki(kind), algorithm, plaintext)
            const key = () => privateOf(kind)
            assert.deepEqual([...(decryptWith(key(), algorithm, ciphertext) ?? [])], [...plaintext])
            const changed = Buffer.from(ciphertext)
            changed[at % changed.length] = (changed[at % changed.length] ?? 0) ^ 1
            assert.equal(decryptWith(key(), algorithm, changed), null)
            assert.equal(decryptWith(key(), algorithm, ciphertext.subarray(0, at % ciphertext.length)), null)
          }),
          { numRuns: times('tries of a key pair') },
        )
  })

  it('of SM2 has the point, the digest and the text behind each other, and takes 6,047 bytes', () => {
    const ciphertext = encryptFor(spki(sm2), 'SM2PKE', Buffer.alloc(6047, 7))
    assert.equal(ciphertext.length, 6144)
    assert.equal(ciphertext[0], 4)
    assert.ok(decryptWith(privateOf(sm2), 'SM2PKE', ciphertext)?.every((byte) => byte === 7))
    const offCurve = Buffer.from(ciphertext)
    offCurve.fill(1, 1, 65)
    assert.equal(decryptWith(privateOf(sm2), 'SM2PKE', offCurve), null)
  })

  it('of SM2 has one DER form, with coordinates that begin with zeros too', () => {
    const coordinate = fc.oneof(
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      fc.nat(32).map((zeros) => new Uint8Array(32).fill(0xff, zeros)),
    )
    const rest = fc.uint8Array({ minLength: 33, maxLength: 700 })
    fc.assert(
      fc.property(coordinate, coordinate, rest, (x, y, text) => {
        const raw = Buffer.concat([Buffer.of(4), x, y, text])
        assert.deepEqual(sm2FromDer(sm2ToDer(raw) ?? Buffer.alloc(0)), raw)
      }),
    )
  })
})

/** The options of the openssl program for each algorithm. */
const OPTIONS: Readonly<Partial<Record<SigningAlgorithm | EncryptionAlgorithm, readonly string[]>>> = {
  RSA_PSS_SHA_256: ['digest:sha256', 'rsa_padding_mode:pss', 'rsa_pss_saltlen:digest', 'rsa_mgf1_md:sha256'],
  RSA_PKCS1_SHA_256: ['digest:sha256', 'rsa_padding_mode:pkcs1'],
  RSAES_OAEP_SHA_1: ['rsa_padding_mode:oaep'],
  RSAES_OAEP_SHA_256: ['rsa_padding_mode:oaep', 'rsa_oaep_md:sha256', 'rsa_mgf1_md:sha256'],
}

describe('the openssl program', () => {
  const folder = temporaryFolder()
  const file = (name: string, content: string | Uint8Array) => {
    const path = join(folder, name)
    writeFileSync(path, content)
    return path
  }
  function pkeyutl(kind: Kind, algorithm: SigningAlgorithm | EncryptionAlgorithm, args: readonly string[]): Buffer {
    const isPublic = args.includes('-verify') || args.includes('-encrypt')
    const pem = isPublic
      ? kind.pair.publicKey.export({ type: 'spki', format: 'pem' })
      : kind.pair.privateKey.export({ type: 'pkcs8', format: 'pem' })
    const options = (OPTIONS[algorithm] ?? []).flatMap((option) => ['-pkeyopt', option])
    const key = ['-inkey', file('key.pem', pem), ...(isPublic ? ['-pubin'] : [])]
    const { status, stdout, stderr } = spawnSync('openssl', ['pkeyutl', ...args, ...key, ...options])
    assert.equal(status, 0, `${algorithm}: ${stderr} ${stdout}`)
    return stdout
  }

  it('verifies these signatures, and makes ones that verify here', () => {
    for (const kind of OPENSSL_KINDS)
      for (const algorithm of kind.signing) {
        const digest = randomBytes(32)
        const at = file('digest', digest)
        const signature = file('signature', signed(kind, algorithm, digest))
        assert.match(pkeyutl(kind, algorithm, ['-verify', '-in', at, '-sigfile', signature]).toString(), /Success/)
        assert.ok(verifies(spki(kind), algorithm, digest, pkeyutl(kind, algorithm, ['-sign', '-in', at])))
      }
  })

  it('decrypts these ciphertexts, and makes ones that decrypt here', () => {
    for (const kind of [rsa, sm2])
      for (const algorithm of kind.encryption) {
        const plaintext = randomBytes(60)
        // It has SM2 ciphertexts in DER.
        const ours = encryptFor(spki(kind), algorithm, plaintext)
        const given = kind === sm2 ? (sm2ToDer(ours) ?? ours) : ours
        assert.deepEqual(pkeyutl(kind, algorithm, ['-decrypt', '-in', file('ciphertext', given)]), plaintext)
        const theirs = pkeyutl(kind, algorithm, ['-encrypt', '-in', file('plaintext', plaintext)])
        const found = decryptWith(privateOf(kind), algorithm, kind === sm2 ? sm2FromDer(theirs) : theirs)
        assert.deepEqual(found && Buffer.from(found), plaintext)
      }
  })
})

describe('SM4-GCM', () => {
  it("seals and opens as Wycheproof's sm4_gcm_test.json says", () => {
    const seen = { valid: 0, invalid: 0 }
    for (const { ivSize, tests } of vectors<Sealings>('sm4_gcm_test.json').testGroups)
      for (const { tcId, key, iv, aad, msg, ct, tag, result } of tests) {
        if (ivSize !== 96) continue
        const sm4 = new Sm4(hex(key))
        const opened = sm4.open(hex(iv), hex(ct + tag), hex(aad))
        assert.equal(opened?.toString('hex') ?? null, result === 'valid' ? msg : null, `test ${tcId}`)
        if (result === 'valid') assert.equal(sm4.seal(hex(iv), hex(msg), hex(aad)).toString('hex'), ct + tag)
        seen[result as keyof typeof seen]++
      }
    assert.ok(seen.valid > 10 && seen.invalid > 10, JSON.stringify(seen))
  })

  it('is of no use once it is wiped', () => {
    const sm4 = new Sm4(randomBytes(16))
    sm4.wipe()
    assert.throws(() => sm4.seal(randomBytes(12), Buffer.from('x'), Buffer.alloc(0)))
  })
})
