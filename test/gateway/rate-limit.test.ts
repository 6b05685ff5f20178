// Rate limits: the bucket by itself, with a clock that is passed in, and calls that are throttled.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { KMS } from '../../src/api/product.ts'
import { products } from '../../src/gateway/products.ts'
import { type Admission, RateLimiter } from '../../src/gateway/rate-limit.ts'
import { demandServed } from '../../src/gateway/served.ts'
import { newCredentials } from '../../src/ram/account.ts'
import { SYSTEM } from '../../src/runtime/system.ts'
import { QUOTA_PROFILES } from '../../src/settings/quota-profiles.ts'
import { NO_RATES, type RateGroup, ratesOf } from '../../src/settings/rates.ts'
import { readSettings } from '../../src/settings/settings.ts'
import { openTestHouse } from '../house.ts'
import { ramOf } from '../ram/ram.ts'
import '../size.ts'

const group = (calls: number, seconds: number, ...operations: string[]): RateGroup => ({
  product: 'Kms',
  operations,
  calls,
  seconds,
  perRegion: true,
})
const scope = { account: '1000000000000001', region: 'cn-hangzhou' }
const encrypt = { product: KMS, name: 'Encrypt' }

describe('the token bucket', () => {
  it('admits the limit at once, then as much as time gives back', () => {
    const rates = ratesOf([group(10, 1, 'Encrypt')])
    const limiter = new RateLimiter()
    const admitted = (times: number, now: number) =>
      Array.from({ length: times }, () => limiter.admit(rates, scope, encrypt, now)).filter((one) => one === 'admitted')
        .length
    assert.equal(admitted(15, 0), 10)
    assert.equal(admitted(15, 99), 0)
    assert.equal(admitted(15, 100), 1)
    assert.equal(admitted(15, 600), 5)
    assert.equal(admitted(50, 60_000), 10)
    assert.equal(admitted(5, 59_000), 0, 'a clock that is set back gives nothing')
  })

  it('counts in hours too', () => {
    const rates = ratesOf([group(50, 3600, 'Encrypt')])
    const limiter = new RateLimiter()
    for (let i = 0; i < 50; i++) assert.equal(limiter.admit(rates, scope, encrypt, 0), 'admitted')
    assert.equal(limiter.admit(rates, scope, encrypt, 71_999), 'throttled')
    assert.equal(limiter.admit(rates, scope, encrypt, 72_000), 'admitted')
  })

  it('is one for each account, region and group; others have no limit', () => {
    const rates = ratesOf([group(1, 1, 'Encrypt', 'Decrypt'), { ...group(1, 1, 'LookupEvents'), perRegion: false }])
    const limiter = new RateLimiter()
    const admit = (name: string, where = scope) => limiter.admit(rates, where, { product: KMS, name }, 0)
    assert.equal(admit('Encrypt'), 'admitted')
    assert.equal(admit('Decrypt'), 'throttled')
    assert.equal(admit('Decrypt', { ...scope, region: 'cn-beijing' }), 'admitted')
    assert.equal(admit('Decrypt', { ...scope, account: '1000000000000002' }), 'admitted')
    assert.equal(admit('LookupEvents'), 'admitted')
    assert.equal(admit('LookupEvents', { ...scope, region: 'cn-beijing' }), 'throttled')
    for (let i = 0; i < 100; i++) {
      assert.equal(admit('CreateKey'), 'admitted')
      assert.equal(limiter.admit(NO_RATES, scope, encrypt, 0), 'admitted')
    }
  })

  it('is not shared by groups that begin with the same operation', () => {
    const rates = ratesOf([group(2, 1, 'Encrypt'), group(2, 1, 'Encrypt', 'Decrypt')])
    const limiter = new RateLimiter()
    const admit = (name: string) => limiter.admit(rates, scope, { product: KMS, name }, 0)
    const admissions = Array.from({ length: 6 }, (_, i) => admit(i % 2 === 0 ? 'Encrypt' : 'Decrypt'))
    assert.deepEqual(admissions, ['admitted', 'admitted', 'admitted', 'admitted', 'throttled', 'throttled'])
  })

  it('over any stretch of time admits no more than the limit and one burst, and records no more refusals than that', () => {
    const calls = fc.array(fc.record({ after: fc.nat(400), times: fc.nat(30) }), { maxLength: 60 })
    fc.assert(
      fc.property(calls, fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 5 }), (all, limit, seconds) => {
        const rates = ratesOf([group(limit, seconds, 'Encrypt')])
        const limiter = new RateLimiter()
        const counts: Record<Admission, number> = { admitted: 0, throttled: 0, 'throttled, unrecorded': 0 }
        let now = 0
        for (const { after, times } of all) {
          now += after
          for (let i = 0; i < times; i++) counts[limiter.admit(rates, scope, encrypt, now)]++
          const most = limit + (now * limit) / (seconds * 1000)
          assert.ok(counts.admitted <= most + 1e-6)
          assert.ok(counts.throttled <= most + 1e-6)
        }
      }),
    )
  })

  it('forgets buckets that are full again, and no others', () => {
    const rates = ratesOf([group(1, 1, 'Encrypt')])
    const limiter = new RateLimiter()
    for (let i = 0; i < 30_000; i++) limiter.admit(rates, { ...scope, account: `a${i}` }, encrypt, i)
    assert.notEqual(limiter.admit(rates, { ...scope, account: 'a29999' }, encrypt, 30_000), 'admitted')
  })
})

