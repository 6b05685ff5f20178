// Dealing connections out to processes that are slow to take them, over real sockets.
import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import { afterEach, describe, it } from 'node:test'
import { Dealer, type Taker } from '../../src/gateway/dealing.ts'
import { until } from '../until.ts'

/** A process that takes its connections when the test says so. */
class SlowTaker implements Taker {
  silent = false
  readonly queue: { readonly number: number; readonly socket: Socket; readonly sent: () => void }[] = []
  readonly gaveWay: number[] = []

  take(number: number, _: number, socket: Socket, sent: () => void): void {
    this.queue.push({ number, socket, sent })
  }

  giveWay(number: number): void {
    this.gaveWay.push(number)
  }
}

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

async function dealing(maxConnections: number, takers: readonly Taker[]) {
  const reasons: string[] = []
  const limits = { maxConnections, maxConnectionsPerSource: 1000 }
  const dealer = new Dealer(limits, { disconnected: (why) => void reasons.push(why) })
  const [endpoint = ''] = await dealer.listen([{ host: '127.0.0.1', port: 0, region: null }], false)
  for (const taker of takers) dealer.join(taker)
  ends.push(() => dealer.stop())
  const open = (localAddress = '127.0.0.1') => {
    const client = connect({ port: Number(new URL(endpoint).port), host: '127.0.0.1', localAddress })
    client.on('error', () => {})
    ends.push(() => client.destroy())
    return client
  }
  return { dealer, reasons, open }
}

describe('the dealer', () => {
  it('ends a connection that gives way before a process has it', async () => {
    const taker = new SlowTaker()
    const { dealer, reasons, open } = await dealing(3, [taker])
    const clients = Array.from({ length: 8 }, () => open())
    await until(() => taker.queue.length === 8)
    await until(() => clients.filter(({ closed }) => closed).length === 5)
    assert.equal(dealer.open, 3)
    assert.deepEqual(reasons, Array(5).fill('gave way to another'))
    assert.deepEqual(taker.gaveWay, [], 'the process has none of them')
    for (const { sent } of taker.queue) sent()
    open()
    await until(() => taker.queue.length === 9)
    assert.deepEqual(taker.gaveWay, [taker.queue[5]?.number])
    for (const { sent } of taker.queue) sent()
  })

  it('ends the connections that a process has not taken when it ends', async () => {
    const taker = new SlowTaker()
    const { dealer, open } = await dealing(10, [taker])
    const client = open()
    await until(() => taker.queue.length === 1)
    dealer.leave(taker)
    await until(() => client.closed)
    assert.equal(dealer.open, 0)
  })

  it('has the source that holds most give way while no process serves, too', async () => {
    const { dealer, open } = await dealing(10, [])
    const honest = open()
    await until(() => dealer.open === 1)
    const flood = Array.from({ length: 30 }, () => open('127.0.0.9'))
    await until(() => flood.filter(({ closed }) => closed).length === 21)
    assert.equal(honest.closed, false)
    const taker = new SlowTaker()
    dealer.join(taker)
    assert.equal(taker.queue.length, 10)
    assert.equal(taker.queue[0]?.socket.remoteAddress, '127.0.0.1')
    for (const { sent } of taker.queue) sent()
  })

  it('ends the connections that wait when it stops', async () => {
    const { dealer, open } = await dealing(10, [])
    const client = open()
    await until(() => dealer.open === 1)
    await dealer.stop()
    await until(() => client.closed)
    assert.equal(dealer.open, 0)
  })

  it('deals to processes that reply, where any does', async () => {
    const takers = [new SlowTaker(), new SlowTaker()] as const
    const { open } = await dealing(10, takers)
    const [one, other] = takers
    one.silent = true
    for (let i = 0; i < 3; i++) open()
    await until(() => other.queue.length === 3)
    other.silent = true
    open()
    await until(() => one.queue.length === 1)
    for (const { queue } of takers) for (const { sent } of queue) sent()
  })
})
