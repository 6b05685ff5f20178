// How a stopping server ends its connections: a client sees the end of each before it could send a call into it.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Connection, post, signedForm } from '../acceptance/raw.ts'
import { openTestHouse, type TestHouse } from '../house.ts'

const CLOSES = /^connection: close$/im
const call = (house: TestHouse, headers = '') =>
  post(signedForm({ Action: 'ListKeys' }, house.credentials, { now: house.now }), headers)

/** Resolves when the house has closed its ports: it takes a few turns of the event loop for that. */
async function closed(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
}

describe('a server that stops', () => {
  it('announces with the answer of a call in flight that the connection ends', async () => {
    await using house = await openTestHouse(null)
    using connection = await Connection.open(house.endpoint)
    const request = call(house, 'Expect: 100-continue\r\n')
    const body = request.indexOf('\r\n\r\n') + 4
    assert.equal((await connection.send(request.subarray(0, body)))?.status, 100)
    const stopped = house.stop()
    await closed()
    const answer = await connection.send(request.subarray(body))
    assert.equal(answer?.status, 200)
    assert.match(answer.headers, CLOSES)
    await connection.ended()
    await stopped
  })

  it('answers the next call on a connection that was idle, and announces its end', async () => {
    await using house = await openTestHouse(null, [], { limits: { idleAtStopMs: 60_000 } })
    using connection = await Connection.open(house.endpoint)
    const before = await connection.send(call(house))
    assert.doesNotMatch(before?.headers ?? '', CLOSES)
    const stopped = house.stop()
    await closed()
    const answer = await connection.send(call(house))
    assert.equal(answer?.status, 200)
    assert.match(answer.headers, CLOSES)
    await connection.ended()
    await stopped
  })

  it('closes connections that stay idle', async () => {
    await using house = await openTestHouse(null)
    using connection = await Connection.open(house.endpoint)
    await connection.send(call(house))
    await house.stop()
    await connection.ended()
  })
})
