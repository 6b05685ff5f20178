// DryRun=true: a call is checked and not done, and always refused.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Credentials } from '../acceptance/program.ts'
import { eachProtectionLevel } from '../databases.ts'
import type { TestHouse } from '../house.ts'
import { ramOf } from '../ram/ram.ts'
import { exportTo, rsaPair } from './export.ts'

eachProtectionLevel((open) => {
  describe('a dry run', () => {
    let house: TestHouse
    let stranger: Credentials
    let key: string
    let calls: Readonly<Record<string, Record<string, string>>>

    before(async () => {
      house = await open()
      key = (await house.must('CreateKey')).KeyMetadata.KeyId
      const { CiphertextBlob } = await house.must('GenerateDataKey', { KeyId: key })
      const wrapping = exportTo(rsaPair().publicKey)
      calls = {
        Encrypt: { KeyId: key, Plaintext: 'x' },
        Decrypt: { CiphertextBlob },
        GenerateDataKey: { KeyId: key },
        GenerateDataKeyWithoutPlaintext: { KeyId: key },
        ReEncrypt: { CiphertextBlob, DestinationKeyId: key },
        ExportDataKey: { CiphertextBlob, ...wrapping },
        GenerateAndExportDataKey: { KeyId: key, ...wrapping },
      }
      const ram = ramOf(house)
      await ram.must('CreateUser', { UserName: 'stranger' })
      stranger = await ram.accessKeyOf('stranger')
    })
    after(() => house[Symbol.asyncDispose]())

    const dry = { DryRun: 'true' }
    const last = async () => (await house.events()).at(-1) ?? {}

    it('says that the call would have succeeded, and returns no result', async () => {
      for (const [action, parameters] of Object.entries(calls)) {
        const { status, body } = await house.call(action, { ...parameters, ...dry })
        assert.deepEqual([action, status, body.Code], [action, 400, 'DryRunOperationError'])
        assert.equal('Plaintext' in body || 'CiphertextBlob' in body, false)
        assert.equal(await house.outcome(action, { ...parameters, DryRun: 'false' }), 'OK')
      }
    })

    it('leaves an event that says so, about the key', async () => {
      for (const [action, parameters] of Object.entries(calls)) {
        await house.call(action, { ...parameters, ...dry })
        const event = await last()
        assert.deepEqual(
          [event['eventName'], event['errorCode'], event['additionalEventData'], event['resourceName']],
          [action, 'DryRunOperationError', { DryRun: 'true' }, key],
        )
        assert.equal((event['requestParameters'] as Record<string, string>)['DryRun'], 'true')
      }
    })

    it('says that policies do not allow the call', async () => {
      for (const [action, parameters] of Object.entries(calls)) {
        const { status, body } = await house.call(action, { ...parameters, ...dry }, stranger)
        assert.deepEqual([action, status, body.Code], [action, 403, 'AccessDeniedError'])
        assert.equal(body.AccessDeniedDetail.NoPermissionType, 'ImplicitDeny')
      }
      const { additionalEventData } = await last()
      const { DryRun, AccessDeniedDetail } = additionalEventData as Record<string, unknown>
      assert.deepEqual([DryRun, typeof AccessDeniedDetail], ['true', 'object'])
    })

    it('says why the call would have been refused', async () => {
      const refused = async (action: string, parameters: Record<string, string>) => {
        const { body } = await house.call(action, { ...parameters, ...dry })
        return [body.Code, /refused with (\S+):/.exec(body.Message)?.[1]]
      }
      assert.deepEqual(await refused('Encrypt', { KeyId: key }), ['ValidationError', 'MissingParameter'])
      assert.deepEqual(await refused('Decrypt', { CiphertextBlob: '!' }), ['ValidationError', 'InvalidParameter'])
      const nowhere = { ...calls['Encrypt'], KeyId: 'alias/none' }
      assert.deepEqual(await refused('Encrypt', nowhere), ['ValidationError', 'Forbidden.AliasNotFound'])
      const disabled = (await house.must('CreateKey')).KeyMetadata.KeyId
      await house.must('DisableKey', { KeyId: disabled })
      const why = ['ValidationError', 'Rejected.Disabled']
      assert.deepEqual(await refused('GenerateDataKey', { KeyId: disabled }), why)
      assert.deepEqual(await refused('ReEncrypt', { ...calls['ReEncrypt'], DestinationKeyId: disabled }), why)
    })

    it('is true or false, and nothing else', async () => {
      assert.equal(await house.outcome('Encrypt', { ...calls['Encrypt'], DryRun: 'yes' }), 'InvalidParameter')
      assert.equal(await house.outcome('Encrypt', { ...calls['Encrypt'], DryRun: 'TRUE' }), 'DryRunOperationError')
    })
  })
})
