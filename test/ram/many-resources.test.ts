// Calls that policies decide for many resources: with the longest policies, each decision takes milliseconds.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { FEW_PAIRS } from '../few-pairs.ts'
import { openTestHouse } from '../house.ts'
import { ramOf } from './ram.ts'

it('a call lets others have a turn between the decisions on its resources', async () => {
  let turns = 0
  const turn = () => {
    turns++
    return FEW_PAIRS.turn()
  }
  await using house = await openTestHouse(null, [], { runtime: { ...FEW_PAIRS, turn } })
  const root = ramOf(house)
  await root.must('CreateUser', { UserName: 'tagger' })
  const whole = { PolicyType: 'System', PolicyName: 'AliyunKMSFullAccess' }
  await root.must('AttachPolicyToUser', { UserName: 'tagger', ...whole })
  const credentials = await root.accessKeyOf('tagger')
  const turnsOf = async (action: string, parameters: Record<string, string>) => {
    const before = turns
    const keys = { RegionId: 'cn-hangzhou', ResourceType: 'key', ...parameters }
    const { status } = await house.call(action, keys, credentials)
    assert.equal(status, 200)
    return turns - before
  }
  const ids: string[] = []
  for (let i = 0; i < 10; i++) ids.push((await house.must('CreateKey')).KeyMetadata.KeyId)
  const named = { ResourceId: JSON.stringify(ids) }
  assert.equal(await turnsOf('TagResources', { ...named, 'Tag.1.Key': 'Project', 'Tag.1.Value': 'Apollo' }), 10)
  assert.ok((await turnsOf('ListTagResources', {})) >= 10, 'each listed resource is decided, too')
})
