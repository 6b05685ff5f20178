// Data keys without plaintext, exported ones, and re-encryption.
import assert from 'node:assert/strict'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { withNewDataKey } from '../../src/kms/data-key.ts'
import type { KmsContext } from '../../src/kms/operation.ts'
import { openTestHouse, type TestHouse } from '../house.ts'
import { exportTo, rsaPair, unwrapExported } from './export.ts'

describe('data keys and re-encryption', () => {
  let house: TestHouse
  const { publicKey, privateKey } = rsaPair()
  before(async () => {
    house = await openTestHouse(null)
  })
  after(() => house[Symbol.asyncDispose]())

  const createKey = async (): Promise<string> => (await house.must('CreateKey')).KeyMetadata.KeyId
  const decrypted = async (CiphertextBlob: string, EncryptionContext = ''): Promise<string> =>
    (await house.must('Decrypt', { CiphertextBlob, EncryptionContext })).Plaintext
  const context = '{"order":"42"}'

  it('are wiped once their use has ended, however it ends, and not before', async () => {
    let made: readonly Uint8Array[] = []
    const isWiped = () => made.every((bytes) => bytes.every((byte) => byte === 0))
    const during = <T>(use: () => T) =>
      withNewDataKey<T>(16, { randomBytes } as unknown as KmsContext, (...both) => {
        made = both
        assert.deepEqual([both[0].length, isWiped()], [16, false])
        return use()
      })
    const fail = () => {
      throw new Error('failed')
    }
    assert.equal(
      during(() => 'used'),
      'used',
    )
    assert.ok(isWiped())
    assert.throws(() => during(fail), /failed/)
    assert.ok(isWiped())
    const device = Promise.withResolvers<void>()
    const pending = during(() => device.promise)
    assert.ok(!isWiped())
    device.resolve()
    await pending
    assert.ok(isWiped())
    await assert.rejects(async () => during(() => Promise.reject(new Error('failed'))), /failed/)
    assert.ok(isWiped())
  })

  it('GenerateDataKeyWithoutPlaintext answers with what Decrypt opens, and with no plaintext', async () => {
    const KeyId = await createKey()
    for (const [parameters, bytes] of [
      [{}, 32],
      [{ KeySpec: 'AES_128' }, 16],
      [{ KeySpec: 'AES_256', NumberOfBytes: '1024' }, 1024],
      [{ KeySpec: 'nonsense', NumberOfBytes: '1' }, 1],
    ] as [Record<string, string>, number][]) {
      const answer = await house.must('GenerateDataKeyWithoutPlaintext', {
        KeyId,
        ...parameters,
        EncryptionContext: context,
      })
      assert.deepEqual(Object.keys(answer).sort(), ['CiphertextBlob', 'KeyId', 'KeyVersionId', 'RequestId'])
      const plaintext = Buffer.from(await decrypted(answer.CiphertextBlob, context), 'base64')
      assert.equal(plaintext.length, bytes)
    }
    for (const bad of [{ KeySpec: 'AES_512' }, { NumberOfBytes: '0' }, { NumberOfBytes: '1025' }] as Record<
      string,
      string
    >[])
      assert.equal(await house.outcome('GenerateDataKeyWithoutPlaintext', { KeyId, ...bad }), 'InvalidParameter')
  })

  it('GenerateAndExportDataKey answers with one key twice: encrypted, and wrapped for the public key', async () => {
    const KeyId = await createKey()
    for (const [algorithm, bytes] of [
      ['RSAES_OAEP_SHA_256', 190],
      ['RSAES_OAEP_SHA_1', 214],
    ] as const) {
      for (const NumberOfBytes of ['1', '32', String(bytes)]) {
        const { CiphertextBlob, ExportedDataKey } = await house.must('GenerateAndExportDataKey', {
          KeyId,
          NumberOfBytes,
          ...exportTo(publicKey, algorithm),
        })
        const dataKey = unwrapExported(privateKey, ExportedDataKey, algorithm)
        assert.equal(dataKey.length, Number(NumberOfBytes))
        assert.equal(await decrypted(CiphertextBlob), dataKey.toString('base64'))
      }
      const tooLong = { KeyId, NumberOfBytes: String(bytes + 1), ...exportTo(publicKey, algorithm) }
      assert.equal(await house.outcome('GenerateAndExportDataKey', tooLong), 'InvalidParameter')
    }
  })

  it('ExportDataKey wraps the bytes of an encrypted data key, not their Base64', async () => {
    const KeyId = await createKey()
    const made = await house.must('GenerateDataKey', { KeyId, EncryptionContext: context })
    const { CiphertextBlob, KeyVersionId } = made
    const answer = await house.must('ExportDataKey', {
      CiphertextBlob,
      EncryptionContext: context,
      ...exportTo(publicKey),
    })
    assert.deepEqual(Object.keys(answer).sort(), ['ExportedDataKey', 'KeyId', 'KeyVersionId', 'RequestId'])
    assert.deepEqual([answer.KeyId, answer.KeyVersionId], [KeyId, KeyVersionId])
    assert.equal(unwrapExported(privateKey, answer.ExportedDataKey).toString('base64'), made.Plaintext)
    const wrong = { CiphertextBlob, ...exportTo(publicKey) }
    assert.equal(await house.outcome('ExportDataKey', wrong), 'InvalidParameter', 'another context')
    const long = (await house.must('GenerateDataKey', { KeyId, NumberOfBytes: '191' })).CiphertextBlob
    assert.equal(
      await house.outcome('ExportDataKey', { CiphertextBlob: long, ...exportTo(publicKey) }),
      'InvalidParameter',
    )
    const text = (await house.must('Encrypt', { KeyId, Plaintext: 'no data key' })).CiphertextBlob
    assert.equal(
      await house.outcome('ExportDataKey', { CiphertextBlob: text, ...exportTo(publicKey) }),
      'InvalidParameter',
    )
  })

  it('exports go to RSA-2048 keys alone', async () => {
    const KeyId = await createKey()
    const { publicKey: ec } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
    const good = exportTo(publicKey)
    for (const bad of [
      exportTo(rsaPair(1024).publicKey),
      exportTo(rsaPair(3072).publicKey),
      exportTo(ec),
      { ...good, PublicKeyBlob: 'nonsense' },
      { ...good, PublicKeyBlob: randomBytes(294).toString('base64') },
      { ...good, PublicKeyBlob: `${good['PublicKeyBlob']}\n` },
      { ...good, WrappingKeySpec: 'EC_SM2' },
      { ...good, WrappingAlgorithm: 'SM2PKE' },
      { ...good, WrappingAlgorithm: 'RSAES_PKCS1_V1_5' },
    ])
      assert.equal(await house.outcome('GenerateAndExportDataKey', { KeyId, ...bad }), 'InvalidParameter')
    for (const missing of ['PublicKeyBlob', 'WrappingKeySpec', 'WrappingAlgorithm'])
      assert.equal(
        await house.outcome('GenerateAndExportDataKey', { KeyId, ...good, [missing]: '' }),
        'MissingParameter',
      )
  })

  it('ReEncrypt changes key and context, and answers with the key that opened the ciphertext', async () => {
    const [from, to] = [await createKey(), await createKey()]
    const old = await house.must('Encrypt', { KeyId: from, Plaintext: 'secret', EncryptionContext: context })
    const answer = await house.must('ReEncrypt', {
      CiphertextBlob: old.CiphertextBlob,
      SourceEncryptionContext: context,
      DestinationKeyId: to,
      DestinationEncryptionContext: '{"order":"43"}',
    })
    assert.deepEqual(Object.keys(answer).sort(), ['CiphertextBlob', 'KeyId', 'KeyVersionId', 'RequestId'])
    assert.deepEqual([answer.KeyId, answer.KeyVersionId], [from, old.KeyVersionId])
    const { CiphertextBlob } = answer
    const opened = await house.must('Decrypt', { CiphertextBlob, EncryptionContext: '{"order":"43"}' })
    assert.deepEqual([opened.Plaintext, opened.KeyId], ['secret', to])
    assert.equal(await house.outcome('Decrypt', { CiphertextBlob, EncryptionContext: context }), 'InvalidParameter')
    assert.equal(await decrypted(old.CiphertextBlob, context), 'secret')
    const event = (await house.events()).findLast(({ eventName }) => eventName === 'ReEncrypt') ?? {}
    assert.deepEqual(event['referencedResources'], { 'ACS::KMS::Key': [from, to] })
    assert.equal(JSON.stringify(event).includes('secret'), false)
  })

  it('ReEncrypt moves a ciphertext to the newest version of its key', async () => {
    const policy = { EnableAutomaticRotation: 'true', RotationInterval: '7d' }
    const KeyId: string = (await house.must('CreateKey', policy)).KeyMetadata.KeyId
    const { CiphertextBlob, KeyVersionId } = await house.must('Encrypt', { KeyId, Plaintext: 'x' })
    house.now += 7 * 86_400_000
    await house.sweep()
    const moved = await house.must('ReEncrypt', { CiphertextBlob, DestinationKeyId: KeyId })
    const opened = await house.must('Decrypt', { CiphertextBlob: moved.CiphertextBlob })
    assert.equal(opened.Plaintext, 'x')
    assert.notEqual(opened.KeyVersionId, KeyVersionId)
    assert.equal(opened.KeyVersionId, (await house.must('DescribeKey', { KeyId })).KeyMetadata.PrimaryKeyVersion)
    const event = (await house.events()).findLast(({ eventName }) => eventName === 'ReEncrypt') ?? {}
    assert.deepEqual(event['referencedResources'], { 'ACS::KMS::Key': [KeyId] })
  })

  it('ReEncrypt refuses what is not authentic, unknown keys, aliases, and a source that is not asymmetric', async () => {
    const KeyId = await createKey()
    const { CiphertextBlob } = await house.must('Encrypt', { KeyId, Plaintext: 'x' })
    const to = { CiphertextBlob, DestinationKeyId: KeyId }
    await house.must('CreateAlias', { KeyId, AliasName: 'alias/re' })
    const source = { SourceKeyId: KeyId, SourceKeyVersionId: 'v', SourceEncryptionAlgorithm: 'RSAES_OAEP_SHA_256' }
    for (const [parameters, code] of [
      [{ ...to, SourceEncryptionContext: context }, 'InvalidParameter'],
      [{ ...to, CiphertextBlob: 'AAAA' }, 'InvalidParameter'],
      [{ ...to, DestinationKeyId: 'none' }, 'Forbidden.KeyNotFound'],
      [{ ...to, DestinationKeyId: 'alias/re' }, 'Unsupported.Alias'],
      [{ ...to, ...source }, 'Rejected.UnsupportedOperation'],
      [{ ...to, SourceKeyId: KeyId }, 'MissingParameter'],
      [{ ...to, SourceEncryptionAlgorithm: 'RSAES_OAEP_SHA_256' }, 'MissingParameter'],
      [{ CiphertextBlob }, 'MissingParameter'],
      [{ DestinationKeyId: KeyId }, 'MissingParameter'],
    ] as [Record<string, string>, string][])
      assert.equal(await house.outcome('ReEncrypt', parameters), code)
  })

  it('events show none of what is secret', async () => {
    const text = JSON.stringify(await house.events())
    for (const name of ['CiphertextBlob', 'Plaintext', 'PublicKeyBlob', 'ExportedDataKey'])
      assert.equal(text.includes(`"${name}"`), false, name)
    assert.deepEqual(house.failures, [])
  })
})
