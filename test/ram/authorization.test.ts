// Every key operation against every way in which policies can speak about it.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { remove, update } from '../../src/ledger/record.ts'
import { userByName } from '../../src/ram/find.ts'
import { POLICY, ramScope, USER } from '../../src/ram/records.ts'
import type { Credentials } from '../acceptance/program.ts'
import { openTestHouse, type TestHouse } from '../house.ts'
import { wrap } from '../kms/byok.ts'
import { exportTo, rsaPair } from '../kms/export.ts'
import { explained } from './explaining.ts'
import { ramOf } from './ram.ts'

type On = 'key' | 'keys' | 'secret' | 'secrets' | 'aliases' | 'alias and key' | 'anything' | 'nothing'
/** Parameters of a call that succeeds, made afresh for each call: `key` is a new key with the tag Project=Apollo. */
type Parameters = (fixture: Fixture) => Promise<Record<string, string>>

const { publicKey } = rsaPair()
const resource = (key: string) => ({ RegionId: 'cn-hangzhou', ResourceType: 'key', 'ResourceId.1': key })

const signing = (KeyId: string) => ({
  KeyId,
  KeyVersionId: 'v',
  Algorithm: 'ECDSA_SHA_256',
  Digest: Buffer.alloc(32).toString('base64'),
})
const encrypting = (KeyId: string) => ({ KeyId, KeyVersionId: 'v', Algorithm: 'SM2PKE' })

