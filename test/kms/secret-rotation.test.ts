// Rotation of secrets over the AccessKeys of RAM users.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type Credentials, call } from '../acceptance/program.ts'
import { eachDatabase } from '../databases.ts'
import type { TestHouse } from '../house.ts'
import { ramOf } from '../ram/ram.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR

eachDatabase((open) => {
  describe('secrets of type RAMCredentials', () => {
    let house: TestHouse
    let ram: ReturnType<typeof ramOf>
    before(async () => {
      house = await open()
      ram = ramOf(house)
    })
    after(() => house[Symbol.asyncDispose]())

    let users = 0
    /** Every secret of an AccessKey that a test saw. */
    const seen = new Set<string>()
    async function newUser(): Promise<{ UserName: string; key: Credentials }> {
      const UserName = `user-${++users}`
      await ram.must('CreateUser', { UserName })
      const key = await ram.accessKeyOf(UserName)
      seen.add(key.accessKeySecret)
      return { UserName, key }
    }
    const dataOf = (...keys: Credentials[]) =>
      JSON.stringify({
        AccessKeys: keys.map(({ accessKeyId, accessKeySecret }) => ({
          AccessKeyId: accessKeyId,
          AccessKeySecret: accessKeySecret,
        })),
      })
    const given = (UserName: string, ...keys: Credentials[]) => ({
      SecretName: '$Auto',
      VersionId: 'v1',
      SecretType: 'RAMCredentials',
      SecretData: dataOf(...keys),
      ExtendedConfig: JSON.stringify({ SecretSubType: 'RamUserAccessKey', UserName }),
    })
    async function newSecret(more: Record<string, string> = {}) {
      const { UserName, key } = await newUser()
      const { SecretName } = await house.must('CreateSecret', { ...given(UserName, key), ...more })
      return { UserName, key, SecretName: SecretName as string }
    }
    const current = async (SecretName: string, more: Record<string, string> = {}): Promise<Credentials> => {
      const { SecretData } = await house.must('GetSecretValue', { SecretName, ...more })
      const { AccessKeyId: accessKeyId, AccessKeySecret: accessKeySecret } = JSON.parse(SecretData)
      seen.add(accessKeySecret)
      return { accountId: house.credentials.accountId, accessKeyId, accessKeySecret }
    }
    /** What calls that the AccessKey signs are answered. */
    const answers = async (credentials: Credentials): Promise<string> => {
      const parameters = { Version: '2015-04-01' }
      const { status, body } = await call(house.endpoint, credentials, 'GetCallerIdentity', parameters, house.now)
      return status === 200 ? 'OK' : body.Code
    }
    const keysOf = async (UserName: string): Promise<string[]> =>
      (await ram.must('ListAccessKeys', { UserName })).AccessKeys.AccessKey.map(
        (key: { AccessKeyId: string; Status: string }) => `${key.AccessKeyId} ${key.Status}`,
      )
    const rotationOf = async (SecretName: string) => {
      const { AutomaticRotation, NextRotationDate, LastRotationDate, RotationFault } = await house.must(
        'GetSecretValue',
        { SecretName },
      )
      return { AutomaticRotation, NextRotationDate, LastRotationDate, RotationFault }
    }
    const at = (ms: number) => `${new Date(ms).toISOString().slice(0, 19)}Z`
    const rotate = (SecretName: string, VersionId: string) => house.outcome('RotateSecret', { SecretName, VersionId })
    /** The service's own work for the user's secret, as its events say, since the last look. */
    let looked = 0
    async function work(UserName: string): Promise<string[]> {
      const events = await house.events()
      const fresh = events.slice(looked)
      looked = events.length
      return fresh
        .filter(({ eventType }) => eventType === 'AliyunServiceEvent')
        .map((event) => {
          const { eventName, serviceName, resourceName, errorMessage = '' } = event
          const { invokedBy = '' } = event['userIdentity'] as Record<string, string>
          return [eventName, serviceName, resourceName, invokedBy, errorMessage].filter((one) => one !== '').join(' ')
        })
        .filter((line) => line.split(/[ ;/]/).includes(UserName))
    }

    it('are made over all AccessKeys of a user', async () => {
      const { UserName, key } = await newUser()
      const { RequestId: _, ...made } = await house.must('CreateSecret', {
        ...given(UserName.toUpperCase(), key),
        EnableAutomaticRotation: 'true',
        RotationInterval: '7d',
      })
      const SecretName = `acs/ram/user/${UserName}`
      const ExtendedConfig = JSON.stringify({ SecretSubType: 'RamUserAccessKey', UserName, CustomData: {} })
      assert.deepEqual(made, {
        Arn: `acs:kms:cn-hangzhou:${house.credentials.accountId}:secret/${SecretName}`,
        SecretName,
        VersionId: 'v1',
        SecretType: 'RAMCredentials',
        AutomaticRotation: 'Enabled',
        RotationInterval: '604800s',
        NextRotationDate: at(house.now + 7 * DAY),
        ExtendedConfig,
      })
      assert.deepEqual(await current(SecretName), key)
      const value = await house.must('GetSecretValue', { SecretName, FetchExtendedConfig: 'true' })
      assert.equal(value.ExtendedConfig, ExtendedConfig)
      assert.equal(await house.outcome('CreateSecret', given(UserName, key)), 'Rejected.ResourceExist')
      const put = { SecretName, VersionId: 'v2', SecretData: dataOf(key) }
      assert.equal(await house.outcome('PutSecretValue', put), 'Rejected.UnsupportedOperation')
    })

    it('take two AccessKeys as ACSCurrent and ACSPrevious, and refuse other data', async () => {
      const { UserName, key } = await newUser()
      const second = await ram.accessKeyOf(UserName)
      const fresh = given(UserName, key, second)
      const refused = async (more: Record<string, string>, code = 'InvalidParameter') => {
        const { body } = await house.call('CreateSecret', { ...fresh, ...more })
        assert.equal(body.Code, code)
        for (const value of seen) assert.ok(!JSON.stringify(body).includes(value))
      }
      await refused({ SecretData: dataOf(key) })
      await refused({ SecretData: dataOf(key, key) })
      await refused({ SecretData: dataOf(key, { ...second, accessKeyId: house.credentials.accessKeyId }) })
      for (const SecretData of ['', '{}', '[]', '{"AccessKeys":[]}', '{"AccessKeys":[{"AccessKeyId":"a"}]}', 'x'])
        await refused({ SecretData }, SecretData === '' ? 'MissingParameter' : 'InvalidParameter')
      await refused({ SecretName: 'own/name' })
      await refused({ SecretDataType: 'binary' })
      await refused({ SecretType: 'Generic' })
      await refused({ SecretType: 'ECS' }, 'UnsupportedOperation')
      await refused({ ExtendedConfig: '' }, 'MissingParameter')
      await refused({ EnableAutomaticRotation: 'true' }, 'MissingParameter')
      await refused({ EnableAutomaticRotation: 'true', RotationInterval: '5h' })
      await refused({ EnableAutomaticRotation: 'true', RotationInterval: '366d' })
      for (const config of [{ SecretSubType: 'RamUserAccessKey' }, { SecretSubType: 'x', UserName }, { UserName }, []])
        await refused({ ExtendedConfig: JSON.stringify(config) })
      await refused({ ExtendedConfig: 'none' })
      const nobody = JSON.stringify({ SecretSubType: 'RamUserAccessKey', UserName: 'nobody' })
      await refused({ ExtendedConfig: nobody }, 'Forbidden.ResourceNotFound')
      const { SecretName } = await house.must('CreateSecret', fresh)
      assert.deepEqual(await current(SecretName), key)
      assert.deepEqual(await current(SecretName, { VersionStage: 'ACSPrevious' }), second)
      // The older one gives way to a third.
      assert.equal(await rotate(SecretName, 'v2'), 'OK')
      await house.sweep()
      const { accessKeyId } = await current(SecretName)
      assert.deepEqual(await keysOf(UserName), [`${key.accessKeyId} Active`, `${accessKeyId} Active`])
      assert.equal(await answers(second), 'InvalidAccessKeyId.NotFound')
    })

    it('are rotated when a caller asks: the AccessKey before works for two days, and is then disabled, and deleted', async () => {
      const { UserName, key, SecretName } = await newSecret()
      await work(UserName)
      assert.equal(await rotate(SecretName, 'v2'), 'OK')
      assert.equal(await rotate(SecretName, 'v2'), 'OK')
      assert.equal(await rotate(SecretName, 'v3'), 'Rejected.InvalidRequest')
      await Promise.all([house.sweep(), house.sweep(), house.sweep()])
      const fresh = await current(SecretName)
      assert.notEqual(fresh.accessKeyId, key.accessKeyId)
      assert.deepEqual(await work(UserName), [
        `RotateSecret Kms ${SecretName}`,
        `CreateAccessKey Ram ${UserName};${fresh.accessKeyId} kms.aliyuncs.com`,
      ])
      assert.deepEqual([await answers(fresh), await answers(key)], ['OK', 'OK'])
      assert.deepEqual(await current(SecretName, { VersionStage: 'ACSPrevious' }), key)
      assert.deepEqual((await house.must('GetSecretValue', { SecretName })).VersionId, 'v2')
      // What it asked for is done.
      for (const VersionId of ['v1', 'v2']) assert.equal(await rotate(SecretName, VersionId), 'OK')
      await house.sweep()
      assert.deepEqual(await current(SecretName), fresh)
      const rotatedAt = house.now
      house.now = rotatedAt + 2 * DAY - 1
      await house.sweep()
      assert.equal(await answers(key), 'OK')
      house.now += 1
      await house.sweep()
      assert.deepEqual([await answers(fresh), await answers(key)], ['OK', 'Forbidden.AccessKey'])
      house.now = rotatedAt + 3 * DAY
      await house.sweep()
      assert.equal(await answers(key), 'InvalidAccessKeyId.NotFound')
      assert.equal(await house.outcome('GetSecretValue', { SecretName, VersionId: 'v1' }), 'Forbidden.ResourceNotFound')
      assert.deepEqual(await keysOf(UserName), [`${fresh.accessKeyId} Active`])
      assert.deepEqual(await work(UserName), [
        `UpdateAccessKey Ram ${UserName};${key.accessKeyId} kms.aliyuncs.com`,
        `DeleteAccessKey Ram ${UserName};${key.accessKeyId} kms.aliyuncs.com`,
      ])
      assert.deepEqual(await rotationOf(SecretName), {
        AutomaticRotation: 'Disabled',
        NextRotationDate: undefined,
        LastRotationDate: at(rotatedAt),
        RotationFault: undefined,
      })
    })

    it('disable the AccessKey that retires when they are destroyed, at once or after their window', async () => {
      for (const how of [{ ForceDeleteWithoutRecovery: 'true' }, { RecoveryWindowInDays: '7' }]) {
        const { UserName, key, SecretName } = await newSecret()
        assert.equal(await rotate(SecretName, 'v2'), 'OK')
        await house.sweep()
        const fresh = await current(SecretName)
        await work(UserName)
        await house.must('DeleteSecret', { SecretName, ...how })
        // No server works before the window has ended.
        if ('RecoveryWindowInDays' in how) house.now += 7 * DAY
        await house.sweep()
        assert.deepEqual(
          (await keysOf(UserName)).toSorted(),
          [`${fresh.accessKeyId} Active`, `${key.accessKeyId} Inactive`].toSorted(),
        )
        assert.deepEqual([await answers(fresh), await answers(key)], ['OK', 'Forbidden.AccessKey'])
        const disabled = `UpdateAccessKey Ram ${UserName};${key.accessKeyId} kms.aliyuncs.com`
        assert.ok((await work(UserName)).includes(disabled))
      }
      assert.deepEqual(house.failures, [])
    })

    it('are rotated by themselves, once for however many due dates', async () => {
      const policy = { EnableAutomaticRotation: 'true', RotationInterval: '6h' }
      const { UserName, key, SecretName } = await newSecret(policy)
      house.now += 6 * HOUR - 1
      await house.sweep()
      assert.deepEqual(await current(SecretName), key)
      house.now += 3 * DAY
      await Promise.all([house.sweep(), house.sweep(), house.sweep(), house.sweep()])
      const fresh = await current(SecretName)
      assert.deepEqual(await keysOf(UserName), [`${key.accessKeyId} Active`, `${fresh.accessKeyId} Active`])
      assert.deepEqual(await rotationOf(SecretName), {
        AutomaticRotation: 'Enabled',
        NextRotationDate: at(house.now + 6 * HOUR),
        LastRotationDate: at(house.now),
        RotationFault: undefined,
      })
      // The former one is gone before its place is needed.
      house.now += 3 * HOUR
      await house.sweep()
      assert.equal(await answers(key), 'Forbidden.AccessKey')
      house.now += 1.5 * HOUR
      await house.sweep()
      assert.deepEqual(await keysOf(UserName), [`${fresh.accessKeyId} Active`])
      house.now += 1.5 * HOUR
      await house.sweep()
      assert.equal((await keysOf(UserName)).length, 2)
    })

    it('follow their policy, whose change may make a rotation due at once', async () => {
      const { key, SecretName } = await newSecret()
      const policy = (more: Record<string, string>) =>
        house.outcome('UpdateSecretRotationPolicy', { SecretName, EnableAutomaticRotation: 'true', ...more })
      house.now += 8 * DAY
      await house.sweep()
      assert.deepEqual(await current(SecretName), key)
      assert.equal(await policy({}), 'MissingParameter')
      assert.equal(await policy({ RotationInterval: '5h' }), 'InvalidParameter')
      assert.equal(await policy({ RotationInterval: '7d' }), 'OK')
      assert.equal((await rotationOf(SecretName)).NextRotationDate, at(house.now - DAY))
      await house.sweep()
      const second = await current(SecretName)
      assert.notDeepEqual(second, key)
      assert.equal((await rotationOf(SecretName)).NextRotationDate, at(house.now + 7 * DAY))
      assert.equal(await policy({ EnableAutomaticRotation: 'false' }), 'OK')
      house.now += 30 * DAY
      await house.sweep()
      assert.deepEqual(await current(SecretName), second)
    })

    it('have custom data that UpdateSecret changes, and the description with it or alone', async () => {
      const { UserName, key } = await newUser()
      const config = { SecretSubType: 'RamUserAccessKey', UserName }
      const ExtendedConfig = JSON.stringify({ ...config, CustomData: { note: 'canary-custom-data' } })
      seen.add('canary-custom-data')
      const { SecretName } = await house.must('CreateSecret', { ...given(UserName, key), ExtendedConfig })
      const change = (more: Record<string, string>) => house.outcome('UpdateSecret', { SecretName, ...more })
      const described = async () => {
        const { Description, ExtendedConfig } = await house.must('DescribeSecret', { SecretName })
        return [Description, JSON.parse(ExtendedConfig)]
      }
      const custom = { port: 'canary-custom-data' }
      assert.equal(await change({ 'ExtendedConfig.CustomData': JSON.stringify(custom) }), 'OK')
      assert.deepEqual(await described(), ['', { ...config, CustomData: custom }])
      assert.equal(await change({ Description: 'of billing' }), 'OK')
      assert.deepEqual(await described(), ['of billing', { ...config, CustomData: custom }])
      assert.equal(await change({ Description: '', 'ExtendedConfig.CustomData': '{}' }), 'OK')
      assert.deepEqual(await described(), ['', { ...config, CustomData: {} }])
      assert.equal(await change({}), 'MissingParameter')
      const eleven = Object.fromEntries(Array.from({ length: 11 }, (_, i) => [`k${i}`, 'v']))
      for (const wrong of ['[]', '{"a":1}', 'x', JSON.stringify(eleven), JSON.stringify({ a: 'x'.repeat(1000) })])
        assert.equal(await change({ 'ExtendedConfig.CustomData': wrong }), 'InvalidParameter', wrong)
      await house.must('CreateSecret', { SecretName: 'generic', VersionId: 'v1', SecretData: 'x' })
      const generic = { SecretName: 'generic', 'ExtendedConfig.CustomData': '{}' }
      assert.equal(await house.outcome('UpdateSecret', generic), 'Rejected.UnsupportedOperation')
    })

    it('are Generic where nobody rotates them', async () => {
      const SecretName = 'plain'
      await house.must('CreateSecret', { SecretName, VersionId: 'v1', SecretData: 'x' })
      assert.equal(await rotate(SecretName, 'v2'), 'Rejected.UnsupportedOperation')
      const policy = { SecretName, EnableAutomaticRotation: 'true', RotationInterval: '7d' }
      assert.equal(await house.outcome('UpdateSecretRotationPolicy', policy), 'Rejected.UnsupportedOperation')
      for (const name of ['none', 'acs/ram/user/none'])
        assert.equal(await rotate(name, 'v2'), 'Forbidden.ResourceNotFound')
    })

    it('are Invalid while they can not be rotated, and say why', async () => {
      const { UserName, key, SecretName } = await newSecret({ EnableAutomaticRotation: 'true', RotationInterval: '1d' })
      const fault = async () => {
        const { AutomaticRotation, RotationFault } = await rotationOf(SecretName)
        return `${AutomaticRotation} ${RotationFault}`
      }
      await work(UserName)
      const own = await ram.accessKeyOf(UserName)
      const crowded =
        'The RAM user has an AccessKey that the secret does not have, and may have 2. Delete that AccessKey.'
      const { body } = await house.call('RotateSecret', { SecretName, VersionId: 'v2' })
      assert.deepEqual([body.Code, body.Message], ['Rejected.InvalidRequest', `param mismatch: ${crowded}`])
      house.now += DAY
      await house.sweep()
      assert.equal(await fault(), `Invalid ${crowded}`)
      // Said once, however often it is tried.
      house.now += HOUR
      await house.sweep()
      assert.deepEqual(await work(UserName), [`RotateSecret Kms ${SecretName} ${crowded}`])
      assert.equal(await answers(key), 'OK')
      await ram.must('DeleteAccessKey', { UserName, UserAccessKeyId: own.accessKeyId })
      await ram.must('DeleteAccessKey', { UserName, UserAccessKeyId: key.accessKeyId })
      house.now += HOUR
      await house.sweep()
      assert.equal(
        await fault(),
        'Invalid The AccessKey of the version ACSCurrent was deleted. RotateSecret makes a new one.',
      )
      assert.equal(await rotate(SecretName, 'v2'), 'OK')
      await house.sweep()
      const mended = await current(SecretName)
      assert.deepEqual([await fault(), await answers(mended)], ['Enabled undefined', 'OK'])
      await ram.must('DeleteAccessKey', { UserName, UserAccessKeyId: mended.accessKeyId })
      await ram.must('DeleteUser', { UserName })
      // Another user of the same name is not the one whose AccessKeys the secret has.
      await ram.must('CreateUser', { UserName })
      house.now += DAY
      await house.sweep()
      assert.equal(await fault(), 'Invalid The RAM user of the secret was deleted.')
      assert.equal(await rotate(SecretName, 'v3'), 'Rejected.InvalidRequest')
      assert.deepEqual(await keysOf(UserName), [])
    })

    it('are Invalid while their CMK is disabled, and go on when it is enabled', async () => {
      const KeyId = (await house.must('CreateKey')).KeyMetadata.KeyId
      const policy = { EnableAutomaticRotation: 'true', RotationInterval: '1d', EncryptionKeyId: KeyId }
      const { UserName, SecretName } = await newSecret(policy)
      await house.must('DisableKey', { KeyId })
      house.now += DAY
      await house.sweep()
      await house.must('EnableKey', { KeyId })
      const { AutomaticRotation, RotationFault } = await rotationOf(SecretName)
      assert.deepEqual(
        [AutomaticRotation, RotationFault],
        ['Invalid', 'The CMK of the secret can not be used (Rejected.Disabled).'],
      )
      assert.equal((await keysOf(UserName)).length, 1)
      house.now += HOUR
      await house.sweep()
      assert.equal((await rotationOf(SecretName)).AutomaticRotation, 'Enabled')
      assert.equal((await keysOf(UserName)).length, 2)
    })

    it('are made only by who may change the AccessKeys of the user', async () => {
      const { UserName, key } = await newUser()
      await ram.must('CreateUser', { UserName: 'maker' })
      const maker = await ram.accessKeyOf('maker')
      const statement = (...Action: string[]) => ({ Effect: 'Allow', Action, Resource: '*' })
      const policy = { PolicyName: 'maker', PolicyDocument: ram.document(statement('kms:*')) }
      await ram.must('CreatePolicy', policy)
      await ram.must('AttachPolicyToUser', { PolicyType: 'Custom', PolicyName: 'maker', UserName: 'maker' })
      const outcome = async () => {
        const { status, body } = await house.call('CreateSecret', given(UserName, key), maker)
        return status === 200 ? 'OK' : body.Code
      }
      const allow = async (...actions: string[]) =>
        ram.must('CreatePolicyVersion', {
          PolicyName: 'maker',
          PolicyDocument: ram.document(statement(...actions)),
          SetAsDefault: 'true',
        })
      assert.equal(await outcome(), 'Forbidden.NoPermission')
      await allow('kms:*', 'ram:CreateAccessKey')
      assert.equal(await outcome(), 'Forbidden.NoPermission')
      await allow('kms:*', 'ram:CreateAccessKey', 'ram:UpdateAccessKey', 'ram:DeleteAccessKey')
      assert.equal(await outcome(), 'OK')
    })

    it('show no secret in events or failures', async () => {
      assert.ok(seen.size > 10)
      const said = JSON.stringify([await house.events(), house.failures])
      for (const value of seen) assert.ok(!said.includes(value))
      assert.deepEqual(house.failures, [])
    })
  })
})
