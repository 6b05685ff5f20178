// Connections that say nothing, too little or too slowly, and those that never listen: what becomes of them, and of everybody else.
import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { describe, it } from 'node:test'
import { Connections } from '../../src/gateway/connections.ts'
import { DEFAULT_LIMITS, MAX_UNANSWERED } from '../../src/gateway/limits.ts'
import { Metrics } from '../../src/gateway/metrics.ts'
import { affordableConnections } from '../../src/house/ports.ts'
import { Connection, get, post, signedForm } from '../acceptance/raw.ts'
import { openTestHouse, type TestHouse } from '../house.ts'

const listKeys = (house: TestHouse) => post(signedForm({ Action: 'ListKeys' }, house.credentials, { now: house.now }))

async function openMany(house: TestHouse, count: number, from: string): Promise<Connection[]> {
  const all: Connection[] = []
  while (all.length < count)
    all.push(...(await Promise.all(Array.from({ length: 50 }, () => Connection.open(house.endpoint, from)))))
  return all
}

async function metric(house: TestHouse, series: string): Promise<number> {
  const line = (await house.metrics.text()).split('\n').find((one) => one.startsWith(`${series} `))
  return Number(line?.split(' ').at(-1) ?? 0)
}

/** Only the limit under test is short: what the machine delays is ended by no other. */
const SWEEP = { sweepMs: 20, lingerMs: 50 }

/** The answer to what is written on a new connection; again, where the machine was so slow that the limit under test came first. */
async function answerTo(house: TestHouse, bytes: string | Buffer) {
  for (;;) {
    const connection = await Connection.open(house.endpoint)
    const answer = await connection.send(bytes)
    if (answer) return { connection, answer }
    connection.close()
  }
}

describe('too many connections', () => {
  it('of one address keep no other out, however silent they are', async () => {
    await using house = await openTestHouse(null, [], { metrics: Metrics, limits: { maxConnections: 500 } })
    const silent = await openMany(house, 600, '127.0.0.2')
    try {
      using other = await Connection.open(house.endpoint, '127.0.0.3')
      assert.equal((await other.send(listKeys(house)))?.status, 200)
      // Its own latest connections are served as well; the oldest gave way.
      assert.equal((await silent.at(-1)?.send(listKeys(house)))?.status, 200)
      await silent[0]?.ended()
      // Who was there first and goes on speaking stays.
      silent.push(...(await openMany(house, 200, '127.0.0.2')))
      assert.equal((await other.send(listKeys(house)))?.status, 200)
      await silent[300]?.ended()
      assert.equal(await metric(house, 'strongroom_disconnections_total{reason="gave way to another"}'), 301)
      assert.ok(house.strangers.length <= 20, 'the log is bounded')
      assert.match(house.strangers[0] ?? '', /connection closed without an answer.*gave way to another.*127\.0\.0\.2/)
    } finally {
      for (const connection of silent) connection.close()
    }
  })

  it('of strangers keep no newcomer out, whatever they send unsigned', async () => {
    await using house = await openTestHouse(null, [], { metrics: Metrics, limits: { maxConnections: 20 } })
    const strangers: Connection[] = []
    try {
      for (let i = 1; i <= 20; i++) strangers.push(await Connection.open(house.endpoint, `127.0.1.${i}`))
      for (const connection of strangers) assert.equal((await connection.send(get('/')))?.status, 400)
      for (let i = 1; i <= 40; i++) {
        using newcomer = await Connection.open(house.endpoint, `127.0.2.${i}`)
        assert.equal((await newcomer.send(listKeys(house)))?.status, 200)
      }
    } finally {
      for (const connection of strangers) connection.close()
    }
  })

  it('of strangers cost known callers none of theirs', async () => {
    await using house = await openTestHouse(null, [], { metrics: Metrics, limits: { maxConnections: 20 } })
    const busy = await Promise.all(Array.from({ length: 10 }, () => Connection.open(house.endpoint, '127.0.0.2')))
    const strangers: Connection[] = []
    try {
      for (const connection of busy) assert.equal((await connection.send(listKeys(house)))?.status, 200)
      for (let i = 1; i <= 40; i++) strangers.push(await Connection.open(house.endpoint, `127.0.1.${i}`))
      for (const connection of strangers.slice(0, 30)) await connection.ended()
      for (const connection of busy) assert.equal((await connection.send(listKeys(house)))?.status, 200)
    } finally {
      for (const connection of [...busy, ...strangers]) connection.close()
    }
  })

  it('of known callers make room for a newcomer, who costs one of them', async () => {
    await using house = await openTestHouse(null, [], { metrics: Metrics, limits: { maxConnections: 20 } })
    const busy = await Promise.all(Array.from({ length: 20 }, () => Connection.open(house.endpoint, '127.0.0.2')))
    const strangers: Connection[] = []
    try {
      for (const connection of busy) assert.equal((await connection.send(listKeys(house)))?.status, 200)
      for (let i = 1; i <= 40; i++) strangers.push(await Connection.open(house.endpoint, `127.0.1.${i}`))
      await busy[0]?.ended()
      for (const connection of busy.slice(1)) assert.equal((await connection.send(listKeys(house)))?.status, 200)
      using other = await Connection.open(house.endpoint, '127.0.0.3')
      assert.equal((await other.send(listKeys(house)))?.status, 200)
    } finally {
      for (const connection of [...busy, ...strangers]) connection.close()
    }
  })
})

