// How many bytes of heads a connection is held to have, whatever came on it.
import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { describe, it } from 'node:test'
import { Connection } from '../../src/gateway/connection.ts'

function open() {
  const socket = { bytesRead: 0 }
  const connection = new Connection(socket as Socket, '192.0.2.1', [], 0)
  return { socket, connection }
}

const answering = (complete = true) =>
  ({ req: { complete }, writableEnded: false, writableFinished: false }) as ServerResponse & {
    writableFinished: boolean
  }

describe('the heads of a connection', () => {
  it('count until their requests are answered and the answers are taken', () => {
    const { socket, connection } = open()
    socket.bytesRead = 30_000
    assert.equal(connection.headBytes, 30_000)
    socket.bytesRead = 50_000
    const first = answering(false)
    connection.begin(first, 40_000)
    // Its body is not complete, and counts elsewhere.
    assert.equal(connection.headBytes, 40_000)
    socket.bytesRead = 60_000
    assert.equal(connection.headBytes, 40_000)
    Object.assign(first.req, { complete: true })
    connection.complete(20_000)
    assert.equal(connection.headBytes, 40_000)
    socket.bytesRead = 90_000
    const second = answering()
    connection.begin(second, 30_000)
    connection.complete(0)
    assert.equal(connection.headBytes, 70_000)
    Object.assign(second, { writableFinished: true })
    assert.equal(connection.headBytes, 0)
    connection.response = null
    socket.bytesRead = 95_000
    assert.equal(connection.headBytes, 5000)
  })

  it('begin behind a request that came with them', () => {
    const { socket, connection } = open()
    socket.bytesRead = 60_000
    const response = answering()
    connection.begin(response, 100)
    connection.complete(900)
    Object.assign(response, { writableFinished: true })
    assert.equal(connection.headBytes, 59_000)
  })

  it('stay exact where a request takes more bytes than its parts, or fewer', () => {
    const { socket, connection } = open()
    for (let i = 0; i < 10_000; i++) {
      const response = answering()
      socket.bytesRead += 1000
      connection.begin(response, 500)
      connection.complete(i % 2 === 0 ? 100 : 900)
      assert.equal(connection.headBytes, 500)
      Object.assign(response, { writableFinished: true })
      assert.equal(connection.headBytes, 0)
    }
  })
})
