// Accepts connections and deals them to other processes of the server, which serve them. All connections are counted here, so the limits apply to the
// whole server. The process with the fewest connections gets the next one.
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
  /** Whether it does not respond at present. */
  readonly silent: boolean
  /** Receives a connection that arrived at the address with this index. `sent` is called when the connection was sent, or could not be sent. */
  take(number: number, address: number, socket: Socket, sent: () => void): void
  /** Closes a connection to make room for another one. This request arrives after the connections that were sent before. */
  giveWay(number: number): void
}

/** How many connections the system queues until they are accepted, for bursts, and while a process of the server restarts. */
const BACKLOG = 4096

class Dealt implements Admitted {
  readonly number: number
  /** The index of the address at which it arrived. */
  readonly at: number
  readonly address: string
  readonly source: string
  known = false
  calledIn = 0
  /** Always false: the serving process waits for the end of the connection's call. */
  readonly working = false
  /** null while no process serves. */
  taker: Taker | null = null
  /** null once it was sent to the process. */
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
  /** The connections that arrived while no process serves. */
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

  /** Listens on all addresses and returns their endpoints. If it can't listen on one, rejects and listens on none. */
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

  /** Deals the connections that have arrived, and accepts no more. */
  async stop(): Promise<void> {
    await closePorts(this.#servers)
    for (const dealt of this.#waiting) this.#abandon(dealt)
    this.#waiting.clear()
  }

  /** Adds a process that serves from now on. */
  join(taker: Taker): void {
    this.#takers.set(taker, new Map())
    for (const dealt of this.#waiting) this.#deal(dealt)
    this.#waiting.clear()
  }

  /** Removes a process that has ended, with its connections. */
  leave(taker: Taker): void {
    for (const dealt of this.#takers.get(taker)?.values() ?? []) this.#abandon(dealt)
    this.#takers.delete(taker)
  }

  /** Notes the first calls of authenticated callers on these connections. */
  recognized(taker: Taker, numbers: readonly number[]): void {
    for (const dealt of this.#of(taker, numbers)) this.#admission.recognize(dealt)
    this.called(taker, numbers)
  }

  /** Notes calls of authenticated callers on these connections. */
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
    // The client may reset the connection before a process has it.
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
    // The connection stays open in the other process.
    taker.take(number, at, inHand, () => {
      dealt.inHand = null
      inHand.destroy()
    })
  }

  /** Closes a connection to make room for another one. In a burst, thousands may still wait to be sent to a process. */
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

  /** The process with the fewest connections among those that respond, or among all if none responds. */
  #freest(): readonly [Taker, Map<number, Dealt>] | readonly [] {
    const all = [...this.#takers]
    const replying = all.filter(([{ silent }]) => !silent)
    let found: readonly [Taker, Map<number, Dealt>] | readonly [] = []
    for (const entry of replying.length > 0 ? replying : all)
      if (!found[1] || entry[1].size < found[1].size) found = entry
    return found
  }
}
