// All connections, of all ports: how many each source has, who gives way when there are too many, and what a connection may wait for.
// node:http itself ends what is late with a head, late with a whole request, or idle (server.ts).
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { type Limits, SMALL_BODY_BYTES } from './limits.ts'
import type { Disconnection, Observer } from './metrics.ts'
import { type Holder, Shares } from './shares.ts'
import { isLoopback, plainAddress, sourceOf } from './source.ts'

export class Connection implements Holder {
  /** The TCP connection. */
  readonly socket: Socket
  readonly openedAt: number
  /** What HTTP is spoken on; null before a TLS handshake is done. */
  http: Socket | null = null
  readonly address: string
  readonly source: string
  /** The regions that are served, the port's own first. */
  readonly regions: readonly string[]
  /** The answer to the last request, as long as the client has not taken it. */
  response: ServerResponse | null = null
  /** Whether a whole request has come since that was looked at. */
  spoke = false
  /** The last answer is on its way, and nothing more is read. */
  closing = false
  /** How many bytes had come when its last answer was seen to be taken: what came since is a head that is not complete. */
  readBefore = 0
  /** What was seen when the connection was last looked at, and since when it is the same. */
  seen: { response: ServerResponse | null; reading: boolean; mark: number; since: number } | null = null

  constructor(socket: Socket, address: string, regions: readonly string[], now: number) {
    this.socket = socket
    this.openedAt = now
    this.address = address
    this.source = sourceOf(address)
    this.regions = regions
  }

  /** Whether a whole request has come and is not answered yet. */
  get working(): boolean {
    return this.response?.req.complete === true && !this.response.writableEnded
  }

  /** How many bytes of a head came that is not complete yet. */
  get headBytes(): number {
    return this.response || this.closing ? 0 : this.socket.bytesRead - this.readBefore
  }

  destroy(): void {
    this.http?.destroy()
    this.socket.destroy()
  }
}

/** How many connections of a source are looked at to find one that may give way. */
const LOOKS = 64

export class Connections {
  readonly #all = new Shares<Connection>()
  readonly #limits: Limits
  readonly #observer: Observer
  readonly #now: () => number
  readonly #refuseLate: (connection: Connection) => void

  /** `refuseLate` answers a request whose body does not come. */
  constructor(limits: Limits, observer: Observer, now: () => number, refuseLate: (connection: Connection) => void) {
    this.#limits = limits
    this.#observer = observer
    this.#now = now
    this.#refuseLate = refuseLate
  }

  /** How many there are. */
  get open(): number {
    return this.#all.total
  }

  /** Takes a new socket in, at the cost of another when there are too many; destroys it when none can give way, and returns null. */
  admit(socket: Socket, regions: readonly string[]): Connection | null {
    const address = plainAddress(socket.remoteAddress ?? '')
    const connection = new Connection(socket, address, regions, this.#now())
    if (address === '' || !this.#hasRoom(connection)) {
      socket.destroy()
      if (address !== '') this.#observer.disconnected('too many connections', address)
      return null
    }
    this.#all.take(connection, 1)
    socket.once('close', () => this.#all.drop(connection, 1))
    return connection
  }

  #hasRoom({ source, address }: Connection): boolean {
    const { maxConnections, maxConnectionsPerSource } = this.#limits
    const own = this.#all.of(source)
    if (own >= maxConnectionsPerSource && !isLoopback(address)) return this.#makeRoom(source, false)
    if (this.#all.total < maxConnections) return true
    const heaviest = this.#all.heaviest()
    // Who has many connections may use them all without end: that keeps out nobody who has fewer.
    return heaviest !== null && this.#makeRoom(heaviest, this.#all.of(heaviest) > own + 1)
  }

  /** Ends the connection of the source that has been without a request for longest; one that is in use only where it `must`. */
  #makeRoom(source: string, must: boolean): boolean {
    let looks = Math.min(LOOKS, this.#all.of(source))
    let idle: Connection | null = null
    for (const connection of this.#all.holders(source)) {
      if (looks-- === 0) break
      if (!connection.working) {
        if (!connection.spoke) return this.#giveWay(connection)
        idle ??= connection
      }
      // Who spoke since the last look counts as new.
      connection.spoke = false
      this.#all.renew(connection)
    }
    if (must && idle) return this.#giveWay(idle)
    this.#all.pass(source)
    return false
  }

  #giveWay(connection: Connection): true {
    this.#end(connection, 'gave way to another')
    return true
  }

  #end(connection: Connection, why: Disconnection): void {
    this.#all.drop(connection, 1)
    connection.destroy()
    this.#observer.disconnected(why, connection.address)
  }

  /** The connection's last answer was handed to its socket. */
  close(connection: Connection): void {
    connection.closing = true
    connection.seen = { response: null, reading: false, mark: 0, since: this.#now() }
  }

  /** A connection on which nothing came that HTTP could answer. */
  endSilent(connection: Connection): void {
    this.#end(connection, connection.http ? 'no request came' : 'no TLS handshake')
  }

  /** A connection whose client does not take its answers. */
  endUnread(connection: Connection): void {
    this.#end(connection, 'answer was not read')
  }

  /** Ends what has waited for too long; called every `sweepMs`. */
  sweep(): void {
    const now = this.#now()
    const heads = new Shares<Connection>()
    for (const connection of this.#all) {
      this.#look(connection, now)
      const bytes = connection.headBytes
      if (bytes > SMALL_BODY_BYTES) heads.take(connection, bytes)
    }
    this.#bound(heads)
  }

  /** Ends the oldest of the source that holds most, until all heads together are short enough. */
  #bound(heads: Shares<Connection>): void {
    while (heads.total > this.#limits.headBudgetBytes) {
      const source = heads.heaviest()
      const [oldest] = source === null ? [] : heads.holders(source)
      if (!oldest) return
      heads.drop(oldest, oldest.headBytes)
      this.#giveWay(oldest)
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
      connection.readBefore = connection.socket.bytesRead
      return
    }
    if (connection.working) return
    const reading = !response.req.complete
    const mark = reading ? connection.socket.bytesRead : (connection.http?.writableLength ?? 0)
    if (seen?.response !== response || seen.reading !== reading || seen.mark !== mark) {
      connection.seen = { response, reading, mark, since: now }
      return
    }
    const waited = now - seen.since
    if (reading && waited >= this.#limits.bodyMs) this.#refuseLate(connection)
    if (!reading && waited >= this.#limits.answerMs) this.endUnread(connection)
  }

  /** Ends the connections that never sent a byte. */
  closeSilent(): void {
    for (const connection of this.#all) if (connection.socket.bytesRead === 0) connection.destroy()
  }

  closeAll(): void {
    for (const connection of this.#all) connection.destroy()
  }
}
