// Alarms of calls: an unavailable database fails every call, so only a few of them are reported.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { ofCalls } from '../../src/ledger/alarm.ts'
import { Unavailable } from '../../src/storage/storage.ts'

it('ten calls in ten seconds report an unavailable database, the next line counts the others, and all else is reported', () => {
  let now = 50
  const told: string[] = []
  const alarm = ofCalls(
    (message, error) => told.push(`${message}: ${error instanceof Error ? error.message : error}`),
    () => now,
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
  now += 10_000
  alarm('call 25', new Unavailable('gone'))
  assert.deepEqual(told, [
    'the database was unavailable: 15 more failures right after the last one above',
    'call 25: gone',
  ])
})
