// One caller must not stall the rest: whoever reads many records gives way in between, however large they are.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, it } from 'node:test'
import { CMK, type CmkBody } from '../../src/kms/records.ts'
import { insert } from '../../src/ledger/record.ts'
import { POLICY, type PolicyBody, ramScope } from '../../src/ram/records.ts'
import { openTestHouse, type TestHouse } from '../house.ts'
import { ramOf } from '../ram/ram.ts'

const KEYS = 2000
/** What may be read without a pause: a stretch, the record that ends it, and what JSON adds to them. */
const MOST_CHARACTERS = 90_000

describe('a call that reads many records', () => {
  let house: TestHouse
  before(async () => {
    house = await openTestHouse(null)
    const { KeyId } = (await house.must('CreateKey', { Description: '钥'.repeat(8000) })).KeyMetadata
    await house.must('TagResource', { KeyId, Tags: '[{"TagKey":"a","TagValue":"b"}]' })
    const { ledger } = house.open
    const scope = { account: house.credentials.accountId, region: 'cn-hangzhou' }
    const model = await ledger.get(CMK, scope, KeyId)
    assert.ok(model)
    for (let i = 0; i < KEYS; i += 100)
      await ledger.commit({
        changes: Array.from({ length: 100 }, (_, n) => {
          // Every other key is small: a stretch is bounded by characters, a step by records.
          const body: CmkBody = { ...model.body, tags: [], description: n % 2 ? '' : model.body.description }
          return insert(CMK, { ...scope, id: randomUUID(), createdAt: model.createdAt + i + n, body })
        }),
        nonce: null,
        event: null,
      })
  })
  after(() => house[Symbol.asyncDispose]())

  /** The longest run of records, and of characters of their bodies, that were authenticated without a turn of the event loop in between. */
  async function longestRun(
    work: () => Promise<unknown>,
  ): Promise<{ records: number; characters: number; all: number }> {
    const { keys } = house.open.ring
    const matches = keys.recordMacMatches.bind(keys)
    const longest = { records: 0, characters: 0, all: 0 }
    let run = { records: 0, characters: 0 }
    let watching = true
    const nextTurn = () => {
      run = { records: 0, characters: 0 }
      if (watching) setImmediate(nextTurn)
    }
    setImmediate(nextTurn)
    keys.recordMacMatches = (text, mac) => {
      run.records++
      run.characters += text.length
      longest.all++
      longest.records = Math.max(longest.records, run.records)
      longest.characters = Math.max(longest.characters, run.characters)
      return matches(text, mac)
    }
    try {
      await work()
    } finally {
      watching = false
      keys.recordMacMatches = matches
    }
    return longest
  }

  const filtered = {
    Filters: '[{"Key":"KeyState","Values":["Enabled"]}]',
    PageNumber: '20',
    PageSize: '100',
  }

  for (const [action, parameters] of [
    ['ListKeys', filtered],
    ['ListTagResources', { RegionId: 'cn-hangzhou', ResourceType: 'key', 'Tag.1.Key': 'a' }],
  ] as const)
    it(`reads what its index names, and gives way, in ${action}`, async () => {
      const { characters, all } = await longestRun(() => house.must(action, parameters))
      assert.ok(all <= 102, `read ${all}`)
      assert.ok(characters <= MOST_CHARACTERS, `${characters} characters at once`)
    })

  const givesWay = async (work: () => Promise<unknown>) => {
    const { records, characters, all } = await longestRun(work)
    assert.ok(all > KEYS, `read ${all}`)
    assert.ok(records <= 130, `${records} records at once`)
    assert.ok(characters <= MOST_CHARACTERS, `${characters} characters at once`)
  }

  it('gives way again and again in ListTagResources of all keys', () =>
    givesWay(() => house.must('ListTagResources', { RegionId: 'cn-hangzhou', ResourceType: 'key' })))

  it('gives way again and again in ListKeys, where an entry of the index was altered', async () => {
    using index = new DatabaseSync(join(house.data, 'strongroom.db'))
    const rename = index.prepare('UPDATE record_index SET id = ? WHERE id = ?')
    const [shown] = (await house.must('ListKeys', filtered)).Keys.Key
    assert.equal(rename.run('none', shown.KeyId).changes, 1)
    await givesWay(() => house.must('ListKeys', filtered))
    rename.run(shown.KeyId, 'none')
  })

  it('gives way in a list of large policies', async () => {
    const ram = ramOf(house)
    const document = ram.document({ Effect: 'Allow', Action: 'kms:*', Resource: '*' })
    await ram.must('CreatePolicy', { PolicyName: 'p', PolicyDocument: document })
    const { ledger } = house.open
    const scope = ramScope(house.credentials.accountId)
    const model = await ledger.get(POLICY, scope, 'p')
    assert.ok(model)
    const body: PolicyBody = { ...model.body, description: 'd'.repeat(8000) }
    await ledger.commit({
      changes: Array.from({ length: 100 }, (_, i) =>
        insert(POLICY, { ...scope, id: `q${i}`, createdAt: 1, body: { ...body, policyName: `q${i}` } }),
      ),
      nonce: null,
      event: null,
    })
    const { characters, all } = await longestRun(() =>
      ram.must('ListPolicies', { PolicyType: 'Custom', MaxItems: '1000' }),
    )
    assert.ok(all > 100)
    assert.ok(characters <= MOST_CHARACTERS, `${characters} characters at once`)
  })

  it('finds with a filter what it finds without one, page by page', async () => {
    const filtered = { Filters: '[{"Key":"KeyState","Values":["Enabled"]}]' }
    for (const page of [
      { PageNumber: '1' },
      { PageNumber: '7', PageSize: '30' },
      { PageNumber: '21', PageSize: '100' },
      { PageNumber: '1000000000' },
    ]) {
      const [all, some] = [await house.must('ListKeys', page), await house.must('ListKeys', { ...page, ...filtered })]
      assert.deepEqual([some.TotalCount, some.Keys], [all.TotalCount, all.Keys])
    }
  })
})
