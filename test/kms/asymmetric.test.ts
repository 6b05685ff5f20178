// Asymmetric CMKs and SM4: what they sign, verify, encrypt and decrypt, by whom it can be checked, and what they refuse.
import assert from 'node:assert/strict'
import { constants, createHash, createPublicKey, generateKeyPairSync, publicEncrypt, verify } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { decryptWith, encryptFor } from '../../src/cryptography/asymmetric.ts'
import { KEY_SPEC_NAMES, KEY_SPECS, type KeySpec } from '../../src/keystore/key-spec.ts'
import { openTestHouse, type TestHouse } from '../house.ts'
import { makeToken, TOKEN_KINDS, type TokenKind } from '../keystore/pkcs11/tokens.ts'
import { wrapHybrid } from './byok.ts'

const DAY = 86_400_000
const SIGNS = 'SIGN/VERIFY'
const ENCRYPTS = 'ENCRYPT/DECRYPT'
const message = Buffer.from('what is signed')
const Digest = createHash('sha256').update(message).digest('base64')
const base64 = (bytes: Uint8Array | string) => Buffer.from(bytes).toString('base64')

type Made = Readonly<Record<'KeyId' | 'KeyVersionId', string>>

async function versionsOf(house: TestHouse, KeyId: string): Promise<string[]> {
  const { KeyVersions } = await house.must('ListKeyVersions', { KeyId, PageSize: '100' })
  return KeyVersions.KeyVersion.map(({ KeyVersionId }: { KeyVersionId: string }) => KeyVersionId)
}

async function made(house: TestHouse, KeySpec: KeySpec, KeyUsage: string, more = {}): Promise<Made> {
  const { KeyMetadata } = await house.must('CreateKey', { KeySpec, KeyUsage, ...more })
  const { KeyId } = KeyMetadata
  const [KeyVersionId = ''] = await versionsOf(house, KeyId)
  return { KeyId, KeyVersionId }
}

/** The refusal of a call: its code, and the parameter that it names. */
async function refusal(house: TestHouse, action: string, parameters: Record<string, string>): Promise<string> {
  const { status, body } = await house.call(action, parameters)
  assert.notEqual(status, 200, `${action} succeeded`)
  const [, name = ''] = /"(\w+)"/.exec(body.Message) ?? []
  return name === '' ? body.Code : `${body.Code} ${name}`
}

const algorithms = (spec: KeySpec) => {
  const found = KEY_SPECS[spec]
  return found.kind === 'asymmetric' ? { signing: [...found.signing], encryption: Object.keys(found.encryption) } : null
}
const ASYMMETRIC = (Object.keys(KEY_SPECS) as KeySpec[]).filter((spec) => algorithms(spec))