describe('the limit of one source', () => {
  const limits = { ...DEFAULT_LIMITS, maxConnections: 100, maxConnectionsPerSource: 2 }
  const setUp = () => {
    const ended: string[] = []
    const observer = {
      answered: () => {},
      loggedOn: () => {},
      turnedAway: () => {},
      unrecorded: () => {},
      disconnected: (why: string, address: string) => void ended.push(`${why}: ${address}`),
    }
    const connections = new Connections(
      limits,
      observer,
      () => 0,
      () => {},
    )
    const admit = (remoteAddress: string) => {
      const socket = Object.assign(new EventEmitter(), { remoteAddress, bytesRead: 0, destroyed: false })
      Object.assign(socket, { destroy: () => Object.assign(socket, { destroyed: true }) })
      return connections.admit(socket as unknown as Socket, [])
    }
    return { ended, connections, admit }
  }

  it('counts an IPv4 address, or an IPv6 network; the oldest gives way', () => {
    const { ended, connections, admit } = setUp()
    for (const address of ['192.0.2.1', '192.0.2.2', '192.0.2.1', '::ffff:192.0.2.1']) admit(address)
    assert.deepEqual(ended, ['gave way to another: 192.0.2.1'])
    for (const address of ['2001:db8::1', '2001:db8::2', '2001:db8:0:1::3', '2001:db8::4']) admit(address)
    assert.deepEqual(ended.slice(1), ['gave way to another: 2001:db8::1'])
    assert.equal(connections.open, 6)
  })

  it('does not hold for loopback', () => {
    const { ended, connections, admit } = setUp()
    for (let i = 0; i < 50; i++) admit(i % 2 === 0 ? '127.0.0.1' : '::1')
    assert.deepEqual([ended, connections.open], [[], 50])
  })

  it('ends the known caller without a call for longest, and turns a newcomer away while all are at work', () => {
    const { ended, connections, admit } = setUp()
    const [first, second] = [admit('192.0.2.1'), admit('192.0.2.1')]
    assert.ok(first && second)
    for (const connection of [first, second]) connections.recognize(connection)
    const working = { req: { complete: true }, headersSent: false } as ServerResponse
    for (const connection of [first, second]) connection.begin(working, 0)
    assert.equal(admit('192.0.2.1'), null)
    assert.deepEqual(ended, ['too many connections: 192.0.2.1'])
    for (const connection of [first, second]) connection.response = null
    connections.sweep()
    connections.recognize(first)
    assert.notEqual(admit('192.0.2.1'), null)
    assert.deepEqual(ended.slice(1), ['gave way to another: 192.0.2.1'])
    assert.deepEqual(
      [first, second].map(({ socket }) => socket.destroyed),
      [false, true],
    )
  })
})

describe('the number of connections', () => {
  it('leaves descriptors for the rest, where the system says how many there are', () => {
    const limits =
      'Max processes   7  7 processes\nMax open files            1024                 524288               files\n'
    assert.equal(
      affordableConnections(10_000, () => limits),
      768,
    )
    assert.equal(
      affordableConnections(500, () => limits),
      500,
    )
    assert.equal(
      affordableConnections(10_000, () => 'Max open files unlimited unlimited files'),
      10_000,
    )
    const missing = () => {
      throw new Error('no such file')
    }
    assert.equal(affordableConnections(10_000, missing), 10_000)
  })
})

