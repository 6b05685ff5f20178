// Bodies that are unfinished, long, or in a thousand chunks: what they may hold of memory, and whom they hinder.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Body, BodyBudget } from '../../src/gateway/body.ts'
import { MAX_BODY_BYTES, MAX_BODY_CHUNKS, SMALL_BODY_BYTES } from '../../src/gateway/limits.ts'
import { Connection, post, signedForm } from '../acceptance/raw.ts'
import { openTestHouse, type TestHouse } from '../house.ts'

const HEAD = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n'
const chunked = `${HEAD}Transfer-Encoding: chunked\r\n\r\n`
const declared = (length: number) => `${HEAD}Content-Length: ${length}\r\n\r\n`

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** All that is still in use. */
function heldBytes(): number {
  collectGarbage()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

async function listsKeys(house: TestHouse, from: string): Promise<number | undefined> {
  using connection = await Connection.open(house.endpoint, from)
  return (await connection.send(post(signedForm({ Action: 'ListKeys' }, house.credentials, { now: house.now }))))
    ?.status
}

describe('a body', () => {
  it('in one-byte chunks is refused when it comes in too many, and holds next to nothing until then', async () => {
    await using house = await openTestHouse(null)
    const pieces = Buffer.from('1\r\nx\r\n'.repeat(10_000))
    const before = heldBytes()
    const connections = []
    for (let i = 0; i < 4; i++) {
      const connection = await Connection.open(house.endpoint)
      connections.push(connection)
      connection.write(chunked)
      for (let sent = 0; sent < 20 && !connection.closed; sent++) {
        connection.write(pieces)
        await connection.drained()
      }
    }
    assert.ok(heldBytes() - before < 4_000_000, `held ${heldBytes() - before} bytes`)
    for (const connection of connections) {
      const answer = await connection.answer()
      assert.equal(answer?.status, 400)
      assert.match(answer.body, /ParseRequestParameterException.*more than 512 chunks/)
      connection.close()
    }
  })

  it('in one-byte chunks that is short is read', async () => {
    await using house = await openTestHouse(null)
    using connection = await Connection.open(house.endpoint)
    const form = signedForm({ Action: 'ListKeys' }, house.credentials, { now: house.now })
    const answer = await connection.send(`${chunked}${[...form].map((c) => `1\r\n${c}\r\n`).join('')}0\r\n\r\n`)
    assert.equal(answer?.status, 200)
  })

  it('that comes byte by byte is read, where its length was said', async () => {
    await using house = await openTestHouse(null)
    using connection = await Connection.open(house.endpoint)
    const form = signedForm({ Action: 'ListKeys', Unknown: 'x'.repeat(600) }, house.credentials, { now: house.now })
    for (const byte of post(form)) {
      connection.write(Buffer.of(byte))
      // So that each is written, and mostly read, by itself.
      await setImmediate()
    }
    assert.equal((await connection.answer())?.status, 200)
  })

  it('of the greatest length is read in any pieces; a longer one is refused', async () => {
    await using house = await openTestHouse(null)
    const text = Buffer.alloc(MAX_BODY_BYTES, '&')
    for (const size of [MAX_BODY_BYTES, 65_536, 600]) {
      using connection = await Connection.open(house.endpoint)
      connection.write(chunked)
      for (let at = 0; at < text.length; at += size) {
        const piece = text.subarray(at, at + size)
        connection.write(Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')]))
      }
      const answer = await connection.send('0\r\n\r\n')
      assert.match(answer?.body ?? '', /The form is longer than/)
    }
    using connection = await Connection.open(house.endpoint)
    const answer = await connection.send(`${chunked}${(MAX_BODY_BYTES + 1).toString(16)}\r\n${text}&\r\n`)
    assert.deepEqual([answer?.status, /RequestEntityTooLarge/.test(answer?.body ?? '')], [413, true])
  })
})

describe('heads', () => {
  const most = `GET /?a=${'x'.repeat(60_000)}`
  const end = ' HTTP/1.1\r\nHost: x\r\n\r\n'
  const unfinished: [string, string][] = [
    ['that are not complete', most],
    ['that begin behind whole requests', `GET / HTTP/1.1\r\nHost: x\r\n\r\n${post('a=1')}${most}`],
    ['whose bodies do not come', `${most} HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n`],
  ]
  for (const [title, bytes] of unfinished)
    it(`${title} share a budget, and hinder nobody but their own source`, async () => {
      const limits = { headBudgetBytes: 500_000, sweepMs: 20 }
      await using house = await openTestHouse(null, [], { limits })
      const all: Connection[] = []
      try {
        for (let i = 0; i < 20; i++) {
          const connection = await Connection.open(house.endpoint, '127.0.0.2')
          all.push(connection)
          connection.write(bytes)
        }
        using other = await Connection.open(house.endpoint, '127.0.0.3')
        other.write(most)
        // Eight fit, the other's among them.
        await Promise.all(all.slice(0, 13).map((connection) => connection.ended()))
        assert.match((await other.send(end))?.body ?? '', /MissingAccessKeyId/)
        // A head that is answered counts no more, however long its connection lasts.
        for (let i = 0; i < 20; i++) assert.match((await other.send(`${most}${end}`))?.body ?? '', /MissingAccessKeyId/)
        const newest = all.at(-1)
        assert.equal(newest?.closed, false)
      } finally {
        for (const connection of all) connection.close()
      }
    })
})

describe('the framing of chunks', () => {
  it('holds nothing once its request is answered', async () => {
    const limits = { headBudgetBytes: 100_000, sweepMs: 20 }
    await using house = await openTestHouse(null, [], { limits })
    using calling = await Connection.open(house.endpoint, '127.0.0.2')
    const request = `${chunked}${'1\r\n&\r\n'.repeat(MAX_BODY_CHUNKS)}0\r\n\r\n`
    for (let i = 0; i < 100; i++) assert.match((await calling.send(request))?.body ?? '', /MissingAccessKeyId/)
    // The next sweep ends the connection of the source that holds most: one of these.
    const heads = await Promise.all([1, 2].map(() => Connection.open(house.endpoint, '127.0.0.3')))
    try {
      for (const connection of heads) connection.write(`GET /?a=${'x'.repeat(60_000)}`)
      await Promise.race([...heads, calling].map((connection) => connection.ended()))
      assert.equal(calling.closed, false)
      assert.match((await calling.send(request))?.body ?? '', /MissingAccessKeyId/)
    } finally {
      for (const connection of heads) connection.close()
    }
  })
})

describe('unfinished bodies', () => {
  it('hinder nobody but their own source, and no small body of that source either', async () => {
    const bodyBudgetBytes = 8 * MAX_BODY_BYTES
    await using house = await openTestHouse(null, [], { limits: { bodyBudgetBytes } })
    const most = Buffer.alloc(MAX_BODY_BYTES - 1, 'x')
    const all: Connection[] = []
    try {
      for (let i = 0; i < 30; i++) {
        const connection = await Connection.open(house.endpoint, '127.0.0.2')
        all.push(connection)
        connection.write(declared(MAX_BODY_BYTES))
        connection.write(most)
      }
      // The oldest give way to the newest: eight fit.
      const refused = await Promise.all(all.slice(0, 22).map((connection) => connection.answer()))
      assert.deepEqual(new Set(refused.map((answer) => answer?.status)), new Set([503]))
      assert.match(refused[0]?.body ?? '', /"Code":"ServiceUnavailableTemporary"/)
      assert.equal(await listsKeys(house, '127.0.0.2'), 200)

      using other = await Connection.open(house.endpoint, '127.0.0.3')
      other.write(declared(MAX_BODY_BYTES))
      other.write(most)
      assert.match((await other.send('&'))?.body ?? '', /The form is longer than/)
      // Those of the source that fills the budget had to make room; what is left of them is read to its end.
      const newest = await all.at(-1)?.send('&')
      assert.match(newest?.body ?? '', /The form is longer than/)
    } finally {
      for (const connection of all) connection.close()
    }
  })

  it('give way whoever else is at work, so that a third source is read', async () => {
    const budget = new BodyBudget(1_000_000)
    for (let i = 0; i < 3; i++) {
      const { outcome, end } = feed(budget, 'worker', Buffer.alloc(170_000))
      end()
      assert.equal((await outcome).length, 170_000)
    }
    const attackers = [1, 2].map(() => feed(budget, 'attacker', Buffer.alloc(240_000)).outcome)
    const { outcome, end } = feed(budget, 'other', Buffer.alloc(50_000))
    end()
    assert.equal((await outcome).length, 50_000)
    assert.equal(await attackers[0], 'too busy')
  })

  it('count what they hold in memory, and only beyond what every body may hold', () => {
    const budget = new BodyBudget(MAX_BODY_BYTES)
    const bodies = Array.from({ length: 100 }, () => feed(budget, 'x', Buffer.alloc(SMALL_BODY_BYTES)))
    assert.deepEqual(new Set(bodies.map(({ body }) => body.capacity)), new Set([SMALL_BODY_BYTES]))
    const one = feed(budget, 'x', Buffer.alloc(SMALL_BODY_BYTES), Buffer.alloc(1))
    assert.equal(one.body.capacity, 2 * SMALL_BODY_BYTES)
    const tiny = feed(budget, 'x', ...Array.from({ length: MAX_BODY_CHUNKS }, () => Buffer.alloc(1)))
    assert.equal(tiny.body.capacity, 4096)
  })
})

/** A source's body after these pieces, whose length is not known until `end`. */
function feed(budget: BodyBudget, source: string, ...pieces: Buffer[]) {
  const listeners = new Map<string, (chunk?: Buffer) => void>()
  const request = {
    headers: { 'transfer-encoding': 'chunked' },
    on: (event: string, act: (chunk?: Buffer) => void) => listeners.set(event, act),
  }
  const body = new Body(source, budget)
  const outcome = body.read(request as never)
  for (const piece of pieces) listeners.get('data')?.(piece)
  return { body, outcome, end: () => listeners.get('end')?.() }
}
