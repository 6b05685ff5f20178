// Calls that policies decide for many resources: with the longest policies, each decision takes milliseconds.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { FEW_PAIRS } from '../few-pairs.ts'
import { openTestHouse } from '../house.ts'
import { ramOf } from './ram.ts'

it('a call lets others have a turn between long decisions on its resources, and none between short ones', async () => {
  let [turns, clock, step] = [0, 0, 0]
  const turn = () => {
    turns++
    return FEW_PAIRS.turn()
  }
  const monotonic = () => (clock += step)
  await using house = await openTestHouse(null, [], { runtime: { ...FEW_PAIRS, turn, monotonic } })
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
  const named = { ResourceId: JSON.stringify(ids), 'Tag.1.Key': 'Project', 'Tag.1.Value': 'Apollo' }
  for (const [ms, expected] of [
    [0, 0],
    [10, 9],
  ] as const) {
    step = ms
    assert.equal(await turnsOf('TagResources', named), expected)
    assert.equal(await turnsOf('ListTagResources', {}), expected)
  }
})
