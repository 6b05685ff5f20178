// Root keys while a program runs: dropped when their time is over, and under a provider that is slow, or away.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { closeHouse, openHouse } from '../../src/house/open.ts'
import { watchRing } from '../../src/house/root-key-watch.ts'
import { KeyProvider, ProviderAway, type RootKeyProvider } from '../../src/keystore/root-key-provider.ts'
import { VERSION, versionsIn } from '../../src/kms/records.ts'
import { remove } from '../../src/ledger/record.ts'
import { readInstallation } from '../../src/rootkeys/installation-record.ts'
import { LiveRing } from '../../src/rootkeys/live-ring.ts'
import { RETIRED_MS, rotate, stageOf } from '../../src/rootkeys/rotation.ts'
import { SYSTEM } from '../../src/runtime/system.ts'
import { readSettings } from '../../src/settings/settings.ts'
import { Unavailable } from '../../src/storage/storage.ts'
import { openTestHouse, type TestHouse } from '../house.ts'
import { until } from '../until.ts'

const roomsOf = ({ open }: TestHouse) => ({ ...open, keys: open.ring.keys })
const pace = (now: number) => ({ now: () => now, settleMs: 0, progress: () => {}, giveWay: async () => {} })

/** A device that wraps: it takes its time, and may be away. */
class Device implements RootKeyProvider {
  readonly name = 'file'
  readonly title = 'device'
  away = false
  readonly #inside: KeyProvider

  constructor(byte = 4) {
    this.#inside = new KeyProvider('file', 'device', new Uint8Array(32).fill(byte), SYSTEM)
  }

  async wrap(plaintext: Uint8Array): Promise<Uint8Array> {
    await this.#answer()
    return this.#inside.wrap(plaintext)
  }

  async unwrap(wrapped: Uint8Array): Promise<Uint8Array | null> {
    await this.#answer()
    return this.#inside.unwrap(wrapped)
  }

  async #answer(): Promise<void> {
    await pause(30)
    if (this.away) throw new ProviderAway('the device does not answer: see that it is connected')
  }
}

describe('the watch over the root keys', () => {
  const watched = async (house: TestHouse, enough: () => boolean | Promise<boolean>) => {
    const stopping = new AbortController()
    const alarm = (message: string) => void house.failures.push(message)
    const watching = watchRing(house.open, { runtime: house.open.runtime, stop: stopping.signal, alarm })
    await until(enough)
    stopping.abort()
    await watching
    assert.deepEqual(house.failures, [])
  }

  /** Counts how often the watch has looked. */
  const looksOf = ({ open: { ring } }: TestHouse) => {
    let looks = 0
    const look = ring.look.bind(ring)
    ring.look = async () => {
      await look()
      looks++
    }
    return () => looks
  }

  it('drops from memory what another server destroyed, although no call comes', async () => {
    await using house = await openTestHouse(null)
    const { PrimaryKeyVersion } = (await house.must('CreateKey')).KeyMetadata
    const dropped: string[] = []
    house.open.ledger.whenChanged((keys) => void dropped.push(...versionsIn(keys ?? [])))
    const settings = readSettings(['--data', house.data], {}, () => '')
    const other = await openHouse(settings, (message) => void house.failures.push(message), house.now)
    await using _ = { [Symbol.asyncDispose]: () => closeHouse(other) }
    const scope = { account: house.credentials.accountId, region: 'cn-hangzhou' }
    const version = await other.ledger.get(VERSION, scope, PrimaryKeyVersion)
    assert.ok(version)
    await other.ledger.commit({ changes: [remove(VERSION, version, true)], nonce: null, event: null })
    assert.equal(dropped.length, 0)
    const looks = looksOf(house)
    await watched(house, () => looks() > 1)
    assert.ok(dropped.includes(PrimaryKeyVersion))
  })

  it('leaves retired ones until their time is over', async () => {
    await using house = await openTestHouse(null)
    const { ring } = house.open
    await rotate(ring, roomsOf(house), pace(Date.now() - RETIRED_MS + 3_600_000))
    const looks = looksOf(house)
    await watched(house, () => looks() > 1)
    assert.equal(stageOf(ring), 'retired')
  })

  it('does not say that they could not be dropped when only the event could not be recorded', async () => {
    await using house = await openTestHouse(null)
    const { ring, ledger } = house.open
    await rotate(ring, roomsOf(house), pace(Date.now() - RETIRED_MS))
    let [isTried, looksSince] = [false, 0]
    ledger.commit = async () => {
      isTried = true
      throw new Unavailable('gone')
    }
    const look = ring.look.bind(ring)
    ring.look = async () => {
      await look()
      if (isTried) looksSince++
    }
    await watched(house, () => looksSince > 1)
    assert.equal(stageOf(ring), 'none')
  })

  it('drops them when their time is over, and records that', async () => {
    await using house = await openTestHouse(null)
    const { ring } = house.open
    await rotate(ring, roomsOf(house), pace(Date.now() - RETIRED_MS - 1))
    const recorded = async () => (await house.events()).filter(({ eventName }) => eventName === 'DropRetiredRootKeys')
    await watched(house, async () => (await recorded()).length > 0)
    assert.equal(stageOf(ring), 'none')
    assert.deepEqual(
      (await recorded()).map(({ acsRegion }) => acsRegion),
      ['cn-hangzhou'],
    )
  })
})

