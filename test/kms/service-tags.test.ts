// Tags of cloud services: a service that assumed its role marks keys and works with what it marked.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Credentials } from '../acceptance/program.ts'
import { openTestHouse, type TestHouse } from '../house.ts'
import { ramOf } from '../ram/ram.ts'

const MARK = 'acs:rds:instance-encryption'
const tag = (key: string) => JSON.stringify([{ TagKey: key, TagValue: 'true' }])
const pieces = (id: string) => ({ RegionId: 'cn-hangzhou', ResourceType: 'key', 'ResourceId.1': id })

describe('tags of cloud services', () => {
  let house: TestHouse
  let ram: ReturnType<typeof ramOf>
  let KeyId: string
  /** Sessions of one role: of the service that it trusts, and of a user. */
  let service: Credentials & { securityToken: string }
  let user: Credentials & { securityToken: string }
  before(async () => {
    house = await openTestHouse(null)
    ram = ramOf(house)
    const { accountId } = house.credentials
    await ram.must('CreateUser', { UserName: 'dba' })
    await ram.must('AttachPolicyToUser', {
      PolicyType: 'System',
      PolicyName: 'AliyunSTSAssumeRoleAccess',
      UserName: 'dba',
    })
    const RoleName = 'AliyunRDSInstanceEncryptionDefaultRole'
    await ram.must('CreateRole', {
      RoleName,
      AssumeRolePolicyDocument: ram.document({
        Effect: 'Allow',
        Action: 'sts:AssumeRole',
        Principal: { Service: ['rds.aliyuncs.com'], RAM: [`acs:ram::${accountId}:root`] },
      }),
    })
    const policy = { PolicyType: 'System', PolicyName: 'AliyunRDSInstanceEncryptionRolePolicy' }
    await ram.must('AttachPolicyToRole', { ...policy, RoleName })
    const session = async (who: Credentials) => {
      const RoleArn = `acs:ram::${accountId}:role/${RoleName}`
      const { body } = await ramOf(house, who).sts('AssumeRole', { RoleArn, RoleSessionName: 'work' })
      const {
        AccessKeyId: accessKeyId,
        AccessKeySecret: accessKeySecret,
        SecurityToken: securityToken,
      } = body.Credentials
      return { accountId, accessKeyId, accessKeySecret, securityToken }
    }
    service = await session({
      accountId: '',
      ...(await house.open.operatorKeys.create('rds.aliyuncs.com', 2, 'cn-hangzhou', house.now)),
    })
    user = await session(await ram.accessKeyOf('dba'))
    KeyId = (await house.must('CreateKey')).KeyMetadata.KeyId
  })
  after(async () => house[Symbol.asyncDispose]())

  const outcome = async (who: Credentials, action: string, parameters: Record<string, string>) => {
    const { status, body } = await house.call(action, parameters, who)
    return status === 200 ? 'OK' : String(body.Code)
  }
  const seen = async (who: Credentials): Promise<string[]> => {
    const { body } = await house.call('ListResourceTags', { KeyId }, who)
    return body.Tags.Tag.map(({ TagKey }: { TagKey: string }) => TagKey)
  }

  it('let the service work with a key once it marked it', async () => {
    const encrypt = () => outcome(service, 'Encrypt', { KeyId, Plaintext: 'x' })
    assert.equal(await encrypt(), 'Forbidden.NoPermission')
    assert.equal(await outcome(service, 'TagResource', { KeyId, Tags: tag(MARK) }), 'OK')
    assert.equal(await encrypt(), 'OK')
    assert.deepEqual(await seen(service), [MARK])
  })

  it('are neither set, nor seen, nor removed by anybody else', async () => {
    for (const who of [house.credentials, user]) {
      for (const key of [MARK, 'acs:x', 'ACS:x'])
        assert.equal(await outcome(who, 'TagResource', { KeyId, Tags: tag(key) }), 'InvalidParameter', key)
      assert.deepEqual(await seen(who), [])
      assert.equal(await outcome(who, 'UntagResource', { KeyId, TagKeys: JSON.stringify([MARK]) }), 'OK')
    }
    assert.equal(await outcome(service, 'TagResource', { KeyId, Tags: tag('aliyun-x') }), 'InvalidParameter')
    assert.equal(await outcome(house.credentials, 'CreateKey', { Tags: tag(MARK) }), 'InvalidParameter')
    const several = { ...pieces(KeyId), 'Tag.1.Key': MARK, 'Tag.1.Value': 'true' }
    assert.equal(await outcome(house.credentials, 'TagResources', several), 'InvalidParameter.TagKey')
    await house.must('TagResource', { KeyId, Tags: tag('own') })
    await house.must('UntagResources', { ...pieces(KeyId), All: 'true' })
    const listed = async (parameters: Record<string, string>) =>
      (await house.must('ListTagResources', parameters)).TagResources.TagResource
    assert.deepEqual(await listed(pieces(KeyId)), [])
    assert.deepEqual(await listed({ RegionId: 'cn-hangzhou', ResourceType: 'key', 'Tag.1.Key': MARK }), [])
    assert.deepEqual(await seen(service), [MARK])
  })

  it('are refused by policies first, for a caller without rights', async () => {
    await ram.must('CreateUser', { UserName: 'nobody' })
    const nobody = await ram.accessKeyOf('nobody')
    const several = { ...pieces(KeyId), 'Tag.1.Key': MARK, 'Tag.1.Value': 'true' }
    const calls: [string, Record<string, string>][] = [
      ['CreateKey', { Tags: tag(MARK) }],
      ['TagResource', { KeyId, Tags: tag(MARK) }],
      ['TagResources', several],
    ]
    for (const [action, parameters] of calls)
      assert.equal(await outcome(nobody, action, parameters), 'Forbidden.NoPermission', action)
  })

  it('are removed by the service', async () => {
    assert.equal(await outcome(service, 'UntagResource', { KeyId, TagKeys: JSON.stringify([MARK]) }), 'OK')
    assert.equal(await outcome(service, 'Encrypt', { KeyId, Plaintext: 'x' }), 'Forbidden.NoPermission')
  })
})
