// Tags of several keys at once, descriptions, deletion protection, the account's status.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { eachDatabase } from '../databases.ts'
import type { TestHouse } from '../house.ts'

type Row = Record<'ResourceType' | 'ResourceId' | 'TagKey' | 'TagValue', string>

/** The pieces in which clients send a list. */
function pieces(ids: readonly string[], tags: Record<string, string> = {}): Record<string, string> {
  return {
    RegionId: 'cn-hangzhou',
    ResourceType: 'key',
    ...Object.fromEntries(ids.map((id, i) => [`ResourceId.${i + 1}`, id])),
    ...Object.fromEntries(
      Object.entries(tags).flatMap(([key, value], i) => [
        [`Tag.${i + 1}.Key`, key],
        [`Tag.${i + 1}.Value`, value],
      ]),
    ),
  }
}

eachDatabase((open) => {
  let house: TestHouse
  before(async () => {
    house = await open()
  })
  after(() => house[Symbol.asyncDispose]())

  const createKey = async (parameters: Record<string, string> = {}): Promise<string> =>
    (await house.must('CreateKey', parameters)).KeyMetadata.KeyId
  const tagsOf = async (KeyId: string): Promise<Record<string, string>> => {
    const { Tags } = await house.must('ListResourceTags', { KeyId })
    return Object.fromEntries(Tags.Tag.map(({ TagKey, TagValue }: Row) => [TagKey, TagValue]))
  }

  describe('tags of several keys', () => {
    it('are added to all of them, or to none', async () => {
      const [one, two] = [await createKey(), await createKey()]
      await house.must('TagResources', pieces([one, two], { Project: 'Apollo', Empty: '' }))
      for (const key of [one, two]) assert.deepEqual(await tagsOf(key), { Project: 'Apollo', Empty: '' })
      await house.must('TagResources', pieces([one, one], { Project: 'Gemini' }))
      assert.deepEqual(await tagsOf(one), { Project: 'Gemini', Empty: '' })
      const unknown = pieces([one, 'none'], { Other: 'x' })
      assert.equal(await house.outcome('TagResources', unknown), 'InvalidResourceId.NotFound')
      await house.must('ScheduleKeyDeletion', { KeyId: two, PendingWindowInDays: '7' })
      assert.equal(await house.outcome('TagResources', pieces([one, two], { Other: 'x' })), 'Rejected.PendingDeletion')
      assert.deepEqual(await tagsOf(one), { Project: 'Gemini', Empty: '' })
    })

    it('are refused in the codes of the cloud', async () => {
      const id = await createKey()
      const twentyOne = Object.fromEntries(Array.from({ length: 21 }, (_, i) => [`k${i}`, 'v']))
      const outcome = (parameters: Record<string, string>) => house.outcome('TagResources', parameters)
      assert.equal(await outcome(pieces([id], { ä: '1' })), 'InvalidParameter.TagKey')
      assert.equal(await outcome(pieces([id], { aliyun_x: '1' })), 'InvalidParameter.TagKey')
      assert.equal(await outcome(pieces([id], { 'acs:x': '1' })), 'InvalidParameter.TagKey')
      assert.equal(await outcome(pieces([id], { k: 'v'.repeat(257) })), 'InvalidParameter.TagValue')
      assert.equal(await outcome({ ...pieces([id], { a: '1' }), 'Tag.2.Key': 'a' }), 'Duplicate.TagKey')
      assert.equal(await outcome({ ...pieces([id]), 'Tag.1.Value': 'v' }), 'InvalidParameter.TagKey')
      assert.equal(await outcome(pieces([id], twentyOne)), 'InvalidParameter')
      assert.equal(await outcome(pieces([id])), 'MissingParameter')
      assert.equal(await outcome(pieces([], { a: '1' })), 'MissingParameter')
      assert.equal(await outcome({ ...pieces([id], { a: '1' }), RegionId: '' }), 'MissingParameter')
      assert.equal(await outcome({ ...pieces([id], { a: '1' }), ResourceType: 'instance' }), 'InvalidParameter')
      const secret = { ...pieces([id], { a: '1' }), ResourceType: 'secret' }
      assert.equal(await outcome(secret), 'InvalidResourceId.NotFound')
      const many = Array.from({ length: 51 }, (_, i) => `key-${i}`)
      assert.equal(await outcome(pieces(many, { a: '1' })), 'InvalidParameter')
      await house.must('TagResources', pieces([id], Object.fromEntries(Object.entries(twentyOne).slice(0, 20))))
      assert.equal(await outcome(pieces([id], { another: '1' })), 'Rejected.LimitExceeded')
    })

    it('are removed by name, or all of them', async () => {
      const [one, two] = [await createKey(), await createKey()]
      await house.must('TagResources', pieces([one, two], { a: '1', b: '2', c: '3' }))
      await house.must('UntagResources', { ...pieces([one, two]), 'TagKey.1': 'a', 'TagKey.2': 'absent', All: 'true' })
      for (const key of [one, two]) assert.deepEqual(await tagsOf(key), { b: '2', c: '3' })
      assert.equal(await house.outcome('UntagResources', pieces([one])), 'MissingParameter')
      await house.must('UntagResources', { ...pieces([one]), All: 'true' })
      assert.deepEqual(await tagsOf(one), {})
    })

    it('name keys by ARN too', async () => {
      const id = await createKey()
      const arn = `acs:kms:cn-hangzhou:${house.credentials.accountId}:key/${id}`
      await house.must('TagResources', pieces([arn], { by: 'arn' }))
      assert.deepEqual(await tagsOf(id), { by: 'arn' })
    })

    it('are shown in events as they were sent', async () => {
      const id = await createKey()
      await house.must('TagResources', pieces([id], { Project: 'Apollo' }))
      const event = (await house.events()).at(-1) ?? {}
      assert.deepEqual(event['requestParameters'], {
        RegionId: 'cn-hangzhou',
        ResourceType: 'key',
        'ResourceId.1': id,
        'Tag.1.Key': 'Project',
        'Tag.1.Value': 'Apollo',
      })
      assert.deepEqual(event['referencedResources'], { 'ACS::KMS::Key': [id] })
    })
  })

  describe('ListTagResources', () => {
    it('refuses a token that names no key', async () => {
      const asked = { RegionId: 'cn-hangzhou', ResourceType: 'key' }
      for (const keyId of ['\0', '', 'x'.repeat(65), 'a/b']) {
        const NextToken = Buffer.from(JSON.stringify([keyId, 'a'])).toString('base64url')
        assert.equal(await house.outcome('ListTagResources', { ...asked, NextToken }), 'InvalidParameter')
      }
    })

    it('lists 200 rows a page, each tag once, in the same order with and without names', async () => {
      const RegionId = 'us-west-1'
      const ids: string[] = []
      const twenty = Array.from({ length: 20 }, (_, i) => ({ TagKey: `k${i}`, TagValue: String(i) }))
      for (let i = 0; i < 23; i++) ids.push(await createKey({ RegionId, Tags: JSON.stringify(twenty) }))
      await createKey({ RegionId })
      const listed = async (parameters: Record<string, string>) => {
        const rows: Row[] = []
        const sizes: number[] = []
        for (let NextToken = ''; ; ) {
          const page = await house.must('ListTagResources', { ...parameters, NextToken })
          rows.push(...page.TagResources.TagResource)
          sizes.push(page.TagResources.TagResource.length)
          NextToken = page.NextToken
          if (NextToken === '') return { rows, sizes }
        }
      }
      const all = await listed({ RegionId, ResourceType: 'key' })
      assert.deepEqual(all.sizes, [200, 200, 60])
      assert.equal(new Set(all.rows.map(({ ResourceId, TagKey }) => `${ResourceId} ${TagKey}`)).size, 460)
      assert.deepEqual(all.rows[0], { ResourceType: 'key', ResourceId: ids.toSorted()[0], TagKey: 'k0', TagValue: '0' })
      const named = await listed({ ...pieces(ids), RegionId })
      assert.deepEqual(named, all)
    })

    it('looks for tags, with a value or with any', async () => {
      const RegionId = 'eu-central-1'
      const of = async (tags: Record<string, string>) => {
        const id = await createKey({ RegionId })
        await house.must('TagResources', { ...pieces([id], tags), RegionId })
        return id
      }
      const [a, b, c] = [await of({ p: '1', q: '2' }), await of({ p: '1' }), await of({ p: '2' })] as const
      const found = async (tags: Record<string, string>): Promise<string[]> => {
        const { TagResources } = await house.must('ListTagResources', { ...pieces([], tags), RegionId })
        return [...new Set<string>(TagResources.TagResource.map(({ ResourceId }: Row) => ResourceId))]
      }
      assert.deepEqual(await found({ p: '1' }), [a, b])
      assert.deepEqual(await found({ p: '' }), [a, b, c])
      assert.deepEqual(await found({ p: '1', q: '' }), [a])
      assert.deepEqual(await found({ r: '' }), [])
      const outcome = (parameters: Record<string, string>) => house.outcome('ListTagResources', parameters)
      assert.equal(await outcome({ ...pieces(['none']), RegionId }), 'InvalidResourceId.NotFound')
      assert.equal(await outcome({ ...pieces([]), RegionId, NextToken: 'x' }), 'InvalidParameter')
      assert.equal(await outcome({ ...pieces([]), RegionId, ResourceType: 'secret' }), 'OK')
    })
  })

  describe('UpdateKeyDescription', () => {
    it('replaces the description, and an empty one deletes it', async () => {
      const KeyId = await createKey({ Description: 'first' })
      const described = async () => (await house.must('DescribeKey', { KeyId })).KeyMetadata.Description
      await house.must('UpdateKeyDescription', { KeyId, Description: 'second — 第二' })
      assert.equal(await described(), 'second — 第二')
      await house.must('UpdateKeyDescription', { KeyId, Description: '' })
      assert.equal(await described(), '')
      assert.equal(await house.outcome('UpdateKeyDescription', { KeyId }), 'MissingParameter')
      const tooLong = { KeyId, Description: 'x'.repeat(8193) }
      assert.equal(await house.outcome('UpdateKeyDescription', tooLong), 'InvalidParameter')
    })
  })

  describe('deletion protection', () => {
    it('is shown with what was said about it, and keeps the key from deletion until it is lifted', async () => {
      const KeyId = await createKey()
      const ProtectedResourceArn = `acs:kms:cn-hangzhou:${house.credentials.accountId}:key/${KeyId}`
      await house.must('SetDeletionProtection', {
        ProtectedResourceArn,
        EnableDeletionProtection: 'true',
        DeletionProtectionDescription: 'payments',
      })
      const on = (await house.must('DescribeKey', { KeyId })).KeyMetadata
      assert.deepEqual([on.DeletionProtection, on.DeletionProtectionDescription], ['Enabled', 'payments'])
      assert.equal(await house.outcome('ScheduleKeyDeletion', { KeyId }), 'Rejected.StateModifiedFailed')
      const lift = { KeyId, EnableDeletionProtection: 'false', DeletionProtectionDescription: 'ignored' }
      await house.must('SetDeletionProtection', lift)
      const off = (await house.must('DescribeKey', { KeyId })).KeyMetadata
      assert.deepEqual([off.DeletionProtection, off.DeletionProtectionDescription], ['Disabled', undefined])
      for (const DeletionProtectionDescription of ['one', 'two']) {
        const again = { KeyId, EnableDeletionProtection: 'true', DeletionProtectionDescription }
        await house.must('SetDeletionProtection', again)
        const { KeyMetadata } = await house.must('DescribeKey', { KeyId })
        assert.equal(KeyMetadata.DeletionProtectionDescription, DeletionProtectionDescription)
      }
      await house.must('SetDeletionProtection', lift)
      await house.must('ScheduleKeyDeletion', { KeyId })
    })

    it('names one key, in one way or two', async () => {
      const [one, two] = [await createKey(), await createKey()]
      const set = (parameters: Record<string, string>) =>
        house.outcome('SetDeletionProtection', { EnableDeletionProtection: 'true', ...parameters })
      const arn = `acs:kms:cn-hangzhou:${house.credentials.accountId}:key/${one}`
      assert.equal(await set({}), 'MissingParameter')
      assert.equal(await set({ KeyId: two, ProtectedResourceArn: arn }), 'InvalidParameter')
      assert.equal(await set({ KeyId: one, ProtectedResourceArn: arn }), 'OK')
      assert.equal(await set({ KeyId: 'alias/x' }), 'Unsupported.Alias')
      assert.equal(await house.outcome('SetDeletionProtection', { KeyId: one }), 'MissingParameter')
    })
  })

  describe('the account', () => {
    it('has the service open', async () => {
      assert.equal((await house.must('DescribeAccountKmsStatus')).AccountStatus, 'Enabled')
      const { status, body } = await house.call('OpenKmsService')
      assert.deepEqual([status, body.Code], [400, 'Forbidden.Opened'])
    })

    it('is told what can be made in each region', async () => {
      const of = async (RegionId: string) => {
        const { ProtectionLevels, KeySpecs } = await house.must('DescribeService', { RegionId })
        const types = ProtectionLevels.ProtectionLevel.map(({ Type }: { Type: string }) => Type)
        const first = KeySpecs.KeySpec[0]
        assert.deepEqual([first.Name, first.Usages], ['Aliyun_AES_256', { Usage: ['ENCRYPT/DECRYPT'] }])
        return [types, first.SupportedProtectionLevels.SupportedProtectionLevel]
      }
      assert.deepEqual(await of('us-west-1'), [['SOFTWARE'], ['SOFTWARE']])
      const managed = house.token ? ['SOFTWARE', 'HSM'] : ['SOFTWARE']
      assert.deepEqual(await of('cn-hangzhou'), [managed, managed])
      const { KeySpecs } = await house.must('DescribeService')
      for (const { Name, Usages } of KeySpecs.KeySpec)
        for (const KeyUsage of Usages.Usage) {
          const wanted = { KeySpec: Name, KeyUsage, ProtectionLevel: 'SOFTWARE' }
          assert.equal(await house.outcome('CreateKey', wanted), 'OK', `${Name} ${KeyUsage}`)
        }
    })
  })

  it('met no failure of its own', () => {
    assert.deepEqual(house.failures, [])
  })
})
