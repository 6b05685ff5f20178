// What the records in memory hold besides themselves.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { KnownRecords } from '../../src/ledger/known-records.ts'
import { insert } from '../../src/ledger/record.ts'
import { testKeys } from '../storage/chained.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

function heldBytes(): number {
  collectGarbage()
  return process.memoryUsage().heapUsed
}

it('records in memory keep nothing else of the requests that made them', () => {
  const known = new KnownRecords(testKeys)
  const [count, requestBytes] = [200, 60_000]
  const before = heldBytes()
  for (let i = 0; i < count; i++) {
    const request = Buffer.alloc(requestBytes, `a description of key ${i}, and `).toString('latin1')
    const [id, description] = [request.slice(21, 45), request.slice(0, 50)]
    const change = insert(
      { name: 'cmk', counted: false },
      { account: '1', region: 'cn-hangzhou', id: `${id}${i}`, createdAt: 1, body: { description } },
    )
    const row = { ...change.after, body: JSON.stringify(change.after.body), mac: new Uint8Array(32) }
    known.apply([{ change: 'insert', row, counted: null }])
  }
  const held = heldBytes() - before
  assert.equal([...known.records()].length, count)
  assert.ok(held < (count * requestBytes) / 4, `${held} bytes are held`)
})
