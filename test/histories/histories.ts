// Histories of concurrent calls, judged by Porcupine: every server answers as if there were one, which makes one call at a time, each at
// a moment between its beginning and its end. `npm run test:failures` and `npm run test:clients` run this: the judge takes Go.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FAMILIES } from './families.ts'
import { cannotJudge, judged } from './judge.ts'
import { type History, startHistory } from './recorder.ts'
import { Servers } from './servers.ts'

/** How many calls a history has; more find more. */
const CALLS = Number(process.env['STRONGROOM_TEST_HISTORY_CALLS'] ?? 6000)
const KILLS = 8

/** Records a history while `meanwhile` happens, and demands that it is linearizable and says something: each call succeeded now and then. */
async function demandLinearizable(
  servers: Servers,
  families = Object.keys(FAMILIES),
  meanwhile = async (history: History) => history.reach(CALLS),
): Promise<void> {
  const { credentials } = servers
  const history = startHistory({ endpoints: () => servers.endpoints(), credentials, families })
  await meanwhile(history)
  await history.stop()
  console.log(await history.judge())
  const calls = new Set([...history.outcomes.keys()].map((outcome) => outcome.replace(/ \S+$/, '')))
  for (const call of calls) assert.ok(history.outcomes.has(`${call} OK`), `${call} never succeeded`)
}

describe('a history', { skip: cannotJudge }, () => {
  it('of one server on SQLite is linearizable', async () => {
    await using servers = await Servers.start(1, { database: null })
    await demandLinearizable(servers, ['key', 'material', 'access', 'access keys', 'sessions'])
  })

  it('of a server that is killed again and again is linearizable', async () => {
    await using servers = await Servers.start(1, { database: null })
    await demandLinearizable(servers, ['key', 'material', 'access', 'access keys', 'sessions'], async (history) => {
      for (let kill = 0; kill < KILLS; kill++) {
        await history.reach(history.calls + CALLS / KILLS)
        await servers.kill(0)
        await servers.restart(0)
      }
    })
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
        .filter((line) => line.includes('client'))
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
