// Accepting connections for other processes of the server, which serve them. All are counted here, so that the limits are the server's; the
// process with the fewest connections gets the next one.
import { createServer, type Server, type Socket } from 'node:net'
import type { Address } from '../settings/listen.ts'
import { Admission, type Admitted } from './admission.ts'
import type { Limits } from './limits.ts'
import type { Observer } from './observer.ts'
import { endpointOf, listening } from './ports.ts'
import { closePorts } from './server.ts'
import { plainAddress, sourceOf } from './source.ts'

/** A process that serves connections. */
export interface Taker {
  /** Whether it does not reply at the moment. */
  readonly silent: boolean
  /** Gets a connection that came at the address with this index; `sent` hears that it is on its way, or can't be. */
  take(number: number, address: number, socket: Socket, sent: () => void): void
  /** Ends a connection for another one; behind the connections that it was sent. */
  giveWay(number: number): void
}

/** Connections that the system keeps until they are accepted: while a process of the server dies and starts, and in a rush. */
const BACKLOG = 4096

class Dealt implements Admitted {
  readonly number: number
  /** The index of the address that it came at. */
  readonly at: number
  readonly address: string
  readonly source: string
  known = false
  calledIn = 0
  /** The process that serves it lets it end its call. */
  readonly working = false
  /** null while no process serves. */
  taker: Taker | null = null
  /** null once it is on its way to the process. */
  inHand: Socket | null

  constructor(number: number, at: number, address: string, socket: Socket) {
    this.number = number
    this.at = at
    this.address = address
    this.inHand = socket
    this.source = sourceOf(address)
  }
}

export class Dealer {
  readonly #observer: Pick<Observer, 'disconnected'>
  readonly #admission: Admission<Dealt>
  readonly #servers: Server[] = []
  /** The processes, each with its connections. */
  readonly #takers = new Map<Taker, Map<number, Dealt>>()
  /** Those that came while no process serves. */
  readonly #waiting = new Set<Dealt>()
  #number = 0
  #calls = 0

  constructor(
    limits: Pick<Limits, 'maxConnections' | 'maxConnectionsPerSource'>,
    observer: Pick<Observer, 'disconnected'>,
  ) {
    this.#observer = observer
    this.#admission = new Admission(limits, (leaving) => this.#end(leaving))
  }

  /** How many connections are open. */
  get open(): number {
    return this.#admission.open
  }

  /** Accepts at all addresses, of which it returns the endpoints. Rejects when it can't listen at one, and listens at none then. */
  async listen(addresses: readonly Address[], secure: boolean): Promise<readonly string[]> {
    try {
      for (const [index, { host, port }] of addresses.entries()) {
        const server = createServer({ pauseOnConnect: true, noDelay: true, allowHalfOpen: true })
        server.on('connection', (socket) => this.#accept(index, socket))
        await listening(server, host, port, BACKLOG)
        this.#servers.push(server)
      }
    } catch (error) {
      await this.stop()
      throw error
    }
    return this.#servers.map((server, index) => endpointOf(server, addresses[index]?.host ?? '', secure))
  }

  /** Accepts and deals what has come, and nothing more. */
  async stop(): Promise<void> {
    await closePorts(this.#servers)
    for (const dealt of this.#waiting) this.#abandon(dealt)
    this.#waiting.clear()
  }

  /** A process serves from now on. */
  join(taker: Taker): void {
    this.#takers.set(taker, new Map())
    for (const dealt of this.#waiting) this.#deal(dealt)
    this.#waiting.clear()
  }

  /** A process, and its connections with it, has ended. */
  leave(taker: Taker): void {
    for (const dealt of this.#takers.get(taker)?.values() ?? []) this.#abandon(dealt)
    this.#takers.delete(taker)
  }

  /** Calls of authenticated callers came for the first time on these connections. */
  recognized(taker: Taker, numbers: readonly number[]): void {
    for (const dealt of this.#of(taker, numbers)) this.#admission.recognize(dealt)
    this.called(taker, numbers)
  }

  /** Calls of authenticated callers came on these connections. */
  called(taker: Taker, numbers: readonly number[]): void {
    this.#calls++
    for (const dealt of this.#of(taker, numbers)) dealt.calledIn = this.#calls
  }

  closed(taker: Taker, numbers: readonly number[]): void {
    for (const dealt of this.#of(taker, numbers)) this.#admission.drop(dealt)
    for (const number of numbers) this.#takers.get(taker)?.delete(number)
  }

  #of(taker: Taker, numbers: readonly number[]): readonly Dealt[] {
    const own = this.#takers.get(taker)
    return numbers.flatMap((number) => own?.get(number) ?? [])
  }

  #accept(index: number, socket: Socket): void {
    // The other end may reset it before a process has it.
    socket.on('error', () => {})
    const address = plainAddress(socket.remoteAddress ?? '')
    const dealt = new Dealt(++this.#number, index, address, socket)
    if (address !== '' && this.#admission.admit(dealt)) return void this.#deal(dealt)
    socket.destroy()
    if (address !== '') this.#observer.disconnected('too many connections', address)
  }

  #deal(dealt: Dealt): void {
    const [taker, own] = this.#freest()
    const { number, at, inHand } = dealt
    if (!taker || !own || !inHand) return void this.#waiting.add(dealt)
    dealt.taker = taker
    own.set(number, dealt)
    // The system keeps it open for the other process.
    taker.take(number, at, inHand, () => {
      dealt.inHand = null
      inHand.destroy()
    })
  }

  /** Ends a connection for another one. In a rush, thousands may wait for their way to a process. */
  #end(leaving: Dealt): void {
    const { number, taker, address, inHand } = leaving
    if (!inHand) return void taker?.giveWay(number)
    inHand.destroy()
    this.#waiting.delete(leaving)
    if (taker) this.#takers.get(taker)?.delete(number)
    this.#observer.disconnected('gave way to another', address)
  }

  #abandon(dealt: Dealt): void {
    this.#admission.drop(dealt)
    dealt.inHand?.destroy()
  }

  /** The process with the fewest connections, of those that reply where any does. */
  #freest(): readonly [Taker, Map<number, Dealt>] | readonly [] {
    const all = [...this.#takers]
    const replying = all.filter(([{ silent }]) => !silent)
    let found: readonly [Taker, Map<number, Dealt>] | readonly [] = []
    for (const entry of replying.length > 0 ? replying : all)
      if (!found[1] || entry[1].size < found[1].size) found = entry
    return found
  }
}
