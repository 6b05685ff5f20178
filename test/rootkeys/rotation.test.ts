// Rotating the root key: every record comes under the new one, nothing that worked stops before its time, and it can stop anywhere.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { EventIndex } from '../../src/actiontrail/event-index.ts'
import { callOperation } from '../../src/cli/client.ts'
import { update } from '../../src/ledger/record.ts'
import { ACCESS_KEY } from '../../src/ram/access-key.ts'
import { dropIsDue, dropRetired, type Pace, RETIRED_MS, rotate, stageOf } from '../../src/rootkeys/rotation.ts'
import { walk } from '../../src/rootkeys/walk.ts'
import { call, removeFolder, temporaryFolder } from '../acceptance/program.ts'
import { eachDatabase } from '../databases.ts'
import { openTestHouse, type TestHouse } from '../house.ts'
import { importParameters, prepareImport } from '../kms/byok.ts'
import { ramOf } from '../ram/ram.ts'
import { startPostgresql } from '../storage/postgresql-server.ts'
import { filesHolding, ringOf } from './roots.ts'

const roomsOf = ({ open }: TestHouse) => ({ ...open, keys: open.ring.keys })
const pace = (house: TestHouse): Pace => ({
  now: () => house.now,
  settleMs: 0,
  progress: () => {},
  giveWay: async () => {},
})
const stop = () => {
  throw new Error('stopped here')
}

async function everythingIsCurrent(house: TestHouse): Promise<void> {
  const { renewed, forged } = await walk(
    roomsOf(house),
    () => {},
    async () => {},
  )
  assert.deepEqual([renewed, forged], [0, []])
}

async function session(house: TestHouse) {
  const ram = ramOf(house)
  const account = house.credentials.accountId
  const Statement = [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { RAM: [`acs:ram::${account}:root`] } }]
  const AssumeRolePolicyDocument = JSON.stringify({ Version: '1', Statement })
  await ram.must('CreateRole', { RoleName: 'r', AssumeRolePolicyDocument })
  await ram.must('CreateUser', { UserName: 'u' })
  await ram.must('AttachPolicyToUser', {
    PolicyType: 'System',
    PolicyName: 'AliyunSTSAssumeRoleAccess',
    UserName: 'u',
  })
  const user = await ram.accessKeyOf('u')
  const { body } = await ramOf(house, user).sts('AssumeRole', {
    RoleArn: `acs:ram::${account}:role/r`,
    RoleSessionName: 'rotated',
  })
  assert.ok(body.Credentials, JSON.stringify(body))
  const { AccessKeyId, AccessKeySecret, SecurityToken } = body.Credentials
  return async () => {
    const all = new Map(Object.entries({ Action: 'GetCallerIdentity', Version: '2015-04-01' }))
    const answer = await callOperation(all, {
      endpoint: house.endpoint,
      accessKeyId: AccessKeyId,
      accessKeySecret: AccessKeySecret,
      securityToken: SecurityToken,
      ca: null,
      now: house.now,
    })
    return answer.status
  }
}

