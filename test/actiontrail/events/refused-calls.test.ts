// Events of refused calls: they name what the call named, they are bounded, and none is left out in silence.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { Metrics } from '../../../src/gateway/metrics.ts'
import { RefusedEvents } from '../../../src/gateway/refused-events.ts'
import { type Credentials, call } from '../../acceptance/program.ts'
import { signedForm } from '../../acceptance/raw.ts'
import { eachDatabase } from '../../databases.ts'
import { openTestHouse, type TestHouse } from '../../house.ts'
import { ramOf } from '../../ram/ram.ts'

type Event = Record<string, unknown>

eachDatabase((open) => {
  describe('the event of a refused call', () => {
    let house: TestHouse
    let key: string
    let blob: string
    before(async () => {
      house = await open()
      key = (await house.must('CreateKey')).KeyMetadata.KeyId
      await house.must('CreateAlias', { KeyId: key, AliasName: 'alias/orders' })
      blob = (await house.must('Encrypt', { KeyId: key, Plaintext: 'x' })).CiphertextBlob
    })
    after(() => house[Symbol.asyncDispose]())

    const last = async (): Promise<Event> => (await house.events()).at(-1) ?? {}
    const refused = async (action: string, parameters: Record<string, string>) => {
      const outcome = await house.outcome(action, parameters)
      const { eventName, errorCode, referencedResources = {} } = await last()
      assert.deepEqual([eventName, errorCode], [action, outcome])
      return [outcome, referencedResources]
    }
    const aKey = () => ({ 'ACS::KMS::Key': [key] })

    it('names the key of the call, whatever else is wrong with it', async () => {
      const region = { RegionId: 'cn-hangzhou', ResourceType: 'key', 'ResourceId.1': key }
      for (const [action, parameters, code] of [
        ['ScheduleKeyDeletion', { KeyId: key, PendingWindowInDays: '3' }, 'InvalidParameter'],
        ['Encrypt', { KeyId: 'alias/orders' }, 'MissingParameter'],
        ['Encrypt', { KeyId: key, Plaintext: 'x', EncryptionContext: '[]' }, 'InvalidParameter'],
        ['Decrypt', { CiphertextBlob: blob, EncryptionContext: '[]' }, 'InvalidParameter'],
        ['GenerateDataKey', { KeyId: key, NumberOfBytes: '0' }, 'InvalidParameter'],
        ['ReEncrypt', { CiphertextBlob: blob }, 'MissingParameter'],
        ['ReEncrypt', { CiphertextBlob: blob, DestinationKeyId: key, SourceKeyId: 'x' }, 'MissingParameter'],
        ['CreateAlias', { KeyId: key, AliasName: 'no alias' }, 'InvalidParameter'],
        ['UpdateAlias', { KeyId: key }, 'MissingParameter'],
        ['TagResource', { KeyId: key, Tags: '{}' }, 'InvalidParameter'],
        ['TagResources', { ...region, 'Tag.1.key': 'a' }, 'InvalidParameter'],
        ['DescribeKey', { KeyId: key, 'KeyId.x': '' }, 'InvalidParameter'],
      ] as const) {
        const [outcome, resources] = await refused(action, parameters)
        const known = action === 'DescribeKey' ? {} : aKey()
        assert.deepEqual([action, outcome, resources], [action, code, known])
      }
    })

    it('names the alias of the call, and the key behind it', async () => {
      assert.deepEqual(await refused('UpdateAlias', { AliasName: 'alias/orders' }), [
        'MissingParameter',
        { 'ACS::KMS::Alias': ['alias/orders'], ...aKey() },
      ])
    })

    it('names the user of the call', async () => {
      const ram = ramOf(house)
      await ram.must('CreateUser', { UserName: 'alice' })
      assert.equal(await ram.outcome('UpdateUser', { UserName: 'alice', NewDisplayName: '' }), 'OK')
      await ram.outcome('UpdateUser', { UserName: 'alice', NewEmail: 'none' })
      assert.deepEqual((await last())['referencedResources'], { 'ACS::RAM::User': ['alice'] })
    })

    it('is found by the name of the key', async () => {
      await house.outcome('ScheduleKeyDeletion', { KeyId: key, PendingWindowInDays: '1' })
      const found = await call(
        house.endpoint,
        house.credentials,
        'LookupEvents',
        { Version: '2020-07-06', 'LookupAttribute.1.Key': 'ResourceName', 'LookupAttribute.1.Value': key },
        house.now,
      )
      const names = found.body.Events.map(({ eventName }: Event) => eventName)
      assert.ok(names.includes('ScheduleKeyDeletion'), JSON.stringify(names))
    })

    it('is there for a region, a version and an action that this server does not have, and the nonce is spent', async () => {
      const secret = 'a secret\u0007'
      for (const [action, parameters, expected] of [
        ['DescribeKey', { RegionId: 'mars', KeyId: key }, ['InvalidParameter', 'Kms', '2016-01-20', 'DescribeKey']],
        ['NoSuchThing', { KeyId: key }, ['InvalidAction.NotFound', 'Kms', '2016-01-20', 'NoSuchThing']],
        ['Encrypt', { Version: '1999-01-01' }, ['InvalidVersion', 'Unknown', '1999-01-01', 'Encrypt']],
        [secret, { Version: secret }, ['InvalidVersion', 'Unknown', '', 'Unknown']],
      ] as const) {
        const before = (await house.events()).length
        const form = signedForm({ Action: action, ...parameters }, house.credentials, { now: house.now })
        const headers = { 'content-type': 'application/x-www-form-urlencoded' }
        const once = async () =>
          ((await (await fetch(house.endpoint, { method: 'POST', headers, body: form })).json()) as Event)['Code']
        assert.equal(await once(), expected[0])
        assert.equal(await once(), 'SignatureNonceUsed')
        assert.equal((await house.events()).length, before + 1)
        const { errorCode, serviceName, apiVersion, eventName, acsRegion, userIdentity } = await last()
        assert.deepEqual([errorCode, serviceName, apiVersion, eventName], expected)
        assert.equal(acsRegion, 'cn-hangzhou')
        assert.equal((userIdentity as Event)['accessKeyId'], house.credentials.accessKeyId)
      }
    })
  })
})

