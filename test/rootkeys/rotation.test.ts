// Rotating the root key: every record comes under the new one, nothing that worked stops before its time, and it can stop anywhere.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import postgres from 'postgres'
import { EventIndex } from '../../src/actiontrail/lookup/event-index.ts'
import { callOperation } from '../../src/cli/client.ts'
import type { Ring } from '../../src/cryptography/ring.ts'
import { readRootKeyFile } from '../../src/keystore/root-key.ts'
import { KeyProvider } from '../../src/keystore/root-key-provider.ts'
import { RootKeys } from '../../src/keystore/root-keys.ts'
import { CMK } from '../../src/kms/records.ts'
import { Forged, formerRow, INSTALLATION, toRow, update } from '../../src/ledger/record.ts'
import { ACCESS_KEY } from '../../src/ram/access-key.ts'
import type { RootState } from '../../src/rootkeys/installation-record.ts'
import { LiveRing } from '../../src/rootkeys/live-ring.ts'
import { dropIsDue, dropRetired, type Pace, RETIRED_MS, rotate, Strays, stageOf } from '../../src/rootkeys/rotation.ts'
import { walk } from '../../src/rootkeys/walk.ts'
import { randomBytes } from '../../src/runtime/random.ts'
import { SYSTEM } from '../../src/runtime/system.ts'
import { openStorage } from '../../src/storage/open.ts'
import {
  type FormerRow,
  HEAD_PLACE,
  type Outcome,
  type Row,
  type RowKey,
  type Storage,
} from '../../src/storage/storage.ts'
import { call, removeFolder, temporaryFolder } from '../acceptance/program.ts'
import { Browser } from '../console/browser.ts'
import { eachDatabase } from '../databases.ts'
import { openTestHouse, type TestHouse } from '../house.ts'
import { importParameters, prepareImport } from '../kms/byok.ts'
import { ramOf } from '../ram/ram.ts'
import { startPostgresql } from '../storage/postgresql-server.ts'
import { until } from '../until.ts'
import { beforeChange } from './before-change.ts'
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

type Commit = TestHouse['open']['ledger']['commit']

