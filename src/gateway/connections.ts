// The connections of all ports: their number for each source, which are closed when there are too many, and how long each may wait. node:http itself
// closes idle connections and those with a late head or a late request (edge.ts).
import type { Socket } from 'node:net'
import { Admission } from './admission.ts'
import { Connection } from './connection.ts'
import { type Limits, SMALL_BODY_BYTES } from './limits.ts'
import type { Disconnection, Observer } from './observer.ts'
import { Shares } from './shares.ts'
import { plainAddress } from './source.ts'

/** Receives reports about connections that this process serves and another process accepts and counts. */
export interface Watcher {
  /** A call of an authenticated caller came on it for the first time. */
  recognized(connection: Connection): void
  closed(connection: Connection): void
  /** Calls of authenticated callers came on these since the last sweep. */
  called(connections: readonly Connection[]): void
}

export class Connections {
  readonly #admission: Admission<Connection>
  #sweeps = 0
  readonly #limits: Limits
  readonly #observer: Observer
  readonly #now: () => number
  readonly #refuseLate: (connection: Connection) => void
  readonly #watcher: Watcher | null

  /** `refuseLate` refuses a request whose body does not arrive in time. */
  constructor(
    limits: Limits,
    observer: Observer,
    now: () => number,
    refuseLate: (connection: Connection) => void,
    watcher: Watcher | null = null,
  ) {
    this.#limits = limits
    this.#observer = observer
    this.#now = now
    this.#refuseLate = refuseLate
    this.#watcher = watcher
    this.#admission = new Admission(limits, (leaving) => this.#end(leaving, 'gave way to another'))
  }

  /** How many connections are open. */
  get open(): number {
    return this.#admission.open
  }

  /** Admits a new socket, and closes another connection when there are too many. If none may be closed, destroys the socket and returns null. */
  admit(socket: Socket, regions: readonly string[]): Connection | null {
    const address = plainAddress(socket.remoteAddress ?? '')
    const connection = new Connection(socket, address, regions, this.#now())
    if (address === '' || !this.#admission.admit(connection)) {
      socket.destroy()
      if (address !== '') this.#observer.disconnected('too many connections', address)
      return null
    }
    socket.once('close', () => {
      this.#admission.drop(connection)
      this.#watcher?.closed(connection)
    })
    return connection
  }

  /** Notes that a call of an authenticated caller came on the connection. */
  recognize(connection: Connection): void {
    connection.calledIn = this.#sweeps
    if (connection.known) return
    this.#admission.recognize(connection)
    this.#watcher?.recognized(connection)
  }

  /** Closes a connection to make room for another one. With an authenticated caller's call in progress, waits for its answer. */
  giveWay(connection: Connection): void {
    const end = () => this.#end(connection, 'gave way to another')
    if (connection.known && connection.working) connection.response?.once('finish', end)
    else end()
  }

  #end(connection: Connection, why: Disconnection): void {
    this.#admission.drop(connection)
    connection.destroy()
    this.#observer.disconnected(why, connection.address)
  }

  /** Notes that the connection's last answer was passed to its socket. */
  close(connection: Connection): void {
    connection.closing = true
    connection.seen = { response: null, reading: false, mark: 0, since: this.#now() }
  }

  /** Closes a connection that sent nothing that HTTP can answer. */
  endSilent(connection: Connection): void {
    this.#end(connection, connection.http ? 'no request came' : 'no TLS handshake')
  }

  /** Closes a connection whose client does not receive its answers, or sends too many requests before it does. */
  endUnread(connection: Connection): void {
    this.#end(connection, 'answer was not read')
  }

  /** Closes connections that have waited too long. Called every `sweepMs`. */
  sweep(): void {
    const now = this.#now()
    const heads = new Shares<Connection>()
    if (this.#watcher)
      this.#watcher.called([...this.#admission].filter(({ known, calledIn }) => known && calledIn === this.#sweeps))
    this.#sweeps++
    for (const connection of this.#admission) {
      this.#look(connection, now)
      const bytes = connection.headBytes
      // Only authenticated connections are spared: an unauthenticated request can take long, because the database looks up its AccessKey.
      const spared = connection.known && connection.working
      if (bytes > SMALL_BODY_BYTES && !spared) heads.take(connection, bytes)
    }
    this.#bound(heads)
  }

  /** Closes the oldest connections of the heaviest source until all heads together fit the budget. */
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

  /** Lets each answer that is not yet sent announce that the connection closes after it. */
  closeAfterAnswers(): void {
    for (const { response } of this.#admission)
      if (response && !response.headersSent) response.setHeader('connection', 'close')
  }

  /** Closes the connections that never sent a byte. */
  closeSilent(): void {
    for (const connection of this.#admission) if (connection.socket.bytesRead === 0) connection.destroy()
  }

  closeAll(): void {
    for (const connection of this.#admission) connection.destroy()
  }
}
