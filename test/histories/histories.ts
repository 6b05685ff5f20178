// Histories of concurrent calls, judged by Porcupine: every server answers as if there were one, which makes one call at a time, each at
// a moment between its beginning and its end. `npm run test:failures` and `npm run test:clients` run this: the judge takes Go. The command
// of track-record.md runs it with more calls.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type PostgresqlServer, startPostgresql } from '../storage/postgresql-server.ts'
import { cannotJudge, HistoryRejected, judged } from './judge.ts'
import { type History, startHistory } from './recorder.ts'
import { Servers } from './servers.ts'

/** How many calls a history has; more find more. */
const CALLS = Number(process.env['STRONGROOM_TEST_HISTORY_CALLS'] ?? 3000)
const KILLS = 4
/** A ring has at most 8 roots, and those that were retired are kept for a while. */
const ROTATIONS = 7
/** Whatever was called more often succeeded once. */
const OFTEN = 30

/** Records a history while `meanwhile` happens, and demands that it is linearizable and says something: each call succeeded now and then. */
async function recorded(servers: Servers, meanwhile: (history: History) => Promise<void>): Promise<History> {
  const { credentials } = servers
  const history = startHistory({ endpoints: () => servers.endpoints(), credentials })
  try {
    await meanwhile(history)
  } finally {
    await history.stop()
  }
  console.log(await history.judge())
  const made = Map.groupBy(history.outcomes, ([outcome]) => outcome.replace(/ \S+$/, ''))
  for (const [call, outcomes] of made)
    if (outcomes.reduce((sum, [, count]) => sum + count, 0) > OFTEN)
      assert.ok(history.outcomes.has(`${call} OK`), `${call} never succeeded`)
  return history
}

/** A call that others keep from committing for so long is refused with 503. */
const RETRY_MS = 10_000

/** Records a history in which nothing fails: every other call has its answer. */
async function demandLinearizable(servers: Servers): Promise<void> {
  const history = await recorded(servers, (begun) => begun.reach(CALLS))
  const soon = history.unanswered.filter((ms) => ms < RETRY_MS)
  assert.deepEqual(soon, [], 'milliseconds of calls without an answer')
}

describe('a history', { skip: cannotJudge }, () => {
  let postgresql: PostgresqlServer
  before(async () => {
    postgresql = await startPostgresql()
  })
  after(() => postgresql[Symbol.asyncDispose]())

  for (const [what, flags] of [
    ['one server', []],
    ['one server with workers', ['--workers', '3']],
  ] as const)
    it(`of ${what} on SQLite is linearizable`, async () => {
      await using servers = await Servers.start(1, { database: null, flags })
      await demandLinearizable(servers)
    })

  for (const count of [2, 3])
    it(`of ${count} servers on one PostgreSQL is linearizable`, async () => {
      await using servers = await Servers.start(count, { database: postgresql.database() })
      await demandLinearizable(servers)
    })

  for (const [which, count] of [
    ['a server on SQLite', 1],
    ['one of two servers on one PostgreSQL', 2],
  ] as const)
    it(`in which ${which} is killed again and again is linearizable`, async () => {
      const database = count === 1 ? null : postgresql.database()
      await using servers = await Servers.start(count, { database })
      await recorded(servers, async (history) => {
        for (let kill = 0; kill < KILLS; kill++) {
          await history.reach(history.calls + CALLS / KILLS)
          await servers.kill(kill % count)
          await servers.restart(kill % count)
        }
      })
    })

  it('of two servers on one PostgreSQL whose root keys are rotated again and again is linearizable', async () => {
    await using servers = await Servers.start(2, { database: postgresql.database() })
    await recorded(servers, async (history) => {
      for (let rotation = 0; rotation < ROTATIONS; rotation++) {
        await history.reach(history.calls + CALLS / ROTATIONS)
        await servers.rotate()
      }
    })
  })

  for (const defect of ['follows no changes', 'commits on changed reads', 'misses one change in ten'])
    it(`of two servers of which each ${defect} is not linearizable`, async () => {
      await using servers = await Servers.start(2, { database: postgresql.database(), defect })
      // The subtler the defect, the more histories it may take.
      for (let rejected: unknown = null; rejected === null; )
        rejected = await recorded(servers, (history) => history.reach(CALLS)).then(
          () => null,
          (error: unknown) => {
            assert.ok(error instanceof HistoryRejected, String(error))
            assert.match(error.message, /^NOT LINEARIZABLE.*\n.*\n {2}no order of these calls explains their answers/)
            return error
          },
        )
    })
})

describe('the judge', { skip: cannotJudge }, () => {
  const about = { record: 'key 1', family: 'key', about: 'CMK of a test' }
  type Line = [call: string, args: string[], begin: number, end: number | null, answer: string | null]
  const judge = (lines: Line[], limit?: string) =>
    judged(
      [
        about,
        ...lines.map(([call, args, begin, end, answer], client) => {
          const [from, to] = [begin * 1e6, end === null ? null : end * 1e6]
          return {
            record: 'key 1',
            server: `server ${1 + (client % 2)}`,
            client,
            begin: from,
            end: to,
            call,
            args,
            answer,
          }
        }),
      ],
      limit,
    )

  it('accepts an order that the times allow', async () => {
    await judge([
      ['DisableKey', [], 0, 10, 'OK'],
      ['Encrypt', [], 1, 3, 'Rejected.Disabled'],
      ['Encrypt', [], 1, 2, 'OK'],
    ])
  })

  it('shows the smallest part of a history that no order explains', async () => {
    const lines: Line[] = [
      ['UpdateKeyDescription', ['one'], 0, 1, 'OK'],
      ['DescribeKey', [], 2, 3, 'OK Enabled one'],
      ['EnableKey', [], 4, 9, 'OK'],
      ['DisableKey', [], 10, 11, 'OK'],
      ['UpdateKeyDescription', ['two'], 10.5, 14, 'OK'],
      ['DescribeKey', [], 11.5, 12, 'OK Disabled one'],
      ['Encrypt', [], 12.5, 13.75, 'OK'],
      ['Encrypt', [], 14, 15, 'Rejected.Disabled'],
    ]
    await assert.rejects(judge(lines), ({ message }: Error) => {
      const shown = message
        .split('\n')
        .filter((line) => line.includes(', client '))
        .map((line) => line.slice(4))
      assert.deepEqual(shown, [
        '   0.000 –    0.500  server 2, client 5: DescribeKey → OK Disabled one',
        '   1.000 –    2.250  server 1, client 6: Encrypt → OK   <- the first answer that fits no order',
      ])
      return true
    })
  })

  it('takes a call without an answer for one that takes effect at any time later, or never', async () => {
    const lost: Line = ['DisableKey', [], 0, null, null]
    await judge([lost, ['Encrypt', [], 5, 6, 'OK'], ['Encrypt', [], 7, 8, 'Rejected.Disabled']])
    await judge([lost, ['Encrypt', [], 5, 6, 'OK']])
    const twice: Line[] = [lost, ['Encrypt', [], 5, 6, 'Rejected.Disabled'], ['Encrypt', [], 7, 8, 'OK']]
    await assert.rejects(judge(twice), /NOT LINEARIZABLE/)
  })

  it('says that it could not decide in time', async () => {
    const changes = Array.from({ length: 30 }, (_, i): Line => ['UpdateKeyDescription', [`${i}`], i / 100, 9, 'OK'])
    await assert.rejects(judge([...changes, ['DescribeKey', [], 10, 11, 'OK Enabled other']], '100ms'), /UNDECIDED/)
  })
})
