// Service keys: made for a cloud product when it first uses one, used by that product alone, and changed by nobody.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { kmsOperations } from '../../src/kms/operations.ts'
import type { Credentials } from '../acceptance/program.ts'
import { openTestHouse, type TestHouse } from '../house.ts'
import { ramOf } from '../ram/ram.ts'
import { exportTo, rsaPair } from './export.ts'

const ALIAS = 'alias/acs/ecs'
const UO = 'UnsupportedOperation'
const RU = 'Rejected.UnsupportedOperation'
const { publicKey } = rsaPair()

describe('service keys', () => {
  let house: TestHouse
  let account: string
  /** The products' own credentials. */
  let ecs: Credentials
  let rds: Credentials
  before(async () => {
    house = await openTestHouse(null)
    account = house.credentials.accountId
    const credentialOf = async (name: string) => ({
      accountId: '',
      ...(await house.open.operatorKeys.create(name, 2, 'cn-hangzhou', house.now)),
    })
    ecs = await credentialOf('ecs.aliyuncs.com')
    rds = await credentialOf('rds.aliyuncs.com')
  })
  after(() => house[Symbol.asyncDispose]())

  /** A call of a product for the account. */
  function by(product: Credentials, action: string, parameters: Record<string, string> = {}, owner = account) {
    return house.call(action, { ...(owner && { ResourceOwnerId: owner }), ...parameters }, product)
  }

  async function made(): Promise<string> {
    const { status, body } = await by(ecs, 'DescribeKey', { KeyId: ALIAS })
    assert.equal(status, 200, JSON.stringify(body))
    return body.KeyMetadata.KeyId
  }

  const listed = async (...values: string[]) => {
    const Filters = JSON.stringify([{ Key: 'CreatorType', Values: values }])
    return ((await house.must('ListKeys', { Filters, PageSize: '100' })).Keys.Key as { KeyId: string }[]).map(
      ({ KeyId }) => KeyId,
    )
  }

  it('are made once, by the first calls of the product', async () => {
    assert.deepEqual(await listed('Service'), [])
    assert.equal((await house.call('DescribeKey', { KeyId: ALIAS })).body.Code, 'Forbidden.AliasNotFound')
    const dry = await by(ecs, 'GenerateDataKey', { KeyId: ALIAS, DryRun: 'true' })
    assert.equal(dry.body.Code, 'DryRunOperationError')
    assert.deepEqual(await listed('Service'), [])

    const calls = ['GenerateDataKey', 'GenerateDataKeyWithoutPlaintext', 'DescribeKey', 'Encrypt', 'GenerateDataKey']
    const answers = await Promise.all(calls.map((one) => by(ecs, one, { KeyId: ALIAS, Plaintext: 'x' })))
    for (const { status, body } of answers) assert.equal(status, 200, JSON.stringify(body))
    const ids = new Set(answers.map(({ body }) => body.KeyId ?? body.KeyMetadata.KeyId))
    assert.equal(ids.size, 1)
    assert.deepEqual(await listed('Service'), [...ids])

    const [first] = answers
    const again = await by(ecs, 'Decrypt', { CiphertextBlob: first?.body.CiphertextBlob })
    assert.equal(again.body.Plaintext, first?.body.Plaintext)
  })

  it('are described as the product’s, and listed with the keys of users', async () => {
    const KeyId = await made()
    const own = (await house.must('CreateKey')).KeyMetadata.KeyId
    const { KeyMetadata } = await house.must('DescribeKey', { KeyId: ALIAS })
    const { CreationDate, LastRotationDate, PrimaryKeyVersion, ...rest } = KeyMetadata
    assert.equal(LastRotationDate, CreationDate)
    assert.match(PrimaryKeyVersion, /^[0-9a-f-]{36}$/)
    assert.deepEqual(rest, {
      KeyId,
      Arn: `acs:kms:cn-hangzhou:${account}:key/${KeyId}`,
      Description: '',
      KeyState: 'Enabled',
      KeyUsage: 'ENCRYPT/DECRYPT',
      KeySpec: 'Aliyun_AES_256',
      Creator: 'Ecs',
      Origin: 'Aliyun_KMS',
      ProtectionLevel: 'SOFTWARE',
      DeleteDate: '',
      MaterialExpireTime: '',
      AutomaticRotation: 'Disabled',
      DeletionProtection: 'Disabled',
    })
    const AliasArn = `acs:kms:cn-hangzhou:${account}:${ALIAS}`
    const { Alias } = (await house.must('ListAliases')).Aliases
    assert.deepEqual(Alias, [{ KeyId, AliasName: ALIAS, AliasArn }])
    assert.deepEqual((await house.must('ListAliasesByKeyId', { KeyId })).Aliases.Alias, Alias)
    const all = ((await house.must('ListKeys', { PageSize: '100' })).Keys.Key as { KeyId: string }[]).map(
      (one) => one.KeyId,
    )
    assert.deepEqual([all.includes(KeyId), all.includes(own)], [true, true])
    assert.deepEqual(await listed('Service'), [KeyId])
    assert.equal((await listed('User')).includes(KeyId), false)
    assert.equal((await listed('User')).includes(own), true)
    assert.deepEqual(await listed('User', 'Service'), all)
    assert.deepEqual(await listed('ecs'), [])
    assert.deepEqual(house.failures, [])
  })

  it('are one for each product and region', async () => {
    const KeyId = await made()
    const { body } = await by(rds, 'GenerateDataKey', { KeyId: 'alias/acs/rds' })
    assert.notEqual(body.KeyId, KeyId)
    assert.equal((await house.must('DescribeKey', { KeyId: body.KeyId })).KeyMetadata.Creator, 'Rds')
    for (const name of [KeyId, ALIAS, `acs:kms:cn-hangzhou:${account}:${ALIAS}`])
      assert.equal((await by(rds, 'GenerateDataKey', { KeyId: name })).body.Code, 'Forbidden.NoPermission', name)
    const { CiphertextBlob } = (await by(ecs, 'Encrypt', { KeyId, Plaintext: 'x' })).body
    assert.equal((await by(rds, 'Decrypt', { CiphertextBlob })).body.Code, 'Forbidden.NoPermission')
  })

  it('need the account that they are for', async () => {
    const call = { KeyId: 'alias/acs/ecs' }
    const missing = (await by(ecs, 'GenerateDataKey', call, '')).body
    assert.deepEqual([missing.Code, missing.Message.includes('ResourceOwnerId')], ['MissingParameter', true])
    for (const owner of ['1000000000000001', 'ecs.aliyuncs.com', `${account}\n`]) {
      const unknown = (await by(ecs, 'GenerateDataKey', call, owner)).body
      assert.deepEqual([unknown.Code, unknown.Message.includes('ResourceOwnerId')], ['InvalidParameter', true], owner)
    }
    // Of any other caller the parameter means nothing.
    assert.equal((await house.call('ListKeys', { ResourceOwnerId: '1000000000000001' })).status, 200)
  })

  it('leave the product no other key, and no list', async () => {
    const own = (await house.must('CreateKey')).KeyMetadata.KeyId
    for (const [action, parameters] of [
      ['GenerateDataKey', { KeyId: own }],
      ['DescribeKey', { KeyId: own }],
      ['ListKeys', {}],
      ['CreateKey', {}],
      ['TagResource', { KeyId: own, Tags: '[{"TagKey":"acs:ecs:disk-encryption","TagValue":"true"}]' }],
      ['DeleteAlias', { AliasName: ALIAS }],
    ] as const)
      assert.equal((await by(ecs, action, parameters)).body.Code, 'Forbidden.NoPermission', action)
  })

  it('are used in sessions of roles that the product assumed, whatever these allow; a Deny counts', async () => {
    const ram = ramOf(house)
    const AssumeRolePolicyDocument = JSON.stringify({
      Version: '1',
      Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: ['ecs.aliyuncs.com'] } }],
    })
    for (const RoleName of ['Bare', 'Denied']) await ram.must('CreateRole', { RoleName, AssumeRolePolicyDocument })
    await ram.must('CreatePolicy', {
      PolicyName: 'none',
      PolicyDocument: ram.document({ Effect: 'Deny', Action: 'kms:GenerateDataKey', Resource: '*' }),
    })
    await ram.must('AttachPolicyToRole', { PolicyType: 'Custom', PolicyName: 'none', RoleName: 'Denied' })
    const session = async (RoleName: string, more: Record<string, string> = {}) => {
      const { body } = await house.call(
        'AssumeRole',
        { Version: '2015-04-01', RoleArn: `acs:ram::${account}:role/${RoleName}`, RoleSessionName: 'disk', ...more },
        ecs,
      )
      const { AccessKeyId, AccessKeySecret, SecurityToken } = body.Credentials
      return {
        accountId: account,
        accessKeyId: AccessKeyId,
        accessKeySecret: AccessKeySecret,
        securityToken: SecurityToken,
      }
    }
    const outcome = async (who: Credentials, KeyId: string) => {
      const { status, body } = await house.call('GenerateDataKey', { KeyId }, who)
      return status === 200 ? body.KeyId : body.Code
    }
    const KeyId = await made()
    const bare = await session('Bare')
    assert.equal(await outcome(bare, ALIAS), KeyId)
    assert.equal(await outcome(bare, 'alias/acs/rds'), 'Forbidden.NoPermission')
    assert.equal(await outcome(bare, (await house.must('CreateKey')).KeyMetadata.KeyId), 'Forbidden.NoPermission')
    assert.equal(await outcome(await session('Denied'), ALIAS), 'Forbidden.NoPermission')
    const narrow = ram.document({ Effect: 'Allow', Action: 'kms:Decrypt', Resource: '*' })
    assert.equal(await outcome(await session('Bare', { Policy: narrow }), ALIAS), 'Forbidden.NoPermission')
  })

  it('refuse the account, and every user, what only the product may do, and changes to everybody', async () => {
    const KeyId = await made()
    const own = (await house.must('CreateKey')).KeyMetadata.KeyId
    await house.must('CreateAlias', { KeyId: own, AliasName: 'alias/own' })
    const { CiphertextBlob } = (await by(ecs, 'GenerateDataKey', { KeyId })).body
    const { CiphertextBlob: ownBlob } = await house.must('GenerateDataKey', { KeyId: own })
    const resources = { RegionId: 'cn-hangzhou', ResourceType: 'key', 'ResourceId.1': KeyId }
    const wrapping = { WrappingAlgorithm: 'RSAES_OAEP_SHA_256', WrappingKeySpec: 'RSA_2048' }
    const pair = { KeyId, KeyVersionId: 'v', Algorithm: 'ECDSA_SHA_256' }
    const Digest = Buffer.alloc(32).toString('base64')
    /** What each operation that names a key answers, to the account or, of the changes, to the product in a session too. */
    const table: Record<string, [string, Record<string, string>]> = {
      DescribeKey: ['OK', { KeyId }],
      ListAliasesByKeyId: ['OK', { KeyId }],
      ListResourceTags: ['OK', { KeyId }],
      ListTagResources: ['OK', resources],
      ListKeyVersions: ['OK', { KeyId }],
      DescribeKeyVersion: [
        'OK',
        { KeyId, KeyVersionId: (await house.must('DescribeKey', { KeyId })).KeyMetadata.PrimaryKeyVersion },
      ],
      Encrypt: [UO, { KeyId, Plaintext: 'x' }],
      Decrypt: [UO, { CiphertextBlob }],
      GenerateDataKey: [UO, { KeyId: ALIAS }],
      GenerateDataKeyWithoutPlaintext: [UO, { KeyId }],
      GenerateAndExportDataKey: [UO, { KeyId, ...exportTo(publicKey) }],
      ExportDataKey: [UO, { CiphertextBlob, ...exportTo(publicKey) }],
      ReEncrypt: [UO, { CiphertextBlob, DestinationKeyId: own }],
      EnableKey: [UO, { KeyId }],
      DisableKey: [UO, { KeyId }],
      ScheduleKeyDeletion: [UO, { KeyId, PendingWindowInDays: '7' }],
      CancelKeyDeletion: [UO, { KeyId }],
      UpdateKeyDescription: [UO, { KeyId, Description: 'mine' }],
      SetDeletionProtection: [UO, { ProtectedResourceArn: KeyId, EnableDeletionProtection: 'true' }],
      CreateAlias: [UO, { KeyId, AliasName: 'alias/mine' }],
      UpdateAlias: [UO, { AliasName: 'alias/own', KeyId }],
      DeleteAlias: [UO, { AliasName: ALIAS }],
      TagResource: [UO, { KeyId, Tags: '[{"TagKey":"a","TagValue":"b"}]' }],
      UntagResource: [UO, { KeyId, TagKeys: '["a"]' }],
      TagResources: [UO, { ...resources, 'Tag.1.Key': 'a' }],
      UntagResources: [UO, { ...resources, 'TagKey.1': 'a' }],
      GetParametersForImport: [UO, { KeyId, ...wrapping }],
      ImportKeyMaterial: [UO, { KeyId, EncryptedKeyMaterial: 'AA==', ImportToken: 'AA==' }],
      DeleteKeyMaterial: [UO, { KeyId }],
      UpdateRotationPolicy: [RU, { KeyId, EnableAutomaticRotation: 'true', RotationInterval: '30d' }],
      CreateKeyVersion: [RU, { KeyId }],
      GetPublicKey: [RU, { KeyId, KeyVersionId: 'v' }],
      AsymmetricSign: [RU, { ...pair, Digest }],
      AsymmetricVerify: [RU, { ...pair, Digest, Value: 'AAAA' }],
      AsymmetricEncrypt: [RU, { ...pair, Algorithm: 'SM2PKE', Plaintext: 'AAAA' }],
      AsymmetricDecrypt: [RU, { ...pair, Algorithm: 'SM2PKE', CiphertextBlob: 'AAAA' }],
    }
    const naming = kmsOperations
      .filter(({ parameters }) =>
        ['KeyId', 'CiphertextBlob', 'AliasName', 'ResourceId'].some((name) => name in parameters),
      )
      .map(({ name }) => name)
    assert.deepEqual(Object.keys(table).toSorted(), naming.toSorted())

    const before = await house.must('DescribeKey', { KeyId })
    for (const [action, [expected, parameters]] of Object.entries(table))
      assert.equal(await house.outcome(action, parameters), expected, action)
    assert.equal(await house.outcome('ReEncrypt', { CiphertextBlob: ownBlob, DestinationKeyId: KeyId }), UO)
    assert.equal(await house.outcome('UpdateAlias', { AliasName: ALIAS, KeyId: own }), UO)
    assert.equal(await house.outcome('CreateAlias', { AliasName: 'alias/acs/oss', KeyId: own }), 'InvalidParameter')
    for (const action of ['DisableKey', 'ScheduleKeyDeletion', 'UpdateKeyDescription', 'TagResource'])
      assert.equal((await by(ecs, action, table[action]?.[1])).body.Code, UO, action)
    assert.deepEqual((await house.must('DescribeKey', { KeyId })).KeyMetadata, before.KeyMetadata)
  })

  it('leave events that name the service, in the account’s trail', async () => {
    await by(await credentialOfNas(), 'GenerateDataKey', { KeyId: 'alias/acs/nas' })
    const event = (await house.events()).at(-1) ?? {}
    const { KeyId } = (await house.must('DescribeKey', { KeyId: 'alias/acs/nas' })).KeyMetadata
    assert.equal(event['recipientAccountId'], account)
    const { type, userName, invokedBy } = event['userIdentity'] as Record<string, unknown>
    assert.deepEqual([type, userName, invokedBy], ['system', 'nas.aliyuncs.com', 'nas.aliyuncs.com'])
    assert.deepEqual(event['referencedResources'], {
      'ACS::KMS::Alias': ['alias/acs/nas'],
      'ACS::KMS::Key': [KeyId],
    })
  })

  async function credentialOfNas(): Promise<Credentials> {
    return {
      accountId: '',
      ...(await house.open.operatorKeys.create('nas.aliyuncs.com', 2, 'cn-hangzhou', house.now)),
    }
  }
})