describe('asymmetric CMKs', () => {
  let house: TestHouse
  before(async () => {
    house = await openTestHouse(null)
  })
  after(() => house[Symbol.asyncDispose]())

  for (const spec of ASYMMETRIC) {
    for (const Algorithm of algorithms(spec)?.signing ?? [])
      it(`of ${spec} sign by ${Algorithm}`, async () => {
        const of = { ...(await made(house, spec, SIGNS)), Algorithm, Digest }
        const { Value, KeyId, KeyVersionId } = await house.must('AsymmetricSign', of)
        assert.deepEqual({ KeyId, KeyVersionId }, { KeyId: of.KeyId, KeyVersionId: of.KeyVersionId })
        assert.equal((await house.must('AsymmetricVerify', { ...of, Value })).Value, true)
        const other = createHash('sha256').update('x').digest('base64')
        assert.equal((await house.must('AsymmetricVerify', { ...of, Value, Digest: other })).Value, false)
        const cut = base64(Buffer.from(Value, 'base64').subarray(0, -1))
        assert.equal((await house.must('AsymmetricVerify', { ...of, Value: cut })).Value, false)

        const { PublicKey } = await house.must('GetPublicKey', { KeyId, KeyVersionId })
        assert.match(PublicKey, /^-----BEGIN PUBLIC KEY-----\n([A-Za-z0-9+/=]{1,64}\n)+-----END PUBLIC KEY-----\n$/)
        const key = createPublicKey(PublicKey)
        const padding = Algorithm === 'RSA_PSS_SHA_256' ? constants.RSA_PKCS1_PSS_PADDING : constants.RSA_PKCS1_PADDING
        const how = key.asymmetricKeyType === 'rsa' ? { key, padding, saltLength: 32 } : key
        const [hash, signed] = spec.startsWith('ML_DSA') ? [null, Buffer.from(Digest, 'base64')] : ['sha256', message]
        // node:crypto signs SM2 over a digest of its own only; test/cryptography/asymmetric.test.ts asks the openssl program.
        if (spec !== 'EC_SM2') assert.ok(verify(hash, signed, how, Buffer.from(Value, 'base64')))
      })
    for (const Algorithm of algorithms(spec)?.encryption ?? [])
      it(`of ${spec} encrypt by ${Algorithm}, up to their limit`, async () => {
        const of = { ...(await made(house, spec, ENCRYPTS)), Algorithm }
        const most =
          Algorithm === 'SM2PKE' ? 6047 : ({ RSAES_OAEP_SHA_256: -66, RSAES_OAEP_SHA_1: -42 }[Algorithm] ?? 0)
        const length = most > 0 ? most : (spec === 'RSA_2048' ? 256 : 384) + most
        const Plaintext = base64(Buffer.alloc(length, 9))
        const { CiphertextBlob } = await house.must('AsymmetricEncrypt', { ...of, Plaintext })
        assert.equal((await house.must('AsymmetricDecrypt', { ...of, CiphertextBlob })).Plaintext, Plaintext)
        const longer = base64(Buffer.alloc(length + 1))
        assert.equal(
          await refusal(house, 'AsymmetricEncrypt', { ...of, Plaintext: longer }),
          'InvalidParameter Plaintext',
        )

        const { PublicKey } = await house.must('GetPublicKey', { KeyId: of.KeyId, KeyVersionId: of.KeyVersionId })
        const key = createPublicKey(PublicKey)
        const theirs =
          Algorithm === 'SM2PKE'
            ? encryptFor(key.export({ type: 'spki', format: 'der' }), Algorithm, Buffer.from('hello'))
            : publicEncrypt(
                { key, oaepHash: Algorithm === 'RSAES_OAEP_SHA_1' ? 'sha1' : 'sha256' },
                Buffer.from('hello'),
              )
        const opened = await house.must('AsymmetricDecrypt', { ...of, CiphertextBlob: base64(theirs) })
        assert.equal(Buffer.from(opened.Plaintext, 'base64').toString(), 'hello')
      })
  }

  it('show what they are, and can be found by it', async () => {
    const { KeyMetadata } = await house.must('CreateKey', { KeySpec: 'EC_P256', Description: 'shown' })
    const { KeySpec, KeyUsage, KeyState, AutomaticRotation, PrimaryKeyVersion, LastRotationDate } = KeyMetadata
    assert.deepEqual(
      { KeySpec, KeyUsage, KeyState, AutomaticRotation, PrimaryKeyVersion },
      {
        KeySpec: 'EC_P256',
        KeyUsage: SIGNS,
        KeyState: 'Enabled',
        AutomaticRotation: 'Disabled',
        PrimaryKeyVersion: undefined,
      },
    )
    assert.equal(LastRotationDate, KeyMetadata.CreationDate)
    assert.deepEqual((await house.must('DescribeKey', { KeyId: KeyMetadata.KeyId })).KeyMetadata, KeyMetadata)
    const filters = [
      { Key: 'KeySpec', Values: ['EC_P256'] },
      { Key: 'KeyUsage', Values: [SIGNS] },
      { Key: 'Search', Values: ['shown'] },
    ]
    const { Keys } = await house.must('ListKeys', { Filters: JSON.stringify(filters) })
    assert.deepEqual(
      Keys.Key.map((key: { KeyId: string }) => key.KeyId),
      [KeyMetadata.KeyId],
    )
  })

  it('are for what their spec can do: RSA and SM2 encrypt where nothing is said', async () => {
    const usage = async (KeySpec: KeySpec) => (await house.must('CreateKey', { KeySpec })).KeyMetadata.KeyUsage
    assert.equal(await usage('EC_SM2'), ENCRYPTS)
    assert.equal(await usage('EC_P256K'), SIGNS)
    assert.equal(await usage('Aliyun_SM4'), ENCRYPTS)
    for (const [KeySpec, KeyUsage] of [
      ['EC_P256', ENCRYPTS],
      ['Aliyun_AES_256', SIGNS],
      ['ML_DSA_65', ENCRYPTS],
    ])
      assert.equal(
        await refusal(house, 'CreateKey', { KeySpec: KeySpec ?? '', KeyUsage: KeyUsage ?? '' }),
        'InvalidParameter KeyUsage',
      )
    const of = { KeySpec: 'EC_P256' }
    assert.equal(await refusal(house, 'CreateKey', { ...of, Origin: 'EXTERNAL' }), 'InvalidParameter Origin')
    const rotating = { EnableAutomaticRotation: 'true', RotationInterval: '7d' }
    assert.equal(await refusal(house, 'CreateKey', { ...of, ...rotating }), 'InvalidParameter EnableAutomaticRotation')
  })

  it('refuse what their kind, their usage or their state does not allow, in this order', async () => {
    const [signer, decrypter] = [await made(house, 'EC_P256', SIGNS), await made(house, 'RSA_2048', ENCRYPTS)]
    const symmetric = (await house.must('CreateKey')).KeyMetadata
    const ofSymmetric = { KeyId: symmetric.KeyId, KeyVersionId: symmetric.PrimaryKeyVersion }
    const sign = { Algorithm: 'ECDSA_SHA_256', Digest }
    const encrypt = { Algorithm: 'RSAES_OAEP_SHA_256', Plaintext: 'aaaa' }
    const decrypt = { Algorithm: 'RSAES_OAEP_SHA_256', CiphertextBlob: 'aaaa' }
    const rotation = { EnableAutomaticRotation: 'true', RotationInterval: '7d' }
    const check = async () => {
      for (const one of [decrypter, ofSymmetric]) {
        assert.equal(await refusal(house, 'AsymmetricSign', { ...one, ...sign }), 'Rejected.UnsupportedOperation')
        assert.equal(
          await refusal(house, 'AsymmetricVerify', { ...one, ...sign, Value: 'aaaa' }),
          'Rejected.UnsupportedOperation',
        )
      }
      for (const one of [signer, ofSymmetric]) {
        assert.equal(await refusal(house, 'AsymmetricEncrypt', { ...one, ...encrypt }), 'Rejected.UnsupportedOperation')
        assert.equal(await refusal(house, 'AsymmetricDecrypt', { ...one, ...decrypt }), 'Rejected.UnsupportedOperation')
      }
      assert.equal(await refusal(house, 'GetPublicKey', ofSymmetric), 'Rejected.UnsupportedOperation')
      assert.equal(await refusal(house, 'CreateKeyVersion', ofSymmetric), 'Rejected.UnsupportedOperation')
      for (const { KeyId } of [signer, decrypter]) {
        assert.equal(await refusal(house, 'Encrypt', { KeyId, Plaintext: 'x' }), 'UnsupportedOperation')
        assert.equal(await refusal(house, 'GenerateDataKey', { KeyId }), 'UnsupportedOperation')
        assert.equal(await refusal(house, 'GenerateDataKeyWithoutPlaintext', { KeyId }), 'UnsupportedOperation')
        assert.equal(
          await refusal(house, 'UpdateRotationPolicy', { KeyId, ...rotation }),
          'Rejected.UnsupportedOperation',
        )
        assert.equal(await refusal(house, 'DeleteKeyMaterial', { KeyId }), 'Unsupported.Origin')
      }
      const blob = base64(Buffer.concat([Buffer.from(signer.KeyVersionId), Buffer.alloc(60)]))
      assert.equal(await refusal(house, 'Decrypt', { CiphertextBlob: blob }), 'UnsupportedOperation')
    }
    await check()
    for (const { KeyId } of [signer, decrypter, ofSymmetric]) await house.must('DisableKey', { KeyId })
    await check()
    assert.equal(await refusal(house, 'AsymmetricSign', { ...signer, ...sign }), 'Rejected.Disabled')
    assert.equal(await refusal(house, 'GetPublicKey', signer), 'Rejected.Disabled')
  })

  it('refuse an algorithm of another spec, a digest of another length, and a version of another key', async () => {
    const [ec, rsa] = [await made(house, 'EC_P256', SIGNS), await made(house, 'RSA_2048', ENCRYPTS)]
    const sign = { ...ec, Algorithm: 'ECDSA_SHA_256', Digest }
    const refused = (parameters: Record<string, string>) => refusal(house, 'AsymmetricSign', parameters)
    assert.equal(await refused({ ...sign, Algorithm: 'SM2DSA' }), 'InvalidParameter Algorithm')
    assert.equal(await refused({ ...sign, Algorithm: 'ECDSA' }), 'InvalidParameter Algorithm')
    assert.equal(await refused({ ...sign, Digest: base64(Buffer.alloc(31)) }), 'InvalidParameter Digest')
    assert.equal(await refused({ ...sign, Digest: 'no Base64' }), 'InvalidParameter Digest')
    assert.equal(await refused({ ...sign, KeyVersionId: rsa.KeyVersionId }), 'Forbidden.KeyVersionNotFound')
    assert.equal(await refused({ ...sign, KeyVersionId: 'none' }), 'Forbidden.KeyVersionNotFound')
    const mlDsa = { ...(await made(house, 'ML_DSA_87', SIGNS)), Algorithm: 'ML_DSA_87' }
    assert.equal(await refused({ ...mlDsa, Digest: base64(Buffer.alloc(65)) }), 'InvalidParameter Digest')
    await house.must('AsymmetricSign', { ...mlDsa, Digest: base64('x') })
    const decrypt = { ...rsa, Algorithm: 'RSAES_OAEP_SHA_256' }
    for (const CiphertextBlob of [
      base64(Buffer.alloc(255, 1)),
      base64(Buffer.alloc(256, 1)),
      base64(Buffer.alloc(256, 255)),
    ])
      assert.equal(
        await refusal(house, 'AsymmetricDecrypt', { ...decrypt, CiphertextBlob }),
        'InvalidParameter CiphertextBlob',
      )
    const sm2 = { ...(await made(house, 'EC_SM2', ENCRYPTS)), Algorithm: 'SM2PKE' }
    const offCurve = base64(Buffer.concat([Buffer.of(4), Buffer.alloc(120, 1)]))
    for (const CiphertextBlob of [offCurve, base64(Buffer.alloc(50, 4))])
      assert.equal(
        await refusal(house, 'AsymmetricDecrypt', { ...sm2, CiphertextBlob }),
        'InvalidParameter CiphertextBlob',
      )
  })

  it('re-encrypt for a symmetric key, which then gives back the same Base64', async () => {
    const pair = await made(house, 'RSA_2048', ENCRYPTS)
    const Algorithm = 'RSAES_OAEP_SHA_1'
    const Plaintext = base64(Buffer.from([0, 255, 1, 254]))
    const { CiphertextBlob } = await house.must('AsymmetricEncrypt', { ...pair, Algorithm, Plaintext })
    const DestinationKeyId = (await house.must('CreateKey')).KeyMetadata.KeyId
    const source = {
      SourceKeyId: pair.KeyId,
      SourceKeyVersionId: pair.KeyVersionId,
      SourceEncryptionAlgorithm: Algorithm,
    }
    const again = await house.must('ReEncrypt', { CiphertextBlob, DestinationKeyId, ...source })
    assert.deepEqual([again.KeyId, again.KeyVersionId], [pair.KeyId, pair.KeyVersionId])
    const opened = await house.must('Decrypt', { CiphertextBlob: again.CiphertextBlob })
    assert.deepEqual([opened.Plaintext, opened.KeyId], [Plaintext, DestinationKeyId])
    const refused = (more: object) =>
      refusal(house, 'ReEncrypt', { CiphertextBlob, DestinationKeyId, ...source, ...more })
    assert.equal(await refused({ SourceEncryptionAlgorithm: '' }), 'MissingParameter SourceEncryptionAlgorithm')
    assert.equal(await refused({ SourceEncryptionAlgorithm: 'SM2PKE' }), 'InvalidParameter SourceEncryptionAlgorithm')
    assert.equal(await refused({ CiphertextBlob: 'aaaa' }), 'InvalidParameter CiphertextBlob')
    assert.equal(await refused({ SourceKeyId: DestinationKeyId }), 'Rejected.UnsupportedOperation')
    assert.equal(await refused({ DestinationKeyId: pair.KeyId }), 'UnsupportedOperation')
  })

  it('export data keys for an SM2 public key', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'SM2' })
    const spki = publicKey.export({ type: 'spki', format: 'der' })
    const wrapping = { PublicKeyBlob: base64(spki), WrappingKeySpec: 'EC_SM2', WrappingAlgorithm: 'SM2PKE' }
    const { KeyId } = (await house.must('CreateKey')).KeyMetadata
    const unwrapped = (exported: string) =>
      base64(
        decryptWith(privateKey.export({ type: 'pkcs8', format: 'der' }), 'SM2PKE', Buffer.from(exported, 'base64')) ??
          '',
      )
    const { CiphertextBlob, ExportedDataKey } = await house.must('GenerateAndExportDataKey', { KeyId, ...wrapping })
    const { Plaintext } = await house.must('Decrypt', { CiphertextBlob })
    assert.equal(unwrapped(ExportedDataKey), Plaintext)
    assert.equal(
      unwrapped((await house.must('ExportDataKey', { CiphertextBlob, ...wrapping })).ExportedDataKey),
      Plaintext,
    )
    const refused = (more: object) => refusal(house, 'ExportDataKey', { CiphertextBlob, ...wrapping, ...more })
    assert.equal(await refused({ WrappingAlgorithm: 'RSAES_OAEP_SHA_256' }), 'InvalidParameter WrappingAlgorithm')
    assert.equal(
      await refused({ WrappingKeySpec: 'RSA_2048', WrappingAlgorithm: 'RSAES_OAEP_SHA_1' }),
      'InvalidParameter PublicKeyBlob',
    )
    const offCurve = Buffer.from(spki)
    offCurve.fill(1, offCurve.length - 64)
    assert.equal(await refused({ PublicKeyBlob: base64(offCurve) }), 'InvalidParameter PublicKeyBlob')
  })

  it('can be tried without being used', async () => {
    const [signer, encrypter] = [await made(house, 'EC_P256', SIGNS), await made(house, 'EC_SM2', ENCRYPTS)]
    const [sign, encrypt] = [
      { ...signer, Algorithm: 'ECDSA_SHA_256', Digest },
      { ...encrypter, Algorithm: 'SM2PKE' },
    ]
    const CiphertextBlob = base64(Buffer.alloc(100, 4))
    for (const [action, parameters] of [
      ['AsymmetricSign', sign],
      ['AsymmetricVerify', { ...sign, Value: 'AAAA' }],
      ['AsymmetricEncrypt', { ...encrypt, Plaintext: 'AAAA' }],
      ['AsymmetricDecrypt', { ...encrypt, CiphertextBlob }],
      ['GetPublicKey', signer],
    ] as const) {
      assert.equal(await house.outcome(action, { ...parameters, DryRun: 'true' }), 'DryRunOperationError')
      assert.equal(await house.outcome(action, { ...parameters, KeyVersionId: 'v', DryRun: 'true' }), 'ValidationError')
    }
  })

  it('of SM4 encrypt and rotate as those of AES do', async () => {
    await using own = await openTestHouse(null)
    const rotation = { EnableAutomaticRotation: 'true', RotationInterval: '7d' }
    const { KeyId } = (await own.must('CreateKey', { KeySpec: 'Aliyun_SM4', ...rotation })).KeyMetadata
    const EncryptionContext = '{"a":"b"}'
    const { CiphertextBlob } = await own.must('Encrypt', { KeyId, Plaintext: 'text', EncryptionContext })
    assert.equal(Buffer.from(CiphertextBlob, 'base64').length, 36 + 12 + 4 + 16)
    own.now += 8 * DAY
    assert.equal(await own.sweep(), 1)
    const next = await own.must('GenerateDataKey', { KeyId })
    assert.equal((await versionsOf(own, KeyId)).length, 2)
    assert.equal((await own.must('Decrypt', { CiphertextBlob: next.CiphertextBlob })).Plaintext, next.Plaintext)
    assert.equal((await own.must('Decrypt', { CiphertextBlob, EncryptionContext })).Plaintext, 'text')
    assert.equal(await refusal(own, 'Decrypt', { CiphertextBlob }), 'InvalidParameter CiphertextBlob')
  })

  it('of SM4, and of AES, take material that was wrapped for ML-KEM and X25519 together', async () => {
    const wrapping = { WrappingAlgorithm: 'X_WING_AES_256_KW', WrappingKeySpec: 'X25519_ML_KEM_768' }
    for (const [KeySpec, bytes] of [
      ['Aliyun_SM4', 16],
      ['Aliyun_AES_256', 32],
    ] as const) {
      const { KeyId } = (await house.must('CreateKey', { KeySpec, Origin: 'EXTERNAL' })).KeyMetadata
      const { PublicKey, ImportToken } = await house.must('GetParametersForImport', { KeyId, ...wrapping })
      const wrapped = wrapHybrid(PublicKey, Buffer.alloc(bytes, 7))
      const imported = (EncryptedKeyMaterial: string) =>
        house.outcome('ImportKeyMaterial', { KeyId, ImportToken, EncryptedKeyMaterial })
      // One bit of each part: the ciphertext of ML-KEM, the point, the wrapped material.
      for (const at of [0, 1087, 1088, 1119, 1120, 1120 + bytes + 7]) {
        const changed = Buffer.from(wrapped, 'base64')
        changed[at] = (changed[at] ?? 0) ^ 1
        assert.equal(await imported(base64(changed)), 'InvalidKeyMaterial', `byte ${at}`)
      }
      for (const length of [24, bytes === 16 ? 32 : 16])
        assert.equal(await imported(wrapHybrid(PublicKey, Buffer.alloc(length))), 'InvalidKeyMaterial')
      assert.equal(await imported(wrapped), 'OK')
      const { CiphertextBlob } = await house.must('Encrypt', { KeyId, Plaintext: 'x' })
      assert.equal((await house.must('Decrypt', { CiphertextBlob })).Plaintext, 'x')
      assert.equal(await imported(wrapHybrid(PublicKey, Buffer.alloc(bytes, 8))), 'InvalidKeyMaterial')
      const mixed = { ...wrapping, WrappingKeySpec: 'RSA_2048' }
      assert.equal(
        await refusal(house, 'GetParametersForImport', { KeyId, ...mixed }),
        'InvalidParameter WrappingAlgorithm',
      )
    }
  })

  it('are those of the cloud alone where the operator says so', async () => {
    await using own = await openTestHouse(null, ['--strict-cloud'])
    for (const KeySpec of ['ML_DSA_65', 'ML_DSA_87', 'EC_SM2', 'Aliyun_SM4'])
      assert.equal(await refusal(own, 'CreateKey', { KeySpec }), 'InvalidParameter KeySpec')
    await own.must('CreateKey', { KeySpec: 'EC_P256K' })
    const { KeyId } = (await own.must('CreateKey', { Origin: 'EXTERNAL' })).KeyMetadata
    const wrapping = { WrappingAlgorithm: 'X_WING_AES_256_KW', WrappingKeySpec: 'X25519_ML_KEM_768' }
    assert.equal(
      await refusal(own, 'GetParametersForImport', { KeyId, ...wrapping }),
      'InvalidParameter WrappingKeySpec',
    )
  })

  for (const flag of ['--strict-cloud', '--fips'])
    it(`are listed by DescribeService exactly where CreateKey makes them, with ${flag}`, async () => {
      await using own = await openTestHouse(null, [flag])
      const { KeySpecs } = await own.must('DescribeService')
      const listed = KeySpecs.KeySpec.map(({ Name }: { Name: string }) => Name)
      const outcomes = await Promise.all(KEY_SPEC_NAMES.map((KeySpec) => own.outcome('CreateKey', { KeySpec })))
      assert.deepEqual(
        listed,
        KEY_SPEC_NAMES.filter((_, i) => outcomes[i] === 'OK'),
      )
    })

  it('get versions on demand, seven days apart and fifty at most, none of which is ever removed', async () => {
    await using own = await openTestHouse(null)
    const first = await made(own, 'EC_P256', SIGNS)
    const { KeyId } = first
    await own.must('CreateAlias', { KeyId, AliasName: 'alias/signer' })
    const sign = { KeyId: 'alias/signer', Algorithm: 'ECDSA_SHA_256', Digest }
    const { Value } = await own.must('AsymmetricSign', { ...sign, KeyVersionId: first.KeyVersionId })
    own.now += 7 * DAY - 1
    assert.equal(await refusal(own, 'CreateKeyVersion', { KeyId }), 'Rejected.LimitExceeded')
    own.now += 1
    const { KeyVersion } = await own.must('CreateKeyVersion', { KeyId: 'alias/signer' })
    assert.deepEqual(await versionsOf(own, KeyId), [KeyVersion.KeyVersionId, first.KeyVersionId])
    assert.equal((await own.must('DescribeKey', { KeyId })).KeyMetadata.LastRotationDate, KeyVersion.CreationDate)
    const verified = async (KeyVersionId: string) =>
      (await own.must('AsymmetricVerify', { ...sign, KeyVersionId, Value })).Value
    assert.deepEqual([await verified(first.KeyVersionId), await verified(KeyVersion.KeyVersionId)], [true, false])
    await own.must('DisableKey', { KeyId })
    assert.equal(await refusal(own, 'CreateKeyVersion', { KeyId }), 'Rejected.Disabled')
    await own.must('EnableKey', { KeyId })
    for (let count = 2; count < 50; count++) {
      own.now += 7 * DAY
      await own.must('CreateKeyVersion', { KeyId })
    }
    own.now += 7 * DAY
    assert.equal(await refusal(own, 'CreateKeyVersion', { KeyId }), 'Rejected.LimitExceeded')
    assert.equal(await verified(first.KeyVersionId), true)
  })

  it('are refused by policies as others are, are deleted as others are, and leave no secret in the trail', async () => {
    await using own = await openTestHouse(null)
    const key = await made(own, 'RSA_2048', ENCRYPTS, { Tags: '[{"TagKey":"a","TagValue":"b"}]' })
    const secret = base64('a secret that nobody shows')
    const of = { ...key, Algorithm: 'RSAES_OAEP_SHA_256' }
    const { CiphertextBlob } = await own.must('AsymmetricEncrypt', { ...of, Plaintext: secret })
    await own.must('AsymmetricDecrypt', { ...of, CiphertextBlob })
    await own.must('ScheduleKeyDeletion', { KeyId: key.KeyId, PendingWindowInDays: '7' })
    assert.equal(await refusal(own, 'AsymmetricDecrypt', { ...of, CiphertextBlob }), 'Rejected.PendingDeletion')
    own.now += 7 * DAY
    assert.equal(await own.sweep(), 1)
    assert.equal(await refusal(own, 'GetPublicKey', key), 'Forbidden.KeyNotFound')
    const events = JSON.stringify(await own.events())
    assert.ok(events.includes('"AsymmetricDecrypt"') && events.includes('RSAES_OAEP_SHA_256'))
    assert.ok(!events.includes(secret) && !events.includes(CiphertextBlob))
  })

  it('leave events without the outcome of a verification', async () => {
    const of = { ...(await made(house, 'EC_P256', SIGNS)), Algorithm: 'ECDSA_SHA_256', Digest }
    const { Value } = await house.must('AsymmetricSign', of)
    await house.must('AsymmetricVerify', { ...of, Value })
    await house.must('GetPublicKey', { KeyId: of.KeyId, KeyVersionId: of.KeyVersionId })
    const replies = (await house.events()).slice(-3).map(({ responseElements }) => Object.keys(responseElements ?? {}))
    assert.deepEqual(replies, [['RequestId', 'KeyId', 'KeyVersionId'], ['RequestId', 'KeyId', 'KeyVersionId'], []])
  })

  it('met no failure of its own', () => {
    assert.deepEqual(house.failures, [])
  })
})

