// Alarms of calls: an unavailable database fails every call, so only a few of them are reported.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { ofCalls } from '../../src/ledger/alarm.ts'
import { Unavailable } from '../../src/storage/storage.ts'

it('ten calls in ten seconds report an unavailable database, one line counts the others, and all else is reported', () => {
  let now = 50
  let due: { at: number; work: () => void } | null = null
  const pass = (ms: number) => {
    now += ms
    if (due && due.at <= now) due.work()
  }
  const told: string[] = []
  const alarm = ofCalls(
    (message, error) => told.push(`${message}: ${error instanceof Error ? error.message : error}`),
    {
      monotonic: () => now,
      after: (ms, work) => {
        due = { at: now + ms, work }
        return () => {
          due = null
        }
      },
    },
  )
  for (let n = 0; n < 25; n++) alarm(`call ${n}`, new Unavailable('gone'))
  assert.deepEqual(
    told,
    Array.from({ length: 10 }, (_, n) => `call ${n}: gone`),
  )
  told.length = 0
  for (let n = 0; n < 25; n++) alarm(`call ${n}`, new Error('a defect'))
  assert.equal(told.length, 25)
  told.length = 0
  pass(9_999)
  assert.deepEqual(told, [])
  // The database is back, and no other call fails.
  pass(1)
  const counted = (count: number) =>
    `the database was unavailable: ${count} more failures right after the last one above`
  assert.deepEqual(told.splice(0), [counted(15)])
  for (let n = 0; n < 12; n++) alarm(`call ${n}`, new Unavailable('gone'))
  told.length = 0
  // A process that is busy runs its timers late.
  now += 20_000
  alarm('call 12', new Unavailable('gone'))
  assert.deepEqual(told.splice(0), [counted(2), 'call 12: gone'])
  pass(20_000)
  assert.deepEqual(told, [])
})