describe('a provider that is a device', () => {
  it('may be slow or away: a change of the root keys waits for it, and so do commits', async () => {
    await using house = await openTestHouse(null)
    const { storage, ring } = house.open
    const device = new Device()
    const open = async () => {
      const row = await readInstallation(storage)
      assert.ok(row)
      return LiveRing.open(row, storage, async () => [{ provider: device, soleRoot: null, settle: () => {} }])
    }
    assert.equal(await ring.change({ provider: device }), true)
    const other = await open()
    device.away = true
    await assert.rejects(open(), ProviderAway)
    await assert.rejects(rotate(ring, roomsOf(house), pace(1)), ProviderAway)
    assert.equal(stageOf(ring), 'none')
    await house.must('CreateKey')
    device.away = false
    await rotate(ring, roomsOf(house), pace(1))
    device.away = true
    await assert.rejects(other.look(), (error) => error instanceof Unavailable && /does not answer/.test(error.message))
    device.away = false
    await Promise.all([other.look(), other.look()])
    assert.deepEqual(other.keys.recordMac('r'), ring.keys.recordMac('r'))
  })

  it('is the one that the record names now, also for who began with another', async () => {
    await using house = await openTestHouse(null)
    const { storage, ring } = house.open
    const [former, later] = [new Device(), new Device(5)]
    assert.equal(await ring.change({ provider: former }), true)
    const open = async (...devices: Device[]) => {
      const row = await readInstallation(storage)
      assert.ok(row)
      return LiveRing.open(row, storage, async () =>
        devices.map((provider) => ({ provider, soleRoot: null, settle: () => {} })),
      )
    }
    const server = await open(former, later)
    assert.equal(await ring.change({ provider: later }), true)
    await server.look()
    assert.equal(await server.change({}), true)
    await assert.rejects(open(former), /device does not open this database/)
    await open(later)
  })

  it('takes no change from who decided on an older record', async () => {
    await using house = await openTestHouse(null)
    const { storage, ring } = house.open
    const device = new Device()
    const row = await readInstallation(storage)
    assert.ok(row)
    assert.equal(await ring.change({ provider: device }), true)
    const candidates = async () => [{ provider: device, soleRoot: null, settle: () => {} }]
    await assert.rejects(LiveRing.open(row, storage, candidates), /device does not open this database/)
    const fresh = await readInstallation(storage)
    assert.ok(fresh)
    const other = await LiveRing.open(fresh, storage, candidates)
    const both = await Promise.all([ring.change({ provider: device }), other.change({ provider: device })])
    assert.deepEqual(both.toSorted(), [false, true])
  })
})