/** The rooms of the house, which commit in another way. */
const roomsThat = (house: TestHouse, commit: Commit) => {
  const { ledger } = house.open
  return { ...roomsOf(house), ledger: { commit, moveHead: (place: RowKey) => ledger.moveHead(place) } }
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

async function installationOf(storage: Storage): Promise<Row> {
  const row = await storage.get('installation', '', '', 'installation')
  assert.ok(row)
  return row
}

/** The ring as another process opens it. */
async function anotherRing(house: TestHouse): Promise<LiveRing> {
  const { storage } = house.open
  const key = readRootKeyFile(join(house.data, 'root-key'))
  assert.ok(key)
  const provider = new KeyProvider('file', 'root key file', key, SYSTEM)
  return LiveRing.open(await installationOf(storage), storage, async () => [
    { provider, soleRoot: key, settle: () => {} },
  ])
}

/** Writes a row as who may write the database can. */
async function put(storage: Storage, row: Row, before: FormerRow): Promise<Outcome | undefined> {
  const chaining = { place: HEAD_PLACE, link: () => '', headOf: stop, moved: stop }
  const change = { change: 'update', row, before } as const
  const commit = { changes: [change], nonce: null, event: null, scrub: false }
  return (await storage.commit([commit], chaining, null)).outcomes[0]
}

eachDatabase((open, name) => {
  describe('rotate', () => {
    it('brings every record and what is sealed in it under a new root; the older one opens tokens until it is dropped', async () => {
      await using house = await open()
      const { ring } = house.open
      const keyId: string = (await house.must('CreateKey')).KeyMetadata.KeyId
      const { CiphertextBlob } = await house.must('Encrypt', { KeyId: keyId, Plaintext: 'old' })
      const secret = { SecretName: 'old', VersionId: 'v1', SecretData: 'value' }
      await house.must('CreateSecret', { ...secret, EncryptionKeyId: keyId })
      const value = async () => (await house.must('GetSecretValue', { SecretName: 'old' })).SecretData
      const external: string = (await house.must('CreateKey', { Origin: 'EXTERNAL' })).KeyMetadata.KeyId
      const material = Buffer.alloc(32, 5)
      await house.must('ImportKeyMaterial', importParameters(await prepareImport(house, external, { material })))
      const { KeyId: pair } = (await house.must('CreateKey', { KeySpec: 'EC_P256' })).KeyMetadata
      const [{ KeyVersionId }] = (await house.must('ListKeyVersions', { KeyId: pair })).KeyVersions.KeyVersion
      const Digest = Buffer.alloc(32, 1).toString('base64')
      const signing = { KeyId: pair, KeyVersionId, Algorithm: 'ECDSA_SHA_256', Digest }
      const identity = await session(house)
      await ramOf(house).must('CreateVirtualMFADevice', { VirtualMFADeviceName: 'rotated' })
      const browser = new Browser(house)
      const { accessKeyId, accessKeySecret } = house.credentials
      assert.equal(await browser.outcome({ AccessKeyId: accessKeyId, AccessKeySecret: accessKeySecret }), 'OK')
      assert.equal(await identity(), 200)
      const early = await prepareImport(house, external, { material })
      const [first] = (await ringOf(house.open.storage, { file: join(house.data, 'root-key') }))?.roots ?? []

      const { renewed } = await rotate(ring, roomsOf(house), pace(house))
      assert.ok(renewed > 10)
      assert.equal(stageOf(ring), 'retired')
      await everythingIsCurrent(house)
      assert.equal(await value(), 'value')
      assert.equal((await house.must('Decrypt', { CiphertextBlob })).Plaintext, 'old')
      assert.equal(await identity(), 200)
      await house.must('DeleteKeyMaterial', { KeyId: external })
      await house.must('ImportKeyMaterial', importParameters(early))

      await house.restart()
      assert.equal(await identity(), 200)
      assert.equal((await browser.session()).status, 200)
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
      assert.equal((await browser.session()).body.Code, 'Session.None')
      assert.equal((await house.must('Decrypt', { CiphertextBlob })).Plaintext, 'old')
      await house.restart()
      await everythingIsCurrent(house)
      assert.equal((await house.must('Decrypt', { CiphertextBlob })).Plaintext, 'old')
      assert.equal(await value(), 'value')
      const { Value } = await house.must('AsymmetricSign', signing)
      assert.equal((await house.must('AsymmetricVerify', { ...signing, Value })).Value, true)
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
      await assert.rejects(
        dropRetired(ring, roomsOf(house), pace(house)),
        /a rotation .* is under way: finish it first/,
      )
      await house.restart()
      assert.equal(stageOf(house.open.ring), 'current')
      await rotate(house.open.ring, roomsOf(house), pace(house))
      assert.equal(stageOf(house.open.ring), 'retired')
      await everythingIsCurrent(house)
      const ringNow = await ringOf(house.open.storage, { file: join(house.data, 'root-key') })
      assert.equal(ringNow?.roots.length, 2, 'no second root was made')
    })

    it('looks again at records whose commits did not go through', async () => {
      await using house = await open()
      await house.must('CreateKey')
      const { ring, ledger } = house.open
      let refused = 0
      await rotate(
        ring,
        roomsThat(house, async (call) => (refused++ < 5 ? 'moved' : ledger.commit(call))),
        pace(house),
      )
      assert.equal(stageOf(ring), 'retired')
      await everythingIsCurrent(house)
    })

    it('leaves a record alone that was removed and made again since it was found', async () => {
      await using house = await open()
      const AliasName = 'alias/again'
      const newKey = async (): Promise<string> => (await house.must('CreateKey')).KeyMetadata.KeyId
      const [before, after] = [await newKey(), await newKey()]
      await house.must('CreateAlias', { AliasName, KeyId: before })
      let made = 0
      const commit: Commit = async (call) => {
        const [change] = call.changes
        if (change?.change === 'update' && change.before.id === AliasName && made++ === 0) {
          await house.must('DeleteAlias', { AliasName })
          await house.must('CreateAlias', { AliasName, KeyId: after })
        }
        return house.open.ledger.commit(call)
      }
      const { overtaken } = await rotate(house.open.ring, roomsThat(house, commit), pace(house))
      assert.equal(overtaken, false)
      assert.ok(made > 0)
      assert.equal((await house.must('DescribeKey', { KeyId: AliasName })).KeyMetadata.KeyId, after)
      await everythingIsCurrent(house)
    })

    it('retires no root key of a rotation that began while it finished the one before', async () => {
      await using house = await open()
      await house.must('CreateKey')
      const { ring, ledger } = house.open
      let others: Promise<void> | null = null
      const overtaken = async () => {
        await rotate(ring, roomsOf(house), pace(house))
        await assert.rejects(rotate(ring, roomsThat(house, stop), pace(house)), /stopped here/)
      }
      const commit: Commit = async (call) => {
        others ??= overtaken()
        await others
        return ledger.commit(call)
      }
      assert.equal((await rotate(ring, roomsThat(house, commit), pace(house))).overtaken, true)
      assert.equal(stageOf(ring), 'current')
      await rotate(ring, roomsOf(house), pace(house))
      assert.equal(stageOf(ring), 'retired')
      await everythingIsCurrent(house)
    })

    it('is finished by one of two processes that come to its end at the same moment', async () => {
      await using house = await open()
      const { ring } = house.open
      await assert.rejects(rotate(ring, roomsThat(house, stop), pace(house)), /stopped here/)
      const other = await anotherRing(house)
      const arrived = Promise.withResolvers<void>()
      let waiting = 0
      for (const one of [ring, other]) {
        const change = one.change.bind(one)
        one.change = async (changes) => {
          if (++waiting === 2) arrived.resolve()
          await arrived.promise
          return change(changes)
        }
      }
      const ends = await Promise.all(
        [ring, other].map((one) => rotate(one, { ...roomsOf(house), ring: one, keys: one.keys }, pace(house))),
      )
      assert.deepEqual(ends.map(({ overtaken }) => overtaken).toSorted(), [false, true])
      assert.equal(waiting, 2)
      await Promise.all([ring.look(), other.look()])
      assert.deepEqual([stageOf(ring), stageOf(other)], ['retired', 'retired'])
    })

    it('drops no root under which something was written since, until the operator says so: then that is refused', async () => {
      await using house = await open()
      const { ring, ledger, storage } = house.open
      const { accessKeyId: id } = await house.open.operatorKeys.create('ecs.aliyuncs.com', 2, 'cn-hangzhou', house.now)
      const sealedBefore = (await ledger.get(ACCESS_KEY, INSTALLATION, id))?.body
      assert.ok(sealedBefore)
      const stolen = await ringOf(storage, { file: join(house.data, 'root-key') })
      assert.ok(stolen)
      await rotate(ring, roomsOf(house), pace(house))
      const { KeyId } = (await house.must('CreateKey')).KeyMetadata
      // Made up by who knows the former root; and a value that is sealed under it, in a record that is not.
      const scope = { account: house.credentials.accountId, region: 'cn-hangzhou' }
      const key = await ledger.get(CMK, scope, KeyId)
      const accessKey = await ledger.get(ACCESS_KEY, INSTALLATION, id)
      assert.ok(key && accessKey)
      const forged = toRow({ ...key, revision: key.revision + 1 }, new RootKeys(stolen))
      assert.equal(await put(storage, forged, formerRow(key)), 'committed')
      await ledger.commit({ changes: [update(accessKey, { body: sealedBefore })], nonce: null, event: null })
      const drop = (anyway: boolean) => dropRetired(ring, roomsOf(house), pace(house), anyway)
      await assert.rejects(drop(false), (error) => {
        assert.ok(error instanceof Strays)
        assert.deepEqual(error.records.map((record) => record.id).toSorted(), [KeyId, id].toSorted())
        return true
      })
      assert.equal(stageOf(ring), 'retired')
      assert.equal(
        Buffer.compare(
          (await storage.get(CMK.name, scope.account, scope.region, KeyId))?.mac ?? Buffer.of(),
          forged.mac,
        ),
        0,
      )
      assert.equal(await drop(true), true)
      await house.restart()
      await assert.rejects(async () => house.open.ledger.get(CMK, scope, KeyId), Forged)
    })

    it('drops root keys that another process drops at the same moment only once', async () => {
      await using house = await open()
      const { ring } = house.open
      await rotate(ring, roomsOf(house), pace(house))
      const other = await anotherRing(house)
      beforeChange(ring, async () => {
        assert.equal(await dropRetired(other, { ...roomsOf(house), keys: other.keys }, pace(house)), true)
        // As the watch of a server over the root keys does at any moment.
        await ring.look()
      })
      assert.equal(await dropRetired(ring, roomsOf(house), pace(house)), false)
      assert.deepEqual(ring.record, other.record)
    })

    it('drops no root keys that another rotation retired during the pass through all records', async () => {
      await using house = await open()
      const { ring } = house.open
      await rotate(ring, roomsOf(house), pace(house))
      const look = ring.look.bind(ring)
      let looks = 0
      ring.look = async () => {
        if (++looks === 2) await rotate(ring, roomsOf(house), pace(house))
        return look()
      }
      await assert.rejects(dropRetired(ring, roomsOf(house), pace(house)), /another change of the root keys came first/)
      assert.deepEqual([stageOf(ring), ring.record.body.ring?.roots.length], ['retired', 3])
    })

    for (const [step, stage] of [
      [1, 'announced'],
      [2, 'current'],
    ] as const)
      it(`takes no step that another process took after the last look (${stage})`, async () => {
        await using house = await open()
        const { ring, runtime } = house.open
        const rooms = roomsThat(house, stop)
        let steps = 0
        const others = stage === 'announced' ? { ...rooms, runtime: { ...runtime, pause: stop } } : rooms
        beforeChange(
          ring,
          () => assert.rejects(rotate(ring, others, pace(house)), /stopped here/),
          () => ++steps === step,
        )
        await assert.rejects(rotate(ring, roomsOf(house), pace(house)), /another change of the root keys came first/)
        assert.deepEqual([stageOf(ring), ring.record.body.ring?.roots.length], [stage, 2])
      })

    it('drops no root keys that another rotation retired after the last look', async () => {
      await using house = await open()
      const { ring } = house.open
      await rotate(ring, roomsOf(house), pace(house))
      beforeChange(ring, () => rotate(ring, roomsOf(house), pace(house)))
      await assert.rejects(dropRetired(ring, roomsOf(house), pace(house)), /another change of the root keys came first/)
      assert.deepEqual([stageOf(ring), ring.record.body.ring?.roots.length], ['retired', 3])
    })

    it('retires no root keys of the next rotation, which another process began at the same moment', async () => {
      await using house = await open()
      const { ring } = house.open
      const finishAndBegin = async () => {
        await rotate(ring, roomsOf(house), pace(house))
        await assert.rejects(rotate(ring, roomsThat(house, stop), pace(house)), /stopped here/)
      }
      beforeChange(ring, finishAndBegin, ({ event }) => event !== undefined)
      const { overtaken } = await rotate(ring, roomsOf(house), pace(house))
      assert.deepEqual([overtaken, stageOf(ring)], [true, 'current'])
    })

    it('has a call that began to decide before the roots changed decide again', async () => {
      await using house = await open()
      const { ring, ledger } = house.open
      const { rootEpoch } = ledger
      await rotate(ring, roomsOf(house), pace(house))
      await dropRetired(ring, roomsOf(house), pace(house))
      const event = { eventId: 'e', account: '1', region: 'r', at: 5, body: '[2,"DeleteKey",[]]' }
      assert.equal(await ledger.commit({ changes: [], nonce: null, event, rootEpoch }), 'moved')
      assert.equal(await ledger.commit({ changes: [], nonce: null, event }), 'committed')
    })

    it('is not undone by an installation record from before that is put back while nothing runs', async () => {
      await using house = await open()
      const { ring, storage } = house.open
      const former: Row[] = []
      const keep = async () => void former.push(await installationOf(storage))
      const change = ring.change.bind(ring)
      ring.change = async (...given) => {
        const isDone = await change(...given)
        if (stageOf(ring) === 'announced') await keep()
        return isDone
      }
      await rotate(ring, roomsOf(house), pace(house))
      await keep()
      await dropRetired(ring, roomsOf(house), pace(house))
      await house.must('CreateKey')
      const last = await installationOf(storage)
      let present = last
      await house.stop()
      const putBack = async (row: Row) => {
        const opened = await openStorage(house.database ?? join(house.data, 'strongroom.db'))
        assert.equal(await put(opened, row, present), 'committed')
        await opened.close()
        present = row
      }
      for (const row of former) {
        await putBack(row)
        await assert.rejects(house.start(), /installation record is an older one.*restore the database as a whole/)
      }
      await putBack(last)
      await house.start()
      await house.must('ListKeys')
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
      // In the index that is in memory, and in one that is read again: no part is a stray, and its terms are still found.
      for (const index of [eventIndex, new EventIndex(ledger, ring.keys)]) {
        const { parts = [] } = (await index.indexed()).lanes[0] ?? {}
        assert.equal(parts.length, 1)
        assert.ok(parts[0])
        assert.equal((await index.candidates(parts[0], question))?.length, parts[0].lastSeq - parts[0].firstSeq + 1)
        assert.equal((await index.candidates(parts[0], { ...question, account: '2' }))?.length, 0)
      }
    })

    it('refuses to commit, and to take over, an installation record that was put back', async () => {
      await using house = await open()
      const { ring, storage } = house.open
      const before = await installationOf(storage)
      await rotate(ring, roomsOf(house), pace(house))
      const row = await installationOf(storage)
      const older = { ...before, revision: 1 }
      assert.equal(await put(storage, older, row), 'committed')
      await assert.rejects(
        ring.look(),
        /is missing, or is neither the one that this server knows nor a newer one: if you restored the database, restart/,
      )
      assert.equal(await house.outcome('CreateKey'), 'ServiceUnavailableTemporary')
      assert.equal(await put(storage, { ...before, revision: row.revision + 1 }, older), 'committed')
      await assert.rejects(ring.look(), /altered/)
      assert.equal(await house.outcome('CreateKey'), 'ServiceUnavailableTemporary')
    })

    it('refuses another record of the same revision, which another process made after a restore', async () => {
      await using house = await open()
      const { ring, storage } = house.open
      const before = await installationOf(storage)
      const other = await anotherRing(house)
      const change = (held: Ring, states: readonly RootState[]) => ({
        ring: { ...held, generation: held.generation + 1, roots: [randomBytes(32)] },
        states,
      })
      assert.equal(await ring.change({ change }), true)
      assert.equal(await put(storage, before, await installationOf(storage)), 'committed')
      assert.equal(await other.change({ change }), true)
      assert.equal((await installationOf(storage)).revision, ring.record.revision)
      await assert.rejects(
        ring.look(),
        /is missing, or is neither the one that this server knows nor a newer one: if you restored the database, restart/,
      )
      assert.equal(await ring.change({}), false)
      assert.equal(await house.outcome('CreateKey'), 'ServiceUnavailableTemporary')
    })

    it('refuses older roots in a record that is genuine and newer', async () => {
      await using house = await open()
      const { ring } = house.open
      const other = await anotherRing(house)
      const change = (held: Ring, states: readonly RootState[]) => ({
        ring: { ...held, generation: held.generation - 1, roots: [randomBytes(32)] },
        states,
      })
      assert.equal(await other.change({ change }), true)
      await assert.rejects(ring.look(), /holds older root keys than are in use/)
      assert.equal(await house.outcome('CreateKey'), 'ServiceUnavailableTemporary')
    })

    it('can be read and changed at the same time in one process', async () => {
      await using house = await open()
      const { ring } = house.open
      const all = Array.from({ length: 30 }, (_, i) => (i % 3 === 0 ? ring.change({}) : ring.look()))
      await Promise.all([...all, ...Array.from({ length: 10 }, () => house.must('CreateKey'))])
      assert.deepEqual(house.failures, [])
    })
  })

  if (name === 'PostgreSQL')
    describe('a server that does not know the new root yet', () => {
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

      it('commits nothing under a root that is dropped while its transaction waits', async () => {
        await using server = await startPostgresql()
        const folder = temporaryFolder()
        const flags = ['--root-key-file', join(folder, 'root-key')]
        const database = server.database()
        await using one = await openTestHouse(database, flags)
        await using two = await openTestHouse(database, flags)
        await two.must('ListKeys', {})
        const other = postgres(database, { max: 1, onnotice: () => {} })
        const watch = postgres(database, { max: 1, onnotice: () => {} })
        const waiters = async () => {
          const locks =
            await watch`SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
          return locks.length
        }
        const [locked, held] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
        const holding = other.begin(async (sql) => {
          await sql`SELECT 1 FROM record WHERE kind = 'event-head' FOR UPDATE`
          locked.resolve()
          await held.promise
        })
        await using cleanup = new AsyncDisposableStack()
        cleanup.defer(async () => {
          held.resolve()
          await holding
          await Promise.all([watch.end(), other.end()])
          removeFolder(folder)
        })
        await locked.promise
        const waiting = Promise.all(Array.from({ length: 5 }, () => two.must('CreateKey')))
        // Its transaction has begun, and waits for the head.
        await until(async () => (await waiters()) > 0)
        const dropped = (async () => {
          await rotate(one.open.ring, roomsOf(one), pace(one))
          await dropRetired(one.open.ring, roomsOf(one), pace(one))
        })()
        // The new root is current, and the rotation waits for the head too.
        await Promise.race([
          until(async () => stageOf(one.open.ring) === 'current' && (await waiters()) > 1),
          dropped.then(() => assert.fail('the rotation did not wait')),
        ])
        held.resolve()
        await dropped
        const made = await waiting
        for (const house of [one, two])
          for (const { KeyMetadata } of made)
            assert.equal(
              (
                await call(
                  house.endpoint,
                  two.credentials,
                  'Encrypt',
                  { KeyId: KeyMetadata.KeyId, Plaintext: 'x' },
                  two.now,
                )
              ).status,
              200,
            )
        await everythingIsCurrent(one)
        assert.deepEqual([one.failures, two.failures], [[], []])
      })

      it('drops root keys at the same time as others, and none fails', async () => {
        await using server = await startPostgresql()
        const folder = temporaryFolder()
        const flags = ['--root-key-file', join(folder, 'root-key')]
        await using one = await openTestHouse(server.database(), flags)
        await using two = await openTestHouse(server.database(), flags)
        await rotate(one.open.ring, roomsOf(one), pace(one))
        const drop = (house: TestHouse) => dropRetired(house.open.ring, roomsOf(house), pace(house))
        const [first, second] = await Promise.allSettled([drop(one), drop(two)])
        assert.ok(first?.status === 'fulfilled' || second?.status === 'fulfilled')
        assert.equal(await drop(two), false)
        removeFolder(folder)
      })
    })
})
