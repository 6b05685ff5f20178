// How many bytes of heads a connection is held to have, whatever came on it.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { duplexPair } from 'node:stream'
import { describe, it } from 'node:test'
import { Connection } from '../../src/gateway/connection.ts'
import { Connections } from '../../src/gateway/connections.ts'
import { DEFAULT_LIMITS, type Limits, REQUEST_BYTES } from '../../src/gateway/limits.ts'
import { send } from '../../src/gateway/sending.ts'

function open() {
  const socket = { bytesRead: 0 }
  const connection = new Connection(socket as Socket, '192.0.2.1', [], 0)
  return { socket, connection }
}

function connectionsWith(limits: Partial<Limits>, ended: string[], now = () => 0): Connections {
  const observer = {
    answered: () => {},
    loggedOn: () => {},
    turnedAway: () => {},
    unrecorded: () => {},
    disconnected: (why: string) => void ended.push(why),
  }
  return new Connections({ ...DEFAULT_LIMITS, ...limits }, observer, now, () => {})
}

function admitted(connections: Connections) {
  const socket = { remoteAddress: '192.0.2.1', bytesRead: 0, bytesWritten: 0, once: () => {}, destroy: () => {} }
  const connection = connections.admit(socket as unknown as Socket, [])
  assert.ok(connection)
  connection.http = socket as unknown as Socket
  return { socket, connection }
}

const answering = (complete = true) =>
  ({ req: { complete }, headersSent: false, writableFinished: false }) as ServerResponse & {
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
    assert.equal(connection.headBytes, 70_000 + REQUEST_BYTES)
    Object.assign(first, { writableFinished: true })
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

  it('leave out the framing of the chunks in which a body comes', () => {
    const { socket, connection } = open()
    for (let i = 0; i < 30_000; i++) {
      const response = answering()
      socket.bytesRead += 300 + 512 * 9 + 5 + 200_000
      connection.begin(response, 300)
      connection.complete(200_000)
      Object.assign(response, { writableFinished: true })
      assert.equal(connection.headBytes, 0)
    }
  })

  it('never add up what requests take besides their parts, however many come at once', () => {
    const { socket, connection } = open()
    for (let i = 0; i < 10_000; i++) {
      socket.bytesRead += 4 * 15_000
      const responses = Array.from({ length: 4 }, () => answering())
      for (const response of responses) connection.begin(response, 100)
      for (const response of responses) {
        connection.complete(500)
        Object.assign(response, { writableFinished: true })
      }
      // What the last read brought may still be a head.
      assert.ok(connection.headBytes <= 4 * 15_000, `${connection.headBytes} bytes`)
    }
  })

  it('are never taken for framing, however many requests precede them', () => {
    const { socket, connection } = open()
    for (let i = 0; i < 1000; i++) {
      const response = answering()
      // Each read completes a request, and brings 20,000 bytes of the next one's head.
      socket.bytesRead += 21_000
      connection.begin(response, i === 0 ? 1000 : 21_000)
      connection.complete(0)
      Object.assign(response, { writableFinished: true })
      assert.equal(connection.headBytes, 20_000)
    }
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

describe('the budget of heads', () => {
  it("counts a stranger's request at work, and spares a known caller's", () => {
    const ended: string[] = []
    const connections = connectionsWith({ headBudgetBytes: 50_000 }, ended)
    const both = [admitted(connections), admitted(connections)]
    for (const { socket, connection } of both) {
      socket.bytesRead = 60_000
      connection.begin(answering(), 60_000)
      connection.complete(0)
    }
    for (const { connection } of both.slice(0, 1)) connections.recognize(connection)
    connections.sweep()
    assert.deepEqual([ended, connections.open], [['gave way to another'], 1])
  })
})

describe('an answer', () => {
  it('that is long is written as its client takes it', async () => {
    const body = 'é'.repeat(10_000_000)
    const server = createServer((_, response) =>
      send(response, { status: 200, contentType: 'text/plain', body, requestId: 'r' }),
    )
    // Two ends in memory: one takes a write only after the other has read the one before, whatever the system would buffer.
    const [client, end] = duplexPair()
    try {
      server.emit('connection', end)
      client.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
      await once(client, 'readable')
      let most = client.readableLength + end.writableLength
      const pieces: Buffer[] = []
      for await (const piece of client) {
        most = Math.max(most, piece.length + end.writableLength)
        pieces.push(piece)
      }
      assert.ok(most < 1_000_000, `${most} bytes were written ahead`)
      const text = Buffer.concat(pieces).toString()
      assert.equal(text.slice(text.indexOf('\r\n\r\n') + 4) === body, true)
    } finally {
      client.destroy()
      end.destroy()
      server.close()
    }
  })

  it('is given up when its client takes nothing for as long as the limit says', () => {
    let now = 0
    const ended: string[] = []
    const connections = connectionsWith({}, ended, () => now)
    const { socket, connection } = admitted(connections)
    connection.begin({ ...answering(), headersSent: true } as ServerResponse, 100)
    for (; now < 10 * DEFAULT_LIMITS.answerMs; now += DEFAULT_LIMITS.answerMs / 2) {
      // As much waits to be sent each time, of another part.
      socket.bytesWritten += 65_536
      connections.sweep()
    }
    assert.deepEqual(ended, [])
    now += DEFAULT_LIMITS.answerMs
    connections.sweep()
    assert.deepEqual(ended, ['answer was not read'])
  })
})
