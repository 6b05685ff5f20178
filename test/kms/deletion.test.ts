// Scheduled deletion, and what is left of destroyed material.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { VERSION } from '../../src/kms/records.ts'
import { eachProtectionLevel } from '../databases.ts'
import { openTestHouse, type TestHouse } from '../house.ts'
import { importMaterial, prepareImport } from './byok.ts'

const DAY = 86_400_000

eachProtectionLevel((open) => {
  describe('scheduled deletion', () => {
    it('takes 7 to 30 days, 30 when nothing is said, and refuses others', async () => {
      await using house = await open()
      const key = async () => (await house.must('CreateKey')).KeyMetadata.KeyId
      for (const [days, given] of [
        [7, { PendingWindowInDays: '7' }],
        [30, { PendingWindowInDays: '30' }],
        [30, {}],
      ] as [number, Record<string, string>][]) {
        const KeyId = await key()
        await house.must('ScheduleKeyDeletion', { KeyId, ...given })
        const { KeyState, DeleteDate } = (await house.must('DescribeKey', { KeyId })).KeyMetadata
        assert.deepEqual([KeyState, Date.parse(DeleteDate)], ['PendingDeletion', house.now + days * DAY])
      }
      for (const PendingWindowInDays of ['6', '31', '0', '-7', '7.5', 'seven', '366'])
        assert.equal(
          await house.outcome('ScheduleKeyDeletion', { KeyId: await key(), PendingWindowInDays }),
          'InvalidParameter',
        )
    })

    it('takes up to 366 days where the operator allows it', async () => {
      await using house = await open(['--max-pending-window-days', '366'])
      const { KeyId } = (await house.must('CreateKey')).KeyMetadata
      await house.must('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: '366' })
    })

    it('can be cancelled until the very moment, and then runs by itself, restarts or not', async () => {
      await using house = await open()
      const create = async (alias: string) => {
        const { KeyId } = (await house.must('CreateKey')).KeyMetadata
        await house.must('CreateAlias', { KeyId, AliasName: alias })
        const { CiphertextBlob } = await house.must('Encrypt', { KeyId, Plaintext: 'x' })
        await house.must('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: '7' })
        return { KeyId, CiphertextBlob, alias }
      }
      const [kept, gone] = [await create('alias/kept'), await create('alias/gone')]
      house.now += 7 * DAY - 1
      await house.restart()
      assert.equal(await house.sweep(), 0)
      await house.must('CancelKeyDeletion', { KeyId: kept.KeyId })
      const { KeyState, DeleteDate } = (await house.must('DescribeKey', { KeyId: kept.KeyId })).KeyMetadata
      assert.deepEqual([KeyState, DeleteDate], ['Enabled', ''])
      house.now += 1
      const nothingLeft = async () => {
        assert.equal(await house.outcome('CancelKeyDeletion', { KeyId: gone.KeyId }), 'Forbidden.KeyNotFound')
        assert.equal(await house.outcome('DescribeKey', { KeyId: gone.KeyId }), 'Forbidden.KeyNotFound')
        assert.equal(await house.outcome('DescribeKey', { KeyId: gone.alias }), 'Forbidden.AliasNotFound')
        assert.equal(await house.outcome('Decrypt', { CiphertextBlob: gone.CiphertextBlob }), 'Forbidden.KeyNotFound')
      }
      await nothingLeft()
      await house.restart()
      assert.equal(await house.sweep(), 1)
      assert.equal(await house.sweep(), 0)
      await nothingLeft()
      assert.equal((await house.must('ListKeys')).TotalCount, 1)
      assert.deepEqual(
        (await house.must('ListAliases')).Aliases.Alias.map((one: { AliasName: string }) => one.AliasName),
        ['alias/kept'],
      )
      assert.equal((await house.must('Decrypt', { CiphertextBlob: kept.CiphertextBlob })).Plaintext, 'x')
      const deletions = (await house.events()).filter(({ eventName }) => eventName === 'DeleteKey')
      assert.deepEqual(
        deletions.map((event) => event['referencedResources']),
        [{ 'ACS::KMS::Key': [gone.KeyId] }],
      )
      await house.must('CreateAlias', { KeyId: kept.KeyId, AliasName: gone.alias })
      assert.deepEqual(house.failures, [])
    })
  })
})

describe('destroyed material on SQLite', () => {
  /** The sealed material of a key, as its bytes and as the text that is stored. */
  async function sealedMaterial(house: TestHouse, keyId: string): Promise<string> {
    const scope = { account: house.credentials.accountId, region: 'cn-hangzhou' }
    const { records } = await house.open.ledger.page(VERSION, scope, { parent: keyId, offset: 0, limit: 10 })
    return records[0]?.body.material ?? ''
  }

  function liveFilesHold(house: TestHouse, text: string): boolean {
    const files = readdirSync(house.data).filter((name) => name.startsWith('strongroom.db'))
    assert.ok(files.length >= 1)
    return files.some((name) => readFileSync(join(house.data, name)).includes(text))
  }

  it('is in no page and no log frame, when it is deleted, expires, or goes with its key', async () => {
    await using house = await openTestHouse(null)
    const external = async (expiresAt?: number) => {
      const { KeyId } = (await house.must('CreateKey', { Origin: 'EXTERNAL' })).KeyMetadata
      await importMaterial(house, await prepareImport(house, KeyId), expiresAt)
      return KeyId as string
    }
    const doomed = [
      await external(),
      await external(house.now + 1000),
      (await house.must('CreateKey')).KeyMetadata.KeyId,
    ]
    for (let i = 0; i < 50; i++) await house.must('CreateKey')
    const sealed = []
    for (const keyId of doomed) sealed.push(await sealedMaterial(house, keyId))
    for (const text of sealed) {
      assert.ok(text.length > 60)
      assert.ok(liveFilesHold(house, text))
    }
    await house.must('DeleteKeyMaterial', { KeyId: doomed[0] ?? '' })
    assert.equal(liveFilesHold(house, sealed[0] ?? ''), false)
    await house.must('ScheduleKeyDeletion', { KeyId: doomed[2] ?? '', PendingWindowInDays: '7' })
    house.now += 7 * DAY
    assert.equal(await house.sweep(), 2)
    for (const text of sealed) assert.equal(liveFilesHold(house, text), false)
    for (const text of sealed) assert.equal(liveFilesHold(house, text.slice(10, 50)), false)
  })
})
