// How often each key version encrypted: software keys roughly, an HSM's keys never too low.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { openHouse } from '../../src/house/open.ts'
import { BLOCK, MOST_USES } from '../../src/keystore/reserved-uses.ts'
import type { VersionPlace } from '../../src/keystore/version-place.ts'
import { USAGE } from '../../src/kms/records.ts'
import { update } from '../../src/ledger/record.ts'
import { readSettings } from '../../src/settings/settings.ts'
import { eachDatabase } from '../databases.ts'
import { openTestHouse, type TestHouse } from '../house.ts'
import { makeToken } from '../keystore/pkcs11/tokens.ts'
import { type PostgresqlServer, startPostgresql } from '../storage/postgresql-server.ts'

const REGION = 'cn-hangzhou'
const scopeOf = (house: TestHouse) => ({ account: house.credentials.accountId, region: REGION })

async function usesOf(house: TestHouse, keyId: string): Promise<number[]> {
  return (await house.open.usage.list(scopeOf(house), keyId)).map(({ uses }) => uses)
}

eachDatabase((open) => {
  describe('uses of software keys', () => {
    it('are counted at once, written now and then, and add up over restarts', async () => {
      await using house = await open()
      const { KeyId } = (await house.must('CreateKey')).KeyMetadata
      assert.deepEqual(await usesOf(house, KeyId), [])
      for (let i = 0; i < 5; i++) await house.must('Encrypt', { KeyId, Plaintext: 'x' })
      await house.must('GenerateDataKey', { KeyId })
      await house.open.usage.write()
      await house.must('Encrypt', { KeyId, Plaintext: 'x' })
      assert.deepEqual(await usesOf(house, KeyId), [7])
      await house.restart()
      await house.must('Encrypt', { KeyId, Plaintext: 'x' })
      assert.deepEqual(await usesOf(house, KeyId), [8])
      const [listed] = await house.open.usage.list(scopeOf(house), null)
      assert.deepEqual([listed?.keyId, listed?.protectionLevel, listed?.uses], [KeyId, 'SOFTWARE', 8])
    })

    it('go with their key', async () => {
      await using house = await open()
      const { KeyId } = (await house.must('CreateKey')).KeyMetadata
      await house.must('Encrypt', { KeyId, Plaintext: 'x' })
      await house.open.usage.write()
      await house.must('Encrypt', { KeyId, Plaintext: 'x' })
      await house.must('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: '7' })
      house.now += 7 * 86_400_000
      await house.sweep()
      await house.open.usage.write()
      assert.deepEqual(await house.open.usage.list(scopeOf(house), null), [])
      assert.deepEqual(house.failures, [])
    })
  })
})

describe('uses of HSM keys', () => {
  it('are reserved before they happen, and skipped rather than forgotten', async () => {
    await using house = await openTestHouse(null, [], { token: makeToken('SoftHSM2') })
    const { KeyId } = (await house.must('CreateKey')).KeyMetadata
    assert.deepEqual(await usesOf(house, KeyId), [])
    for (let i = 0; i < 5; i++) await house.must('Encrypt', { KeyId, Plaintext: 'x' })
    assert.deepEqual(await usesOf(house, KeyId), [BLOCK])
    await house.restart()
    await house.must('Encrypt', { KeyId, Plaintext: 'x' })
    assert.deepEqual(await usesOf(house, KeyId), [2 * BLOCK])
  })

  for (const [what, openHouseOf, more] of [
    ['in an HSM', () => openTestHouse(null, [], { token: makeToken('SoftHSM2') }), {}],
    ['of SM4', () => openTestHouse(null), { KeySpec: 'Aliyun_SM4' }],
  ] as const)
    it(`warn from 2^31 on, and stop before 2^32, ${what}`, async () => {
      await using house = await openHouseOf()
      const { KeyId, PrimaryKeyVersion: id } = (await house.must('CreateKey', more)).KeyMetadata
      const { CiphertextBlob } = await house.must('Encrypt', { KeyId, Plaintext: 'old' })
      const setUses = async (uses: number) => {
        const record = await house.open.ledger.get(USAGE, scopeOf(house), id)
        assert.ok(record)
        const change = update(record, { body: { ...record.body, uses } })
        assert.equal(await house.open.ledger.commit({ changes: [change], nonce: null, event: null }), 'committed')
        await house.restart()
      }
      await setUses(2 ** 31 - BLOCK)
      await house.must('Encrypt', { KeyId, Plaintext: 'x' })
      assert.match(house.failures.join(), /nearly 2147483648 messages and stops before 4294967296: rotate the key/)
      await setUses(MOST_USES - 1 - BLOCK)
      await house.must('Encrypt', { KeyId, Plaintext: 'x' })
      assert.deepEqual(await usesOf(house, KeyId), [MOST_USES - 1])
      await house.restart()
      for (const operation of ['Encrypt', 'GenerateDataKey'])
        assert.equal(await house.outcome(operation, { KeyId, Plaintext: 'x' }), 'Rejected.KeyExhausted')
      assert.equal((await house.must('Decrypt', { CiphertextBlob })).Plaintext, 'old')
    })
})

describe('uses reserved by several servers on one database', () => {
  let server: PostgresqlServer
  before(async () => {
    server = await startPostgresql()
  })
  after(() => server[Symbol.asyncDispose]())

  it('never overlap', async () => {
    const url = server.database()
    await using house = await openTestHouse(url)
    const settings = readSettings(['--data', house.data, '--database', url], {}, () => '')
    const other = await openHouse(settings, () => {}, house.now)
    const { KeyId, PrimaryKeyVersion } = (await house.must('CreateKey')).KeyMetadata
    const place: VersionPlace = {
      ...scopeOf(house),
      keyId: KeyId,
      versionId: PrimaryKeyVersion,
      keySpec: 'Aliyun_AES_256',
      protectionLevel: 'HSM',
    }
    const totals = await Promise.all(
      Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? house.open : other).usage.reserve(place, 10, 395)),
    )
    const reserved = totals.filter((total) => total !== null).sort((a, b) => a - b)
    assert.deepEqual(
      reserved,
      Array.from({ length: 39 }, (_, i) => (i + 1) * 10),
    )
    assert.equal(totals.length - reserved.length, 1)
    await other.storage.close()
  })
})
