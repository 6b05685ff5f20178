// Events about the root keys: each account gets each of them exactly once, wherever processes end.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { recordLeftEvents } from '../../src/house/background.ts'
import { type OpenHouse, openHouse } from '../../src/house/open.ts'
import { INSTALLATION, insert } from '../../src/ledger/record.ts'
import { ACCOUNT } from '../../src/ram/key-holder.ts'
import { changeToFile } from '../../src/rootkeys/change-provider.ts'
import { recordDueEvents } from '../../src/rootkeys/due-events.ts'
import type { DueEvent } from '../../src/rootkeys/installation-record.ts'
import { dropRetired, type Pace, rotate, stageOf } from '../../src/rootkeys/rotation.ts'
import { SYSTEM } from '../../src/runtime/system.ts'
import { readSettings } from '../../src/settings/settings.ts'
import { eachDatabase } from '../databases.ts'
import type { TestHouse } from '../house.ts'
import { until } from '../until.ts'
import { beforeChange } from './before-change.ts'

type Name = DueEvent['name']
type Commit = OpenHouse['ledger']['commit']

/** More than two commits have events for. */
const ACCOUNTS = 1200

const pace = (house: TestHouse): Pace => ({
  now: () => house.now,
  settleMs: 0,
  progress: () => {},
  giveWay: async () => {},
})
const roomsOf = (open: OpenHouse) => ({ ...open, keys: open.ring.keys })
const isDue = ({ ring }: OpenHouse) => (ring.record.body.dueEvents ?? []).length > 0

/** Adds accounts to the one of the house. */
async function withAccounts(house: TestHouse, count: number): Promise<void> {
  const changes = Array.from({ length: count - 1 }, (_, i) => {
    const id = String(5_000_000_000_000_000 + i)
    return insert(ACCOUNT, { ...INSTALLATION, id, createdAt: house.now, body: { name: id, accessKeyIds: [] } })
  })
  assert.equal(await house.open.ledger.commit({ changes, nonce: null, event: null }), 'committed')
}

/** Does a step in a process that ends right after the commit of this step. */
async function endsAfter(step: Name, house: TestHouse): Promise<void> {
  const { open } = house
  const { ring } = open
  const change = ring.change.bind(ring)
  ring.change = async (changes) => {
    const isDone = await change(changes)
    if (isDone && changes.event?.name === step) throw new Error('ended here')
    return isDone
  }
  const file = join(house.data, 'root-key')
  const steps: Record<Name, () => Promise<unknown>> = {
    RotateRootKey: () => rotate(ring, roomsOf(open), pace(house)),
    DropRetiredRootKeys: () => dropRetired(ring, roomsOf(open), pace(house)),
    ChangeRootKeyProvider: () => changeToFile(ring, file, file, SYSTEM, { at: house.now, region: open.region }),
  }
  await assert.rejects(steps[step](), /ended here/)
  ring.change = change
  assert.equal(stageOf(ring), step === 'RotateRootKey' ? 'retired' : 'none')
  assert.ok(isDue(open))
}

/** Demands that each account has exactly `times` events of this name, from the time of the step and in the region of the house. */
async function demandEvents(house: TestHouse, name: Name, times: number, at = house.now): Promise<void> {
  const { accounts, storage, region } = house.open
  const expected = (await accounts.list()).flatMap(({ id }) => Array.from({ length: times }, () => [id, region, at]))
  const events = await storage.events.after(0, 1_000_000, Number.MAX_SAFE_INTEGER)
  const found = events.filter(({ body }) => body === JSON.stringify([2, name, []]))
  assert.deepEqual(found.map((event) => [event.account, event.region, event.at]).toSorted(), expected.toSorted())
}

/** Opens the database of the house once more, as another process does. */
async function opensBeside(house: TestHouse): Promise<OpenHouse> {
  const database = house.database === null ? [] : ['--database', house.database]
  const settings = readSettings(['--data', house.data, ...database], {}, () => '')
  return openHouse(settings, (message, error) => assert.fail(`${message}: ${error}`), house.now)
}

