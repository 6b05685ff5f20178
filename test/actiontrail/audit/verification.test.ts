// Verifications that accounts ask for: their states, who may ask, what others see of them, and how servers share the work.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, beforeEach, describe, it } from 'node:test'
import { TrailUpkeep } from '../../../src/actiontrail/audit/upkeep.ts'
import { Verifier, type VerifierHouse } from '../../../src/actiontrail/audit/verifier.ts'
import { newCredentials } from '../../../src/ram/account.ts'
import { SYSTEM } from '../../../src/runtime/system.ts'
import type { Credentials } from '../../acceptance/program.ts'
import { eachDatabase } from '../../databases.ts'
import { openTestHouse, type TestHouse } from '../../house.ts'
import { ramOf } from '../../ram/ram.ts'
import { trailsOf } from '../trails.ts'

const STEP = 256
/** After so long an account has rested from any verification here. */
const RESTED_MS = 36_000_000
const never = new AbortController().signal

/** A server that verifies at a house's moment; `rest` stands for the pause after each step. */
function verifierOf(
  house: TestHouse,
  { rest = async () => {}, node = 'one', stop = never, ...more }: Partial<VerifierHouse> & Rest = {},
): Verifier {
  let clock = 0
  const runtime = { monotonic: () => ++clock * 1000, pause: rest }
  const failed = (message: string, error: unknown) => void house.failures.push(`${message}: ${error}`)
  return new Verifier(
    { ...house.open, node, runtime, failed, now: () => house.now, witness: () => null, ...more },
    stop,
  )
}

interface Rest {
  readonly rest?: (ms: number) => Promise<void>
  readonly stop?: AbortSignal
}

const inspect = async (house: TestHouse, credentials?: Credentials) =>
  (await trailsOf(house, '2020-07-06', credentials).must('InspectEventChain')).Verification

/** Has the house record as many events, or a few more. */
async function record(house: TestHouse, count: number): Promise<void> {
  for (let left = count; left > 0; left -= 50)
    await Promise.all(Array.from({ length: 50 }, () => house.must('ListKeys')))
}

async function secondAccount(house: TestHouse): Promise<Credentials> {
  const other = newCredentials(SYSTEM)
  await house.open.accounts.provide(other, 'other', house.now)
  return other
}

