// Key pairs in a token, close up: the library is loaded into this very process, and what it makes is checked by two other programs.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { constants, createPublicKey, hash, type KeyObject, publicEncrypt, randomBytes, verify } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { Cluster } from '../../../src/keystore/pkcs11/cluster.ts'
import { Cryptoki } from '../../../src/keystore/pkcs11/cryptoki.ts'
import { loadLibrary } from '../../../src/keystore/pkcs11/library.ts'
import { monotonicMs, type Works } from '../../../src/keystore/pkcs11/protocol.ts'
import { Token } from '../../../src/keystore/pkcs11/token.ts'
import { makeToken, PIN, type TestToken, TOKEN_KINDS, type TokenKind } from './tokens.ts'

type Made = Extract<Works['makePair']['answer'], { id: string }> & { readonly key: KeyObject }

const message = randomBytes(100)
const digest = hash('sha256', message, 'buffer')
const soon = () => monotonicMs() + 60_000
const PSS = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }
const PSS_OPTIONS = ['-sigopt', 'rsa_padding_mode:pss', '-sigopt', 'rsa_pss_saltlen:32']

function suite(kind: TokenKind): void {
  let test: TestToken
  let cluster: Cluster
  before(async () => {
    test = makeToken(kind)
    Object.assign(process.env, test.env)
    const parameters = test.flags[test.flags.indexOf('--hsm-parameters') + 1] ?? null
    const cryptoki = new Cryptoki(
      await loadLibrary({ module: test.module, parameters: kind === 'NSS' ? parameters : null }),
    )
    const settings = { name: test.label, pin: PIN, sessions: 4, leftAlone: null }
    cluster = new Cluster(cryptoki, [new Token(cryptoki, settings, () => {})])
  })
  after(() => test[Symbol.dispose]())

  async function make(spec: Works['makePair']['ask']['spec'], use: 'sign' | 'decrypt'): Promise<Made> {
    const made = await cluster.makePair({ prefix: 'ab'.repeat(16), label: 'strongroom/test', spec, use }, soon())
    assert.ok('id' in made, JSON.stringify(made))
    return { ...made, key: createPublicKey({ key: Buffer.from(made.publicKey), format: 'der', type: 'spki' }) }
  }

  async function sign(id: string, algorithm: Works['sign']['ask']['algorithm']): Promise<Uint8Array> {
    const answer = await cluster.sign({ id, algorithm, digest }, soon())
    assert.ok('signature' in answer, JSON.stringify(answer))
    return answer.signature
  }

  /** Throws unless OpenSSL's own program finds the signature right. */
  function verifyByOpenssl(key: KeyObject, signature: Uint8Array, options: readonly string[] = []): void {
    const [pem, signed, text] = ['key.pem', 'signature', 'text'].map((name) => join(test.folder, name)) as [
      string,
      string,
      string,
    ]
    writeFileSync(pem, key.export({ type: 'spki', format: 'pem' }))
    writeFileSync(signed, signature)
    writeFileSync(text, message)
    execFileSync('openssl', ['dgst', '-sha256', ...options, '-verify', pem, '-signature', signed, text])
  }

  it('sign on curves, as DER, each signature another', async () => {
    for (const spec of kind === 'NSS' ? (['EC_P256'] as const) : (['EC_P256', 'EC_P256K'] as const)) {
      const { id, key } = await make(spec, 'sign')
      const namedCurve = spec === 'EC_P256' ? 'prime256v1' : 'secp256k1'
      assert.deepEqual(key.asymmetricKeyDetails, { namedCurve })
      // So many that numbers with a first bit, and with a leading zero, are among them.
      for (let i = 0; i < 40; i++) assert.ok(verify('sha256', message, key, await sign(id, 'ECDSA_SHA_256')))
      const signature = await sign(id, 'ECDSA_SHA_256')
      verifyByOpenssl(key, signature)
      assert.notDeepEqual(await sign(id, 'ECDSA_SHA_256'), signature)
      assert.equal(verify('sha256', 'another text', key, signature), false)
    }
  })

  it('sign with RSA, by PSS with a salt as long as the digest and by PKCS #1 v1.5', async () => {
    const { id, key } = await make('RSA_3072', 'sign')
    assert.deepEqual(key.asymmetricKeyDetails, { modulusLength: 3072, publicExponent: 65_537n })
    const pss = await sign(id, 'RSA_PSS_SHA_256')
    assert.ok(verify('sha256', message, { key, ...PSS }, pss))
    verifyByOpenssl(key, pss, PSS_OPTIONS)
    const pkcs1 = await sign(id, 'RSA_PKCS1_SHA_256')
    assert.ok(verify('sha256', message, key, pkcs1))
    verifyByOpenssl(key, pkcs1)
    assert.deepEqual([pss.length, pkcs1.length], [384, 384])
  })

  it('decrypt what was encrypted with the public key, and tell what was not', async () => {
    const { id, key } = await make('RSA_2048', 'decrypt')
    const padding = constants.RSA_PKCS1_OAEP_PADDING
    const decrypt = (algorithm: Works['decryptAsymmetric']['ask']['algorithm'], ciphertext: Uint8Array) =>
      cluster.decryptAsymmetric({ id, algorithm, ciphertext }, soon())
    for (const length of [0, 1, 214]) {
      const plaintext = randomBytes(length)
      const ciphertext = publicEncrypt({ key, padding, oaepHash: 'sha1' }, plaintext)
      assert.deepEqual(await decrypt('RSAES_OAEP_SHA_1', ciphertext), { plaintext })
      ciphertext[255] = (ciphertext[255] ?? 0) ^ 1
      assert.equal(await decrypt('RSAES_OAEP_SHA_1', ciphertext), null)
    }
    assert.equal(await decrypt('RSAES_OAEP_SHA_1', Buffer.alloc(256, 0xff)), null)
    const ofSha256 = publicEncrypt({ key, padding, oaepHash: 'sha256' }, digest)
    assert.equal(await decrypt('RSAES_OAEP_SHA_1', ofSha256), null)
    const opened = await decrypt('RSAES_OAEP_SHA_256', ofSha256)
    if (kind === 'NSS') assert.deepEqual(opened, { plaintext: digest })
    else assert.deepEqual(opened, { unsupported: 'lacks CKM_RSA_PKCS_OAEP with SHA-256' })
    assert.equal(
      await cluster.lackOfDecryption({ algorithm: 'RSAES_OAEP_SHA_256' }, soon()),
      kind === 'NSS' ? null : 'lacks CKM_RSA_PKCS_OAEP with SHA-256',
    )
    assert.equal(await cluster.lackOfDecryption({ algorithm: 'RSAES_OAEP_SHA_1' }, soon()), null)
  })

  it('sign or decrypt, and never both', async () => {
    const [signer, decrypter] = [await make('EC_P256', 'sign'), await make('RSA_2048', 'decrypt')]
    const signed = await cluster.sign({ id: decrypter.id, algorithm: 'RSA_PKCS1_SHA_256', digest }, soon())
    assert.ok('unsupported' in signed)
    const ciphertext = randomBytes(256)
    const opened = cluster.decryptAsymmetric({ id: signer.id, algorithm: 'RSAES_OAEP_SHA_1', ciphertext }, soon())
    assert.ok('unsupported' in ((await opened) ?? {}))
  })

  it('are not made where the device lacks the curve, which is said', async () => {
    const ask = { prefix: 'ab'.repeat(16), label: 'strongroom/test', spec: 'EC_P256K', use: 'sign' } as const
    const made = await cluster.makePair(ask, soon())
    if (kind === 'NSS') assert.deepEqual(made, { unsupported: 'lacks CKM_EC_KEY_PAIR_GEN with secp256k1' })
    else assert.ok('id' in made)
  })

  it('are destroyed with all that has their name', async () => {
    const { id } = await make('EC_P256', 'sign')
    assert.equal(await cluster.destroy({ id }, soon()), true)
    await assert.rejects(cluster.sign({ id, algorithm: 'ECDSA_SHA_256', digest }, soon()), /there is no private key/)
    assert.doesNotMatch(test.list('privkey'), new RegExp(id))
  })
}

for (const kind of TOKEN_KINDS) describe(`key pairs in a token (${kind})`, () => suite(kind))