describe('what refused calls write', () => {
  async function strangerOf(house: TestHouse): Promise<Credentials> {
    const ram = ramOf(house)
    await ram.must('CreateUser', { UserName: 'stranger' })
    return ram.accessKeyOf('stranger')
  }
  const bodies = async ({ open }: TestHouse) => (await open.storage.events.after(0, 1_000_000)).map(({ body }) => body)

  it('is bounded in each event, with a mark', async () => {
    await using house = await openTestHouse(null)
    const stranger = await strangerOf(house)
    const long = (n: number, make: (i: number) => [string, string]) =>
      Object.fromEntries(Array.from({ length: n }, (_, i) => make(i)))
    const region = { RegionId: 'cn-hangzhou', ResourceType: 'key' }
    // As JSON a control character takes six bytes, in a form three.
    const worst = '\u0001'.repeat(100)
    for (const [action, parameters, cut] of [
      ['TagResources', { ...region, ...long(200, (i) => [`Tag.${i}.Value`, worst]) }, 'requestParameters'],
      [
        'TagResources',
        { ...region, ...long(40, (i) => [`ResourceId.${i}`, `${i}${worst}${worst}`]), 'Tag.1.Key': 'a' },
        'requestParameters,referencedResources',
      ],
      ['GenerateDataKey', { KeyId: 'x', ...long(200, (i) => [`EncryptionContext.${i}`, worst]) }, 'requestParameters'],
      [
        'GenerateDataKey',
        { KeyId: 'x', ...long(2, (i) => [`EncryptionContext.${i}${worst.repeat(70)}`, worst]) },
        undefined,
      ],
    ] as const) {
      const { body } = await house.call(action, parameters, stranger)
      assert.ok(['InvalidParameter', 'Forbidden.NoPermission'].includes(body.Code), body.Code)
      const stored = (await bodies(house)).at(-1) ?? ''
      assert.ok(Buffer.byteLength(stored) < 48 * 1024, `${action} wrote ${Buffer.byteLength(stored)} bytes`)
      const event = (await house.events()).at(-1)
      assert.equal((event?.['additionalEventData'] as Event | undefined)?.['Cut'], cut)
    }
  })

  it('is bounded for each account: beyond, calls are throttled, and the next event tells how many', async () => {
    await using house = await openTestHouse(null, ['--refused-bytes-per-second', '1024'], { metrics: Metrics })
    const stranger = await strangerOf(house)
    const { KeyId } = (await house.must('CreateKey')).KeyMetadata
    const denied = async () => (await house.call('DescribeKey', { KeyId }, stranger)).body.Code
    const before = (await bodies(house)).length
    const outcomes: Record<string, number> = {}
    for (let i = 0; i < 600; i++) {
      const code = await denied()
      outcomes[code] = (outcomes[code] ?? 0) + 1
    }
    const { 'Forbidden.NoPermission': recorded = 0, 'Rejected.Throttling': silent = 0 } = outcomes
    const written = (await bodies(house)).slice(before)
    assert.deepEqual([recorded + silent, written.length], [600, recorded])
    assert.ok(written.join('').length <= 128 * 1024)
    assert.ok(recorded > 100 && silent > 100, JSON.stringify(outcomes))

    await house.must('DescribeKey', { KeyId })
    const told = async () => ((await house.events()).at(-1)?.['additionalEventData'] ?? {}) as Event
    assert.equal(await house.outcome('DescribeKey', { KeyId: 'x' }), 'Forbidden.KeyNotFound', 'others are recorded')
    assert.deepEqual(await told(), { UnrecordedRefusals: String(silent) })
    const throttled = await call(
      house.endpoint,
      stranger,
      'GetUser',
      { Version: '2015-05-01', UserName: 'a' },
      house.now,
    )
    assert.equal(throttled.body.Code, 'Throttling.User')
    assert.match(await house.metrics.text(), new RegExp(`strongroom_unrecorded_refusals_total ${silent + 1}\n`))
    const lines = house.strangers.filter((line) => line.startsWith('refused calls left no event'))
    assert.deepEqual([lines.length, lines[0]?.includes(house.credentials.accountId)], [1, true])

    house.now += 10_000
    assert.equal(await denied(), 'Forbidden.NoPermission')
    assert.equal((await told())['UnrecordedRefusals'], '1')
    assert.equal(await denied(), 'Forbidden.NoPermission')
    assert.deepEqual(Object.keys(await told()), ['AccessDeniedDetail'])
  })

  it('is a bucket for each account, of which no caller has more than half', () => {
    const refused = new RefusedEvents()
    const kib = 1024
    const admit = (account: string, caller: string, now: number) => refused.admit(account, caller, 60 * kib, kib, now)
    assert.deepEqual([admit('a', 'x', 0), admit('a', 'x', 0), admit('a', 'x', 0)], [0, 0, null])
    assert.deepEqual([admit('a', 'y', 0), admit('a', 'y', 0), admit('a', 'z', 0), admit('b', 'x', 0)], [1, 0, null, 0])
    refused.skip('a', kib, 0)
    refused.untold('a', 3)
    assert.deepEqual([admit('a', 'z', 60_000), admit('a', 'z', 60_000)], [5, null])
  })
})