eachDatabase((open) => {
  describe('an event about the root keys', () => {
    for (const step of ['RotateRootKey', 'DropRetiredRootKeys', 'ChangeRootKeyProvider'] as const)
      it(`is recorded by the next server, where a process ended right after the commit of the step (${step})`, async () => {
        await using house = await open()
        await withAccounts(house, 3)
        if (step === 'DropRetiredRootKeys') await rotate(house.open.ring, roomsOf(house.open), pace(house))
        await endsAfter(step, house)
        await demandEvents(house, step, 0)
        await house.restart()
        const stopping = new AbortController()
        const alarm = (...why: readonly unknown[]) => void house.failures.push(why.join())
        const loop = { runtime: house.open.runtime, stop: stopping.signal, alarm }
        const recording = recordLeftEvents(house.open, loop)
        await until(() => !isDue(house.open))
        stopping.abort()
        await recording
        await demandEvents(house, step, 1)
        await house.restart()
        assert.ok(!isDue(house.open))
        assert.deepEqual(house.failures, [])
      })

    it('is recorded by the process of the step', async () => {
      await using house = await open()
      await withAccounts(house, 3)
      for (const times of [1, 2]) {
        await rotate(house.open.ring, roomsOf(house.open), pace(house))
        await demandEvents(house, 'RotateRootKey', times)
      }
      await dropRetired(house.open.ring, roomsOf(house.open), pace(house))
      await demandEvents(house, 'RotateRootKey', 2)
      await demandEvents(house, 'DropRetiredRootKeys', 1)
    })

    it('is recorded before the next step, which another process would otherwise hinder', async () => {
      await using house = await open()
      await endsAfter('RotateRootKey', house)
      await house.restart()
      const at = house.now
      house.now += 1000
      await dropRetired(house.open.ring, roomsOf(house.open), pace(house))
      await demandEvents(house, 'RotateRootKey', 1, at)
      await demandEvents(house, 'DropRetiredRootKeys', 1)
      const names = (await house.open.storage.events.after(0, 1_000_000, Number.MAX_SAFE_INTEGER)).map(
        ({ body }) => body,
      )
      const [rotated, dropped] = ['RotateRootKey', 'DropRetiredRootKeys'].map((name) =>
        names.indexOf(JSON.stringify([2, name, []])),
      )
      assert.ok(Number(rotated) < Number(dropped), 'the oldest comes first')
      await endsAfter('RotateRootKey', house)
      await house.restart()
      const { ring } = house.open
      const change = ring.change.bind(ring)
      ring.change = async (changes) => {
        assert.ok(!isDue(house.open))
        return change(changes)
      }
      await rotate(ring, roomsOf(house.open), pace(house))
      const events = await house.events()
      assert.equal(events.filter(({ eventName }) => eventName === 'RotateRootKey').length, 3)
    })

    it('is recorded once where another process finishes the same rotation first', async () => {
      await using house = await open()
      const { ring } = house.open
      const finish = () => rotate(ring, roomsOf(house.open), pace(house))
      beforeChange(ring, finish, ({ event }) => event !== undefined)
      const { overtaken } = await rotate(ring, roomsOf(house.open), pace(house))
      assert.deepEqual([overtaken, stageOf(ring)], [true, 'retired'])
      await demandEvents(house, 'RotateRootKey', 1)
    })

    it('is recorded once where another process drops the same root keys first', async () => {
      await using house = await open()
      const { ring } = house.open
      await rotate(ring, roomsOf(house.open), pace(house))
      const beside = await opensBeside(house)
      await using _ = { [Symbol.asyncDispose]: () => beside.storage.close() }
      beforeChange(ring, async () => {
        assert.equal(await dropRetired(beside.ring, roomsOf(beside), pace(house)), true)
        // As the watch over the root keys of a server does at any moment.
        await ring.look()
      })
      assert.equal(await dropRetired(ring, roomsOf(house.open), pace(house)), false)
      assert.equal(ring.record.body.ring?.generation, beside.ring.record.body.ring?.generation)
      await demandEvents(house, 'DropRetiredRootKeys', 1)
    })

    it('is recorded once in each of many accounts, although each process ends at its first commit', async () => {
      await using house = await open()
      await withAccounts(house, ACCOUNTS)
      await endsAfter('RotateRootKey', house)
      const { ledger } = house.open
      let commits = 0
      const commit: Commit = async (call) => {
        assert.ok([call.event, ...(call.further ?? [])].length <= 500)
        if (++commits % 2) assert.equal(await ledger.commit(call), 'committed')
        throw new Error('ended here')
      }
      const { ring } = house.open
      while (isDue(house.open)) {
        await assert.rejects(recordDueEvents(ring, { ...house.open, ledger: { commit } }), /ended here/)
        await ring.look()
      }
      assert.equal(commits, 5, 'three are stored, and two in between are not')
      await demandEvents(house, 'RotateRootKey', 1)
    })

    it('is recorded once in each account by two processes at once', async () => {
      await using house = await open()
      await withAccounts(house, ACCOUNTS)
      await endsAfter('RotateRootKey', house)
      const beside = await opensBeside(house)
      await using _ = { [Symbol.asyncDispose]: () => beside.storage.close() }
      const arrived = Promise.withResolvers<void>()
      let waiting = 0
      const outcomes: string[] = []
      const records = ({ ring, ledger, ...rooms }: OpenHouse) => {
        const commit: Commit = async (call) => {
          if (++waiting === 2) arrived.resolve()
          await arrived.promise
          const outcome = await ledger.commit(call)
          outcomes.push(outcome)
          return outcome
        }
        return recordDueEvents(ring, { ...rooms, ledger: { commit } })
      }
      await Promise.all([records(house.open), records(beside)])
      assert.ok(outcomes.includes('moved'), 'the two met')
      assert.deepEqual([isDue(house.open), isDue(beside)], [false, false])
      await demandEvents(house, 'RotateRootKey', 1)
    })
  })
})
