// Secrets: their values, versions and stages, and what their keys allow.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { eachProtectionLevel } from '../databases.ts'
import type { TestHouse } from '../house.ts'

eachProtectionLevel((open) => {
  describe('secrets', () => {
    let house: TestHouse
    before(async () => {
      house = await open()
    })
    after(() => house[Symbol.asyncDispose]())

    let made = 0
    const newName = () => `team/secret-${++made}`
    /** A new secret under a new key, with the version v1. */
    async function secretWith(parameters: Record<string, string> = {}) {
      const keyId: string = (await house.must('CreateKey')).KeyMetadata.KeyId
      const SecretName = newName()
      const given = { SecretName, VersionId: 'v1', SecretData: 'first', EncryptionKeyId: keyId, ...parameters }
      await house.must('CreateSecret', given)
      return { SecretName, keyId }
    }
    const put = (SecretName: string, VersionId: string, more: Record<string, string> = {}) =>
      house.outcome('PutSecretValue', { SecretName, VersionId, SecretData: `data of ${VersionId}`, ...more })
    const dataOf = async (SecretName: string, more: Record<string, string> = {}) => {
      const { status, body } = await house.call('GetSecretValue', { SecretName, ...more })
      return status === 200 ? `${body.VersionId}: ${body.SecretData}` : body.Code
    }
    const stagesOf = async (SecretName: string, VersionId: string): Promise<string[]> =>
      (await house.must('GetSecretValue', { SecretName, VersionId })).VersionStages.VersionStage

    describe('CreateSecret and GetSecretValue', () => {
      it('answer as the guide says', async () => {
        const SecretName = newName()
        const given = { SecretName, VersionId: 'v1', SecretData: 'hunter2', SecretDataType: 'binary' }
        const { RequestId: _, ...created } = await house.must('CreateSecret', given)
        const Arn = `acs:kms:cn-hangzhou:${house.credentials.accountId}:secret/${SecretName}`
        assert.deepEqual(created, { Arn, SecretName, VersionId: 'v1', SecretType: 'Generic' })
        for (const name of [SecretName, Arn]) {
          const { RequestId: __, ...value } = await house.must('GetSecretValue', { SecretName: name, VersionId: '' })
          assert.deepEqual(value, {
            SecretName,
            SecretType: 'Generic',
            SecretData: 'hunter2',
            SecretDataType: 'binary',
            VersionId: 'v1',
            VersionStages: { VersionStage: ['ACSCurrent'] },
            CreateTime: `${new Date(house.now).toISOString().slice(0, 19)}Z`,
          })
        }
      })

      it('carry any text of up to 30,720 bytes unchanged, and refuse one byte more', async () => {
        for (const SecretData of [' \n\u0000\ttail ', '{"a":"é"}', '密'.repeat(10_240), 'not base64 =', '%41+&='])
          assert.equal(await dataOf((await secretWith({ SecretData })).SecretName), `v1: ${SecretData}`)
        const SecretName = newName()
        const tooLong = { SecretName, VersionId: 'v1', SecretData: 'x'.repeat(30_721) }
        assert.equal(await house.outcome('CreateSecret', tooLong), 'InvalidParameter')
        assert.equal(await dataOf(SecretName), 'Forbidden.ResourceNotFound')
        const { SecretName: there } = await secretWith()
        assert.equal(await put(there, 'v2', { SecretData: `${'密'.repeat(10_240)}x` }), 'InvalidParameter')
        assert.equal(await dataOf(there), 'v1: first')
      })

      it('refuse names that are taken, malformed or reserved, and keys that are not there', async () => {
        const { SecretName } = await secretWith()
        const create = (more: Record<string, string>) =>
          house.outcome('CreateSecret', { SecretName: newName(), VersionId: 'v', SecretData: 'x', ...more })
        assert.equal(await create({ SecretName }), 'Rejected.ResourceExist')
        for (const name of ['a b', 'a:b', 'acs/ecs/x', 'a'.repeat(193), '密'.repeat(65), 'a?', 'a*'])
          assert.equal(await create({ SecretName: name }), 'InvalidParameter', name)
        assert.equal(await create({ SecretName: '密'.repeat(64) }), 'OK')
        for (const EncryptionKeyId of ['no-such-key', 'alias/none'])
          assert.equal(await create({ EncryptionKeyId }), 'Forbidden.ResourceNotFound')
        assert.equal(await create({ SecretType: 'ECS' }), 'UnsupportedOperation')
        for (const VersionId of ['x'.repeat(65), 'a\nb']) assert.equal(await create({ VersionId }), 'InvalidParameter')
      })

      it('use the key that an alias points to when the secret is made', async () => {
        const { KeyMetadata } = await house.must('CreateKey')
        const AliasName = `alias/secrets-${++made}`
        await house.must('CreateAlias', { KeyId: KeyMetadata.KeyId, AliasName })
        const { SecretName } = await secretWith({ EncryptionKeyId: AliasName })
        await house.must('DeleteAlias', { AliasName })
        assert.equal(await dataOf(SecretName), 'v1: first')
        await house.must('DisableKey', { KeyId: KeyMetadata.KeyId })
        assert.equal(await dataOf(SecretName), 'Rejected.Disabled')
      })

      it('need a version that has the id and the stage', async () => {
        const { SecretName } = await secretWith()
        assert.equal(await put(SecretName, 'v2', { VersionStages: '["next"]' }), 'OK')
        assert.equal(await dataOf(SecretName, { VersionStage: 'next' }), 'v2: data of v2')
        assert.equal(await dataOf(SecretName, { VersionStage: 'next', VersionId: 'v2' }), 'v2: data of v2')
        for (const wanted of [{ VersionId: 'v3' }, { VersionStage: 'none' }, { VersionStage: 'next', VersionId: 'v1' }])
          assert.equal(await dataOf(SecretName, wanted), 'Forbidden.ResourceNotFound')
      })

      it('can be tried without the key', async () => {
        const { SecretName, keyId } = await secretWith()
        const tried = () => house.outcome('GetSecretValue', { SecretName, DryRun: 'true' })
        assert.equal(await tried(), 'DryRunOperationError')
        await house.must('DisableKey', { KeyId: keyId })
        assert.equal(await tried(), 'ValidationError')
        await house.must('EnableKey', { KeyId: keyId })
        assert.equal(await dataOf(SecretName), 'v1: first')
      })
    })

    describe('PutSecretValue', () => {
      it('makes the former current version the previous one', async () => {
        const { SecretName } = await secretWith()
        const { RequestId: _, ...reply } = await house.must('PutSecretValue', {
          SecretName,
          VersionId: 'v2',
          SecretData: 'second',
        })
        assert.deepEqual(reply, { SecretName, VersionId: 'v2', VersionStages: { VersionStage: ['ACSCurrent'] } })
        assert.equal(await dataOf(SecretName), 'v2: second')
        assert.equal(await dataOf(SecretName, { VersionStage: 'ACSPrevious' }), 'v1: first')
        assert.equal(await put(SecretName, 'v3', { VersionStages: '["one","ACSCurrent"]' }), 'OK')
        assert.deepEqual(await stagesOf(SecretName, 'v3'), ['ACSCurrent', 'one'])
        assert.deepEqual(await stagesOf(SecretName, 'v2'), ['ACSPrevious'])
        assert.deepEqual(await stagesOf(SecretName, 'v1'), [])
      })

      it('changes nothing when it comes again with the same value, and refuses another', async () => {
        const { SecretName } = await secretWith()
        assert.equal(await put(SecretName, 'v2'), 'OK')
        assert.equal(await put(SecretName, 'v3'), 'OK')
        assert.equal(await put(SecretName, 'v2'), 'OK')
        assert.equal(await dataOf(SecretName), 'v3: data of v3')
        assert.equal(await put(SecretName, 'v2', { SecretData: 'other' }), 'Rejected.ResourceExist')
        assert.equal(await put(SecretName, 'v2', { SecretDataType: 'binary' }), 'Rejected.ResourceExist')
        assert.deepEqual(await stagesOf(SecretName, 'v2'), ['ACSPrevious'])
      })

      it('keeps ten versions: the oldest without a stage goes', async () => {
        const { SecretName } = await secretWith()
        assert.equal(await put(SecretName, 'v2', { VersionStages: '["kept"]' }), 'OK')
        for (let i = 3; i <= 11; i++) assert.equal(await put(SecretName, `v${i}`), 'OK')
        assert.equal(await dataOf(SecretName, { VersionId: 'v1' }), 'Forbidden.ResourceNotFound')
        assert.equal(await dataOf(SecretName, { VersionId: 'v2' }), 'v2: data of v2')
        assert.equal(await put(SecretName, 'v12'), 'OK')
        assert.equal(await dataOf(SecretName, { VersionId: 'v3' }), 'Forbidden.ResourceNotFound')
      })

      it('refuses an eleventh version where each has a stage', async () => {
        const { SecretName } = await secretWith()
        for (let i = 2; i <= 10; i++) assert.equal(await put(SecretName, `v${i}`, { VersionStages: `["s${i}"]` }), 'OK')
        assert.equal(await put(SecretName, 'v11', { VersionStages: '["s11"]' }), 'Rejected.LimitExceeded')
        assert.equal(await dataOf(SecretName), 'v1: first')
      })

      it('refuses malformed stages', async () => {
        const { SecretName } = await secretWith()
        const tooMany = JSON.stringify(Array.from({ length: 9 }, (_, i) => `s${i}`))
        for (const VersionStages of [
          '[]',
          'ACSCurrent',
          '[""]',
          '[1]',
          tooMany,
          '["\\ud800"]',
          `["${'x'.repeat(65)}"]`,
        ])
          assert.equal(await put(SecretName, 'v2', { VersionStages }), 'InvalidParameter', VersionStages)
      })
    })

    describe('the key of a secret', () => {
      it('decides whether its values can be read and added', async () => {
        const { SecretName, keyId } = await secretWith()
        assert.equal(await dataOf(SecretName), 'v1: first')
        const both = async () => [await dataOf(SecretName), await put(SecretName, 'v2')]
        await house.must('DisableKey', { KeyId: keyId })
        assert.deepEqual(await both(), ['Rejected.Disabled', 'Rejected.Disabled'])
        await house.must('ScheduleKeyDeletion', { KeyId: keyId, PendingWindowInDays: '7' })
        assert.deepEqual(await both(), ['Rejected.PendingDeletion', 'Rejected.PendingDeletion'])
        await house.must('CancelKeyDeletion', { KeyId: keyId })
        assert.deepEqual(await both(), ['v1: first', 'OK'])
        await house.must('ScheduleKeyDeletion', { KeyId: keyId, PendingWindowInDays: '7' })
        house.now += 7 * 86_400_000
        assert.equal(await dataOf(SecretName), 'Forbidden.KeyNotFound')
        await house.sweep()
        assert.deepEqual(
          [await dataOf(SecretName), await put(SecretName, 'v3')],
          Array(2).fill('Forbidden.KeyNotFound'),
        )
      })

      it('may rotate: each version stays under the key version that encrypted it', async () => {
        const { KeyMetadata } = await house.must('CreateKey', {
          EnableAutomaticRotation: 'true',
          RotationInterval: '7d',
        })
        const { SecretName } = await secretWith({ EncryptionKeyId: KeyMetadata.KeyId })
        house.now += 7 * 86_400_000
        await house.sweep()
        assert.equal(await put(SecretName, 'v2'), 'OK')
        assert.equal(await dataOf(SecretName), 'v2: data of v2')
        assert.equal(await dataOf(SecretName, { VersionId: 'v1' }), 'v1: first')
      })
    })

    it('met no failure of its own', () => assert.deepEqual(house.failures, []))
  })
})
