// Secrets: their values, versions and stages, and what their keys allow.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { VERSION } from '../../src/kms/records.ts'
import { MessageKeys, type Sealed } from '../../src/kms/secrets/message-keys.ts'
import { SECRET_VALUE, type SecretValue, valueId } from '../../src/kms/secrets/records.ts'
import { recordKey } from '../../src/storage/storage.ts'
import type { Called } from '../acceptance/program.ts'
import { eachProtectionLevel } from '../databases.ts'
import type { TestHouse } from '../house.ts'

type Body = Called['body']
const DAY = 86_400_000
const NONCE = Buffer.alloc(24)

describe('the message keys of values', () => {
  const scope = { account: '1', region: 'cn-hangzhou' }
  const sealedFor = (id: string, keyVersionId: string): Sealed => ({
    ...scope,
    id,
    body: { dataType: 'text', keyVersionId, dataKey: `encrypted ${id}`, sealed: '' },
  })
  const [a, b] = [sealedFor('a:v1', 'k1'), sealedFor('b:v1', 'k2')]
  const ready = (keys: { epoch: number }) => {
    const messageKeys = new MessageKeys(keys)
    for (const one of [a, b]) messageKeys.keep(one, Buffer.alloc(32, 1), NONCE)
    return { messageKeys, have: () => [a, b].map((one) => messageKeys.get(one) !== null) }
  }

  it('are ready for the very ciphertext that they were decrypted from', () => {
    const { messageKeys, have } = ready({ epoch: 0 })
    assert.deepEqual(have(), [true, true])
    assert.equal(messageKeys.get({ ...a, body: { ...a.body, dataKey: 'other' } }), null)
    assert.equal(messageKeys.get({ ...a, region: 'cn-beijing' }), null)
  })

  it('are wiped when their value, their key version or the root keys change', () => {
    const byValue = ready({ epoch: 0 })
    byValue.messageKeys.drop([recordKey(SECRET_VALUE.name, scope.account, scope.region, 'a:v1')])
    assert.deepEqual(byValue.have(), [false, true])
    const byKey = ready({ epoch: 0 })
    byKey.messageKeys.drop([recordKey(VERSION.name, scope.account, scope.region, 'k2')])
    assert.deepEqual(byKey.have(), [true, false])
    const all = ready({ epoch: 0 })
    all.messageKeys.drop(null)
    assert.deepEqual(all.have(), [false, false])
    const keys = { epoch: 0 }
    const byRoots = ready(keys)
    keys.epoch++
    assert.deepEqual(byRoots.have(), [false, false])
  })

  it('are not kept again once their value is destroyed', () => {
    const { messageKeys, have } = ready({ epoch: 0 })
    messageKeys.forget(a)
    assert.deepEqual(have(), [false, true])
    const bytes = Buffer.alloc(32, 1)
    messageKeys.keep(a, bytes, NONCE)
    assert.deepEqual(have(), [false, true])
    assert.deepEqual(bytes, Buffer.alloc(32))
  })
})