describe('a connection', () => {
  it('that sends nothing is closed without a word', async () => {
    await using house = await openTestHouse(null, [], { metrics: Metrics, limits: { ...SWEEP, headMs: 200 } })
    using connection = await Connection.open(house.endpoint)
    assert.equal(await connection.answer(), null)
    assert.equal(await metric(house, 'strongroom_disconnections_total{reason="no request came"}'), 1)
  })

  const late: [string, object, (house: TestHouse) => string | Buffer][] = [
    ['half a head', { headMs: 200 }, () => 'POST / HTTP/1.1\r\nHost: x\r\n'],
    ['half a body', { bodyMs: 200 }, (house) => listKeys(house).subarray(0, -5)],
    [
      'half a chunk',
      { bodyMs: 200 },
      () => 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nabc',
    ],
  ]
  for (const [title, limits, bytes] of late)
    it(`that stops at ${title} gets 408 in the API's form, and is closed`, async () => {
      await using house = await openTestHouse(null, [], { metrics: Metrics, limits: { ...SWEEP, ...limits } })
      const { connection, answer } = await answerTo(house, bytes(house))
      assert.equal(answer.status, 408)
      const body = JSON.parse(answer.body)
      assert.deepEqual([body.Code, body.HttpStatus], ['RequestTimeout', 408])
      assert.match(answer.headers, new RegExp(`x-acs-request-id: ${body.RequestId}`))
      await connection.ended()
      assert.equal(await metric(house, 'strongroom_strangers_total{code="RequestTimeout"}'), 1)
    })

  it('that asks whether the service is ready is answered once, however late the database', async () => {
    await using house = await openTestHouse(null, [], { metrics: Metrics, limits: { ...SWEEP, bodyMs: 200 } })
    const database = Promise.withResolvers<boolean>()
    const asked = Promise.withResolvers<void>()
    house.ready = () => {
      asked.resolve()
      return database.promise
    }
    using late = await Connection.open(house.endpoint)
    using other = await Connection.open(house.endpoint)
    other.write(get('/readyz'))
    await asked.promise
    assert.equal((await late.send(get('/readyz', { headers: 'Content-Length: 5\r\n' })))?.status, 408)
    database.resolve(false)
    assert.equal((await other.answer())?.status, 503)
    await late.ended()
    assert.equal((await other.send(listKeys(house)))?.status, 200)
  })

  it('that stops at half a second request gets the first answer, then 408', async () => {
    await using house = await openTestHouse(null, [], { metrics: Metrics, limits: { ...SWEEP, headMs: 200 } })
    const { connection, answer } = await answerTo(house, Buffer.concat([listKeys(house), Buffer.from('POST / HTT')]))
    assert.equal(answer.status, 200)
    assert.equal((await connection.answer())?.status, 408)
    await connection.ended()
  })

  it('that sends on and on is closed at the end of the time for a request', async () => {
    await using house = await openTestHouse(null, [], {
      metrics: Metrics,
      limits: { ...SWEEP, headMs: 300, requestMs: 300 },
    })
    // Its body goes on coming for as long as it is open.
    const dripping = async (): Promise<number> => {
      using connection = await Connection.open(house.endpoint)
      connection.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10000\r\n\r\n')
      const drip = setInterval(() => connection.write('x'), 10)
      try {
        const answer = await connection.answer()
        await connection.ended()
        // None: the machine was so slow that the head came too late.
        return answer?.status ?? dripping()
      } finally {
        clearInterval(drip)
      }
    }
    assert.equal(await dripping(), 408)
  })

  it('that does not read its answers is closed', async () => {
    await using house = await openTestHouse(null, [], { metrics: Metrics, limits: { answerMs: 200, sweepMs: 20 } })
    using connection = await Connection.open(house.endpoint)
    connection.pause()
    // More answers than the system keeps for a client that reads none.
    const asked = Buffer.from(get(`/${'x'.repeat(1000)}`).repeat(2000))
    while (!connection.closed) {
      connection.write(asked)
      await connection.drained()
    }
    assert.equal(await metric(house, 'strongroom_disconnections_total{reason="answer was not read"}'), 1)
  })

  it('that sends many requests before it reads answers is closed, unless a call of a known caller came on it', async () => {
    await using house = await openTestHouse(null, [], { metrics: Metrics })
    const answered = async (connection: Connection, count: number) => {
      connection.write(get('/healthz').repeat(count))
      for (let answers = 0; ; answers++) if (answers === count || !(await connection.answer())) return answers
    }
    using few = await Connection.open(house.endpoint)
    assert.equal(await answered(few, MAX_UNANSWERED), MAX_UNANSWERED)
    assert.equal(await answered(few, MAX_UNANSWERED), MAX_UNANSWERED)
    using many = await Connection.open(house.endpoint)
    assert.ok((await answered(many, 500)) <= MAX_UNANSWERED)
    assert.equal(await metric(house, 'strongroom_disconnections_total{reason="answer was not read"}'), 1)
    using known = await Connection.open(house.endpoint)
    assert.equal((await known.send(listKeys(house)))?.status, 200)
    assert.equal(await answered(known, 500), 500)
  })

  it('that is at rest is closed after a while, and not before', async () => {
    await using house = await openTestHouse(null, [], { metrics: Metrics, limits: { ...SWEEP, keepAliveMs: 300 } })
    for (let second: number | undefined; second === undefined; ) {
      using connection = await Connection.open(house.endpoint)
      const first = await connection.send(listKeys(house))
      assert.match(first?.headers ?? '', /Keep-Alive: timeout=/i)
      // None: the machine was so slow that the time was over before.
      second = (await connection.send(listKeys(house)))?.status
      await connection.ended()
      assert.ok(second === undefined || second === 200)
    }
  })

  it('that is silent does not delay the stop of the server', async () => {
    const house = await openTestHouse(null)
    using connection = await Connection.open(house.endpoint)
    await house[Symbol.asyncDispose]()
    await connection.ended()
  })
})