describe('a throttled call', () => {
  it('is refused in the words of the cloud, changes nothing, and leaves its event', async () => {
    await using house = await openTestHouse(null, ['--quota-profile', 'alibaba-shared'])
    const outcomes: string[] = []
    for (let i = 0; i < 12; i++) outcomes.push(await house.outcome('CreateKey'))
    assert.deepEqual(outcomes, [...Array(10).fill('OK'), 'Rejected.Throttling', 'Rejected.Throttling'])
    const { status, body } = await house.call('CreateKey')
    assert.deepEqual([status, body.HttpStatus, body.Message], [429, 429, 'QPS Limit Exceeded'])
    assert.equal((await house.must('ListKeys')).TotalCount, 10)
    const refused = (await house.events()).filter(({ errorCode }) => errorCode === 'Rejected.Throttling')
    assert.equal(refused.length, 3)
    assert.deepEqual([refused[0]?.['eventName'], refused[0]?.['responseElements']], ['CreateKey', undefined])
    house.now += 100
    assert.equal(await house.outcome('CreateKey'), 'OK')
    assert.equal(await house.outcome('CreateKey'), 'Rejected.Throttling')
    assert.equal(await house.outcome('CreateKey', { RegionId: 'cn-beijing' }), 'OK')
    assert.deepEqual(house.failures, [])
  })

  it('fills the disk at twice the limit at the most, however often it is called', async () => {
    await using house = await openTestHouse(null, ['--quota-profile', 'alibaba-shared'])
    for (let i = 0; i < 100; i++) await house.outcome('CreateKey', { Description: `${i}` })
    const events = await house.events()
    assert.equal(events.length, 20)
    house.now += 1000
    for (let i = 0; i < 100; i++) await house.outcome('CreateKey')
    assert.equal((await house.events()).length, 40)
  })

  it('reads no record: its account counts, not its permissions', async () => {
    await using house = await openTestHouse(null, ['--quota-profile', 'alibaba-shared'])
    const ram = ramOf(house)
    await ram.must('CreateUser', { UserName: 'alice' })
    const alice = await ram.accessKeyOf('alice')
    const ask = async () => (await house.call('CreateKey', { KeySpec: 'nonsense' }, alice)).body.Code
    for (let i = 0; i < 10; i++) assert.equal(await ask(), 'InvalidParameter')
    assert.equal(await ask(), 'Rejected.Throttling')
    assert.equal(await house.outcome('CreateKey'), 'Rejected.Throttling', 'users share the limit of their account')
  })

  it('does not exist without a quota profile', async () => {
    await using house = await openTestHouse(null)
    const outcomes = await Promise.all(Array.from({ length: 300 }, () => house.outcome('DescribeAccountKmsStatus')))
    assert.ok(outcomes.every((outcome) => outcome === 'OK'))
  })
})

