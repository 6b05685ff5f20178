// The service's own work when some of it can't be done: a device that is away, a database that can't be written.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, it } from 'node:test'
import { openTestHouse, type TestHouse } from '../house.ts'
import { makeToken } from '../keystore/pkcs11/tokens.ts'
import { until } from '../until.ts'

const DAY = 86_400_000

async function rotating(house: TestHouse, ProtectionLevel: 'HSM' | 'SOFTWARE'): Promise<string> {
  const policy = { EnableAutomaticRotation: 'true', RotationInterval: '7d', ProtectionLevel }
  return (await house.must('CreateKey', policy)).KeyMetadata.KeyId
}

async function versionsOf(house: TestHouse, KeyId: string): Promise<number> {
  return (await house.must('ListKeyVersions', { KeyId })).TotalCount
}

describe('the sweep', () => {
  it('does what can be done though the device of a hundred keys before it is away, and the rest when it is back', async () => {
    await using house = await openTestHouse(null, [], { token: makeToken('SoftHSM2') })
    const inDevice: string[] = []
    for (let i = 0; i < 105; i++) inDevice.push(await rotating(house, 'HSM'))
    house.now += 1000
    const software = await rotating(house, 'SOFTWARE')
    house.now += 8 * DAY
    await house.open.hsm?.stop()
    assert.equal(await house.sweep(), 1)
    assert.equal(await versionsOf(house, software), 2)
    assert.equal(house.failures.length, 1)
    assert.match(house.failures[0] ?? '', /^the work due on 105 keys waits for their device/)
    // Not tried again at once.
    assert.equal(await house.sweep(), 0)
    assert.equal(house.failures.length, 1)
    await house.restart()
    house.now += 61_000
    assert.equal(await house.sweep(), 105)
    for (const KeyId of inDevice.slice(0, 3)) assert.equal(await versionsOf(house, KeyId), 2)
  })

  it('leaves nothing in the device of a rotation that the database did not take', async () => {
    await using house = await openTestHouse(null, [], { token: makeToken('SoftHSM2') })
    const KeyId = await rotating(house, 'HSM')
    house.now += 8 * DAY
    const objects = async () => (await house.open.hsm?.inspect())?.flatMap(({ keys }) => keys).length
    const before = await objects()
    assert.equal(before, 1)
    const other = new DatabaseSync(join(house.data, 'strongroom.db'))
    other.exec('BEGIN IMMEDIATE')
    await assert.rejects(house.sweep())
    other.exec('ROLLBACK')
    other.close()
    // What was made is destroyed behind the answer.
    await until(async () => (await objects()) === before)
    assert.equal(await house.sweep(), 1)
    assert.equal(await versionsOf(house, KeyId), 2)
  })
})
