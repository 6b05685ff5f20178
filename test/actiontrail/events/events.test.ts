// Events as calls leave them.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { eachDatabase } from '../../databases.ts'
import type { TestHouse } from '../../house.ts'
import { importParameters, prepareImport } from '../../kms/byok.ts'

eachDatabase((open) => {
  describe('events', () => {
    let house: TestHouse
    before(async () => {
      house = await open()
    })
    after(() => house[Symbol.asyncDispose]())

    const last = async () => (await house.events()).at(-1) ?? {}

    it('say of a CreateKey what the cloud’s sample says', async () => {
      const { KeyMetadata, RequestId } = await house.must('CreateKey', { Description: 'orders', Origin: 'Aliyun_KMS' })
      const { accountId, accessKeyId } = house.credentials
      const { KeyId, Arn, KeyState, KeyUsage, KeySpec, Origin, ProtectionLevel, CreationDate } = KeyMetadata
      assert.deepEqual(await last(), {
        eventId: RequestId,
        eventVersion: 1,
        eventCategory: 'Management',
        eventType: 'ApiCall',
        eventName: 'CreateKey',
        eventRW: 'Write',
        eventTime: CreationDate,
        eventSource: '127.0.0.1',
        serviceName: 'Kms',
        apiVersion: '2016-01-20',
        acsRegion: 'cn-hangzhou',
        isGlobal: false,
        requestId: RequestId,
        sourceIpAddress: '127.0.0.1',
        userAgent: 'strongroom-cli',
        requestParameters: { Description: 'orders', Origin: 'Aliyun_KMS' },
        requestParameterJson: '{"Description":"orders","Origin":"Aliyun_KMS"}',
        responseElements: {
          RequestId,
          KeyMetadata: { KeyId, Arn, KeyState, KeyUsage, KeySpec, Origin, ProtectionLevel, CreationDate },
        },
        referencedResources: { 'ACS::KMS::Key': [KeyId] },
        resourceType: 'ACS::KMS::Key',
        resourceName: KeyId,
        userIdentity: { type: 'root-account', accountId, principalId: accountId, userName: 'root', accessKeyId },
        recipientAccountId: accountId,
      })
    })

    it('have the error of a refused call, and no answer', async () => {
      const { body } = await house.call('DescribeKey', { KeyId: 'alias/none' })
      const event = await last()
      assert.deepEqual([event['errorCode'], event['errorMessage']], [body.Code, body.Message])
      assert.deepEqual([event['resourceName'], 'responseElements' in event], ['alias/none', false])
      await house.call('ScheduleKeyDeletion', { KeyId: 'x', PendingWindowInDays: '3' })
      assert.equal((await last())['errorCode'], 'InvalidParameter')
    })

    it('name every resource of a call, joined by type', async () => {
      const [one, two] = [await house.must('CreateKey'), await house.must('CreateKey')]
      const [old, target] = [one.KeyMetadata.KeyId, two.KeyMetadata.KeyId]
      await house.must('CreateAlias', { KeyId: old, AliasName: 'alias/a' })
      assert.equal((await last())['resourceName'], `alias/a;${old}`)
      await house.must('UpdateAlias', { KeyId: target, AliasName: 'alias/a' })
      const event = await last()
      assert.deepEqual(
        [event['resourceType'], event['resourceName']],
        ['ACS::KMS::Alias;ACS::KMS::Key', `alias/a;${old},${target}`],
      )
      await house.must('Encrypt', { KeyId: 'alias/a', Plaintext: 'x' })
      assert.deepEqual((await last())['referencedResources'], { 'ACS::KMS::Key': [target] })
      await house.must('ListKeys')
      assert.equal('referencedResources' in (await last()), false)
    })

    it('are not made of calls whose caller is not known, and of DescribeRegions', async () => {
      const before = (await house.events()).length
      await house.call('CreateKey', {}, { ...house.credentials, accessKeySecret: 'wrong' })
      await house.call('CreateKey', {}, { ...house.credentials, accessKeyId: 'LTAInobody' })
      await house.call('DescribeRegions')
      assert.equal((await house.events()).length, before)
    })

    it('cut values over 1,024 characters', async () => {
      await house.must('CreateKey', { Description: 'd'.repeat(2000) })
      const { Description } = (await last())['requestParameters'] as Record<string, string>
      assert.equal(Description, `${'d'.repeat(1024)}...`)
    })

    it('hold no plaintext, material, ciphertext, token or signature, whether calls succeed or fail', async () => {
      const { KeyId } = (await house.must('CreateKey', { Origin: 'EXTERNAL' })).KeyMetadata
      const prepared = await prepareImport(house, KeyId)
      const secrets = [prepared.token, prepared.wrapped, prepared.publicKey, prepared.material.toString('base64')]
      await house.must('ImportKeyMaterial', importParameters(prepared))
      await house.call('ImportKeyMaterial', {
        ...importParameters(prepared),
        ImportToken: 'canary-token',
        EncryptedKeyMaterial: 'canary-material',
      })
      const { CiphertextBlob } = await house.must('Encrypt', { KeyId, Plaintext: 'canary-plaintext' })
      await house.must('Decrypt', { CiphertextBlob })
      await house.call('Decrypt', { CiphertextBlob: 'canary-ciphertext' })
      await house.call('Encrypt', { KeyId, Plaintext: `canary-plaintext${'x'.repeat(7000)}` })
      await house.call('Encrypt', { KeyId, Plaintext: 'canary-plaintext', EncryptionContext: '[' })
      await house.call('EnableKey', { KeyId, Plaintext: 'canary-unknown' })
      const secret = { SecretName: 'watched', VersionId: 'v1', SecretData: 'canary-value' }
      await house.must('CreateSecret', secret)
      await house.must('GetSecretValue', { SecretName: 'watched' })
      await house.must('PutSecretValue', { ...secret, VersionId: 'v2', SecretData: 'canary-second' })
      await house.call('PutSecretValue', { ...secret, SecretData: 'canary-other' })
      const all = JSON.stringify([await house.open.storage.events.after(0, 1_000_000), house.failures])
      for (const secret of [...secrets, CiphertextBlob, house.credentials.accessKeySecret, 'canary', 'Signature'])
        assert.equal(all.includes(secret), false, secret.slice(0, 40))
    })
  })
})