eachDatabase((open, name) => {
  describe('rotate', () => {
    it('brings every record and what is sealed in it under a new root; the older one opens tokens until it is dropped', async () => {
      await using house = await open()
      const { ring } = house.open
      const keyId: string = (await house.must('CreateKey')).KeyMetadata.KeyId
      const { CiphertextBlob } = await house.must('Encrypt', { KeyId: keyId, Plaintext: 'old' })
      const external: string = (await house.must('CreateKey', { Origin: 'EXTERNAL' })).KeyMetadata.KeyId
      const material = Buffer.alloc(32, 5)
      await house.must('ImportKeyMaterial', importParameters(await prepareImport(house, external, { material })))
      const identity = await session(house)
      assert.equal(await identity(), 200)
      const early = await prepareImport(house, external, { material })
      const [first] = (await ringOf(house.open.storage, { file: join(house.data, 'root-key') }))?.roots ?? []

      const { renewed } = await rotate(ring, roomsOf(house), pace(house))
      assert.ok(renewed > 10)
      assert.equal(stageOf(ring), 'retired')
      await everythingIsCurrent(house)
      assert.equal((await house.must('Decrypt', { CiphertextBlob })).Plaintext, 'old')
      assert.equal(await identity(), 200)
      await house.must('DeleteKeyMaterial', { KeyId: external })
      await house.must('ImportKeyMaterial', importParameters(early))

      await house.restart()
      assert.equal(await identity(), 200)
      assert.equal((await house.must('Decrypt', { CiphertextBlob })).Plaintext, 'old')
      const late = await prepareImport(house, external, { material })
      const current = house.open.ring
      assert.equal(dropIsDue(current, house.now + RETIRED_MS - 1), false)
      assert.equal(dropIsDue(current, house.now + RETIRED_MS), true)
      const before = await ringOf(house.open.storage, { file: join(house.data, 'root-key') })
      assert.deepEqual([before?.roots.length, before?.roots[1]], [2, first])
      await dropRetired(current, roomsOf(house), pace(house))
      assert.equal(stageOf(current), 'none')
      const after = await ringOf(house.open.storage, { file: join(house.data, 'root-key') })
      assert.deepEqual(after?.roots, before?.roots.slice(0, 1))
      assert.notEqual(await identity(), 200)
      assert.equal((await house.must('Decrypt', { CiphertextBlob })).Plaintext, 'old')
      await house.restart()
      await everythingIsCurrent(house)
      assert.equal((await house.must('Decrypt', { CiphertextBlob })).Plaintext, 'old')
      // The fingerprint outlives every root: other material is still refused.
      await house.must('DeleteKeyMaterial', { KeyId: external })
      const other = importParameters(await prepareImport(house, external))
      assert.notEqual(await house.outcome('ImportKeyMaterial', other), 'OK')
      await house.must('ImportKeyMaterial', importParameters(late))
      assert.deepEqual(house.failures, [])
      const secrets = [...(before?.roots ?? []), before?.fingerprintKey ?? new Uint8Array(32)]
      assert.deepEqual(filesHolding(secrets, house.data), [])
    })

    it('goes on where it was stopped', async () => {
      await using house = await open()
      for (let i = 0; i < 120; i++) await house.must('CreateKey')
      const { ring } = house.open
      // Stopped in the walk: the first batch is done.
      await assert.rejects(rotate(ring, roomsOf(house), { ...pace(house), progress: stop }), /stopped here/)
      assert.equal(stageOf(ring), 'current')
      await assert.rejects(dropRetired(ring, roomsOf(house), pace(house)), /a rotation .* began meanwhile/)
      await house.restart()
      assert.equal(stageOf(house.open.ring), 'current')
      await rotate(house.open.ring, roomsOf(house), pace(house))
      assert.equal(stageOf(house.open.ring), 'retired')
      await everythingIsCurrent(house)
      const ringNow = await ringOf(house.open.storage, { file: join(house.data, 'root-key') })
      assert.equal(ringNow?.roots.length, 2, 'no second root was made')
    })

    it('finds what was written under an older root since, before it drops that', async () => {
      await using house = await open()
      const { ring, ledger } = house.open
      const id = house.credentials.accessKeyId
      const record = await ledger.get(ACCESS_KEY, { account: '', region: '' }, id)
      assert.ok(record)
      await rotate(ring, roomsOf(house), pace(house))
      const sealed = await ledger.get(ACCESS_KEY, { account: '', region: '' }, id)
      assert.ok(sealed)
      // A straggler: authenticated under the new root, but sealed under the old one.
      await ledger.commit({ changes: [update(sealed, { body: record.body })], nonce: null, event: null })
      await dropRetired(ring, roomsOf(house), pace(house))
      await house.restart()
      await house.must('ListKeys')
      await everythingIsCurrent(house)
    })

    it('renews the index of events, which stays whole', async () => {
      await using house = await open()
      const { ledger, eventIndex, ring } = house.open
      const event = (i: number) => ({ eventId: `e${i}`, account: '1', region: 'r', at: 5, body: '[2,"DeleteKey",[]]' })
      for (let i = 0; i < 1100; i += 100)
        await Promise.all(
          Array.from({ length: 100 }, (_, j) => ledger.commit({ changes: [], nonce: null, event: event(i + j) })),
        )
      assert.equal(await eventIndex.extend(), true)
      await rotate(ring, roomsOf(house), pace(house))
      await dropRetired(ring, roomsOf(house), pace(house))
      assert.equal(await eventIndex.fault(), null)
      const question = { account: '1', region: 'r', conditions: [['EventName', 'DeleteKey']] as const }
      // In the index that is in memory, and in one that is read anew: no part is a stray, and its terms are still found.
      for (const index of [eventIndex, new EventIndex(ledger, ring.keys)]) {
        const { parts } = await index.indexed()
        assert.equal(parts.length, 1)
        assert.ok(parts[0])
        assert.equal((await index.candidates(parts[0], question))?.length, parts[0].lastSeq - parts[0].firstSeq + 1)
        assert.equal((await index.candidates(parts[0], { ...question, account: '2' }))?.length, 0)
      }
    })

    it('refuses to commit, and to take over, an installation record that was put back', async () => {
      await using house = await open()
      const { ring, storage } = house.open
      const before = await storage.get('installation', '', '', 'installation')
      assert.ok(before)
      await rotate(ring, roomsOf(house), pace(house))
      const row = await storage.get('installation', '', '', 'installation')
      assert.ok(row)
      const chaining = { link: () => '', headOf: stop, moved: stop }
      const put = async (revision: number, from: number) => {
        const change = { change: 'update', row: { ...before, revision }, from } as const
        return storage.commit([{ changes: [change], nonce: null, event: null, scrub: false }], chaining)
      }
      assert.deepEqual(await put(1, row.revision), ['committed'])
      await assert.rejects(ring.look(), /went back to an older one/)
      assert.deepEqual(await put(row.revision + 1, 1), ['committed'])
      await assert.rejects(ring.look(), /altered/)
      await pause(3100)
      assert.equal(ring.stale(), true)
      assert.equal(await house.outcome('CreateKey'), 'ServiceUnavailableTemporary')
    })
  })

  if (name === 'PostgreSQL')
    describe('a server that has not looked yet', () => {
      it('takes the new root over from the first record that it meets', async () => {
        await using server = await startPostgresql()
        const folder = temporaryFolder()
        const flags = ['--root-key-file', join(folder, 'root-key')]
        const database = server.database()
        await using one = await openTestHouse(database, flags)
        await using two = await openTestHouse(database, flags)
        const keyId: string = (await one.must('CreateKey')).KeyMetadata.KeyId
        const { CiphertextBlob } = await one.must('Encrypt', { KeyId: keyId, Plaintext: 'old' })
        await two.must('ListKeys')
        await rotate(one.open.ring, roomsOf(one), pace(one))
        await dropRetired(one.open.ring, roomsOf(one), pace(one))
        const { epoch } = two.open.ring.keys
        await two.must('CreateKey')
        assert.notEqual(two.open.ring.keys.epoch, epoch)
        assert.equal((await call(two.endpoint, one.credentials, 'Decrypt', { CiphertextBlob }, two.now)).status, 200)
        assert.deepEqual([one.failures, two.failures], [[], []])
        removeFolder(folder)
      })
    })
})
