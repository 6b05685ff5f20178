// FIPS mode (docs/fips.md): what is refused in it, and the program on a real FIPS provider. That needs the provider's module, which Debian 13 has
// as openssl-provider-fips; STRONGROOM_TEST_FIPS_MODULE names it elsewhere.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type Refusal, refuse } from '../src/api/errors.ts'
import { KEY_SPEC_NAMES, type KeySpec } from '../src/keystore/key-spec.ts'
import type { Keystore } from '../src/keystore/keystore.ts'
import { KeystoreRouter } from '../src/keystore/router.ts'
import { hashPassword, isPassword } from '../src/ram/password.ts'
import { SYSTEM } from '../src/runtime/system.ts'
import { type Program, removeFolder, runProgram, startProgram, temporaryFolder } from './acceptance/program.ts'
import { openTestHouse, type TestHouse } from './house.ts'
import { makeToken, nssInFips } from './keystore/pkcs11/tokens.ts'

const NOT_IN_FIPS: readonly KeySpec[] = ['Aliyun_SM4', 'EC_P256K', 'EC_SM2']
const Digest = createHash('sha256').update('message').digest('base64')

describe('a server with --fips', () => {
  let house: TestHouse
  before(async () => {
    house = await openTestHouse(null, ['--fips'])
  })
  after(() => house[Symbol.asyncDispose]())

  it('makes no keys that the FIPS provider does not have, and says which it has', async () => {
    for (const KeySpec of NOT_IN_FIPS) {
      const { status, body } = await house.call('CreateKey', { KeySpec })
      assert.deepEqual([status, body.Code], [400, 'InvalidParameter'])
      assert.match(
        body.Message,
        /KeySpec.*FIPS mode.*Aliyun_AES_256, RSA_2048, RSA_3072, EC_P256, ML_DSA_65, ML_DSA_87/,
      )
    }
    for (const KeySpec of ['Aliyun_AES_256', 'EC_P256', 'ML_DSA_65'])
      assert.equal(await house.outcome('CreateKey', { KeySpec }), 'OK')
  })

  it('takes imported material by RSAES-OAEP alone', async () => {
    const { KeyId } = (await house.must('CreateKey', { Origin: 'EXTERNAL' })).KeyMetadata
    const parameters = (WrappingAlgorithm: string, WrappingKeySpec = 'RSA_2048') =>
      house.call('GetParametersForImport', { KeyId, WrappingAlgorithm, WrappingKeySpec })
    for (const refused of [parameters('RSAES_PKCS1_V1_5'), parameters('X_WING_AES_256_KW', 'X25519_ML_KEM_768')]) {
      const { status, body } = await refused
      assert.deepEqual([status, body.Code], [400, 'InvalidParameter'])
      assert.match(body.Message, /FIPS mode: RSAES_OAEP_SHA_1 or RSAES_OAEP_SHA_256/)
    }
    assert.equal((await parameters('RSAES_OAEP_SHA_256')).status, 200)
  })

  it('does not start outside FIPS mode', async () => {
    const data = temporaryFolder()
    const { code, err } = await runProgram(['serve', '--fips', '--data', data, '--listen', '127.0.0.1:0'])
    removeFolder(data)
    assert.equal(code, 1)
    assert.match(err, /fips is set, but OpenSSL's FIPS provider is not in use: set OPENSSL_CONF/)
  })
})

describe('keys from before FIPS mode', () => {
  const used: string[] = []
  const store = {
    encrypt: async ({ keySpec }: { keySpec: KeySpec }) => void used.push(keySpec),
    sign: async ({ keySpec }: { keySpec: KeySpec }) => void used.push(keySpec),
  } as unknown as Keystore
  const place = (keySpec: KeySpec, protectionLevel: 'SOFTWARE' | 'HSM' = 'SOFTWARE') => ({
    ...{ account: '1', region: 'cn-hangzhou', keyId: 'k', versionId: 'v' },
    ...{ keySpec, protectionLevel },
  })
  const uses = { note: () => {} } as never

  it('are refused at each use, with a word about it; those of an HSM are the matter of the device', async () => {
    const router = new KeystoreRouter(store, store, uses, true)
    const none = new Uint8Array()
    await assert.rejects(
      async () => router.encrypt(place('Aliyun_SM4'), '', none, none),
      ({ code, message }: Refusal) => code === 'UnsupportedOperation' && /FIPS mode.*Aliyun_SM4/.test(message),
    )
    await assert.rejects(
      async () => router.sign(place('EC_P256K'), '', 'ECDSA_SHA_256', none),
      ({ code }: Refusal) => code === refuse('Rejected.UnsupportedOperation').code,
    )
    await router.encrypt(place('Aliyun_AES_256'), '', none, none)
    await router.sign(place('EC_P256K', 'HSM'), '', 'ECDSA_SHA_256', none)
    await new KeystoreRouter(store, null, uses, false).encrypt(place('Aliyun_SM4'), '', none, none)
    assert.deepEqual(used, ['Aliyun_AES_256', 'EC_P256K', 'Aliyun_SM4'])
  })
})

describe('passwords', () => {
  it('have a hash by PBKDF2 in FIPS mode, which is checked outside it too', async () => {
    const stored = await hashPassword('correct horse', SYSTEM, 'pbkdf2')
    assert.match(stored, /^pbkdf2\$[A-Za-z0-9+/]{64}$/)
    assert.equal(await isPassword('correct horse', stored), true)
    assert.equal(await isPassword('correct horsf', stored), false)
  })

  it('have a hash by Argon2id otherwise', async () => {
    const stored = await hashPassword('correct horse', SYSTEM)
    assert.match(stored, /^[A-Za-z0-9+/]{64}$/)
    assert.equal(await isPassword('correct horse', stored), true)
  })
})

describe('a token of NSS in FIPS mode', () => {
  it('has AES, RSA and EC keys, and takes imported material', async () => {
    await using house = await openTestHouse(null, [], { token: nssInFips(makeToken('NSS')) })
    const { KeyId } = (await house.must('CreateKey')).KeyMetadata
    const { CiphertextBlob } = await house.must('Encrypt', { KeyId, Plaintext: 'x' })
    assert.equal((await house.must('Decrypt', { CiphertextBlob })).Plaintext, 'x')
    for (const [KeySpec, Algorithm] of [
      ['RSA_2048', 'RSA_PSS_SHA_256'],
      ['EC_P256', 'ECDSA_SHA_256'],
    ] as const) {
      const made = (await house.must('CreateKey', { KeySpec, KeyUsage: 'SIGN/VERIFY' })).KeyMetadata
      const { KeyVersions } = await house.must('ListKeyVersions', { KeyId: made.KeyId })
      const sign = { KeyId: made.KeyId, KeyVersionId: KeyVersions.KeyVersion[0].KeyVersionId, Algorithm, Digest }
      const { Value } = await house.must('AsymmetricSign', sign)
      assert.equal((await house.must('AsymmetricVerify', { ...sign, Value })).Value, true)
    }
    const external = (await house.must('CreateKey', { Origin: 'EXTERNAL' })).KeyMetadata.KeyId
    await house.must('ImportKeyMaterial', {
      KeyId: external,
      ...(await wrappedFor(external, (action, parameters) => house.must(action, parameters))),
    })
    assert.equal(await house.outcome('Encrypt', { KeyId: external, Plaintext: 'x' }), 'OK')
  })
})

/** Material of 32 bytes, wrapped for a CMK by RSAES-OAEP. */
async function wrappedFor(
  KeyId: string,
  must: (action: string, parameters: Record<string, string>) => Promise<{ PublicKey: string; ImportToken: string }>,
): Promise<Record<string, string>> {
  const { constants, createPublicKey, publicEncrypt } = await import('node:crypto')
  const wrapping = { WrappingAlgorithm: 'RSAES_OAEP_SHA_256', WrappingKeySpec: 'RSA_2048' }
  const { PublicKey, ImportToken } = await must('GetParametersForImport', { KeyId, ...wrapping })
  const key = createPublicKey({ key: Buffer.from(PublicKey, 'base64'), format: 'der', type: 'spki' })
  const padding = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }
  return { ImportToken, EncryptedKeyMaterial: publicEncrypt({ key, ...padding }, randomBytes(32)).toString('base64') }
}