eachProtectionLevel((open) => {
  describe('secrets', () => {
    let house: TestHouse
    before(async () => {
      house = await open()
    })
    after(() => house[Symbol.asyncDispose]())

    let made = 0
    const newName = () => `team/secret-${++made}`
    /** A new secret under a new key, with the version v1. */
    async function secretWith(parameters: Record<string, string> = {}) {
      const keyId: string = (await house.must('CreateKey')).KeyMetadata.KeyId
      const SecretName = newName()
      const given = { SecretName, VersionId: 'v1', SecretData: 'first', EncryptionKeyId: keyId, ...parameters }
      await house.must('CreateSecret', given)
      return { SecretName, keyId }
    }
    const put = (SecretName: string, VersionId: string, more: Record<string, string> = {}) =>
      house.outcome('PutSecretValue', { SecretName, VersionId, SecretData: `data of ${VersionId}`, ...more })
    const dataOf = async (SecretName: string, more: Record<string, string> = {}) => {
      const { status, body } = await house.call('GetSecretValue', { SecretName, ...more })
      return status === 200 ? `${body.VersionId}: ${body.SecretData}` : body.Code
    }
    const stagesOf = async (SecretName: string, VersionId: string): Promise<string[]> =>
      (await house.must('GetSecretValue', { SecretName, VersionId })).VersionStages.VersionStage

    describe('CreateSecret and GetSecretValue', () => {
      it('answer as the guide says', async () => {
        const SecretName = newName()
        const given = { SecretName, VersionId: 'v1', SecretData: 'hunter2', SecretDataType: 'binary' }
        const { RequestId: _, ...created } = await house.must('CreateSecret', given)
        const Arn = `acs:kms:cn-hangzhou:${house.credentials.accountId}:secret/${SecretName}`
        assert.deepEqual(created, { Arn, SecretName, VersionId: 'v1', SecretType: 'Generic' })
        for (const name of [SecretName, Arn]) {
          const { RequestId: __, ...value } = await house.must('GetSecretValue', { SecretName: name, VersionId: '' })
          assert.deepEqual(value, {
            SecretName,
            SecretType: 'Generic',
            SecretData: 'hunter2',
            SecretDataType: 'binary',
            VersionId: 'v1',
            VersionStages: { VersionStage: ['ACSCurrent'] },
            CreateTime: `${new Date(house.now).toISOString().slice(0, 19)}Z`,
          })
        }
      })

      it('carry any text of up to 30,720 bytes unchanged, and refuse one byte more', async () => {
        for (const SecretData of [' \n\u0000\ttail ', '{"a":"é"}', '密'.repeat(10_240), 'not base64 =', '%41+&='])
          assert.equal(await dataOf((await secretWith({ SecretData })).SecretName), `v1: ${SecretData}`)
        const SecretName = newName()
        const tooLong = { SecretName, VersionId: 'v1', SecretData: 'x'.repeat(30_721) }
        assert.equal(await house.outcome('CreateSecret', tooLong), 'InvalidParameter')
        assert.equal(await dataOf(SecretName), 'Forbidden.ResourceNotFound')
        const { SecretName: there } = await secretWith()
        assert.equal(await put(there, 'v2', { SecretData: `${'密'.repeat(10_240)}x` }), 'InvalidParameter')
        assert.equal(await dataOf(there), 'v1: first')
      })

      it('refuse names that are taken, malformed or reserved, and keys that are not there', async () => {
        const { SecretName } = await secretWith()
        const create = (more: Record<string, string>) =>
          house.outcome('CreateSecret', { SecretName: newName(), VersionId: 'v', SecretData: 'x', ...more })
        assert.equal(await create({ SecretName }), 'Rejected.ResourceExist')
        for (const name of ['a b', 'a:b', 'acs/x', 'acs/ecs/x', 'a'.repeat(193), '密'.repeat(65), 'a?', 'a*'])
          assert.equal(await create({ SecretName: name }), 'InvalidParameter', name)
        assert.equal(await create({ SecretName: '密'.repeat(64), Tags: '[]' }), 'OK')
        for (const EncryptionKeyId of ['no-such-key', 'alias/none'])
          assert.equal(await create({ EncryptionKeyId }), 'Forbidden.ResourceNotFound')
        for (const name of [newName(), 'acs/ecs/x'])
          assert.equal(await create({ SecretType: 'ECS', SecretName: name }), 'UnsupportedOperation')
        assert.equal(await create({ DKMSInstanceId: 'kst-1' }), 'Forbidden.DKMSInstanceNotFound')
        for (const VersionId of ['x'.repeat(65), 'a\nb']) assert.equal(await create({ VersionId }), 'InvalidParameter')
      })

      it('of type Generic ignore the ExtendedConfig of other types', async () => {
        for (const ExtendedConfig of ['{}', '{"CustomData":{"team":"shop"}}', '[]', 'none']) {
          const { SecretName } = await secretWith({ ExtendedConfig })
          const { ExtendedConfig: kept } = await house.must('DescribeSecret', { SecretName })
          assert.equal(kept, undefined)
        }
      })

      it('of type Generic have no automatic rotation: the call that asks for it changes nothing', async () => {
        const SecretName = newName()
        const given = { SecretName, VersionId: 'v1', SecretData: 'x', RotationInterval: '7d' }
        const { body } = await house.call('CreateSecret', { ...given, EnableAutomaticRotation: 'true' })
        assert.equal(body.Code, 'InvalidParameter')
        assert.match(body.Message, /EnableAutomaticRotation.*Generic/)
        assert.equal(await house.outcome('DescribeSecret', { SecretName }), 'Forbidden.ResourceNotFound')
        assert.equal(await house.outcome('CreateSecret', { ...given, EnableAutomaticRotation: 'false' }), 'OK')
      })

      it('use the key that an alias points to when the secret is made', async () => {
        const { KeyMetadata } = await house.must('CreateKey')
        const AliasName = `alias/secrets-${++made}`
        await house.must('CreateAlias', { KeyId: KeyMetadata.KeyId, AliasName })
        const { SecretName } = await secretWith({ EncryptionKeyId: AliasName })
        await house.must('DeleteAlias', { AliasName })
        assert.equal(await dataOf(SecretName), 'v1: first')
        await house.must('DisableKey', { KeyId: KeyMetadata.KeyId })
        assert.equal(await dataOf(SecretName), 'Rejected.Disabled')
      })

      it('need a version that has the id and the stage', async () => {
        const { SecretName } = await secretWith()
        assert.equal(await put(SecretName, 'v2', { VersionStages: '["next"]' }), 'OK')
        assert.equal(await dataOf(SecretName, { VersionStage: 'next' }), 'v2: data of v2')
        assert.equal(await dataOf(SecretName, { VersionStage: 'next', VersionId: 'v2' }), 'v2: data of v2')
        for (const wanted of [{ VersionId: 'v3' }, { VersionStage: 'none' }, { VersionStage: 'next', VersionId: 'v1' }])
          assert.equal(await dataOf(SecretName, wanted), 'Forbidden.ResourceNotFound')
      })

      it('can be tried without the key', async () => {
        const { SecretName, keyId } = await secretWith()
        const tried = () => house.outcome('GetSecretValue', { SecretName, DryRun: 'true' })
        assert.equal(await tried(), 'DryRunOperationError')
        await house.must('DisableKey', { KeyId: keyId })
        assert.equal(await tried(), 'ValidationError')
        await house.must('EnableKey', { KeyId: keyId })
        assert.equal(await dataOf(SecretName), 'v1: first')
      })
    })

    describe('PutSecretValue', () => {
      it('makes the former current version the previous one', async () => {
        const { SecretName } = await secretWith()
        const { RequestId: _, ...reply } = await house.must('PutSecretValue', {
          SecretName,
          VersionId: 'v2',
          SecretData: 'second',
        })
        assert.deepEqual(reply, { SecretName, VersionId: 'v2', VersionStages: { VersionStage: ['ACSCurrent'] } })
        assert.equal(await dataOf(SecretName), 'v2: second')
        assert.equal(await dataOf(SecretName, { VersionStage: 'ACSPrevious' }), 'v1: first')
        assert.equal(await put(SecretName, 'v3', { VersionStages: '["one","ACSCurrent"]' }), 'OK')
        assert.deepEqual(await stagesOf(SecretName, 'v3'), ['ACSCurrent', 'one'])
        assert.deepEqual(await stagesOf(SecretName, 'v2'), ['ACSPrevious'])
        assert.deepEqual(await stagesOf(SecretName, 'v1'), [])
      })

      it('changes nothing when it comes again with the same value, and refuses another', async () => {
        const { SecretName } = await secretWith()
        assert.equal(await put(SecretName, 'v2'), 'OK')
        assert.equal(await put(SecretName, 'v3'), 'OK')
        assert.equal(await put(SecretName, 'v2'), 'OK')
        assert.equal(await dataOf(SecretName), 'v3: data of v3')
        assert.equal(await put(SecretName, 'v2', { SecretData: 'other' }), 'Rejected.ResourceExist')
        assert.equal(await put(SecretName, 'v2', { SecretDataType: 'binary' }), 'Rejected.ResourceExist')
        assert.deepEqual(await stagesOf(SecretName, 'v2'), ['ACSPrevious'])
      })

      it('keeps ten versions: the oldest without a stage goes', async () => {
        const { SecretName } = await secretWith()
        assert.equal(await put(SecretName, 'v2', { VersionStages: '["kept"]' }), 'OK')
        for (let i = 3; i <= 11; i++) assert.equal(await put(SecretName, `v${i}`), 'OK')
        assert.equal(await dataOf(SecretName, { VersionId: 'v1' }), 'Forbidden.ResourceNotFound')
        assert.equal(await dataOf(SecretName, { VersionId: 'v2' }), 'v2: data of v2')
        assert.equal(await put(SecretName, 'v12'), 'OK')
        assert.equal(await dataOf(SecretName, { VersionId: 'v3' }), 'Forbidden.ResourceNotFound')
      })

      it('refuses an eleventh version where each has a stage', async () => {
        const { SecretName } = await secretWith()
        for (let i = 2; i <= 10; i++) assert.equal(await put(SecretName, `v${i}`, { VersionStages: `["s${i}"]` }), 'OK')
        assert.equal(await put(SecretName, 'v11', { VersionStages: '["s11"]' }), 'Rejected.LimitExceeded')
        assert.equal(await dataOf(SecretName), 'v1: first')
      })

      it('refuses malformed stages', async () => {
        const { SecretName } = await secretWith()
        const tooMany = JSON.stringify(Array.from({ length: 9 }, (_, i) => `s${i}`))
        for (const VersionStages of [
          '[]',
          'ACSCurrent',
          '[""]',
          '[1]',
          tooMany,
          '["\\ud800"]',
          `["${'x'.repeat(65)}"]`,
        ])
          assert.equal(await put(SecretName, 'v2', { VersionStages }), 'InvalidParameter', VersionStages)
      })
    })

    describe('UpdateSecretVersionStage', () => {
      const move = (SecretName: string, VersionStage: string, from: string | null, to: string | null) =>
        house.outcome('UpdateSecretVersionStage', {
          SecretName,
          VersionStage,
          ...(from === null ? {} : { RemoveFromVersion: from }),
          ...(to === null ? {} : { MoveToVersion: to }),
        })

      it('moves ACSCurrent back: the version that had it is the previous one', async () => {
        const { SecretName } = await secretWith()
        for (const id of ['v2', 'v3']) assert.equal(await put(SecretName, id), 'OK')
        assert.equal(await move(SecretName, 'ACSCurrent', null, 'v1'), 'OK')
        assert.deepEqual(await dataOf(SecretName), 'v1: first')
        assert.deepEqual([await stagesOf(SecretName, 'v3'), await stagesOf(SecretName, 'v2')], [['ACSPrevious'], []])
        assert.equal(await move(SecretName, 'ACSCurrent', 'v1', 'v3'), 'OK')
        assert.deepEqual(
          [await stagesOf(SecretName, 'v1'), await stagesOf(SecretName, 'v3')],
          [['ACSPrevious'], ['ACSCurrent']],
        )
        assert.equal(await move(SecretName, 'ACSCurrent', null, 'v3'), 'OK')
        assert.deepEqual(await stagesOf(SecretName, 'v1'), ['ACSPrevious'])
      })

      it('adds, moves and removes stages of the user', async () => {
        const { SecretName } = await secretWith()
        assert.equal(await put(SecretName, 'v2'), 'OK')
        assert.equal(await move(SecretName, 'blue', null, 'v1'), 'OK')
        assert.equal(await move(SecretName, 'blue', 'v1', 'v2'), 'OK')
        assert.deepEqual(await stagesOf(SecretName, 'v2'), ['ACSCurrent', 'blue'])
        assert.equal(await move(SecretName, 'blue', 'v2', null), 'OK')
        assert.deepEqual(await stagesOf(SecretName, 'v2'), ['ACSCurrent'])
      })

      it('refuses what does not fit', async () => {
        const { SecretName } = await secretWith()
        assert.equal(await put(SecretName, 'v2'), 'OK')
        for (const stage of ['ACSCurrent', 'ACSPrevious']) {
          assert.equal(await move(SecretName, stage, 'v2', null), 'MissingParameter')
          assert.equal(await move(SecretName, stage, null, 'v3'), 'Forbidden.ResourceNotFound')
        }
        assert.equal(await move(SecretName, 'blue', null, null), 'MissingParameter')
        assert.equal(await move(SecretName, 'blue', 'v1', null), 'Rejected.InvalidRequest')
        assert.equal(await move(SecretName, 'ACSCurrent', 'v1', 'v1'), 'Rejected.InvalidRequest')
        assert.equal(await move(SecretName, 'blue', 'v3', 'v1'), 'Forbidden.ResourceNotFound')
        for (let i = 0; i < 30; i++) assert.equal(await move(SecretName, `s${i}`, null, 'v1'), 'OK')
        assert.equal(await move(SecretName, 'one more', null, 'v1'), 'Rejected.LimitExceeded')
        assert.equal(await move(SecretName, 's7', null, 'v2'), 'OK')
      })

      it('of many clients at once gets one order: a stage marks one version', async () => {
        const { SecretName } = await secretWith()
        const ids = ['v2', 'v3', 'v4', 'v5', 'v6']
        await Promise.all(ids.map((id) => put(SecretName, id)))
        await Promise.all(
          ids.flatMap((id) => [move(SecretName, 'ACSCurrent', null, id), move(SecretName, 'blue', null, id)]),
        )
        const { VersionIds } = await house.must('ListSecretVersionIds', { SecretName, IncludeDeprecated: 'true' })
        const stages = VersionIds.VersionId.flatMap((version: Body) => version.VersionStages.VersionStage)
        assert.deepEqual(stages.toSorted(), ['ACSCurrent', 'ACSPrevious', 'blue'])
        assert.equal(VersionIds.VersionId.length, 6)
      })
    })

    describe('DescribeSecret, UpdateSecret and ListSecretVersionIds', () => {
      it('tell of a secret, and never its value', async () => {
        const Tags = '[{"TagKey":"Project","TagValue":"Apollo"}]'
        const { SecretName, keyId } = await secretWith({ Description: 'of the database', Tags, SecretData: 'CANARY' })
        const created = `${new Date(house.now).toISOString().slice(0, 19)}Z`
        house.now += 60_000
        const updated = `${new Date(house.now).toISOString().slice(0, 19)}Z`
        assert.deepEqual(
          (await house.must('UpdateSecret', { SecretName, Description: 'changed' })).SecretName,
          SecretName,
        )
        const { RequestId: _, ...described } = await house.must('DescribeSecret', { SecretName, FetchTags: 'true' })
        assert.deepEqual(described, {
          Arn: `acs:kms:cn-hangzhou:${house.credentials.accountId}:secret/${SecretName}`,
          SecretName,
          Description: 'changed',
          EncryptionKeyId: keyId,
          CreateTime: created,
          UpdateTime: updated,
          SecretType: 'Generic',
          Tags: { Tag: [{ TagKey: 'Project', TagValue: 'Apollo' }] },
        })
        assert.equal((await house.must('DescribeSecret', { SecretName })).Tags, undefined)
        assert.equal(await house.outcome('UpdateSecret', { SecretName }), 'MissingParameter')
        assert.equal(await house.outcome('UpdateSecret', { SecretName, Description: '' }), 'OK')
      })

      it('list the versions with a stage, or all, page by page', async () => {
        const { SecretName } = await secretWith()
        for (const id of ['v2', 'v3']) assert.equal(await put(SecretName, id), 'OK')
        const list = async (more: Record<string, string>) => {
          const { VersionIds, TotalCount } = await house.must('ListSecretVersionIds', { SecretName, ...more })
          return [TotalCount, ...VersionIds.VersionId.map((version: Body) => version.VersionId)]
        }
        assert.deepEqual(await list({}), [2, 'v2', 'v3'])
        assert.deepEqual(await list({ IncludeDeprecated: 'true' }), [3, 'v1', 'v2', 'v3'])
        assert.deepEqual(await list({ IncludeDeprecated: 'true', PageSize: '2', PageNumber: '2' }), [3, 'v3'])
      })
    })

    describe('ListSecrets', () => {
      const list = async (...filters: [string, ...string[]][]) => {
        const Filters = JSON.stringify(filters.map(([Key, ...Values]) => ({ Key, Values })))
        const { SecretList, TotalCount } = await house.must('ListSecrets', { Filters, PageSize: '100' })
        const names = SecretList.Secret.map((secret: Body) => secret.SecretName)
        assert.equal(TotalCount, names.length)
        return names
      }

      it('finds secrets by name, description, tags, type and a part of a text', async () => {
        const [a, b, c] = ['find/Alpha', 'find/beta', 'find/gamma']
        await secretWith({ SecretName: a, Description: 'one', Tags: '[{"TagKey":"find","TagValue":"x"}]' })
        const { KeyId } = (await house.must('CreateKey', {})).KeyMetadata
        await secretWith({ SecretName: b, Description: 'two of ALPHA', EncryptionKeyId: KeyId })
        await secretWith({ SecretName: c, Description: 'one', Tags: '[{"TagKey":"find","TagValue":"y"}]' })
        assert.deepEqual(await list(['SecretName', c, a, 'find/none', a]), [a, c])
        assert.deepEqual(await list(['SecretName', a, b], ['Description', 'one']), [a])
        assert.deepEqual(await list(['Description', 'one']), [a, c])
        assert.deepEqual(await list(['Description', 'on']), [])
        assert.deepEqual(await list(['TagKey', 'find']), [a, c])
        assert.deepEqual(await list(['TagKey', 'find'], ['TagValue', 'y']), [c])
        assert.deepEqual(await list(['EncryptionKeyId', KeyId]), [b])
        assert.deepEqual(await list(['EncryptionKeyId', KeyId], ['Description', 'one']), [])
        assert.deepEqual(await list(['EncryptionKeyId', KeyId.slice(1)]), [])
        assert.deepEqual(await list(['Search', 'alpha']), [a, b])
        assert.deepEqual(await list(['Search', 'find/'], ['SecretType', 'Rds', 'Generic']), [a, b, c])
        assert.deepEqual(await list(['Search', 'find/'], ['SecretType', 'Rds']), [])
        assert.deepEqual(await list(['SecretName', a], ['DKMSInstanceId', 'kst-1']), [])
        await house.must('DeleteSecret', { SecretName: b, RecoveryWindowInDays: '7' })
        assert.deepEqual(await list(['Search', 'alpha']), [a, b])
        house.now += 7 * DAY
        assert.deepEqual(await list(['Search', 'alpha']), [a])
        for (const Filters of ['{}', '[{"Key":"Name","Values":["a"]}]', '[{"Key":"TagValue","Values":["a"]}]'])
          assert.equal(await house.outcome('ListSecrets', { Filters }), 'InvalidParameter')
      })

      it('takes no EncryptionKeyId that would look into tags', async () => {
        const { KeyId } = (await house.must('CreateKey', {})).KeyMetadata
        await secretWith({ EncryptionKeyId: KeyId, Tags: '[{"TagKey":"hidden","TagValue":"x"}]' })
        const Filters = JSON.stringify([{ Key: 'EncryptionKeyId', Values: [`${KeyId}\nhidden\tx`] }])
        assert.equal(await house.outcome('ListSecrets', { Filters }), 'InvalidParameter')
      })

      it('shows tags only where they are wanted, and pages', async () => {
        const { TotalCount } = await house.must('ListSecrets', { PageSize: '1' })
        const { SecretList } = await house.must('ListSecrets', {
          Filters: '[{"Key":"SecretName","Values":["find/Alpha"]}]',
          FetchTags: 'true',
        })
        assert.deepEqual(SecretList.Secret[0].Tags, { Tag: [{ TagKey: 'find', TagValue: 'x' }] })
        const past = await house.must('ListSecrets', { PageSize: '1', PageNumber: String(TotalCount + 1) })
        assert.deepEqual([past.SecretList, past.TotalCount], [{ Secret: [] }, TotalCount])
      })
    })

    describe('the tags of a secret', () => {
      it('are set, listed and removed like those of a key', async () => {
        const { SecretName } = await secretWith()
        const tagsOf = async () => (await house.must('DescribeSecret', { SecretName, FetchTags: 'true' })).Tags.Tag
        await house.must('TagResource', { SecretName, Tags: '[{"TagKey":"a","TagValue":"1"}]' })
        const resources = { RegionId: 'cn-hangzhou', ResourceType: 'secret', 'ResourceId.1': SecretName }
        await house.must('TagResources', { ...resources, 'Tag.1.Key': 'b', 'Tag.1.Value': '2' })
        const { TagResources } = await house.must('ListTagResources', resources)
        assert.deepEqual(
          TagResources.TagResource,
          ['a', 'b'].map((TagKey, i) => ({
            ResourceType: 'secret',
            ResourceId: SecretName,
            TagKey,
            TagValue: String(i + 1),
          })),
        )
        const all = { RegionId: 'cn-hangzhou', ResourceType: 'secret', 'Tag.1.Key': 'b', 'Tag.1.Value': '2' }
        const found = (await house.must('ListTagResources', all)).TagResources.TagResource
        assert.deepEqual(new Set(found.map((tag: Body) => tag.ResourceId)), new Set([SecretName]))
        await house.must('UntagResource', { SecretName, TagKeys: '["a"]' })
        assert.deepEqual(await tagsOf(), [{ TagKey: 'b', TagValue: '2' }])
        await house.must('UntagResources', { ...resources, All: 'true' })
        assert.deepEqual(await tagsOf(), [])
        const none = { ...resources, 'ResourceId.2': 'no/such', 'Tag.1.Key': 'c' }
        assert.equal(await house.outcome('TagResources', none), 'InvalidResourceId.NotFound')
        assert.deepEqual(await tagsOf(), [])
      })
    })

    describe('DeleteSecret and RestoreSecret', () => {
      it('keep the secret for the recovery window, in which it can only be described and restored', async () => {
        const { SecretName } = await secretWith()
        const given = { SecretName, RecoveryWindowInDays: '7' }
        const { PlannedDeleteTime } = await house.must('DeleteSecret', given)
        assert.equal(PlannedDeleteTime, `${new Date(house.now + 7 * DAY).toISOString().slice(0, 19)}Z`)
        const inWindow = 'Rejected.ResourceInDeleteWindow'
        assert.equal(await dataOf(SecretName), inWindow)
        assert.equal(await put(SecretName, 'v2'), inWindow)
        for (const [operation, more] of [
          ['DeleteSecret', {}],
          ['DeleteSecret', { ForceDeleteWithoutRecovery: 'true' }],
          ['UpdateSecret', { Description: 'x' }],
          ['UpdateSecretVersionStage', { VersionStage: 'blue', MoveToVersion: 'v1' }],
          ['CreateSecret', { VersionId: 'v1', SecretData: 'x' }],
          ['TagResource', { Tags: '[{"TagKey":"a"}]' }],
          ['UntagResource', { TagKeys: '["a"]' }],
        ] as const)
          assert.equal(await house.outcome(operation, { SecretName, ...more }), inWindow, operation)
        assert.equal((await house.must('DescribeSecret', { SecretName })).PlannedDeleteTime, PlannedDeleteTime)
        assert.equal(await house.outcome('ListSecretVersionIds', { SecretName }), 'OK')
        await house.must('RestoreSecret', { SecretName })
        assert.equal(await house.outcome('RestoreSecret', { SecretName }), 'Rejected.ResourceInUse')
        assert.equal(await dataOf(SecretName), 'v1: first')
      })

      it('end the secret at its very second; its name is free after the background work, which the trail tells', async () => {
        const { SecretName } = await secretWith()
        await house.must('DeleteSecret', { SecretName, RecoveryWindowInDays: '7' })
        house.now += 7 * DAY - 1
        assert.equal(await house.outcome('DescribeSecret', { SecretName }), 'OK')
        house.now += 1
        for (const operation of ['DescribeSecret', 'GetSecretValue', 'RestoreSecret', 'ListSecretVersionIds'])
          assert.equal(await house.outcome(operation, { SecretName }), 'Forbidden.ResourceNotFound')
        const again = { SecretName, VersionId: 'v1', SecretData: 'again' }
        assert.equal(await house.outcome('CreateSecret', again), 'Rejected.ResourceInDeleteWindow')
        await house.sweep()
        const event = (await house.events()).findLast(({ eventName }) => eventName === 'DeleteSecret')
        assert.deepEqual(event?.['referencedResources'], { 'ACS::KMS::Secret': [SecretName] })
        assert.equal(event?.['eventType'], 'AliyunServiceEvent')
        assert.equal(await house.outcome('CreateSecret', again), 'OK')
        assert.equal(await dataOf(SecretName), 'v1: again')
      })

      it('delete at once when forced, and leave no value behind', async () => {
        const { SecretName } = await secretWith()
        assert.equal(await dataOf(SecretName), 'v1: first')
        const force = { SecretName, ForceDeleteWithoutRecovery: 'true' }
        assert.equal(await house.outcome('DeleteSecret', { ...force, RecoveryWindowInDays: '7' }), 'InvalidParameter')
        for (const RecoveryWindowInDays of ['6', '31', 'x'])
          assert.equal(await house.outcome('DeleteSecret', { SecretName, RecoveryWindowInDays }), 'InvalidParameter')
        const scope = { account: house.credentials.accountId, region: 'cn-hangzhou' }
        const value = (await house.open.ledger.get(SECRET_VALUE, scope, valueId(SecretName, 'v1'))) as SecretValue
        await house.must('DeleteSecret', force)
        for (const file of house.database === null ? ['strongroom.db', 'strongroom.db-wal'] : [])
          for (const trace of [value.body.sealed, value.body.dataKey])
            assert.equal(readFileSync(join(house.data, file)).includes(trace), false, file)
        assert.equal(await dataOf(SecretName), 'Forbidden.ResourceNotFound')
        const where = { parent: SecretName, offset: 0, limit: 10 }
        assert.equal((await house.open.ledger.page(SECRET_VALUE, scope, where)).records.length, 0)
        assert.equal(await house.outcome('DeleteSecret', force), 'Forbidden.ResourceNotFound')
        assert.equal(await house.outcome('CreateSecret', { SecretName, VersionId: 'v1', SecretData: 'new' }), 'OK')
        assert.equal(await dataOf(SecretName), 'v1: new')
      })
    })

    describe('the key of a secret', () => {
      it('decides whether its values can be read and added', async () => {
        const { SecretName, keyId } = await secretWith()
        assert.equal(await dataOf(SecretName), 'v1: first')
        const both = async () => [await dataOf(SecretName), await put(SecretName, 'v2')]
        await house.must('DisableKey', { KeyId: keyId })
        assert.deepEqual(await both(), ['Rejected.Disabled', 'Rejected.Disabled'])
        await house.must('ScheduleKeyDeletion', { KeyId: keyId, PendingWindowInDays: '7' })
        assert.deepEqual(await both(), ['Rejected.PendingDeletion', 'Rejected.PendingDeletion'])
        await house.must('CancelKeyDeletion', { KeyId: keyId })
        assert.deepEqual(await both(), ['v1: first', 'OK'])
        await house.must('ScheduleKeyDeletion', { KeyId: keyId, PendingWindowInDays: '7' })
        house.now += 7 * DAY
        assert.equal(await dataOf(SecretName), 'Forbidden.KeyNotFound')
        await house.sweep()
        assert.deepEqual(
          [await dataOf(SecretName), await put(SecretName, 'v3')],
          Array(2).fill('Forbidden.KeyNotFound'),
        )
      })

      it('may rotate: each version stays under the key version that encrypted it', async () => {
        const { KeyMetadata } = await house.must('CreateKey', {
          EnableAutomaticRotation: 'true',
          RotationInterval: '7d',
        })
        const { SecretName } = await secretWith({ EncryptionKeyId: KeyMetadata.KeyId })
        house.now += 7 * DAY
        await house.sweep()
        assert.equal(await put(SecretName, 'v2'), 'OK')
        assert.equal(await dataOf(SecretName), 'v2: data of v2')
        assert.equal(await dataOf(SecretName, { VersionId: 'v1' }), 'v1: first')
      })
    })

    it('met no failure of its own', () => assert.deepEqual(house.failures, []))
  })
})
