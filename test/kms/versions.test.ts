// Key versions and automatic rotation: the clock is the test's.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { eachDatabase } from '../databases.ts'
import { openTestHouse, type TestHouse } from '../house.ts'
import { startPostgresql } from '../storage/postgresql-server.ts'
import { importMaterial, prepareImport } from './byok.ts'

const DAY = 86_400_000
const iso = (ms: number) => `${new Date(ms).toISOString().slice(0, 19)}Z`

async function rotating(house: TestHouse, interval = '7d'): Promise<string> {
  const policy = { EnableAutomaticRotation: 'true', RotationInterval: interval }
  return (await house.must('CreateKey', policy)).KeyMetadata.KeyId
}

async function metadata(house: TestHouse, KeyId: string) {
  return (await house.must('DescribeKey', { KeyId })).KeyMetadata
}

async function versions(house: TestHouse, KeyId: string): Promise<string[]> {
  const { KeyVersions } = await house.must('ListKeyVersions', { KeyId, PageSize: '100' })
  return KeyVersions.KeyVersion.map(({ KeyVersionId }: { KeyVersionId: string }) => KeyVersionId)
}

eachDatabase((open) => {
  describe('automatic rotation', () => {
    it('is shown with its interval in seconds and its next date', async () => {
      await using house = await open()
      const KeyId = await rotating(house, '365d')
      const shown = await metadata(house, KeyId)
      assert.deepEqual(
        [shown.AutomaticRotation, shown.RotationInterval, shown.LastRotationDate, shown.NextRotationDate],
        ['Enabled', '31536000s', iso(house.now), iso(house.now + 365 * DAY)],
      )
      await house.must('UpdateRotationPolicy', { KeyId, EnableAutomaticRotation: 'true', RotationInterval: '168h' })
      assert.equal((await metadata(house, KeyId)).RotationInterval, '604800s')
      await house.must('UpdateRotationPolicy', {
        KeyId,
        EnableAutomaticRotation: 'false',
        RotationInterval: 'nonsense',
      })
      const off = await metadata(house, KeyId)
      assert.equal(off.AutomaticRotation, 'Disabled')
      assert.ok(!('RotationInterval' in off) && !('NextRotationDate' in off))
      house.now += 1000 * DAY
      assert.equal(await house.sweep(), 0)
    })

    it('takes intervals of 7 to 730 days, in d, h, m or s', async () => {
      await using house = await open()
      const KeyId = await rotating(house)
      for (const [RotationInterval, seconds] of [
        ['7d', 604_800],
        ['730d', 63_072_000],
        ['168h', 604_800],
        ['10080m', 604_800],
        ['604800s', 604_800],
        ['605800s', 605_800],
        ['604801s', 604_801],
      ] as const) {
        await house.must('UpdateRotationPolicy', { KeyId, EnableAutomaticRotation: 'true', RotationInterval })
        assert.equal((await metadata(house, KeyId)).RotationInterval, `${seconds}s`)
      }
      for (const RotationInterval of [
        '6d',
        '731d',
        '604799s',
        '63072001s',
        '7',
        'd',
        '7D',
        '7.5d',
        '-7d',
        '7 d',
        '1w',
        '',
      ]) {
        const expected = RotationInterval === '' ? 'MissingParameter' : 'InvalidParameter'
        const policy = { EnableAutomaticRotation: 'true', RotationInterval }
        assert.equal(await house.outcome('UpdateRotationPolicy', { KeyId, ...policy }), expected, RotationInterval)
        assert.equal(await house.outcome('CreateKey', policy), expected, RotationInterval)
      }
      assert.equal(await house.outcome('UpdateRotationPolicy', { KeyId }), 'MissingParameter')
      assert.equal(await house.outcome('CreateKey', { RotationInterval: 'nonsense' }), 'OK')
    })

    it('is not for keys with imported material', async () => {
      await using house = await open()
      const policy = { EnableAutomaticRotation: 'true', RotationInterval: '7d' }
      assert.equal(await house.outcome('CreateKey', { Origin: 'EXTERNAL', ...policy }), 'InvalidParameter')
      const { KeyId } = (await house.must('CreateKey', { Origin: 'EXTERNAL' })).KeyMetadata
      assert.equal(await house.outcome('UpdateRotationPolicy', { KeyId, ...policy }), 'Rejected.UnsupportedOperation')
    })

    it('adds a version on its day that encrypts from then on, while the older ones decrypt for ever', async () => {
      await using house = await open()
      const KeyId = await rotating(house)
      const blobs: string[] = []
      const seen: string[] = []
      for (let i = 0; i < 5; i++) {
        const { CiphertextBlob, KeyVersionId } = await house.must('Encrypt', { KeyId, Plaintext: `round ${i}` })
        const { KeyVersionId: ofDataKey } = await house.must('GenerateDataKey', { KeyId })
        assert.equal(KeyVersionId, (await metadata(house, KeyId)).PrimaryKeyVersion)
        assert.equal(ofDataKey, KeyVersionId)
        blobs.push(CiphertextBlob)
        seen.push(KeyVersionId)
        house.now += 7 * DAY - 1
        assert.equal(await house.sweep(), 0)
        house.now += 1
        assert.equal(await house.sweep(), 1)
        assert.equal(await house.sweep(), 0)
        const { LastRotationDate, NextRotationDate } = await metadata(house, KeyId)
        assert.deepEqual([LastRotationDate, NextRotationDate], [iso(house.now), iso(house.now + 7 * DAY)])
      }
      assert.equal(new Set(seen).size, 5)
      assert.deepEqual((await versions(house, KeyId)).slice(1), seen.toReversed())
      await house.restart()
      for (const [i, CiphertextBlob] of blobs.entries()) {
        const { Plaintext, KeyVersionId } = await house.must('Decrypt', { CiphertextBlob })
        assert.deepEqual([Plaintext, KeyVersionId], [`round ${i}`, seen[i]])
      }
      assert.deepEqual(house.failures, [])
    })

    it('leaves its event, of the service itself', async () => {
      await using house = await open()
      const KeyId = await rotating(house)
      house.now += 7 * DAY
      await house.sweep()
      const event = (await house.events()).at(-1) ?? {}
      assert.deepEqual(
        [event['eventName'], event['eventType'], event['referencedResources'], event['sourceIpAddress']],
        ['RotateKey', 'AliyunServiceEvent', { 'ACS::KMS::Key': [KeyId] }, 'Internal'],
      )
      assert.equal(event['eventTime'], iso(house.now))
    })

    it('is one rotation, though the service slept through many dates', async () => {
      await using house = await open()
      const KeyId = await rotating(house)
      house.now += 100 * DAY
      await house.restart()
      assert.equal(await house.sweep(), 1)
      assert.equal(await house.sweep(), 0)
      assert.equal((await versions(house, KeyId)).length, 2)
      assert.equal((await metadata(house, KeyId)).NextRotationDate, iso(house.now + 7 * DAY))
    })

    it('happens once although many servers sweep at the same moment', async () => {
      await using house = await open()
      const keys = [await rotating(house), await rotating(house), await rotating(house)]
      house.now += 7 * DAY
      const done = await Promise.all(Array.from({ length: 8 }, () => house.sweep()))
      assert.equal(
        done.reduce((sum, count) => sum + count),
        3,
      )
      for (const KeyId of keys) assert.equal((await versions(house, KeyId)).length, 2)
      const rotations = (await house.events()).filter(({ eventName }) => eventName === 'RotateKey')
      assert.equal(rotations.length, 3)
      assert.deepEqual(house.failures, [])
    })

    it('is suspended while the key is not Enabled, and what is overdue runs then', async () => {
      await using house = await open()
      const KeyId = await rotating(house)
      await house.must('DisableKey', { KeyId })
      const suspended = await metadata(house, KeyId)
      assert.deepEqual(
        [suspended.AutomaticRotation, suspended.RotationInterval, suspended.NextRotationDate],
        ['Suspended', '604800s', iso(house.now + 7 * DAY)],
      )
      house.now += 8 * DAY
      assert.equal(await house.sweep(), 0)
      await house.must('EnableKey', { KeyId })
      assert.equal(await house.sweep(), 1)
      assert.equal((await versions(house, KeyId)).length, 2)
      await house.must('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: '30' })
      assert.equal((await metadata(house, KeyId)).AutomaticRotation, 'Suspended')
      house.now += 29 * DAY
      assert.equal(await house.sweep(), 0)
      await house.must('CancelKeyDeletion', { KeyId })
      assert.equal(await house.sweep(), 1)
      assert.equal((await versions(house, KeyId)).length, 3)
    })

    it('runs at once when a shorter interval puts it into the past', async () => {
      await using house = await open()
      const KeyId = await rotating(house, '365d')
      house.now += 8 * DAY
      await house.must('UpdateRotationPolicy', { KeyId, EnableAutomaticRotation: 'true', RotationInterval: '7d' })
      assert.equal(await house.sweep(), 1)
      assert.equal((await metadata(house, KeyId)).LastRotationDate, iso(house.now))
    })
  })

  describe('key versions', () => {
    it('are listed newest first, page by page, and described', async () => {
      await using house = await open()
      const KeyId = await rotating(house)
      const created = [house.now]
      for (let i = 0; i < 12; i++) {
        house.now += 7 * DAY
        created.push(house.now)
        await house.sweep()
      }
      const all = await versions(house, KeyId)
      assert.equal(all.length, 13)
      assert.equal(all[0], (await metadata(house, KeyId)).PrimaryKeyVersion)
      for (const PageSize of [1, 4, 5, 13, 100]) {
        const listed: string[] = []
        for (let PageNumber = 1; PageNumber <= Math.ceil(13 / PageSize) + 1; PageNumber++) {
          const paging = { PageNumber: String(PageNumber), PageSize: String(PageSize) }
          const page = await house.must('ListKeyVersions', { KeyId, ...paging })
          assert.deepEqual([page.TotalCount, page.PageNumber, page.PageSize], [13, PageNumber, PageSize])
          for (const { KeyVersionId } of page.KeyVersions.KeyVersion) listed.push(KeyVersionId)
        }
        assert.deepEqual(listed, all, `pages of ${PageSize}`)
      }
      await house.must('CreateAlias', { KeyId, AliasName: 'alias/versions' })
      for (const [i, KeyVersionId] of all.entries()) {
        const { KeyVersion } = await house.must('DescribeKeyVersion', { KeyId: 'alias/versions', KeyVersionId })
        assert.deepEqual(KeyVersion, { KeyId, KeyVersionId, CreationDate: iso(created.toReversed()[i] ?? 0) })
      }
    })

    it('belong to their key, and go with it', async () => {
      await using house = await open()
      const [one, two] = [await rotating(house), await rotating(house)]
      const [version = ''] = await versions(house, one)
      for (const KeyVersionId of [version, 'nope', 'x'.repeat(64)])
        assert.equal(
          await house.outcome('DescribeKeyVersion', { KeyId: two, KeyVersionId }),
          'Forbidden.KeyVersionNotFound',
        )
      assert.equal(await house.outcome('DescribeKeyVersion', { KeyId: one }), 'MissingParameter')
      assert.equal(await house.outcome('ListKeyVersions', { KeyId: 'none' }), 'Forbidden.KeyNotFound')
      assert.equal(await house.outcome('ListKeyVersions', { KeyId: 'alias/none' }), 'Forbidden.AliasNotFound')
      await house.must('ScheduleKeyDeletion', { KeyId: one, PendingWindowInDays: '7' })
      house.now += 7 * DAY
      await house.sweep()
      assert.equal(await house.outcome('ListKeyVersions', { KeyId: one }), 'Forbidden.KeyNotFound')
    })

    it('of an external key: none, then one for life', async () => {
      await using house = await open()
      const { KeyId } = (await house.must('CreateKey', { Origin: 'EXTERNAL' })).KeyMetadata
      assert.deepEqual(await versions(house, KeyId), [])
      const prepared = await prepareImport(house, KeyId)
      await importMaterial(house, prepared)
      const once = await versions(house, KeyId)
      assert.equal(once.length, 1)
      await house.must('DeleteKeyMaterial', { KeyId })
      await importMaterial(house, prepared)
      assert.deepEqual(await versions(house, KeyId), once)
    })

    it('are not made by hand for symmetric keys', async () => {
      await using house = await open()
      const KeyId = await rotating(house)
      assert.equal(await house.outcome('CreateKeyVersion', { KeyId }), 'Rejected.UnsupportedOperation')
      assert.equal(await house.outcome('CreateKeyVersion', { KeyId: 'none' }), 'Forbidden.KeyNotFound')
    })
  })
})

describe('two servers on one database', () => {
  it('rotate each key once between them', async () => {
    await using server = await startPostgresql()
    const database = server.database()
    await using one = await openTestHouse(database)
    await using two = await openTestHouse(database, ['--root-key-file', join(one.data, 'root-key')])
    const keys = []
    for (let i = 0; i < 8; i++) keys.push(await rotating(one))
    one.now += 7 * DAY
    two.now = one.now
    const done = await Promise.all([one, two, one, two].map((house) => house.sweep()))
    assert.equal(
      done.reduce((sum, count) => sum + count),
      8,
    )
    for (const KeyId of keys) assert.equal((await versions(one, KeyId)).length, 2)
    const rotations = (await one.events()).filter(({ eventName }) => eventName === 'RotateKey')
    assert.equal(rotations.length, 8)
    assert.deepEqual([...one.failures, ...two.failures], [])
  })
})