const MODULE = [
  process.env['STRONGROOM_TEST_FIPS_MODULE'],
  `/usr/lib/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu/ossl-modules/fips.so`,
].find((path) => path !== undefined && existsSync(path))

/** What OPENSSL_CONF names, made as docs/fips.md says. */
function configuration(folder: string, module: string): string {
  const installed = join(folder, 'fipsmodule.cnf')
  execFileSync('openssl', ['fipsinstall', '-module', module, '-out', installed], { stdio: 'pipe' })
  const path = join(folder, 'openssl.cnf')
  writeFileSync(
    path,
    `nodejs_conf = strongroom
.include ${installed}
[strongroom]
providers = providers
alg_section = algorithms
[providers]
fips = fips_sect
base = base_sect
[base_sect]
activate = 1
[fips_sect]
module = ${module}
[algorithms]
default_properties = fips=yes
`,
  )
  return path
}

const skip = MODULE === undefined && 'there is no fips.so: STRONGROOM_TEST_FIPS_MODULE names none'

describe("the program on OpenSSL's FIPS provider", { skip }, () => {
  const folder = temporaryFolder()
  let env: Record<string, string>
  let program: Program
  let former: string

  before(async () => {
    env = { OPENSSL_CONF: configuration(folder, MODULE ?? '') }
    const outside = await startProgram({ data: join(folder, 'data') })
    former = (await outside.call('CreateKey', { KeySpec: 'Aliyun_SM4' })).body.KeyMetadata.KeyId
    await outside.stop()
    program = await startProgram({ data: join(folder, 'data'), flags: ['--fips'], env })
  })
  after(async () => {
    await program?.stop()
    removeFolder(folder)
  })

  const must = async (action: string, parameters: Record<string, string> = {}) => {
    const { status, body } = await program.call(action, parameters)
    assert.equal(status, 200, `${action}: ${JSON.stringify(body)}`)
    return body
  }

  it('makes and uses a key of each spec that the page names', async () => {
    for (const KeySpec of KEY_SPEC_NAMES.filter((name) => !NOT_IN_FIPS.includes(name))) {
      const made = (await must('CreateKey', { KeySpec })).KeyMetadata
      if (KeySpec === 'Aliyun_AES_256') {
        const { CiphertextBlob } = await must('Encrypt', { KeyId: made.KeyId, Plaintext: 'x' })
        assert.equal((await must('Decrypt', { CiphertextBlob })).Plaintext, 'x')
        continue
      }
      const { KeyVersions } = await must('ListKeyVersions', { KeyId: made.KeyId })
      const of = { KeyId: made.KeyId, KeyVersionId: KeyVersions.KeyVersion[0].KeyVersionId }
      if (made.KeyUsage === 'ENCRYPT/DECRYPT') {
        for (const Algorithm of ['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256']) {
          const { CiphertextBlob } = await must('AsymmetricEncrypt', { ...of, Algorithm, Plaintext: 'eA==' })
          assert.equal((await must('AsymmetricDecrypt', { ...of, Algorithm, CiphertextBlob })).Plaintext, 'eA==')
        }
        continue
      }
      const sign = { ...of, Algorithm: KeySpec === 'EC_P256' ? 'ECDSA_SHA_256' : KeySpec, Digest }
      const { Value } = await must('AsymmetricSign', sign)
      assert.equal((await must('AsymmetricVerify', { ...sign, Value })).Value, true)
    }
  })

  it('takes imported material by RSAES-OAEP, keeps secrets, and signs the trail', async () => {
    const { KeyId } = (await must('CreateKey', { Origin: 'EXTERNAL' })).KeyMetadata
    await must('ImportKeyMaterial', { KeyId, ...(await wrappedFor(KeyId, must)) })
    await must('Encrypt', { KeyId, Plaintext: 'x' })
    await must('CreateSecret', { SecretName: 's', SecretData: 'x', VersionId: 'v1' })
    assert.equal((await must('GetSecretValue', { SecretName: 's' })).SecretData, 'x')
    const verified = await runProgram(['audit', 'verify', '--fips', '--data', join(folder, 'data')], env)
    assert.equal(verified.code, 0, verified.err)
  })

  it('refuses a key that was made outside FIPS mode, and goes on', async () => {
    const { status, body } = await program.call('Encrypt', { KeyId: former, Plaintext: 'x' })
    assert.deepEqual([status, body.Code], [400, 'UnsupportedOperation'])
    assert.match(body.Message, /FIPS mode/)
    await must('DescribeKey', { KeyId: former })
  })

  it('refuses a passphrase for the root key, backups and files of age, and says why', async () => {
    const serve = ['serve', '--fips', '--data', join(folder, 'other'), '--listen', '127.0.0.1:0']
    const started = await runProgram(serve, { ...env, STRONGROOM_PASSPHRASE: 'five random words would do' })
    assert.equal(started.code, 1)
    assert.match(started.err, /by Argon2id, which OpenSSL's FIPS provider does not have: .*key file, or .*HSM/)
    const backup = await runProgram(['backup', 'key', '--output', join(folder, 'key')], env)
    assert.equal(backup.code, 1)
    assert.match(backup.err, /age file.*which OpenSSL's FIPS provider does not have/)
    const decrypted = await runProgram(['decrypt', join(folder, 'none.age')], env)
    assert.equal(decrypted.code, 1)
    assert.match(decrypted.err, /format of age.*which OpenSSL's FIPS provider does not have/)
  })
})