eachDatabase((open) => {
  describe('a verification of the trail', () => {
    let house: TestHouse
    let trails: ReturnType<typeof trailsOf>
    before(async () => {
      house = await open()
      trails = trailsOf(house)
      await record(house, 3 * STEP)
    })
    after(() => house[Symbol.asyncDispose]())
    beforeEach(() => {
      house.now += RESTED_MS
    })

    it('waits, is done by a server, and can be read again with its verdict', async () => {
      assert.equal(await inspect(house), undefined)
      assert.equal(await trails.outcome('CancelEventVerification'), 'VerificationNotFoundException')
      await trails.must('StartEventVerification')
      const { AskedAt, ...waiting } = await inspect(house)
      assert.deepEqual(waiting, { State: 'Waiting', Seconds: 0, Percent: 0, SeenEvents: 0, TotalEvents: 0 })
      assert.equal(await trails.outcome('StartEventVerification'), 'VerificationInProgressException')
      await verifierOf(house).next()
      const { State, SeenEvents, TotalEvents, EndedAt, Fault } = await inspect(house)
      assert.deepEqual([State, EndedAt, Fault], ['Intact', AskedAt, undefined])
      assert.ok(SeenEvents >= 3 * STEP && TotalEvents > 0 && TotalEvents <= SeenEvents, `${SeenEvents}, ${TotalEvents}`)
      const asked = (await house.events()).filter(({ eventName }) => eventName === 'StartEventVerification')
      assert.deepEqual(
        asked.map(({ errorCode, eventRW }) => [errorCode, eventRW]),
        [
          [undefined, 'Write'],
          ['VerificationInProgressException', 'Write'],
        ],
      )
    })

    it('can cover a period, and an invalid period is refused', async () => {
      const period = { StartTime: '2026-02-27T00:00:00Z', EndTime: '2026-02-28T00:00:00Z' }
      const { StartTime, EndTime } = { StartTime: period.EndTime, EndTime: period.StartTime }
      assert.equal(
        await trails.outcome('StartEventVerification', { StartTime, EndTime }),
        'InvalidParameterCombination',
      )
      const wrong = { StartTime: 'yesterday' }
      assert.equal(await trails.outcome('StartEventVerification', wrong), 'InvalidParameterStartTime')
      await trails.must('StartEventVerification', period)
      await verifierOf(house).next()
      const shown = await inspect(house)
      assert.deepEqual([shown.State, shown.StartTime, shown.EndTime], ['Intact', period.StartTime, period.EndTime])
    })

    it('is refused until the account has rested for four times as long as the last one took', async () => {
      const other = trailsOf(house, '2020-07-06', await secondAccount(house))
      const began = house.now
      const tooSoon = async (seconds: number) => {
        const { status, body } = await trails.call('StartEventVerification')
        const when = new Date(house.now + seconds * 1000).toISOString().replace('.000Z', 'Z')
        assert.deepEqual([status, body.Code], [400, 'VerificationTooSoonException'])
        assert.match(body.Message, new RegExp(`from ${when} on`))
      }
      await trails.must('StartEventVerification')
      const rest = async () => {
        house.now = began + 3000
      }
      await verifierOf(house, { rest }).next()
      await tooSoon(12)
      await other.must('StartEventVerification')
      await other.must('CancelEventVerification')
      // No server had begun it.
      await other.must('StartEventVerification')
      await other.must('CancelEventVerification')
      house.now += 12_000
      await trails.must('StartEventVerification')
      await verifierOf(house, { rest: async () => void (await trails.outcome('CancelEventVerification')) }).next()
      await tooSoon(8)
      house.now += 7999
      await tooSoon(0.001)
      house.now += 1
      await trails.must('StartEventVerification')
      await verifierOf(house).next()
      assert.equal((await inspect(house)).State, 'Intact')
    })

    it('shows its progress, and ends when it is canceled', async () => {
      await trails.must('StartEventVerification')
      const seen: unknown[] = []
      const rest = async () => {
        if (seen.length > 0) return
        const { State, SeenEvents, TotalEvents } = await inspect(house)
        seen.push(State, SeenEvents, TotalEvents > 2 * STEP)
        await trails.must('CancelEventVerification')
      }
      await verifierOf(house, { rest }).next()
      assert.deepEqual(seen, ['Running', STEP, true])
      const { State, SeenEvents } = await inspect(house)
      assert.deepEqual([State, SeenEvents], ['Canceled', STEP])
      assert.deepEqual(house.failures, [])
    })

    it('rests after each step of 256 events for as long as the step took', async () => {
      await trails.must('StartEventVerification')
      const rests: number[] = []
      let now = 0
      const runtime = { monotonic: () => now, pause: async (ms: number) => void rests.push(ms) }
      const { events } = house.open.ledger
      const ledger = new Proxy(house.open.ledger, {
        get: (target, name) => {
          const value = Reflect.get(target, name) as unknown
          if (name === 'events') return { after: reading }
          return typeof value === 'function' ? (value.bind(target) as unknown) : value
        },
      })
      const sizes: number[] = []
      const reading = async (...where: Parameters<typeof events.after>) => {
        const rows = await events.after(...where)
        now += 7
        sizes.push(rows.length)
        return rows
      }
      await verifierOf(house, { runtime, ledger }).next()
      assert.equal((await inspect(house)).State, 'Intact')
      assert.ok(Math.max(...sizes) <= STEP && sizes.length >= 3, `${sizes}`)
      assert.ok(rests.length >= 3 && rests.slice(0, 3).every((ms) => ms === 7), `${rests}`)
    })

    it('is taken over from a server that died, and left alone by one that woke', async () => {
      await trails.must('StartEventVerification')
      const woken = Promise.withResolvers<void>()
      const asleep = Promise.withResolvers<void>()
      const rest = () => {
        asleep.resolve()
        return woken.promise
      }
      const first = verifierOf(house, { rest, node: 'one' }).next()
      await asleep.promise
      const second = verifierOf(house, { node: 'two' })
      await second.next()
      assert.equal((await inspect(house)).State, 'Running')
      house.now += 61_000
      await second.next()
      const { State, EndedAt } = await inspect(house)
      assert.equal(State, 'Intact')
      house.now += 5000
      woken.resolve()
      await first
      assert.equal((await inspect(house)).EndedAt, EndedAt)
      assert.deepEqual(house.failures, [])
    })

    describe('that has read all events, and now checks checkpoints and the index,', () => {
      /** A verification that does `then` in each rest after its walk. */
      const verifyAnd = async (then: () => Promise<void>) => {
        await house.must('ListKeys')
        await new TrailUpkeep(house.open).checkpoint(house.now, true)
        await trails.must('StartEventVerification')
        let isOver = false
        const rest = async () => {
          const { SeenEvents, TotalEvents } = await inspect(house)
          if (isOver) await then()
          isOver ||= TotalEvents > 0 && SeenEvents >= TotalEvents
        }
        await verifierOf(house, { rest }).next()
        assert.ok(isOver)
      }

      it('ends when it is canceled', async () => {
        await verifyAnd(async () => {
          if ((await inspect(house)).State === 'Running') await trails.must('CancelEventVerification')
        })
        assert.equal((await inspect(house)).State, 'Canceled')
        assert.deepEqual(house.failures, [])
      })

      it('stays with its server, however long it takes', async () => {
        await record(house, 2 * STEP)
        assert.ok(await house.open.eventIndex.extend())
        const seen: string[] = []
        await verifyAnd(async () => {
          house.now += 40_000
          await verifierOf(house, { node: 'two' }).next()
          seen.push((await inspect(house)).State)
        })
        assert.ok(seen.length >= 2, `${seen}`)
        assert.deepEqual(new Set(seen), new Set(['Running']))
        assert.equal((await inspect(house)).State, 'Intact')
      })
    })

    it('is handed back by a server that stops, and done by the next', async () => {
      await trails.must('StartEventVerification')
      const stopping = new AbortController()
      await verifierOf(house, { stop: stopping.signal, rest: async () => stopping.abort() }).next()
      assert.equal((await inspect(house)).State, 'Waiting')
      await verifierOf(house).next()
      const { State, SeenEvents, TotalEvents } = await inspect(house)
      assert.deepEqual([State, TotalEvents], ['Intact', SeenEvents])
    })

    it('stays canceled where its server stops at the same time', async () => {
      await trails.must('StartEventVerification')
      const stopping = new AbortController()
      const rest = async () => {
        await trails.must('CancelEventVerification')
        stopping.abort()
      }
      await verifierOf(house, { stop: stopping.signal, rest }).next()
      assert.equal((await inspect(house)).State, 'Canceled')
      assert.deepEqual(house.failures, [])
    })

    it('fails with an alarm where the witness can not be read, and can be asked for again', async () => {
      await trails.must('StartEventVerification')
      const witness = () => {
        throw new Error('the file is damaged')
      }
      await verifierOf(house, { witness }).next()
      assert.equal((await inspect(house)).State, 'Failed')
      assert.match(house.failures.splice(0).join(), /a verification of the trail failed: Error: the file is damaged/)
      await trails.must('StartEventVerification')
      await verifierOf(house).next()
      assert.equal((await inspect(house)).State, 'Intact')
    })

    it('belongs to one account, and a server does those of several accounts one after the other', async () => {
      const other = await secondAccount(house)
      const theirs = trailsOf(house, '2020-07-06', other)
      assert.equal(await inspect(house, other), undefined)
      await trails.must('StartEventVerification')
      assert.equal(await theirs.outcome('CancelEventVerification'), 'VerificationNotFoundException')
      house.now += 1000
      await theirs.must('StartEventVerification')
      const verifier = verifierOf(house)
      await verifier.next()
      assert.deepEqual([(await inspect(house)).State, (await inspect(house, other)).State], ['Intact', 'Waiting'])
      await verifier.next()
      assert.equal((await inspect(house, other)).State, 'Intact')
    })

    it('shows another account no number of what all accounts together do', async () => {
      const other = await secondAccount(house)
      const theirs = trailsOf(house, '2020-07-06', other)
      const upkeep = new TrailUpkeep(house.open)
      const seen = async () => {
        const { RequestId: _, ...shown } = await theirs.must('InspectEventChain')
        return shown
      }
      await upkeep.checkpoint(house.now, true)
      await theirs.must('StartEventVerification')
      await verifierOf(house).next()
      const before = await seen()
      assert.deepEqual(Object.keys(before).sort(), ['CheckpointLate', 'Verification'])
      const { AskedAt, StartedAt, EndedAt, ...rest } = before.Verification
      assert.deepEqual(rest, { State: 'Intact', Seconds: 0, Percent: 100 })
      await record(house, 50)
      await upkeep.checkpoint(house.now, true)
      assert.deepEqual(await seen(), before)
    })

    it('needs a right that no policy for reading gives', async () => {
      const ram = ramOf(house)
      await ram.must('CreateUser', { UserName: 'auditor' })
      const PolicyName = 'AliyunActionTrailReadOnlyAccess'
      await ram.must('AttachPolicyToUser', { PolicyType: 'System', PolicyName, UserName: 'auditor' })
      const auditor = trailsOf(house, '2020-07-06', await ram.accessKeyOf('auditor'))
      const operations = ['InspectEventChain', 'StartEventVerification', 'CancelEventVerification']
      for (const operation of operations) {
        const { body } = await auditor.call(operation)
        assert.equal(body.Code, 'NoPermission')
        assert.match(body.Message, new RegExp(`actiontrail:${operation}`))
      }
      const PolicyDocument = ram.document({
        Effect: 'Allow',
        Action: operations.map((operation) => `actiontrail:${operation}`),
        Resource: '*',
      })
      await ram.must('CreatePolicy', { PolicyName: 'verify', PolicyDocument })
      await ram.must('AttachPolicyToUser', { PolicyType: 'Custom', PolicyName: 'verify', UserName: 'auditor' })
      for (const operation of ['StartEventVerification', 'InspectEventChain', 'CancelEventVerification'])
        assert.equal(await auditor.outcome(operation), 'OK')
    })

    it('stands beside what InspectEventChain says of checkpoints: late when events wait five minutes for one', async () => {
      const upkeep = new TrailUpkeep(house.open)
      await upkeep.checkpoint(house.now, true)
      const at = `${new Date(house.now).toISOString().slice(0, 19)}Z`
      const fresh = await trails.must('InspectEventChain')
      assert.deepEqual([fresh.CheckpointLate, fresh.Checkpoint.Time, fresh.CheckpointLagSeconds], [false, at, 0])
      assert.equal(fresh.Events, fresh.Checkpoint.Events)
      house.now += 301_000
      const late = await trails.must('InspectEventChain')
      assert.deepEqual([late.CheckpointLate, late.CheckpointLagSeconds], [true, 301])
      await upkeep.checkpoint(house.now, true)
      assert.equal((await trails.must('InspectEventChain')).CheckpointLate, false)
    })

    it('has checkpoints also after a clock that was ahead is right again', async () => {
      const upkeep = new TrailUpkeep(house.open)
      await record(house, 1)
      await upkeep.checkpoint(house.now + 3_600_000)
      const before = upkeep.stored ?? 0
      await record(house, 1)
      await upkeep.checkpoint(house.now)
      assert.ok(before < (upkeep.stored ?? 0))
    })
  })
})