function inHsm(kind: TokenKind): void {
  const lacksSha256 =
    'Rejected.UnsupportedOperation: Unsupported operation: the managed HSM here lacks CKM_RSA_PKCS_OAEP with SHA-256'
  let house: TestHouse
  before(async () => {
    house = await openTestHouse(null, [], { token: makeToken(kind) })
  })
  after(() => house[Symbol.asyncDispose]())

  const said = async (action: string, parameters: Record<string, string>): Promise<string> => {
    const { status, body } = await house.call(action, parameters)
    return status === 200 ? 'OK' : `${body.Code}: ${body.Message}`
  }

  it('sign on a curve, and with RSA in both ways', async () => {
    for (const [spec, signing] of [
      ['EC_P256', ['ECDSA_SHA_256']],
      ['RSA_2048', ['RSA_PSS_SHA_256', 'RSA_PKCS1_SHA_256']],
    ] as const) {
      const key = await made(house, spec, SIGNS)
      const { PublicKey } = await house.must('GetPublicKey', key)
      for (const Algorithm of signing) {
        const of = { ...key, Algorithm, Digest }
        const { Value } = await house.must('AsymmetricSign', of)
        assert.equal((await house.must('AsymmetricVerify', { ...of, Value })).Value, true)
        const padding = Algorithm === 'RSA_PSS_SHA_256' ? constants.RSA_PKCS1_PSS_PADDING : constants.RSA_PKCS1_PADDING
        const how = spec === 'RSA_2048' ? { key: PublicKey, padding, saltLength: 32 } : PublicKey
        assert.ok(verify('sha256', message, how, Buffer.from(Value, 'base64')))
        assert.equal(await house.outcome('AsymmetricSign', { ...of, DryRun: 'true' }), 'DryRunOperationError')
      }
    }
  })

  it('decrypt, and encrypt nothing that the device could not decrypt', async () => {
    const key = await made(house, 'RSA_2048', ENCRYPTS)
    const Plaintext = base64('a text')
    for (const Algorithm of ['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256']) {
      const of = { ...key, Algorithm }
      const CiphertextBlob = base64(Buffer.alloc(256, 1))
      if (kind === 'SoftHSM2' && Algorithm === 'RSAES_OAEP_SHA_256') {
        assert.equal(await said('AsymmetricEncrypt', { ...of, Plaintext }), lacksSha256)
        assert.equal(await said('AsymmetricDecrypt', { ...of, CiphertextBlob }), lacksSha256)
        continue
      }
      const encrypted = await house.must('AsymmetricEncrypt', { ...of, Plaintext })
      const opened = await house.must('AsymmetricDecrypt', { ...of, CiphertextBlob: encrypted.CiphertextBlob })
      assert.equal(opened.Plaintext, Plaintext)
      assert.equal(
        await refusal(house, 'AsymmetricDecrypt', { ...of, CiphertextBlob }),
        'InvalidParameter CiphertextBlob',
      )
    }
  })

  it('are refused where the device, or PKCS #11, has no mechanism, which the message names', async () => {
    const create = (KeySpec: string, more = {}) => said('CreateKey', { KeySpec, ...more })
    const unsupported = 'UnsupportedOperation: This action is not supported: '
    assert.equal(
      await create('EC_P256K'),
      kind === 'NSS' ? `${unsupported}the managed HSM here lacks CKM_EC_KEY_PAIR_GEN with secp256k1` : 'OK',
    )
    for (const spec of ['EC_SM2', 'Aliyun_SM4', 'ML_DSA_65', 'ML_DSA_87'])
      assert.equal(await create(spec), `${unsupported}PKCS #11 has no mechanism for ${spec} in a managed HSM`)
    assert.match(await create('Aliyun_SM4', { Origin: 'EXTERNAL' }), /^UnsupportedOperation/)
  })

  it('get further versions, each with a pair of its own', async () => {
    const first = await made(house, 'EC_P256', SIGNS)
    const { KeyId } = first
    house.now += 7 * DAY
    const { KeyVersionId } = (await house.must('CreateKeyVersion', { KeyId })).KeyVersion
    const sign = { KeyId, Algorithm: 'ECDSA_SHA_256', Digest }
    await house.restart()
    const { Value } = await house.must('AsymmetricSign', { ...sign, KeyVersionId })
    const verified = async (version: string) =>
      (await house.must('AsymmetricVerify', { ...sign, KeyVersionId: version, Value })).Value
    assert.deepEqual([await verified(first.KeyVersionId), await verified(KeyVersionId)], [false, true])
  })

  it('met no failure of their own', () => {
    assert.deepEqual(house.failures, [])
  })
}

for (const kind of TOKEN_KINDS) describe(`asymmetric CMKs in an HSM (${kind})`, () => inHsm(kind))