const OPERATIONS: Readonly<Record<string, [On, Parameters]>> = {
  ListKeys: ['keys', async () => ({})],
  CreateKey: ['keys', async () => ({})],
  DescribeKey: ['key', async ({ key }) => ({ KeyId: key })],
  EnableKey: ['key', async ({ key }) => ({ KeyId: key })],
  DisableKey: ['key', async ({ key }) => ({ KeyId: key })],
  ScheduleKeyDeletion: ['key', async ({ key }) => ({ KeyId: key, PendingWindowInDays: '7' })],
  CancelKeyDeletion: [
    'key',
    async ({ key, house }) => {
      await house.must('ScheduleKeyDeletion', { KeyId: key, PendingWindowInDays: '7' })
      return { KeyId: key }
    },
  ],
  GetParametersForImport: [
    'key',
    async ({ external }) => ({
      KeyId: external,
      WrappingAlgorithm: 'RSAES_OAEP_SHA_256',
      WrappingKeySpec: 'RSA_2048',
    }),
  ],
  ImportKeyMaterial: [
    'key',
    async ({ external, house }) => {
      const wrapping = { WrappingAlgorithm: 'RSAES_OAEP_SHA_256', WrappingKeySpec: 'RSA_2048' }
      const { PublicKey, ImportToken } = await house.must('GetParametersForImport', { KeyId: external, ...wrapping })
      const EncryptedKeyMaterial = wrap(PublicKey, 'RSAES_OAEP_SHA_256', Buffer.alloc(32, 1))
      return { KeyId: external, ImportToken, EncryptedKeyMaterial }
    },
  ],
  DeleteKeyMaterial: ['key', async ({ external }) => ({ KeyId: external })],
  Encrypt: ['key', async ({ key }) => ({ KeyId: key, Plaintext: 'x' })],
  GenerateDataKey: ['key', async ({ key }) => ({ KeyId: key })],
  Decrypt: [
    'key',
    async ({ key, house }) => {
      const { CiphertextBlob } = await house.must('Encrypt', { KeyId: key, Plaintext: 'x' })
      return { CiphertextBlob }
    },
  ],
  ListAliases: ['aliases', async () => ({})],
  CreateAlias: ['alias and key', async ({ key, alias }) => ({ KeyId: key, AliasName: alias })],
  UpdateAlias: [
    'alias and key',
    async ({ key, alias, house }) => {
      await house.must('CreateAlias', { KeyId: key, AliasName: alias })
      return { KeyId: key, AliasName: alias }
    },
  ],
  DeleteAlias: [
    'alias and key',
    async ({ key, alias, house }) => {
      await house.must('CreateAlias', { KeyId: key, AliasName: alias })
      return { AliasName: alias }
    },
  ],
  ListAliasesByKeyId: ['key', async ({ key }) => ({ KeyId: key })],
  TagResource: ['key', async ({ key }) => ({ KeyId: key, Tags: '[{"TagKey":"a","TagValue":"b"}]' })],
  UntagResource: ['key', async ({ key }) => ({ KeyId: key, TagKeys: '["a"]' })],
  ListResourceTags: ['key', async ({ key }) => ({ KeyId: key })],
  DescribeRegions: ['nothing', async () => ({})],
  UpdateKeyDescription: ['key', async ({ key }) => ({ KeyId: key, Description: 'd' })],
  SetDeletionProtection: ['key', async ({ key }) => ({ KeyId: key, EnableDeletionProtection: 'true' })],
  CreateKeyVersion: ['key', async ({ key }) => ({ KeyId: key })],
  DescribeKeyVersion: [
    'key',
    async ({ key, house }) => {
      const { KeyMetadata } = await house.must('DescribeKey', { KeyId: key })
      return { KeyId: key, KeyVersionId: KeyMetadata.PrimaryKeyVersion }
    },
  ],
  ListKeyVersions: ['key', async ({ key }) => ({ KeyId: key })],
  UpdateRotationPolicy: ['key', async ({ key }) => ({ KeyId: key, EnableAutomaticRotation: 'false' })],
  GenerateDataKeyWithoutPlaintext: ['key', async ({ key }) => ({ KeyId: key })],
  GenerateAndExportDataKey: ['key', async ({ key }) => ({ KeyId: key, ...exportTo(publicKey) })],
  ExportDataKey: [
    'key',
    async ({ key, house }) => {
      const { CiphertextBlob } = await house.must('GenerateDataKey', { KeyId: key })
      return { CiphertextBlob, ...exportTo(publicKey) }
    },
  ],
  ReEncrypt: [
    'key',
    async ({ key, house }) => {
      const { CiphertextBlob } = await house.must('Encrypt', { KeyId: key, Plaintext: 'x' })
      return { CiphertextBlob, DestinationKeyId: key }
    },
  ],
  // Authorization comes before the kind of the key, and these are refused with Rejected.UnsupportedOperation.
  AsymmetricSign: ['key', async ({ key }) => ({ ...signing(key) })],
  AsymmetricVerify: ['key', async ({ key }) => ({ ...signing(key), Value: 'AAAA' })],
  AsymmetricEncrypt: ['key', async ({ key }) => ({ ...encrypting(key), Plaintext: 'AAAA' })],
  AsymmetricDecrypt: ['key', async ({ key }) => ({ ...encrypting(key), CiphertextBlob: 'AAAA' })],
  GetPublicKey: ['key', async ({ key }) => ({ KeyId: key, KeyVersionId: 'v' })],
  TagResources: ['key', async ({ key }) => ({ ...resource(key), 'Tag.1.Key': 'a' })],
  UntagResources: ['key', async ({ key }) => ({ ...resource(key), 'TagKey.1': 'a' })],
  ListTagResources: ['key', async ({ key }) => resource(key)],
  OpenKmsService: ['anything', async () => ({})],
  DescribeAccountKmsStatus: ['anything', async () => ({})],
  DescribeService: ['anything', async () => ({})],
  DescribeAccountQuotas: ['anything', async () => ({})],
  GetRandomPassword: ['anything', async () => ({})],
  InspectHsm: ['anything', async () => ({})],
  ListDueKeys: ['keys', async () => ({})],
  CreateSecret: ['secrets', async ({ alias }) => ({ SecretName: alias, VersionId: 'v1', SecretData: 'x' })],
  GetSecretValue: ['secret', async (fixture) => ({ SecretName: await secretOf(fixture) })],
  RotateSecret: ['secret', async (fixture) => ({ SecretName: await secretOf(fixture), VersionId: 'v2' })],
  UpdateSecretRotationPolicy: [
    'secret',
    async (fixture) => ({ SecretName: await secretOf(fixture), EnableAutomaticRotation: 'false' }),
  ],
  ListSecrets: ['secrets', async () => ({})],
  DescribeSecret: ['secret', async (fixture) => ({ SecretName: await secretOf(fixture) })],
  UpdateSecret: ['secret', async (fixture) => ({ SecretName: await secretOf(fixture), Description: 'd' })],
  UpdateSecretVersionStage: [
    'secret',
    async (fixture) => ({ SecretName: await secretOf(fixture), VersionStage: 's', MoveToVersion: 'v1' }),
  ],
  ListSecretVersionIds: ['secret', async (fixture) => ({ SecretName: await secretOf(fixture) })],
  DeleteSecret: ['secret', async (fixture) => ({ SecretName: await secretOf(fixture) })],
  RestoreSecret: [
    'secret',
    async (fixture) => {
      const SecretName = await secretOf(fixture)
      await fixture.house.must('DeleteSecret', { SecretName })
      return { SecretName }
    },
  ],
  PutSecretValue: [
    'secret',
    async (fixture) => ({ SecretName: await secretOf(fixture), VersionId: 'v2', SecretData: 'y' }),
  ],
}

