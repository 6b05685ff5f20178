// Serves connections that another process of the server accepts and counts: see dealing.ts.
import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Runtime } from '../runtime/runtime.ts'
import type { Address } from '../settings/listen.ts'
import type { Connection } from './connection.ts'
import { Edge } from './edge.ts'
import type { House } from './house.ts'
import type { Limits } from './limits.ts'
import { closePorts } from './server.ts'
import type { ServerCertificate } from './server-certificate.ts'

/** Receives reports about connections, in the accepting process. Each connection keeps the number that it came with. */
interface Acceptor {
  recognized(numbers: readonly number[]): void
  closed(numbers: readonly number[]): void
  called(numbers: readonly number[]): void
}

export class Adopting {
  readonly #edge: Edge
  /** One server for each address, in the same order. None of them listens. */
  readonly #servers: readonly Server[]
  readonly #isSecure: boolean
  readonly #acceptor: Acceptor
  readonly #runtime: Runtime
  readonly #connections = new Map<number, Connection>()
  readonly #numbers = new WeakMap<Connection, number>()
  #recognized: number[] = []
  #closed: number[] = []

  constructor(
    house: House,
    addresses: readonly Address[],
    certificate: ServerCertificate | null,
    limits: Limits,
    acceptor: Acceptor,
  ) {
    this.#isSecure = certificate !== null
    this.#acceptor = acceptor
    this.#runtime = house.runtime
    this.#edge = new Edge(house, limits, {
      recognized: (connection) => this.#report(this.#recognized, connection),
      closed: (connection) => this.#forget(connection),
      called: (connections) => {
        const numbers = connections.flatMap((connection) => this.#numbers.get(connection) ?? [])
        if (numbers.length > 0) acceptor.called(numbers)
      },
    })
    this.#servers = addresses.map(({ region }) => {
      const server = this.#edge.server(region, certificate)
      // node:http enforces its time limits on connections only after this event.
      server.emit('listening')
      return server
    })
  }

  /** Serves a connection that came at an address. */
  take(number: number, address: number, socket: Socket): void {
    // As node:http and node:https set it. A client that ends the connection below TLS reads nothing more.
    socket.allowHalfOpen = !this.#isSecure
    const server = this.#servers[address]
    const connection = server ? this.#edge.adopt(server, socket) : null
    if (connection) {
      this.#connections.set(number, connection)
      this.#numbers.set(connection, number)
    } else this.#note(this.#closed, number)
  }

  /** Closes a connection to make room for another one, after its call is answered. */
  giveWay(number: number): void {
    const connection = this.#connections.get(number)
    if (connection) this.#edge.connections.giveWay(connection)
    // The connection has closed meanwhile, or never arrived.
    else this.#note(this.#closed, number)
  }

  /** Finishes the calls in progress and closes all connections, after `deadlineMs` at the latest. */
  async stop(deadlineMs: number): Promise<void> {
    await closePorts(this.#servers)
    await this.#edge.drain(this.#servers, this.#emptied(), deadlineMs)
  }

  async #emptied(): Promise<void> {
    while (this.#edge.connections.open > 0) await this.#runtime.pause(10)
  }

  #forget(connection: Connection): void {
    this.#report(this.#closed, connection)
    this.#connections.delete(this.#numbers.get(connection) ?? -1)
  }

  #report(list: number[], connection: Connection): void {
    const number = this.#numbers.get(connection)
    if (number !== undefined) this.#note(list, number)
  }

  /** Collects the numbers of one turn of the event loop, which are reported together. */
  #note(list: number[], number: number): void {
    if (this.#recognized.length + this.#closed.length === 0) this.#runtime.soon(() => this.#tell())
    list.push(number)
  }

  #tell(): void {
    const [recognized, closed] = [this.#recognized, this.#closed]
    this.#recognized = []
    this.#closed = []
    if (recognized.length > 0) this.#acceptor.recognized(recognized)
    if (closed.length > 0) this.#acceptor.closed(closed)
  }
}