describe('the verdict of a verification', () => {
  let house: TestHouse
  before(async () => {
    house = await openTestHouse(null)
  })
  after(() => house[Symbol.asyncDispose]())

  const alter = (seq: number) => {
    using db = new DatabaseSync(join(house.data, 'strongroom.db'))
    const { changes } = db
      .prepare(`UPDATE event SET body = replace(body, 'CreateKey', 'DeleteKey') WHERE seq = ?`)
      .run(seq)
    assert.equal(changes, 1)
  }

  it('names an altered event; its id only to the account that it belongs to', async () => {
    const other = await secondAccount(house)
    await house.must('CreateKey')
    const [{ eventId } = { eventId: '' }] = await house.events()
    alter(1)
    for (const credentials of [house.credentials, other]) {
      await trailsOf(house, '2020-07-06', credentials).must('StartEventVerification')
      await verifierOf(house).next()
    }
    const rest = 'is not what was recorded: it was altered, inserted, or moved here'
    const mine = await inspect(house)
    assert.deepEqual(
      [mine.State, mine.SeenEvents, mine.ConfirmedEvents, mine.Fault],
      ['NotIntact', 0, 0, { Kind: 'Altered', Event: '1', Message: `event 1 (${eventId}) ${rest}` }],
    )
    const { Fault } = await inspect(house, other)
    const Message =
      'The fault is not at an event of this account: the operator of this installation can see where it is.'
    assert.deepEqual(Fault, { Kind: 'Altered', Message })
    assert.ok(!JSON.stringify(await trailsOf(house, '2020-07-06', other).must('InspectEventChain')).includes('Events'))
  })
})
