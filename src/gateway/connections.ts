// The connections of all ports: how many each source has, which are closed when there are too many, and how long each may wait.
// node:http itself closes connections with a late head or a late request, and idle ones (server.ts).
import type { Socket } from 'node:net'
import { Connection } from './connection.ts'
import { type Limits, SMALL_BODY_BYTES } from './limits.ts'
import type { Disconnection, Observer } from './metrics.ts'
import { Shares } from './shares.ts'
import { isLoopback, plainAddress } from './source.ts'

export class Connections {
  /** The connections without a call of an authenticated caller. */
  readonly #strangers = new Shares<Connection>()
  readonly #known = new Shares<Connection>()
  #sweeps = 0
  readonly #limits: Limits
  readonly #observer: Observer
  readonly #now: () => number
  readonly #refuseLate: (connection: Connection) => void

  /** `refuseLate` refuses a request whose body does not come. */
  constructor(limits: Limits, observer: Observer, now: () => number, refuseLate: (connection: Connection) => void) {
    this.#limits = limits
    this.#observer = observer
    this.#now = now
    this.#refuseLate = refuseLate
  }

  /** How many connections are open. */
  get open(): number {
    return this.#strangers.total + this.#known.total
  }

  /** Admits a new socket, and closes another connection when there are too many. When none may be closed, destroys the socket and returns null. */
  admit(socket: Socket, regions: readonly string[]): Connection | null {
    const address = plainAddress(socket.remoteAddress ?? '')
    const connection = new Connection(socket, address, regions, this.#now())
    if (address === '' || !this.#hasRoom(connection)) {
      socket.destroy()
      if (address !== '') this.#observer.disconnected('too many connections', address)
      return null
    }
    this.#strangers.take(connection, 1)
    socket.once('close', () => this.#drop(connection))
    return connection
  }

  /** Notes that a call of an authenticated caller came on the connection. */
  recognize(connection: Connection): void {
    connection.calledIn = this.#sweeps
    if (connection.known) return
    connection.known = true
    // A connection that has closed does not count any more.
    if (this.#strangers.drop(connection, 1)) this.#known.take(connection, 1)
  }

  #hasRoom({ source, address }: Connection): boolean {
    const { maxConnections, maxConnectionsPerSource } = this.#limits
    const own = this.#strangers.of(source) + this.#known.of(source)
    if (own >= maxConnectionsPerSource && !isLoopback(address))
      return this.#makeRoom(source, this.#known.holders(source))
    return this.open < maxConnections || this.#makeRoom(this.#strangers.heaviest(), this.#known)
  }

  /** Ends the oldest of a source's strangers; where there is none, one of these known callers' connections, which must be at rest. */
  #makeRoom(source: string | null, known: Iterable<Connection>): boolean {
    const [oldest] = source === null ? [] : this.#strangers.holders(source)
    const leaving = oldest ?? this.#atRest(known)
    if (leaving) this.#end(leaving, 'gave way to another')
    return leaving !== null
  }

  /** Returns the connection of the heaviest source that has had no call for longest. */
  #atRest(known: Iterable<Connection>): Connection | null {
    let found: Connection | null = null
    let most = 0
    for (const connection of known) {
      if (connection.working) continue
      const held = this.#known.of(connection.source)
      if (found && (held < most || (held === most && connection.calledIn >= found.calledIn))) continue
      found = connection
      most = held
    }
    return found
  }

  #drop(connection: Connection): void {
    const shares = connection.known ? this.#known : this.#strangers
    shares.drop(connection, 1)
  }

  #end(connection: Connection, why: Disconnection): void {
    this.#drop(connection)
    connection.destroy()
    this.#observer.disconnected(why, connection.address)
  }

  /** Notes that the connection's last answer was handed to its socket. */
  close(connection: Connection): void {
    connection.closing = true
    connection.seen = { response: null, reading: false, mark: 0, since: this.#now() }
  }

  /** Closes a connection that sent nothing HTTP can answer. */
  endSilent(connection: Connection): void {
    this.#end(connection, connection.http ? 'no request came' : 'no TLS handshake')
  }

  /** Closes a connection whose client does not receive its answers. */
  endUnread(connection: Connection): void {
    this.#end(connection, 'answer was not read')
  }

  /** Closes connections that have waited too long. Called every `sweepMs`. */
  sweep(): void {
    const now = this.#now()
    const heads = new Shares<Connection>()
    this.#sweeps++
    for (const connection of this.#all()) {
      this.#look(connection, now)
      const bytes = connection.headBytes
      // An unauthenticated request can take long: the database looks its AccessKey up.
      const spared = connection.known && connection.working
      if (bytes > SMALL_BODY_BYTES && !spared) heads.take(connection, bytes)
    }
    this.#bound(heads)
  }

  *#all(): Iterable<Connection> {
    yield* this.#strangers
    yield* this.#known
  }

  /** Closes the oldest connections of the source that holds most, until all heads together fit the budget. */
  #bound(heads: Shares<Connection>): void {
    while (heads.total > this.#limits.headBudgetBytes) {
      const source = heads.heaviest()
      const [oldest] = source === null ? [] : heads.holders(source)
      if (!oldest) return
      heads.drop(oldest, oldest.headBytes)
      this.#end(oldest, 'gave way to another')
    }
  }

  #look(connection: Connection, now: number): void {
    const { response, closing, seen } = connection
    if (closing) {
      if (seen && now - seen.since >= this.#limits.lingerMs) connection.destroy()
      return
    }
    if (!connection.http && now - connection.openedAt >= this.#limits.headMs) this.endSilent(connection)
    if (!response) return
    if (response.writableFinished) {
      connection.response = null
      connection.seen = null
      return
    }
    if (connection.working) return
    const reading = !response.req.complete
    const mark = reading ? connection.socket.bytesRead : (connection.http?.bytesWritten ?? 0)
    if (seen?.response !== response || seen.reading !== reading || seen.mark !== mark) {
      connection.seen = { response, reading, mark, since: now }
      return
    }
    const waited = now - seen.since
    if (reading && waited >= this.#limits.bodyMs) this.#refuseLate(connection)
    if (!reading && waited >= this.#limits.answerMs) this.endUnread(connection)
  }

  /** Closes the connections that never sent a byte. */
  closeSilent(): void {
    for (const connection of this.#all()) if (connection.socket.bytesRead === 0) connection.destroy()
  }

  closeAll(): void {
    for (const connection of this.#all()) connection.destroy()
  }
}
