// The background work of a server goes on beside what fails, and a trouble that lasts is in the log once.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { TrailUpkeep } from '../../src/actiontrail/audit/upkeep.ts'
import { keepTrail } from '../../src/house/background.ts'
import { Witness } from '../../src/house/witness.ts'
import { storedServiceWork } from '../../src/ledger/stored-event.ts'
import { SYSTEM } from '../../src/runtime/system.ts'
import { openTestHouse } from '../house.ts'
import { until } from '../until.ts'

/** As many events as one part of the index has. */
const PART = 1024
const HOUR = 3_600_000
const DAY = 24 * HOUR

describe('the upkeep of the trail', () => {
  it('indexes events while the witness can not be written, and reports that once', async () => {
    await using house = await openTestHouse(null)
    const { ledger, storage } = house.open
    await house.must('CreateKey')
    const event = (i: number) => ({
      eventId: `e${i}`,
      account: '1',
      region: 'r',
      at: house.now,
      body: storedServiceWork('RotateRootKey', []),
    })
    const calls = Array.from({ length: PART }, (_, i) => ({ changes: [], nonce: null, event: event(i) }))
    await Promise.all(calls.map((call) => ledger.commit(call)))
    const witness = new Witness(join(house.data, 'nowhere'), null, house.open)
    let attempts = 0
    const counting = {
      renew: (...what: Parameters<Witness['renew']>) => {
        attempts++
        return witness.renew(...what)
      },
    }
    const alarms: string[] = []
    const stop = new AbortController()
    const working = keepTrail(
      { upkeep: new TrailUpkeep(house.open), witness: counting },
      { retentionDays: 90 },
      { runtime: SYSTEM, stop: stop.signal, alarm: (message) => void alarms.push(message) },
    )
    try {
      await until(async () => attempts > 2 && (await storage.events.parts(0, 9999, 1)).length > 0)
    } finally {
      stop.abort()
      await working
    }
    assert.deepEqual(alarms, ['the witness of the trail could not be renewed, and will be tried again'])
  })

  it('drops old events an hour after the start, whatever the clock does', async () => {
    for (const jump of [365 * DAY, -365 * DAY]) {
      const stop = new AbortController()
      let passed = 0
      const prunedAfter: number[] = []
      const pause = async (ms: number) => {
        passed += ms
        if (passed > 1.5 * HOUR) stop.abort()
        await SYSTEM.turn()
      }
      const now = () => Date.parse('2026-03-01') + passed + (passed > HOUR / 2 ? jump : 0)
      const upkeep = {
        stored: undefined,
        checkpoint: () => new Promise<never>(() => {}),
        extendIndex: async () => {},
        prune: async () => prunedAfter.push(passed),
      }
      const loop = {
        runtime: { ...SYSTEM, now, monotonic: () => passed, pause },
        stop: stop.signal,
        alarm: assert.fail,
      }
      void keepTrail({ upkeep, witness: { renew: async () => {} } }, { retentionDays: 90 }, loop)
      await once(stop.signal, 'abort')
      assert.deepEqual(prunedAfter, [HOUR])
    }
  })
})
