// Searching keys by their index: it finds what reading all keys finds, and who alters it can make no wrong key be shown.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import { TooManySearches } from '../../src/storage/storage.ts'
import { eachDatabase } from '../databases.ts'
import { openTestHouse, type TestHouse } from '../house.ts'
import { ramOf } from '../ram/ram.ts'
import { times } from '../size.ts'
import { importMaterial, prepareImport, wrap } from './byok.ts'

const DAY_MS = 86_400_000
const WORDS = ['Orders', 'ORDERS of 100%', 'Zürich', 'a_b', "O'Hara", '50% \\ off!', '订单', ''] as const
const TAGS = [
  ['Team', 'A'],
  ['Team', 'AB'],
  ['team', 'A'],
  ['Env', ''],
  ['a=b', 'c=d'],
] as const
const NAMES = ['orders', 'Orders/eu', 'a_b', 'x-1'] as const
const PARTS = [
  ...WORDS,
  'order',
  '%',
  '_',
  '!',
  '\\',
  "'",
  'ü',
  'Ü',
  '0-',
  'alias',
  'ORDERS/E',
  'x-1',
  'no such',
] as const

type Filters = readonly { readonly Key: string; readonly Values: readonly string[] }[]

/** A key as reading it alone shows it. */
interface Read {
  readonly KeyId: string
  readonly texts: readonly string[]
  readonly tags: readonly (readonly [string, string])[]
  readonly properties: Readonly<Record<string, string>>
}

/** What the filters find among all keys, in their order. */
function foundBy(filters: Filters, all: readonly Read[]): string[] {
  const values = new Map<string, string[]>()
  for (const { Key, Values } of filters) values.set(Key, [...(values.get(Key) ?? []), ...Values])
  const [[search = ''] = [], [tagKey] = [], [tagValue] = []] = ['Search', 'TagKey', 'TagValue'].map((key) =>
    values.get(key),
  )
  const isTagged = ([key, value]: readonly [string, string]) =>
    key === tagKey && (tagValue === undefined || value === tagValue)
  return all
    .filter(({ properties }) =>
      Object.entries(properties).every(([key, own]) => values.get(key)?.includes(own) ?? true),
    )
    .filter(({ texts }) => texts.some((text) => text.toLowerCase().includes(search.toLowerCase())))
    .filter(({ tags }) => tagKey === undefined || tags.some(isTagged))
    .map(({ KeyId }) => KeyId)
}

const some = (Key: string, values: readonly string[]) =>
  fc.subarray([...values], { minLength: 1 }).map((Values) => [{ Key, Values }])
const maybe = <T>(one: fc.Arbitrary<readonly T[]>) =>
  fc.oneof({ arbitrary: fc.constant([] as readonly T[]), weight: 2 }, { arbitrary: one, weight: 1 })
const filters: fc.Arbitrary<Filters> = fc
  .tuple(
    maybe(some('KeyState', ['Enabled', 'Disabled', 'PendingDeletion', 'PendingImport', 'Nope'])),
    maybe(some('Origin', ['Aliyun_KMS', 'EXTERNAL'])),
    maybe(some('ProtectionLevel', ['SOFTWARE', 'HSM'])),
    maybe(some('KeySpec', ['Aliyun_AES_256', 'RSA_2048'])),
    maybe(some('KeyUsage', ['ENCRYPT/DECRYPT', 'SIGN/VERIFY'])),
    maybe(fc.constantFrom(...PARTS.filter(Boolean)).map((part) => [{ Key: 'Search', Values: [part] }])),
    maybe(
      fc
        .tuple(fc.constantFrom(...TAGS), fc.boolean())
        .map(([[key, value], both]) => [
          { Key: 'TagKey', Values: [key] },
          ...(both ? [{ Key: 'TagValue', Values: [value] }] : []),
        ]),
    ),
  )
  .map((all) => all.flat())

const change = fc.record({
  what: fc.constantFrom(
    ...(['create', 'create', 'import', 'describe', 'tag', 'untag', 'alias', 'move alias', 'drop alias'] as const),
    ...(['disable', 'enable', 'delete', 'cancel', 'wait', 'wait long', 'sweep'] as const),
  ),
  which: fc.nat(1000),
  word: fc.constantFrom(...WORDS),
  tag: fc.constantFrom(...TAGS),
  name: fc.constantFrom(...NAMES),
})
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never