describe('limits', () => {
  const limits = (flags: string[], file: unknown = null) =>
    readSettings([...flags, ...(file === null ? [] : ['--quotas-file', 'q.json'])], {}, () => JSON.stringify(file))
  const profile = ['--quota-profile', 'alibaba-shared']

  it('of the profile are those that the cloud publishes; single settings win over them', () => {
    assert.deepEqual([limits([]).maxKeys, limits([]).rates.size], [100_000_000, 0])
    const shared = limits(profile)
    assert.deepEqual([shared.maxKeys, shared.maxAliases], [200, 300])
    const own = limits([...profile, '--max-keys', '500'])
    assert.deepEqual([own.maxKeys, own.maxAliases, own.rates.get('Kms.CreateKey')?.calls], [500, 300, 10])
    const calls = (name: string) => shared.rates.get(name)?.calls
    assert.deepEqual(
      ['Kms.DescribeKey', 'Kms.EnableKey', 'Kms.Encrypt', 'Kms.ReEncrypt', 'Actiontrail.LookupEvents'].map(calls),
      [50, 30, 1000, 750, 2],
    )
    const kms = products.find(({ product }) => product === KMS)
    const free = [...(kms?.operations.keys() ?? [])].filter((name) => !shared.rates.has(`Kms.${name}`))
    assert.deepEqual(free, ['CreateKeyVersion'], 'for which the cloud publishes none')
    const named = [...QUOTA_PROFILES.values()].flatMap(({ rates }) =>
      rates.flatMap(({ product, operations }) => operations.map((name) => `${product}.${name}`)),
    )
    assert.equal(new Set(named).size, named.length, 'no operation is in two groups')
  })

  it('of single accounts stand in a file', async () => {
    const account = '1000000000000001'
    const file = {
      default: { 'max-aliases': 7 },
      [account]: {
        'quota-profile': 'alibaba-shared',
        'max-keys': 2,
        rates: [{ product: 'Kms', operations: ['ListKeys'], calls: 3, seconds: 60 }],
      },
    }
    const { accounts, maxKeys, maxAliases, rates } = limits(['--max-keys', '9'], file)
    assert.deepEqual([maxKeys, maxAliases, rates.size], [9, 7, 0])
    const own = accounts.get(account)
    assert.deepEqual([own?.maxKeys, own?.maxAliases], [2, 300])
    assert.deepEqual([own?.rates.get('Kms.ListKeys')?.calls, own?.rates.get('Kms.ListAliases')?.calls], [3, 50])
    await using house = await openTestHouse(null, ['--max-keys', '3'], { quotas: file })
    const special = newCredentials(SYSTEM, account)
    await house.open.accounts.provide(special, 'special', house.now)
    const made = async (credentials: typeof special) => {
      let count = 0
      while ((await house.call('CreateKey', {}, credentials)).status === 200) count++
      return count
    }
    assert.deepEqual([await made(special), await made(house.credentials)], [2, 3])
    const list = async () => (await house.call('ListKeys', {}, special)).body.Code ?? 'OK'
    assert.deepEqual(
      [await list(), await list(), await list(), await list()],
      ['OK', 'OK', 'OK', 'Rejected.Throttling'],
    )
  })

  it("of the operator's page are as it says", () => {
    const page = readFileSync(new URL('../../docs/running.md', import.meta.url), 'utf8')
    const file: unknown = JSON.parse(/--quotas-file[\s\S]*?```json\n([\s\S]*?)```/.exec(page)?.[1] ?? '')
    const { maxKeys, accounts } = limits([], file)
    const own = accounts.get('1000000000000001')
    const calls = ['Kms.Encrypt', 'Kms.GenerateDataKey', 'Kms.CreateKey'].map((name) => own?.rates.get(name)?.calls)
    assert.deepEqual([maxKeys, own?.maxKeys, own?.maxAliases, ...calls], [10_000, 200, 1000, 5000, 1000, 10])
  })

  it('are refused if they make no sense, and the error names the one at fault', () => {
    const rate = { product: 'Kms', operations: ['Encrypt'], calls: 1 }
    for (const [file, message] of [
      [[], /JSON object/],
      [{ '123': {} }, /`123`/],
      [{ default: { 'max-key': 1 } }, /`max-key`/],
      [{ default: { 'max-keys': 0 } }, /`max-keys`/],
      [{ default: { 'max-keys': '5' } }, /`max-keys`/],
      [{ default: { 'quota-profile': 'none' } }, /alibaba-shared/],
      [{ default: { rates: {} } }, /`rates`/],
      [{ default: { rates: [{ ...rate, product: 'Oss' }] } }, /`product`/],
      [{ default: { rates: [{ ...rate, operations: ['Nope'] }] } }, /`Nope`/],
      [{ default: { rates: [{ ...rate, calls: 1.5 }] } }, /`calls`/],
      [{ default: { rates: [{ ...rate, burst: 1 }] } }, /`burst`/],
    ] as [unknown, RegExp][])
      assert.throws(() => demandServed(limits([], file), products), message)
    assert.throws(() => limits(['--quota-profile', 'none']), /alibaba-shared/)
  })
})
