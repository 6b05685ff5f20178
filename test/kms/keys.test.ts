// CMKs, aliases, tags: parameters, answers and refusals of the managing operations.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { newCredentials } from '../../src/ram/account.ts'
import { SYSTEM } from '../../src/runtime/system.ts'
import { eachProtectionLevel } from '../databases.ts'
import type { TestHouse } from '../house.ts'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

eachProtectionLevel((open) => {
  let house: TestHouse
  before(async () => {
    house = await open(['--max-keys', '1000', '--max-aliases', '40'])
  })
  after(() => house[Symbol.asyncDispose]())

  const createKey = async (parameters: Record<string, string> = {}): Promise<string> =>
    (await house.must('CreateKey', parameters)).KeyMetadata.KeyId
  const refused = async (operation: string, parameters: Record<string, string>, code: string, status: number) => {
    const answer = await house.call(operation, parameters)
    assert.deepEqual(
      [answer.body.Code, answer.status, answer.body.HttpStatus],
      [code, status, status],
      JSON.stringify(parameters),
    )
    assert.equal(typeof answer.body.Message, 'string')
    assert.match(answer.body.RequestId, UUID)
    assert.ok(answer.body.HostId.length > 0)
  }

  describe('CreateKey and DescribeKey', () => {
    it('answer with the metadata of the guide', async () => {
      const { KeyMetadata, RequestId } = await house.must('CreateKey', { Description: 'orders — 订单' })
      assert.match(RequestId, UUID)
      assert.match(KeyMetadata.KeyId, UUID)
      assert.match(KeyMetadata.PrimaryKeyVersion, UUID)
      const created = `${new Date(house.now).toISOString().slice(0, 19)}Z`
      const account = house.credentials.accountId
      assert.deepEqual(KeyMetadata, {
        KeyId: KeyMetadata.KeyId,
        Arn: `acs:kms:cn-hangzhou:${account}:key/${KeyMetadata.KeyId}`,
        CreationDate: created,
        Description: 'orders — 订单',
        KeyState: 'Enabled',
        KeyUsage: 'ENCRYPT/DECRYPT',
        KeySpec: 'Aliyun_AES_256',
        Creator: account,
        Origin: 'Aliyun_KMS',
        ProtectionLevel: house.token ? 'HSM' : 'SOFTWARE',
        DeleteDate: '',
        MaterialExpireTime: '',
        PrimaryKeyVersion: KeyMetadata.PrimaryKeyVersion,
        LastRotationDate: created,
        AutomaticRotation: 'Disabled',
        DeletionProtection: 'Disabled',
      })
      const described = await house.must('DescribeKey', { KeyId: KeyMetadata.KeyId })
      assert.deepEqual(described.KeyMetadata, KeyMetadata)
    })

    it('refuse what is not valid', async () => {
      for (const bad of [
        { Description: 'x'.repeat(8193) },
        { Origin: 'External' },
        { Origin: 'aliyun_kms' },
        { ProtectionLevel: 'software' },
        { KeySpec: 'AES_256' },
        { KeySpec: 'RSA_2048', Origin: 'EXTERNAL' },
        { KeyUsage: 'ENCRYPT / DECRYPT' },
        { KeyUsage: 'SIGN/VERIFY' },
        { EnableAutomaticRotation: 'yes' },
        { Tags: '{}' },
        { Tags: '[{"TagKey":""}]' },
      ] as Record<string, string>[])
        await refused('CreateKey', bad, 'InvalidParameter', 400)
      await refused('CreateKey', { ProtectionLevel: 'HSM', RegionId: 'us-west-1' }, 'Unsupported.ProtectionLevel', 400)
      await refused('CreateKey', { DKMSInstanceId: 'kst-x' }, 'Forbidden.DKMSInstanceNotFound', 403)
      await refused('DescribeKey', {}, 'MissingParameter', 400)
      await refused('DescribeKey', { KeyId: '' }, 'MissingParameter', 400)
      await refused('DescribeKey', { KeyId: 'nope' }, 'Forbidden.KeyNotFound', 404)
      await refused('DescribeKey', { KeyId: 'alias/nope' }, 'Forbidden.AliasNotFound', 404)
    })

    it('take a description of 8192 characters, and tags', async () => {
      const KeyId = await createKey({
        Description: 'd'.repeat(8192),
        Tags: '[{"TagKey":"Project","TagValue":"Apollo"}]',
      })
      assert.equal((await house.must('DescribeKey', { KeyId })).KeyMetadata.Description.length, 8192)
      assert.deepEqual((await house.must('ListResourceTags', { KeyId })).Tags, {
        Tag: [{ KeyId, TagKey: 'Project', TagValue: 'Apollo' }],
      })
    })

    it('refuse aliases where only ids are taken', async () => {
      const KeyId = 'alias/any'
      for (const [operation, parameters] of Object.entries({
        EnableKey: {},
        DisableKey: {},
        ScheduleKeyDeletion: { PendingWindowInDays: '7' },
        CancelKeyDeletion: {},
        GetParametersForImport: { WrappingAlgorithm: 'RSAES_OAEP_SHA_1', WrappingKeySpec: 'RSA_2048' },
        ImportKeyMaterial: { ImportToken: 'AAAA', EncryptedKeyMaterial: 'AAAA' },
        DeleteKeyMaterial: {},
        ListAliasesByKeyId: {},
        ListResourceTags: {},
        UntagResource: { TagKeys: '["a"]' },
        CreateAlias: { AliasName: 'alias/other' },
      }))
        await refused(operation, { KeyId, ...parameters }, 'Unsupported.Alias', 400)
    })
  })

  describe('ListKeys', () => {
    it('lists a region of an account alone, in the order of creation, page by page', async () => {
      const RegionId = 'cn-shanghai'
      const made: string[] = []
      for (let i = 0; i < 13; i++) {
        house.now += 1000
        made.push(await createKey({ RegionId }))
      }
      const pages = []
      for (const PageNumber of ['1', '2', '3', '4']) {
        const page = await house.must('ListKeys', { RegionId, PageNumber, PageSize: '5' })
        assert.deepEqual([page.TotalCount, page.PageNumber, page.PageSize], [13, Number(PageNumber), 5])
        pages.push(page.Keys.Key.map(({ KeyId }: { KeyId: string }) => KeyId))
      }
      assert.deepEqual(pages, [made.slice(0, 5), made.slice(5, 10), made.slice(10), []])
      assert.equal((await house.must('ListKeys', { RegionId })).Keys.Key.length, 10)
      const [first] = (await house.must('ListKeys', { RegionId })).Keys.Key
      assert.equal(first.KeyArn, `acs:kms:${RegionId}:${house.credentials.accountId}:key/${first.KeyId}`)
      assert.deepEqual((await house.must('ListKeys', { RegionId: 'us-west-1' })).Keys, { Key: [] })
      const other = newCredentials(SYSTEM)
      await house.open.accounts.provide(other, 'other', house.now)
      assert.equal((await house.call('ListKeys', { RegionId }, other)).body.TotalCount, 0)
    })

    it('refuses pages out of range', async () => {
      for (const bad of [
        { PageSize: '0' },
        { PageSize: '101' },
        { PageNumber: '0' },
        { PageNumber: '-1' },
        { PageSize: 'ten' },
        { PageSize: '1e1' },
      ] as Record<string, string>[])
        for (const operation of ['ListKeys', 'ListAliases']) await refused(operation, bad, 'InvalidParameter', 400)
      const Filters = '[{"Key":"KeyState","Values":["Enabled"]}]'
      for (const PageNumber of ['1000000000', '1000000001', '999999999999999']) {
        const beyond = { PageSize: '100', PageNumber }
        for (const more of [{}, { Filters }]) {
          const { Keys, PageNumber: echoed } = await house.must('ListKeys', { ...beyond, ...more })
          assert.deepEqual([Keys.Key, echoed], [[], Number(PageNumber)])
        }
        assert.deepEqual((await house.must('ListAliases', beyond)).Aliases.Alias, [])
      }
    })

    it('filters: keys of a filter together, values of one as alternatives', async () => {
      const RegionId = 'eu-west-1'
      const [a, b, c, d] = [
        await createKey({ RegionId }),
        await createKey({ RegionId }),
        await createKey({ RegionId }),
        await createKey({ RegionId, Origin: 'EXTERNAL' }),
      ] as const
      await house.must('DisableKey', { RegionId, KeyId: b })
      await house.must('ScheduleKeyDeletion', { RegionId, KeyId: c, PendingWindowInDays: '7' })
      const listed = async (filters: unknown) => {
        const answer = await house.must('ListKeys', { RegionId, Filters: JSON.stringify(filters) })
        assert.equal(answer.TotalCount, answer.Keys.Key.length)
        return answer.Keys.Key.map(({ KeyId }: { KeyId: string }) => KeyId).sort()
      }
      const state = (...Values: string[]) => ({ Key: 'KeyState', Values })
      assert.deepEqual(
        await listed([
          state('Enabled', 'Disabled'),
          state('PendingDeletion'),
          { Key: 'KeySpec', Values: ['Aliyun_AES_256'] },
        ]),
        [a, b, c].sort(),
      )
      assert.deepEqual(await listed([state('PendingImport')]), [d])
      assert.deepEqual(await listed([state('Enabled'), { Key: 'CreatorType', Values: ['Service'] }]), [])
      for (const Filters of [
        '{}',
        '[',
        '[{"Key":"Nope","Values":[]}]',
        '[{"Key":"KeyState"}]',
        '[null]',
        '[{"Key":"constructor","Values":["x"]}]',
      ])
        await refused('ListKeys', { Filters }, 'InvalidParameter', 400)
    })
  })

  describe('aliases', () => {
    it('are made, listed, moved and deleted', async () => {
      const [one, two] = [await createKey(), await createKey()]
      const AliasName = 'alias/Orders_2026/a-b'
      await house.must('CreateAlias', { AliasName, KeyId: one })
      await refused('CreateAlias', { AliasName, KeyId: one }, 'AliasAlreadyExists', 400)
      await refused('CreateAlias', { AliasName, KeyId: two }, 'AliasAlreadyExists', 400)
      const alias = {
        KeyId: one,
        AliasName,
        AliasArn: `acs:kms:cn-hangzhou:${house.credentials.accountId}:${AliasName}`,
      }
      assert.deepEqual((await house.must('ListAliasesByKeyId', { KeyId: one })).Aliases, { Alias: [alias] })
      assert.deepEqual((await house.must('ListAliases')).Aliases.Alias.at(-1), alias)
      await house.must('UpdateAlias', { AliasName, KeyId: two })
      await house.must('UpdateAlias', { AliasName, KeyId: two })
      const empty = await house.must('ListAliasesByKeyId', { KeyId: one })
      assert.deepEqual([empty.Aliases, empty.TotalCount, empty.PageNumber, empty.PageSize], [{ Alias: [] }, 0, 1, 10])
      assert.equal((await house.must('DescribeKey', { KeyId: AliasName })).KeyMetadata.KeyId, two)
      await house.must('DeleteAlias', { AliasName })
      await refused('DeleteAlias', { AliasName }, 'Forbidden.AliasNotFound', 404)
      await refused('UpdateAlias', { AliasName, KeyId: two }, 'Forbidden.AliasNotFound', 404)
      await refused('CreateAlias', { AliasName, KeyId: 'none' }, 'Forbidden.KeyNotFound', 404)
      await house.must('CreateAlias', { AliasName, KeyId: one })
      await house.must('DeleteAlias', { AliasName })
    })

    it('have names of the grammar, 1 to 255 characters after the prefix', async () => {
      const KeyId = await createKey()
      const longest = `alias/${'x'.repeat(255)}`
      await house.must('CreateAlias', { AliasName: longest, KeyId })
      await house.must('DeleteAlias', { AliasName: longest })
      for (const AliasName of [
        'alias/',
        'orders',
        'Alias/x',
        'alias/a b',
        'alias/ü',
        'alias/a.b',
        `${longest}x`,
        'alias/acs/kms',
        'alias/acsx',
        'alias/a\n',
      ])
        await refused('CreateAlias', { AliasName, KeyId }, 'InvalidParameter', 400)
    })

    it('may have the same name in another region', async () => {
      const [here, there] = [await createKey(), await createKey({ RegionId: 'cn-beijing' })]
      await house.must('CreateAlias', { AliasName: 'alias/twin', KeyId: here })
      await house.must('CreateAlias', { AliasName: 'alias/twin', KeyId: there, RegionId: 'cn-beijing' })
      assert.equal((await house.must('DescribeKey', { KeyId: 'alias/twin' })).KeyMetadata.KeyId, here)
    })

    it('stop at the quota', async () => {
      const RegionId = 'me-east-1'
      const KeyId = await createKey({ RegionId })
      const attempts = Array.from({ length: 45 }, (_, i) =>
        house.outcome('CreateAlias', { RegionId, KeyId, AliasName: `alias/n${i}` }),
      )
      const outcomes = await Promise.all(attempts)
      assert.equal(outcomes.filter((outcome) => outcome === 'OK').length, 40)
      assert.equal(outcomes.filter((outcome) => outcome === 'Rejected.LimitExceeded').length, 5)
      await house.must('DeleteAlias', {
        RegionId,
        AliasName: (await house.must('ListAliases', { RegionId })).Aliases.Alias[0].AliasName,
      })
      assert.equal(await house.outcome('CreateAlias', { RegionId, KeyId, AliasName: 'alias/again' }), 'OK')
    })
  })

  describe('tags', () => {
    const tag = (pairs: Record<string, string>) =>
      JSON.stringify(Object.entries(pairs).map(([TagKey, TagValue]) => ({ TagKey, TagValue })))

    it('are added, overwritten, listed and removed', async () => {
      const KeyId = await createKey()
      await house.must('TagResource', { KeyId, Tags: tag({ a: '1', b: '' }) })
      await house.must('TagResource', { KeyId, Tags: tag({ a: '2', 'c/d:e=f@g.h+i-j_k\\': 'v' }) })
      const { Tags } = await house.must('ListResourceTags', { KeyId })
      assert.deepEqual(Tags.Tag, [
        { KeyId, TagKey: 'a', TagValue: '2' },
        { KeyId, TagKey: 'b', TagValue: '' },
        { KeyId, TagKey: 'c/d:e=f@g.h+i-j_k\\', TagValue: 'v' },
      ])
      await house.must('UntagResource', { KeyId, TagKeys: '["b","absent"]' })
      await house.must('UntagResource', { KeyId, TagKeys: 'a' })
      assert.equal((await house.must('ListResourceTags', { KeyId })).Tags.Tag.length, 1)
      const none = { Tag: [] }
      assert.deepEqual((await house.must('ListResourceTags', { KeyId: await createKey() })).Tags, none)
      const untagged = await createKey({ Tags: '[]' })
      assert.deepEqual((await house.must('ListResourceTags', { KeyId: untagged })).Tags, none)
    })

    it('are refused when they break the grammar or the limits', async () => {
      const KeyId = await createKey()
      for (const Tags of [
        'x',
        '[]',
        '{}',
        '[{}]',
        '[{"TagKey":1}]',
        tag({ ä: '1' }),
        tag({ aliyun_x: '1' }),
        tag({ 'acs:x': '1' }),
        tag({ ['k'.repeat(129)]: '' }),
        tag({ k: 'v'.repeat(257) }),
        '[{"TagKey":"a"},{"TagKey":"a"}]',
      ])
        await refused('TagResource', { KeyId, Tags }, 'InvalidParameter', 400)
      const twenty = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`k${i}`, 'v']))
      await house.must('TagResource', { KeyId, Tags: tag(twenty) })
      await house.must('TagResource', { KeyId, Tags: tag({ k3: 'w' }) })
      await refused('TagResource', { KeyId, Tags: tag({ k20: 'v' }) }, 'Rejected.LimitExceeded', 400)
      for (const TagKeys of ['[]', '{"a":1}', '[1]', '[""]'])
        await refused('UntagResource', { KeyId, TagKeys }, 'InvalidParameter', 400)
    })

    it('name exactly one resource', async () => {
      const KeyId = await createKey()
      const Tags = tag({ a: '1' })
      await refused('TagResource', { Tags }, 'MissingParameter', 400)
      await refused('TagResource', { KeyId, SecretName: 's', Tags }, 'InvalidParameter', 400)
      await refused('TagResource', { SecretName: 's', Tags }, 'Forbidden.ResourceNotFound', 404)
      await refused('TagResource', { CertificateId: 's', Tags }, 'Certificate.NotFound', 404)
      await house.must('CreateAlias', { AliasName: 'alias/tagged', KeyId })
      await house.must('TagResource', { KeyId: 'alias/tagged', Tags })
    })

    it('survive many writers of one key at once, each exactly once', async () => {
      const KeyId = await createKey()
      const names = Array.from({ length: 20 }, (_, i) => `writer${i}`)
      await Promise.all(names.map((name) => house.must('TagResource', { KeyId, Tags: tag({ [name]: 'x' }) })))
      const { Tags } = await house.must('ListResourceTags', { KeyId })
      assert.deepEqual(Tags.Tag.map(({ TagKey }: { TagKey: string }) => TagKey).sort(), names.toSorted())
    })
  })

  describe('DescribeRegions', () => {
    it('lists the regions served, in alphabetical order, and leaves no event', async () => {
      const before = (await house.events()).length
      const { Regions } = await house.must('DescribeRegions')
      const ids = Regions.Region.map(({ RegionId }: { RegionId: string }) => RegionId)
      assert.deepEqual(ids, ids.toSorted())
      assert.ok(ids.includes('cn-hangzhou') && ids.includes('cn-hongkong'))
      assert.equal((await house.events()).length, before)
    })
  })

  describe('quota of keys', () => {
    it('is kept exactly by callers at once', async () => {
      await using small = await open(['--max-keys', '7'])
      const outcomes = await Promise.all(Array.from({ length: 20 }, () => small.outcome('CreateKey')))
      assert.equal(outcomes.filter((outcome) => outcome === 'OK').length, 7)
      assert.equal(outcomes.filter((outcome) => outcome === 'Rejected.LimitExceeded').length, 13)
      assert.equal((await small.must('ListKeys')).TotalCount, 7)
      assert.equal(await small.outcome('CreateKey', { RegionId: 'cn-beijing' }), 'OK')
    })
  })

  it('met no failure of its own', () => {
    assert.deepEqual(house.failures, [])
  })
})