class World {
  readonly house: TestHouse
  readonly #made: string[] = []
  constructor(house: TestHouse) {
    this.house = house
  }

  /** Makes a change; one that the service refuses is none. */
  async make({ what, which, word, tag, name }: Change): Promise<void> {
    const { house } = this
    const KeyId = this.#made[which % Math.max(1, this.#made.length)] ?? 'none'
    const AliasName = `alias/${name}`
    const Tags = JSON.stringify([{ TagKey: tag[0], TagValue: tag[1] }])
    house.now += 1 + (which % 3)
    switch (what) {
      case 'create': {
        const more = which % 3 === 0 ? { Origin: 'EXTERNAL' } : {}
        const { KeyMetadata } = await house.must('CreateKey', { Description: word, Tags, ...more })
        return void this.#made.push(KeyMetadata.KeyId)
      }
      case 'import': {
        const { KeyMetadata } = await house.must('CreateKey', { Description: word, Origin: 'EXTERNAL' })
        this.#made.push(KeyMetadata.KeyId)
        return importMaterial(house, await prepareImport(house, KeyMetadata.KeyId), house.now + DAY_MS)
      }
      case 'describe':
        return void (await house.call('UpdateKeyDescription', { KeyId, Description: word }))
      case 'tag':
        return void (await house.call('TagResource', { KeyId, Tags }))
      case 'untag':
        return void (await house.call('UntagResource', { KeyId, TagKeys: JSON.stringify([tag[0]]) }))
      case 'alias':
        return void (await house.call('CreateAlias', { AliasName, KeyId }))
      case 'move alias':
        return void (await house.call('UpdateAlias', { AliasName, KeyId }))
      case 'drop alias':
        return void (await house.call('DeleteAlias', { AliasName }))
      case 'disable':
        return void (await house.call('DisableKey', { KeyId }))
      case 'enable':
        return void (await house.call('EnableKey', { KeyId }))
      case 'delete':
        return void (await house.call('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: '7' }))
      case 'cancel':
        return void (await house.call('CancelKeyDeletion', { KeyId }))
      case 'wait':
        house.now += DAY_MS / 2
        return
      case 'wait long':
        house.now += 4 * DAY_MS
        return
      case 'sweep':
        return void (await house.sweep())
    }
  }

  /** All keys as reading each of them shows it, in the order of their creation. */
  async readAll(): Promise<readonly Read[]> {
    const { house } = this
    const { Aliases } = await house.must('ListAliases', { PageSize: '100' })
    const all: Read[] = []
    for (const KeyId of this.#made) {
      const { status, body } = await house.call('DescribeKey', { KeyId })
      if (status !== 200) continue
      const { Description, KeyState, Origin, ProtectionLevel, KeySpec, KeyUsage } = body.KeyMetadata
      const { Tags } = await house.must('ListResourceTags', { KeyId })
      const names = Aliases.Alias.filter((alias: { KeyId: string }) => alias.KeyId === KeyId)
      all.push({
        KeyId,
        texts: [
          KeyId,
          Description,
          ...names.map(({ AliasName }: { AliasName: string }) => AliasName.slice('alias/'.length)),
        ],
        tags: Tags.Tag.map(({ TagKey, TagValue }: Record<string, string>) => [TagKey, TagValue]),
        properties: { KeyState, Origin, ProtectionLevel, KeySpec, KeyUsage },
      })
    }
    return all
  }
}

eachDatabase((open, name) => {
  let house: TestHouse
  before(async () => {
    house = await open()
  })
  after(() => house[Symbol.asyncDispose]())

  const listed = async (filters: Filters, paging: Record<string, string> = { PageSize: '100' }) => {
    const answer = await house.must('ListKeys', { ...paging, Filters: JSON.stringify(filters) })
    return { ids: answer.Keys.Key.map(({ KeyId }: { KeyId: string }) => KeyId) as string[], total: answer.TotalCount }
  }

  it('finds what reading all keys finds, whatever changed', async () => {
    const world = new World(house)
    await fc.assert(
      fc.asyncProperty(
        fc.array(change, { minLength: 20, maxLength: 40 }),
        fc.array(filters, { minLength: 12, maxLength: 12 }),
        fc.constantFrom(...TAGS),
        async (changes, queries, [Key, Value]) => {
          for (const one of changes) await world.make(one)
          const all = await world.readAll()
          for (const query of queries.filter(({ length }) => length > 0)) {
            const expected = foundBy(query, all)
            const found = await listed(query)
            assert.deepEqual(found, { ids: expected.slice(0, 100), total: expected.length }, JSON.stringify(query))
            const second = await listed(query, { PageSize: '3', PageNumber: '2' })
            assert.deepEqual(second, { ids: expected.slice(3, 6), total: expected.length }, JSON.stringify(query))
          }
          const tagged = { RegionId: 'cn-hangzhou', ResourceType: 'key', 'Tag.1.Key': Key, 'Tag.1.Value': Value }
          const { TagResources } = await house.must('ListTagResources', tagged)
          const ids = TagResources.TagResource.map(({ ResourceId }: { ResourceId: string }) => ResourceId)
          const has = ([key, value]: readonly [string, string]) => key === Key && (Value === '' || value === Value)
          const expected = all.filter(({ tags }) => tags.some(has)).map(({ KeyId }) => KeyId)
          assert.deepEqual([...new Set(ids)], expected.sort())
        },
      ),
      { numRuns: times(name === 'SQLite' ? 'searches, on SQLite' : 'searches, on PostgreSQL'), endOnFailure: true },
    )
    assert.deepEqual(house.failures, [])
  })

  it('sees the state of keys at the present moment, even before background work has run', async () => {
    const RegionId = 'cn-beijing'
    const found = async (state: string) => {
      const Filters = JSON.stringify([{ Key: 'KeyState', Values: [state] }])
      return (await house.must('ListKeys', { RegionId, Filters })).TotalCount
    }
    const states = async () => [await found('Enabled'), await found('PendingImport'), await found('PendingDeletion')]
    const made = async (more: Record<string, string> = {}) =>
      (await house.must('CreateKey', { RegionId, ...more })).KeyMetadata.KeyId
    const [imported, deleted] = [await made({ Origin: 'EXTERNAL' }), await made()]
    const { PublicKey, ImportToken } = await house.must('GetParametersForImport', {
      ...{ RegionId, KeyId: imported, WrappingAlgorithm: 'RSAES_OAEP_SHA_256', WrappingKeySpec: 'RSA_2048' },
    })
    await house.must('ImportKeyMaterial', {
      ...{ RegionId, KeyId: imported, ImportToken },
      EncryptedKeyMaterial: wrap(PublicKey, 'RSAES_OAEP_SHA_256', Buffer.alloc(32, 1)),
      KeyMaterialExpireUnix: String(Math.floor((house.now + DAY_MS) / 1000)),
    })
    await house.must('ScheduleKeyDeletion', { RegionId, KeyId: deleted, PendingWindowInDays: '7' })
    assert.deepEqual(await states(), [1, 0, 1])
    house.now += DAY_MS
    assert.deepEqual(await states(), [0, 1, 1])
    house.now += 6 * DAY_MS
    assert.deepEqual(await states(), [0, 1, 0])
    assert.deepEqual(house.failures, [])
  })

  it('looks into the first 512 characters of a description, as its index does', async () => {
    const RegionId = 'cn-shanghai'
    const made = async (Description: string) =>
      (await house.must('CreateKey', { RegionId, Description })).KeyMetadata.KeyId
    const one = await made(`${'x'.repeat(511)}YZ`)
    await made(`${'x'.repeat(511)}\u{1f511}`)
    const found = async (part: string) => {
      const Filters = JSON.stringify([{ Key: 'Search', Values: [part] }])
      return (await house.must('ListKeys', { RegionId, Filters })).Keys.Key.map(({ KeyId }: { KeyId: string }) => KeyId)
    }
    assert.equal((await found('xx')).length, 2)
    assert.deepEqual(await found('xy'), [one])
    for (const part of ['yz', 'z', '\u{1f511}']) assert.deepEqual(await found(part), [])
    assert.deepEqual(house.failures, [])
  })

  it('raises no alarm, and reads nothing else, where an alias moves meanwhile', async () => {
    const RegionId = 'cn-shenzhen'
    const keys: string[] = []
    for (let i = 0; i < 2; i++) keys.push((await house.must('CreateKey', { RegionId })).KeyMetadata.KeyId)
    await house.must('CreateAlias', { RegionId, AliasName: 'alias/moving', KeyId: keys[0] as string })
    const { storage } = house.open
    const { search, pageAfter } = storage
    let searches = 0
    storage.search = async (...which) => {
      const found = await search.apply(storage, which)
      await house.must('UpdateAlias', { RegionId, AliasName: 'alias/moving', KeyId: keys[++searches % 2] as string })
      return found
    }
    storage.pageAfter = () => assert.fail('all were read')
    try {
      const Filters = '[{"Key":"Search","Values":["moving"]}]'
      const { Keys, TotalCount } = await house.must('ListKeys', { RegionId, Filters })
      assert.deepEqual(
        [Keys.Key.map(({ KeyId }: { KeyId: string }) => KeyId), TotalCount],
        [[keys[(searches - 1) % 2]], 1],
      )
    } finally {
      Object.assign(storage, { search, pageAfter })
    }
    assert.deepEqual(house.failures, [])
  })

  it('refuses a search that the database refuses to take, as throttled, and says why', async () => {
    const { storage } = house.open
    const { search } = storage
    storage.search = () => Promise.reject(new TooManySearches('others wait'))
    try {
      const { status, body } = await house.call('ListKeys', { Filters: '[{"Key":"Search","Values":["a"]}]' })
      assert.deepEqual(
        [status, body.Code, body.Message],
        [429, 'Rejected.Throttling', 'QPS Limit Exceeded: others wait'],
      )
    } finally {
      storage.search = search
    }
    assert.deepEqual(house.failures, [])
  })

  it('refuses filters of its own that are not whole', async () => {
    const one = (Key: string, ...Values: string[]) => ({ Key, Values })
    for (const filters of [
      [one('Search')],
      [one('Search', '')],
      [one('Search', 'x'.repeat(257))],
      [one('Search', 'a', 'b')],
      [one('Search', 'a'), one('Search', 'b')],
      [one('TagKey', 'ä')],
      [one('TagKey', '')],
      [one('TagValue', 'x')],
      [one('TagKey', 'a'), one('TagValue', 'x\ny')],
    ])
      assert.equal(
        await house.outcome('ListKeys', { Filters: JSON.stringify(filters) }),
        'InvalidParameter',
        JSON.stringify(filters),
      )
    assert.equal(await house.outcome('ListKeys', { Filters: JSON.stringify([one('Search', 'x'.repeat(256))]) }), 'OK')
  })
})

describe('an index that was altered', () => {
  let house: TestHouse
  let index: DatabaseSync
  const found = async (...filters: Filters) => {
    const answer = await house.must('ListKeys', { Filters: JSON.stringify(filters) })
    return [answer.Keys.Key.map(({ KeyId }: { KeyId: string }) => KeyId), answer.TotalCount]
  }
  const search = (text: string) => found({ Key: 'Search', Values: [text] })
  const alarms = () => house.failures.splice(0)
  let one: string
  let two: string
  before(async () => {
    house = await openTestHouse(null)
    const made = async (Description: string) => (await house.must('CreateKey', { Description })).KeyMetadata.KeyId
    one = await made('first')
    two = await made('second')
    await house.must('CreateAlias', { AliasName: 'alias/named', KeyId: one })
    index = new DatabaseSync(join(house.data, 'strongroom.db'))
  })
  after(async () => {
    index.close()
    await house[Symbol.asyncDispose]()
  })

  it('makes no other key be shown, and is reported', async () => {
    index.prepare('UPDATE record_index SET words = ? WHERE id = ?').run(Buffer.from('second'), one)
    assert.deepEqual(await search('second'), [[two], 1])
    assert.match(alarms().join(), /the index of records was altered.*cmk\//s)
    index.prepare('UPDATE record_index SET facets = 2 WHERE id = ?').run(two)
    assert.deepEqual(await found({ Key: 'KeyState', Values: ['Disabled'] }), [[], 0])
    assert.equal(alarms().length, 1)
    index.prepare('UPDATE record_index SET parent = ? WHERE id = ?').run(two, 'alias/named')
    assert.deepEqual(await search('named'), [[one], 1])
    assert.equal(alarms().length, 1)
    const tagged = { RegionId: 'cn-hangzhou', ResourceType: 'key', 'Tag.1.Key': 'Team' }
    index.prepare('UPDATE record_index SET labels = ?').run(Buffer.from('\nTeam\tA\n'))
    assert.deepEqual((await house.must('ListTagResources', tagged)).TagResources.TagResource, [])
    assert.equal(alarms().length, 1)
  })

  it('is right again where its record changes', async () => {
    for (const KeyId of [one, two]) await house.must('UpdateKeyDescription', { KeyId, Description: 'changed' })
    await house.must('UpdateAlias', { AliasName: 'alias/named', KeyId: two })
    assert.deepEqual(await search('changed'), [[one, two], 2])
    assert.deepEqual(await search('named'), [[two], 1])
    assert.deepEqual(alarms(), [])
  })

  it('shows no key that is not there', async () => {
    index.exec(
      `INSERT INTO record_index SELECT created_at + 1, steady_until, facets, later, gone_at, place, 'none', words, labels, parent FROM record_index WHERE id = '${two}'`,
    )
    assert.deepEqual(await search('changed'), [[one, two], 2])
    assert.equal(alarms().length, 1)
  })

  it('shows no key twice', async () => {
    index.exec(
      `INSERT INTO record_index SELECT created_at + 1, steady_until, facets, later, gone_at, place, id, words, labels, parent FROM record_index WHERE id = '${two}'`,
    )
    assert.deepEqual(await search('changed'), [[one, two], 2])
    assert.equal(alarms().length, 1)
  })

  it('can hide a key from searches, and from nothing else', async () => {
    index.exec('DELETE FROM record_index')
    assert.deepEqual(await search('changed'), [[], 0])
    assert.equal((await house.must('ListKeys')).TotalCount, 2)
    assert.equal((await house.must('DescribeKey', { KeyId: one })).KeyMetadata.KeyId, one)
  })
})

describe('a caller who may list keys', () => {
  const DENIED = ['kms:DescribeKey', 'kms:ListAliases', 'kms:ListAliasesByKeyId', 'kms:ListResourceTags']
  let house: TestHouse
  let user: TestHouse['credentials']
  let keyId: string
  let ram: ReturnType<typeof ramOf>
  before(async () => {
    house = await openTestHouse(null)
    ram = ramOf(house)
    await ram.must('CreateUser', { UserName: 'lister' })
    user = await ram.accessKeyOf('lister')
    await ram.must('CreatePolicy', { PolicyName: 'p', PolicyDocument: ram.document(LISTS) })
    await ram.must('AttachPolicyToUser', { UserName: 'lister', PolicyName: 'p', PolicyType: 'Custom' })
    const Tags = '[{"TagKey":"Secret","TagValue":"yes"}]'
    keyId = (await house.must('CreateKey', { Description: 'PIN 4931', Tags })).KeyMetadata.KeyId
    await house.must('CreateAlias', { AliasName: 'alias/hidden', KeyId: keyId })
  })
  after(() => house[Symbol.asyncDispose]())

  const LISTS = { Effect: 'Allow', Action: 'kms:ListKeys', Resource: '*' }
  const allow = (Action: string | string[], Resource: string | string[] = '*', Condition?: object) => ({
    ...{ Effect: 'Allow', Action, Resource },
    ...(Condition && { Condition }),
  })
  const deny = (Action: string | string[], Resource = '*', Condition?: object) => ({
    ...allow(Action, Resource, Condition),
    Effect: 'Deny',
  })
  const put = async (...statements: object[]) => {
    const PolicyDocument = ram.document(LISTS, ...statements)
    await ram.must('CreatePolicyVersion', {
      PolicyName: 'p',
      PolicyDocument,
      SetAsDefault: 'true',
      RotateStrategy: 'DeleteOldestNonDefaultVersionWhenLimitExceeded',
    })
  }
  const filtered = (filters: Readonly<Record<string, string>>) =>
    house.call(
      'ListKeys',
      { Filters: JSON.stringify(Object.entries(filters).map(([Key, value]) => ({ Key, Values: [value] }))) },
      user,
    )
  /** How many keys the filters find, or what the call is refused for. */
  const found = async (filters: Readonly<Record<string, string>>) => {
    const { status, body } = await filtered(filters)
    if (status === 200) return body.TotalCount
    assert.equal(body.Code, 'Forbidden.NoPermission')
    const [event] = (await house.events()).slice(-1)
    const { AccessDeniedDetail = {} } = (event?.['additionalEventData'] ?? {}) as Record<string, Record<string, string>>
    const { AuthAction = '', AuthResource = '', NoPermissionType } = AccessDeniedDetail
    return `${NoPermissionType} ${AuthAction} ${AuthResource.split(':').at(-1)}`
  }
  const SEARCHES = { PIN: { Search: 'PIN 4' }, alias: { Search: 'hid' }, tag: { TagKey: 'Secret', TagValue: 'yes' } }

  it('learns nothing by a filter that it may not read', async () => {
    for (const statements of [[], [deny(DENIED)]] as const) {
      await put(...statements)
      const type = statements.length > 0 ? 'ExplicitDeny' : 'ImplicitDeny'
      assert.equal(await found(SEARCHES.PIN), `${type} kms:DescribeKey key/*`)
      assert.equal(await found(SEARCHES.alias), `${type} kms:DescribeKey key/*`)
      assert.equal(await found({ Origin: 'EXTERNAL' }), `${type} kms:DescribeKey key/*`)
      assert.equal(await found({ TagKey: 'Secret' }), `${type} kms:ListResourceTags key/*`)
      assert.equal(await found(SEARCHES.tag), `${type} kms:ListResourceTags key/*`)
      assert.equal(await found({ KeyState: 'Enabled', KeySpec: 'Aliyun_AES_256', ProtectionLevel: 'SOFTWARE' }), 1)
    }
    await put(allow('kms:DescribeKey'))
    assert.equal(await found(SEARCHES.PIN), 'ImplicitDeny kms:ListAliases alias')
    assert.equal(await found({ Origin: 'Aliyun_KMS' }), 1)
    await put(allow('kms:ListAliases'))
    assert.equal(await found(SEARCHES.alias), 'ImplicitDeny kms:DescribeKey key/*')
    const message = (await filtered(SEARCHES.alias)).body.Message
    assert.match(message, /key\/\*/)
  })

  it('searches what it may read of every key', async () => {
    for (const resources of [
      ['*'],
      ['acs:kms:*:*:*'],
      ['acs:kms:*:*:key*', 'acs:kms:*:*:alias'],
      [`acs:kms:cn-hangzhou:${house.credentials.accountId}:key/*`, 'acs:kms:cn-?angzhou:*:alias'],
    ]) {
      await put(allow(['kms:DescribeKey', 'kms:ListAliases', 'kms:ListResourceTags'], resources))
      for (const search of Object.values(SEARCHES)) assert.equal(await found(search), 1, JSON.stringify(resources))
    }
    await put(
      allow('kms:*'),
      deny('kms:*', 'acs:kms:cn-beijing:*:*'),
      deny('kms:*', 'acs:kms:*:*:secret/*'),
      deny('kms:*', 'acs:kms:*:*:key/*', { IpAddress: { 'acs:SourceIp': '192.0.2.0/24' } }),
      deny('kms:Decrypt', 'acs:kms:*:*:key/*', { StringEquals: { 'kms:tag/Secret': 'yes' } }),
    )
    for (const search of Object.values(SEARCHES)) assert.equal(await found(search), 1)
  })

  it('searches no keys of which policies except one, however they name it', async () => {
    const secret = { StringEquals: { 'kms:tag/Secret': 'yes' } }
    const notSecret = { StringNotEquals: secret.StringEquals }
    const account = house.credentials.accountId
    const denied = 'ExplicitDeny'
    for (const [type, ...statements] of [
      [denied, allow('kms:*'), deny(DENIED, `acs:kms:*:*:key/${keyId}`)],
      [denied, allow('kms:*'), deny(DENIED, `acs:kms:cn-hangzhou:${account}:key/${keyId.slice(0, 8)}*`)],
      [denied, allow('kms:*'), deny(DENIED, `*${keyId.slice(8)}`)],
      [denied, allow('kms:*'), deny(DENIED, '*', secret)],
      [denied, allow('kms:*'), { ...deny([], '*', secret), Action: undefined, NotAction: 'kms:ListKeys' }],
      ['ImplicitDeny', allow(['kms:ListAliases']), allow(DENIED, '*', notSecret)],
      ['ImplicitDeny', allow(['kms:ListAliases']), allow(DENIED, 'acs:kms:*:*:key/?')],
      ['ImplicitDeny', allow(['kms:ListAliases']), allow(DENIED, `acs:kms:*:*:key/${keyId}`)],
    ] as const) {
      await put(...statements)
      const which = JSON.stringify(statements)
      assert.equal(await found(SEARCHES.PIN), `${type} kms:DescribeKey key/*`, which)
      assert.equal(await found(SEARCHES.alias), `${type} kms:DescribeKey key/*`, which)
      assert.equal(await found(SEARCHES.tag), `${type} kms:ListResourceTags key/*`, which)
    }
  })
})