/** A secret with the tag Project=Apollo, whose values the service's own key encrypts. */
async function secretOf({ house, alias: SecretName }: Fixture): Promise<string> {
  const Tags = '[{"TagKey":"Project","TagValue":"apollo"}]'
  await house.must('CreateSecret', { SecretName, VersionId: 'v1', SecretData: 'x', Tags })
  return SecretName
}

interface Fixture {
  readonly house: TestHouse
  readonly key: string
  readonly external: string
  readonly alias: string
}

const allow = (Action: string, Resource: string | string[] = '*', Condition: object = {}) => ({
  Effect: 'Allow',
  Action,
  Resource,
  Condition,
})
const deny = (Action: string, Condition: object = {}) => ({ Effect: 'Deny', Action, Resource: '*', Condition })

describe('each key operation', () => {
  let house: TestHouse
  let user: Credentials
  let put: (...statements: object[]) => Promise<void>
  let aliases = 0

  before(async () => {
    house = await openTestHouse(null)
    const ram = ramOf(house)
    await ram.must('CreateUser', { UserName: 'alice' })
    user = await ram.accessKeyOf('alice')
    await ram.must('CreatePolicy', { PolicyName: 'p', PolicyDocument: ram.document(allow('none:None')) })
    await ram.must('AttachPolicyToUser', { PolicyType: 'Custom', PolicyName: 'p', UserName: 'alice' })
    put = async (...statements) => {
      await ram.must('CreatePolicyVersion', {
        PolicyName: 'p',
        PolicyDocument: ram.document(...statements),
        SetAsDefault: 'true',
        RotateStrategy: 'DeleteOldestNonDefaultVersionWhenLimitExceeded',
      })
    }
  })
  after(async () => house[Symbol.asyncDispose]())

  async function fixture(): Promise<Fixture> {
    const Tags = '[{"TagKey":"Project","TagValue":"apollo"}]'
    const key: string = (await house.must('CreateKey', { Tags })).KeyMetadata.KeyId
    const external: string = (await house.must('CreateKey', { Origin: 'EXTERNAL', Tags })).KeyMetadata.KeyId
    return { house, key, external, alias: `alias/a${++aliases}` }
  }

  /** What alice gets; the policy is put in force after the fixture was made. */
  async function outcome(name: string, statements: (fixture: Fixture) => object[]): Promise<string> {
    const made = await fixture()
    const parameters = await OPERATIONS[name]?.[1](made)
    await put(...statements(made))
    const { status, body } = await house.call(name, parameters, user)
    await compare(name, made, parameters ?? {}, body.Code !== 'Forbidden.NoPermission')
    if (status === 200) return 'OK'
    assert.equal(status, body.Code === 'Forbidden.NoPermission' ? 403 : status)
    return body.Code
  }

  /** `ram explain` says the same as the service did. */
  async function compare(name: string, made: Fixture, parameters: Record<string, string>, passed: boolean) {
    const [on] = OPERATIONS[name] ?? []
    const resources = {
      keys: 'key',
      aliases: 'alias',
      secrets: 'secret',
      'alias and key': made.alias,
      secret: `secret/${made.alias}`,
    }
    const resource = resources[on as keyof typeof resources] ?? `key/${parameters['KeyId'] ?? made.key}`
    const arn = on === 'anything' ? '*' : `acs:kms:cn-hangzhou:${house.credentials.accountId}:${resource}`
    const { decision, warnings } = await explained(house, 'user/alice', `kms:${name}`, arn)
    // With two resources, one that is allowed is not all.
    const partly = warnings.some((warning) => warning.includes('which this answer leaves out'))
    if (!partly || passed) assert.equal(decision === 'Allow', passed, `explain ${name}`)
  }

  for (const [name, [on]] of Object.entries(OPERATIONS)) {
    // ReEncrypt asks for kms:ReEncryptFrom and kms:ReEncryptTo.
    const action = name === 'ReEncrypt' ? 'kms:ReEncrypt*' : `kms:${name}`
    const arns = ({ key, external, alias }: Fixture): string[] => {
      const arn = (resource: string) => `acs:kms:cn-hangzhou:${house.credentials.accountId}:${resource}`
      if (on === 'keys') return [arn('key')]
      if (on === 'aliases') return [arn('alias')]
      if (on === 'secrets') return [arn('secret')]
      if (on === 'secret') return [arn(`secret/${alias}`)]
      if (on === 'anything') return ['*']
      return [arn(`key/${key}`), arn(`key/${external}`), ...(on === 'alias and key' ? [arn(alias)] : [])]
    }
    const refused = on === 'nothing' ? 'OK' : 'Forbidden.NoPermission'
    const byTag = { StringEqualsIgnoreCase: { 'kms:tag/Project': ['Apollo'] } }
    const cases: [string, (fixture: Fixture) => object[], string][] = [
      ['allowed on its resources', (made) => [allow(action, arns(made))], 'OK'],
      ['not mentioned', () => [allow('kms:Other'), allow('ram:*')], refused],
      ['denied, though all is allowed', () => [allow('*'), deny(action)], refused],
      [
        'allowed only on another key',
        () => [allow(action, ['acs:kms:*:*:key/another', 'acs:kms:*:*:alias/another', 'acs:kms:*:*:secret/another'])],
        refused,
      ],
      ['allowed by tag', () => [allow(action, '*', byTag)], on === 'key' || on === 'secret' ? 'OK' : refused],
      [
        'allowed by another tag',
        () => [allow(action, '*', { StringEquals: { 'kms:tag/project': 'apollo' } })],
        refused,
      ],
      [
        'denied by condition',
        () => [allow('*'), deny(action, { IpAddress: { 'acs:SourceIp': '127.0.0.0/8' } })],
        refused,
      ],
      [
        'not denied by condition',
        () => [allow('*'), deny(action, { IpAddress: { 'acs:SourceIp': '10.0.0.0/8' } })],
        'OK',
      ],
      ...(on === 'alias and key'
        ? ([
            ['allowed on the alias alone', () => [allow(action, 'acs:kms:*:*:alias/*')], refused],
            ['allowed on the key alone', () => [allow(action, 'acs:kms:*:*:key/*')], refused],
          ] as [string, () => object[], string][])
        : []),
    ]
    it(`${name}: ${cases.length} policies`, async () => {
      for (const [what, statements, expected] of cases) {
        const got = await outcome(name, statements)
        const passed = expected === 'OK' && /^(Unsupported|Rejected|Forbidden\.Opened)/.test(got) ? 'OK' : got
        assert.equal(passed, expected, what)
      }
    })
  }

  it('is judged by what the request says of itself', async () => {
    const code = async (Condition: object, name = 'ListKeys', parameters = {}) => {
      await put(allow('kms:*', '*', Condition))
      return (await house.call(name, parameters, user)).body.Code ?? 'OK'
    }
    const no = 'Forbidden.NoPermission'
    const interval = { DateGreaterThan: { 'acs:CurrentTime': '2026-02-28T00:00:00Z' } }
    const until = (time: string) => ({ ...interval, DateLessThan: { 'acs:CurrentTime': time } })
    assert.equal(await code(until('2026-03-01T08:00:01+08:00')), 'OK')
    assert.equal(await code(until('2026-03-01T07:59:59+08:00')), no)
    assert.equal(await code({ Bool: { 'acs:SecureTransport': 'true' } }), no)
    assert.equal(await code({ Bool: { 'acs:SecureTransport': 'false' } }), 'OK')
    for (const mfa of ['true', 'false']) assert.equal(await code({ Bool: { 'acs:MFAPresent': mfa } }), no)
    assert.equal(await code({ IpAddress: { 'acs:SourceIp': ['10.0.0.0/8', '127.0.0.1'] } }), 'OK')
    assert.equal(await code({ StringLike: { 'acs:PrincipalARN': 'acs:ram:*:*:user/alice' } }), 'OK')
    assert.equal(await code({ StringNotEquals: { 'acs:SourceVpc': 'vpc-1' } }), 'OK')
    const asked = { 'acs:RequestTag/Project': 'apollo' }
    const Tags = '[{"TagKey":"Project","TagValue":"apollo"}]'
    assert.equal(await code({ StringEquals: asked }, 'CreateKey', { Tags }), 'OK')
    assert.equal(await code({ StringEquals: asked }, 'CreateKey'), no)
  })

  it('is refused altogether while a stored policy of the caller is broken, with an alarm', async () => {
    await put(allow('kms:*'))
    const { ledger } = house.open
    const record = await ledger.get(POLICY, ramScope(house.credentials.accountId), 'p')
    assert.ok(record)
    const versions = record.body.versions.map((version) => ({ ...version, document: '{"Version":"1"' }))
    const broken = update(record, { body: { ...record.body, versions } })
    assert.equal(await ledger.commit({ changes: [broken], nonce: null, event: null }), 'committed')
    assert.equal((await house.call('ListKeys', {}, user)).body.Code, 'Forbidden.NoPermission')
    assert.match(house.failures.at(-1) ?? '', /alice is broken.*p v\d+: The policy is not JSON/)
    await put(allow('kms:*'))
    assert.equal((await house.call('ListKeys', {}, user)).status, 200)
  })

  it('is allowed nothing by a stored Allow with a key that no request has, which is logged', async () => {
    await put(allow('kms:*'))
    const { ledger } = house.open
    const record = await ledger.get(POLICY, ramScope(house.credentials.accountId), 'p')
    assert.ok(record)
    const document = JSON.stringify({
      Version: '1',
      Statement: [allow('kms:ListKeys'), allow('*', '*', { NotIpAddress: { SourceIp: '192.0.2.0/24' } })],
    })
    const versions = record.body.versions.map((version) => ({ ...version, document }))
    await ledger.commit({ changes: [update(record, { body: { ...record.body, versions } })], nonce: null, event: null })
    assert.equal((await house.call('ListKeys', {}, user)).status, 200)
    assert.equal((await house.call('ListAliases', {}, user)).body.Code, 'Forbidden.NoPermission')
    assert.match(
      house.failures.at(-1) ?? '',
      /the policy p v\d+ contains a part .*"SourceIp" in NotIpAddress of Statement\[1\]/,
    )
    await put(allow('kms:*'))
  })

  it('is refused altogether when a policy of the caller was taken out of the database', async () => {
    const ram = ramOf(house)
    await ram.must('CreateUser', { UserName: 'bob' })
    const bob = await ram.accessKeyOf('bob')
    await ram.must('AttachPolicyToUser', { PolicyType: 'System', PolicyName: 'AdministratorAccess', UserName: 'bob' })
    await ram.must('CreatePolicy', { PolicyName: 'no-list', PolicyDocument: ram.document(deny('kms:List*')) })
    await ram.must('AttachPolicyToUser', { PolicyType: 'Custom', PolicyName: 'no-list', UserName: 'bob' })
    const record = await house.open.ledger.get(POLICY, ramScope(house.credentials.accountId), 'no-list')
    assert.ok(record)
    await house.open.ledger.commit({ changes: [remove(POLICY, record)], nonce: null, event: null })
    assert.equal((await house.call('ListKeys', {}, bob)).body.Code, 'Forbidden.NoPermission')
    assert.match(house.failures.at(-1) ?? '', /the policy Custom\/no-list is attached and missing/)
  })

  it('is not called broken where a call read its caller before a group was deleted: it is decided again', async () => {
    const ram = ramOf(house)
    const { accountId } = house.credentials
    await ram.must('CreateUser', { UserName: 'carol' })
    await ram.must('CreateGroup', { GroupName: 'leaving' })
    await ram.must('AddUserToGroup', { GroupName: 'leaving', UserName: 'carol' })
    await ram.must('AttachPolicyToUser', { PolicyType: 'System', PolicyName: 'AdministratorAccess', UserName: 'carol' })
    const { ledger, authorizer } = house.open
    const carol = await userByName('carol', { ledger, caller: { accountId } })
    assert.ok(carol)
    const view = ledger.view()
    await view.get(USER, ramScope(accountId), carol.id)
    await ram.must('RemoveUserFromGroup', { GroupName: 'leaving', UserName: 'carol' })
    await ram.must('DeleteGroup', { GroupName: 'leaving' })
    const caller = { type: 'ram-user', accountId, principalId: carol.id, userName: 'carol', accessKeyId: 'x' } as const
    const alarms = house.failures.length
    assert.equal(await authorizer.permissions(caller, view), null)
    assert.equal(view.moved(false), true)
    assert.notEqual(await authorizer.permissions(caller, ledger.view()), null)
    assert.deepEqual(house.failures.slice(alarms), [])
  })

  it('on a secret needs the key that its user chose as well, and a denial does not tell which it is', async () => {
    const { key, alias } = await fixture()
    const arn = (resource: string) => `acs:kms:cn-hangzhou:${house.credentials.accountId}:${resource}`
    const secret = { SecretName: alias, VersionId: 'v1', SecretData: 'x' }
    const code = async (name: string, parameters: Record<string, string>, ...statements: object[]) => {
      await put(...statements)
      const { body } = await house.call(name, parameters, user)
      return body.Code === undefined ? 'OK' : `${body.Code} ${body.Message}`
    }
    const no = (resource: string) =>
      `Forbidden.NoPermission This operation for ${arn(resource)} is forbidden by permission system.`
    const creates = allow('kms:CreateSecret', arn('secret'))
    const generates = allow('kms:GenerateDataKey', arn(`key/${key}`))
    const given = { ...secret, EncryptionKeyId: key }
    assert.equal(await code('CreateSecret', given, creates), no(`key/${key}`))
    assert.equal(await code('CreateSecret', given, creates, generates), 'OK')
    const own = arn(`secret/${alias}`)
    const next = { ...secret, VersionId: 'v2' }
    for (const [name, parameters, action] of [
      ['GetSecretValue', { SecretName: alias }, 'kms:Decrypt'],
      ['PutSecretValue', next, 'kms:GenerateDataKey'],
    ] as const) {
      const onSecret = allow(`kms:${name}`, own)
      assert.equal(await code(name, parameters, onSecret), no(`secret/${alias}`))
      assert.equal(await code(name, parameters, onSecret, allow(action, arn('key/another'))), no(`secret/${alias}`))
      assert.equal(await code(name, parameters, allow(action, arn(`key/${key}`))), no(`secret/${alias}`))
      assert.equal(await code(name, parameters, onSecret, allow(action, arn(`key/${key}`))), 'OK')
    }
  })

  it('ReEncrypt takes leave for the source and for the destination, each with its own action', async () => {
    const [from, to] = [await fixture(), await fixture()]
    const { CiphertextBlob } = await house.must('Encrypt', { KeyId: from.key, Plaintext: 'x' })
    const arn = (key: string) => `acs:kms:cn-hangzhou:${house.credentials.accountId}:key/${key}`
    const code = async (...statements: object[]) => {
      await put(...statements)
      const { body } = await house.call('ReEncrypt', { CiphertextBlob, DestinationKeyId: to.key }, user)
      return body.Code ?? 'OK'
    }
    const no = 'Forbidden.NoPermission'
    const [source, destination] = [arn(from.key), arn(to.key)]
    const reads = allow('kms:ReEncryptFrom', source)
    assert.equal(await code(reads, allow('kms:ReEncryptTo', destination)), 'OK')
    assert.equal(await code(allow('kms:ReEncrypt*', [source, destination])), 'OK')
    assert.equal(await code(reads), no)
    assert.equal(await code(allow('kms:ReEncryptTo', destination)), no)
    assert.equal(await code(allow('kms:ReEncryptTo', source), allow('kms:ReEncryptFrom', destination)), no)
    assert.equal(await code(allow('kms:ReEncrypt'), allow('kms:Decrypt'), allow('kms:Encrypt')), no)
    assert.equal(await code(allow('kms:*'), deny('kms:ReEncryptTo')), no)
    const denied = (await house.events()).at(-1)?.['additionalEventData']
    const { AccessDeniedDetail } = denied as { AccessDeniedDetail: Record<string, string> }
    assert.deepEqual(
      [AccessDeniedDetail['AuthAction'], AccessDeniedDetail['AuthResource']],
      ['kms:ReEncryptTo', destination],
    )
  })

  it('TagResources takes leave for each of its resources', async () => {
    const [one, two] = [await fixture(), await fixture()]
    const arn = (key: string) => `acs:kms:cn-hangzhou:${house.credentials.accountId}:key/${key}`
    const parameters = { ...resource(one.key), 'ResourceId.2': two.key, 'Tag.1.Key': 'a' }
    await put(allow('kms:TagResources', arn(one.key)))
    assert.equal((await house.call('TagResources', parameters, user)).body.Code, 'Forbidden.NoPermission')
    await put(allow('kms:TagResources', [arn(one.key), arn(two.key)]))
    assert.equal((await house.call('TagResources', parameters, user)).status, 200)
    await put(allow('kms:ListTagResources', [arn(one.key), arn(two.key)]))
    const all = { RegionId: 'cn-hangzhou', ResourceType: 'key' }
    assert.equal((await house.call('ListTagResources', all, user)).body.Code, 'Forbidden.NoPermission')
    await put(allow('kms:ListTagResources', 'acs:kms:*:*:key/*'))
    assert.equal((await house.call('ListTagResources', all, user)).status, 200)
  })

  it('ListTagResources of all keys shows those that the caller may list one by one', async () => {
    const [denied, marked, shown] = [await fixture(), await fixture(), await fixture()].map(({ key }) => key)
    assert.ok(denied && marked && shown)
    const Tags = '[{"TagKey":"Batch","TagValue":"1"}]'
    for (const KeyId of [denied, marked, shown]) await house.must('TagResource', { KeyId, Tags })
    await house.must('TagResource', { KeyId: marked, Tags: '[{"TagKey":"Secret","TagValue":"yes"}]' })
    const listed = async () => {
      const { body } = await house.call(
        'ListTagResources',
        { RegionId: 'cn-hangzhou', ResourceType: 'key', 'Tag.1.Key': 'Batch' },
        user,
      )
      const keys = new Set(body.TagResources.TagResource.map(({ ResourceId }: { ResourceId: string }) => ResourceId))
      return [denied, marked, shown].map((key) => keys.has(key))
    }
    await put(allow('kms:ListTagResources'))
    assert.deepEqual(await listed(), [true, true, true])
    const secret = { StringEquals: { 'kms:tag/Secret': 'yes' } }
    await put(
      allow('kms:ListTagResources'),
      { Effect: 'Deny', Action: 'kms:*', Resource: `acs:kms:*:*:key/${denied}` },
      { Effect: 'Deny', Action: 'kms:*', Resource: '*', Condition: secret },
    )
    assert.deepEqual(await listed(), [false, false, true])
    await put(allow('kms:ListTagResources', '*', { StringNotEquals: secret.StringEquals }))
    assert.deepEqual(await listed(), [true, false, true])
  })

  it('is in the table', async () => {
    const { kmsOperations } = await import('../../src/kms/operations.ts')
    assert.deepEqual(Object.keys(OPERATIONS).toSorted(), kmsOperations.map(({ name }) => name).toSorted())
  })

  it('tells a caller without rights nothing of which keys exist', async () => {
    await put(allow('kms:ListKeys'))
    const { key } = await fixture()
    const ask = async (KeyId: string) => (await house.call('DescribeKey', { KeyId }, user)).body.Code
    assert.deepEqual([await ask(key), await ask('no-such-key')], ['Forbidden.NoPermission', 'Forbidden.NoPermission'])
    const { body } = await house.call('Decrypt', { CiphertextBlob: 'AAAA' }, user)
    assert.equal(body.Code, 'InvalidParameter')
  })

  it('shows a caller without rights the alias that it sent, and the account the key', async () => {
    await put(allow('kms:ListKeys'))
    const { key } = await fixture()
    const prefix = `acs:kms:cn-hangzhou:${house.credentials.accountId}:`
    const alias = 'alias/whose'
    const denied = async (action: string, parameters: Record<string, string>) => {
      const { body } = await house.call(action, parameters, user)
      assert.equal(body.Code, 'Forbidden.NoPermission', action)
      return body.Message.replace('This operation for ', '').replace(' is forbidden by permission system.', '')
    }
    const unknown = await denied('Encrypt', { KeyId: alias, Plaintext: 'x' })
    await house.must('CreateAlias', { AliasName: alias, KeyId: key })
    assert.deepEqual(
      [unknown, await denied('Encrypt', { KeyId: alias, Plaintext: 'x' })],
      [prefix + alias, prefix + alias],
    )
    const event = (await house.events()).at(-1) ?? {}
    const { AccessDeniedDetail } = event['additionalEventData'] as Record<string, Record<string, string>>
    assert.equal(AccessDeniedDetail?.['AuthResource'], `${prefix}key/${key}`)
    assert.deepEqual(event['referencedResources'], { 'ACS::KMS::Key': [key] })
    await put(allow('kms:*Alias', 'acs:kms:*:*:alias/*'))
    assert.equal(await denied('DeleteAlias', { AliasName: alias }), prefix + alias)
    const other = (await fixture()).key
    assert.equal(await denied('UpdateAlias', { AliasName: alias, KeyId: other }), prefix + alias)
    assert.equal(await denied('Encrypt', { KeyId: key, Plaintext: 'x' }), `${prefix}key/${key}`, 'as it was sent')
  })
  it('shows a caller without rights nothing of the key that a ciphertext names', async () => {
    const from = await fixture()
    const to = await fixture()
    const { CiphertextBlob } = await house.must('Encrypt', { KeyId: from.key, Plaintext: 'x' })
    const own = { EncryptionContext: '{}', WrappingAlgorithm: 'RSAES_OAEP_SHA_256', WrappingKeySpec: 'RSA_2048' }
    await put(allow('kms:ReEncryptTo'))
    const calls: [string, Record<string, string>][] = [
      ['Decrypt', { CiphertextBlob }],
      ['ReEncrypt', { CiphertextBlob, DestinationKeyId: to.key }],
      [
        'ExportDataKey',
        { CiphertextBlob, PublicKeyBlob: publicKey.export({ type: 'spki', format: 'der' }).toString('base64'), ...own },
      ],
    ]
    for (const [action, parameters] of calls) {
      const { body } = await house.call(action, parameters, user)
      assert.equal(body.Code, 'Forbidden.NoPermission', action)
      assert.match(body.Message, /acs:kms:cn-hangzhou:\d+:key\/\* /)
      const event = JSON.stringify((await house.events()).at(-1))
      assert.match(event, new RegExp(from.key), 'the account is shown the key')
    }
  })
})
