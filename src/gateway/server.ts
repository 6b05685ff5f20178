// Serving calls: the options of node:http, what all ports share, and a graceful stop.
import { once } from 'node:events'
import { createServer as createHttp, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createHttps } from 'node:https'
import type { Server as PlainServer, Socket } from 'node:net'
import { type Refusal, refuse } from '../api/errors.ts'
import type { Address } from '../settings/listen.ts'
import { BodyBudget } from './body.ts'
import type { Connection } from './connection.ts'
import { Connections, type Watcher } from './connections.ts'
import { Documentation } from './documentation.ts'
import { refuseExpectation, refuseUnfinished, type Serving, serve, serveExpecting, writeRefusal } from './exchange.ts'
import type { House } from './house.ts'
import { DEFAULT_LIMITS, type Limits, MAX_HEADER_BYTES } from './limits.ts'
import { endpointOf, listening } from './ports.ts'
import { MAX_QUERY_BYTES } from './request.ts'

export interface Listening {
  /** The endpoints, such as http://127.0.0.1:7700, in the order of the addresses. */
  readonly endpoints: readonly string[]
  /** How many connections are open. */
  connections(): number
  /** Takes no new calls, finishes those in progress, and closes all connections, after `deadlineMs` at the latest. */
  stop(deadlineMs: number): Promise<void>
}

/** Certificate chain and private key, PEM. */
export interface Tls {
  readonly cert: string
  readonly key: string
}

/** Serves the house on all addresses, which share the limits. Rejects when it can't listen on one of them, and listens on none then. */
export async function listen(
  house: House,
  addresses: readonly Address[],
  tls: Tls | null,
  overrides: Partial<Limits> = {},
): Promise<Listening> {
  const limits = { ...DEFAULT_LIMITS, ...overrides }
  const edge = new Edge(house, limits)
  const servers: Server[] = []
  try {
    for (const { host, port, region } of addresses) {
      const server = edge.server(region, tls)
      await listening(server, host, port)
      servers.push(server)
    }
  } catch (error) {
    for (const server of servers) server.close()
    edge.end()
    throw error
  }
  return {
    endpoints: servers.map((server, i) => endpointOf(server, addresses[i]?.host ?? '', tls !== null)),
    connections: () => edge.connections.open,
    stop: async (deadlineMs) => {
      const closed = Promise.all(servers.map((server) => once(server, 'close')))
      await closePorts(servers)
      await edge.drain(servers, closed, deadlineMs)
    },
  }
}

/** The most connections that are accepted after the signal to stop. */
const LAST_CONNECTIONS = 4096

/**
 * Accepts the connections that wait in the system's queue, and closes the ports: the system would reset what it has not handed over, though
 * a client may have sent a call on it.
 */
export async function closePorts(servers: readonly PlainServer[]): Promise<void> {
  let accepted = 0
  const count = () => void accepted++
  for (const server of servers) server.on('connection', count)
  // What came with a connection is read in the turn of the event loop after the one that accepts it.
  for (let [quiet, before] = [0, 0]; quiet < 2 && accepted < LAST_CONNECTIONS; before = accepted) {
    await new Promise((resolve) => setImmediate(resolve))
    quiet = accepted === before ? quiet + 1 : 0
  }
  for (const server of servers) server.off('connection', count).close()
}

/** The part that all ports share. */
export class Edge {
  readonly connections: Connections
  readonly #sweep: NodeJS.Timeout
  /** The connection that was admitted last. */
  #admitted: Connection | null = null
  readonly #serving: Serving
  readonly #known = new WeakMap<Socket, Connection>()
  /** Connections in their TLS handshake, by their addresses and ports. */
  readonly #shaking = new Map<string, Connection>()

  /** `watcher` hears of the connections where another process accepts them. */
  constructor(house: House, limits: Limits, watcher: Watcher | null = null) {
    this.connections = new Connections(
      limits,
      house.observer,
      () => performance.now(),
      (connection) => this.#refuseWithin(connection, refuse('RequestTimeout')),
      watcher,
    )
    this.#sweep = setInterval(() => this.connections.sweep(), limits.sweepMs)
    this.#serving = {
      house,
      limits,
      connections: this.connections,
      bodies: new BodyBudget(limits.bodyBudgetBytes),
      documentation: new Documentation(),
    }
  }

  /** Returns a server that does not listen yet. */
  server(region: string | null, tls: Tls | null): Server {
    const { house, limits } = this.#serving
    const regions = [...new Set([...(region === null ? [] : [region]), ...house.settings.regions])]
    const options = {
      // Node counts the request line as header; the limit of the headers themselves is checked later.
      maxHeaderSize: MAX_HEADER_BYTES + MAX_QUERY_BYTES + 1024,
      headersTimeout: limits.headMs,
      requestTimeout: limits.requestMs,
      connectionsCheckingInterval: limits.sweepMs,
      keepAliveTimeout: limits.keepAliveMs,
      optimizeEmptyRequests: true,
      // A missing Host is refused in the API's own form.
      requireHostHeader: false,
      noDelay: true,
    }
    const server: Server = tls ? createHttps({ ...options, ...tls, minVersion: 'TLSv1.2' }) : createHttp(options)
    if (tls) this.#admitTls(server, regions)
    else
      server.on('connection', (socket) => {
        const connection = this.#admit(socket, regions)
        if (connection) this.#know(socket, connection)
      })
    const on = (event: string, act: typeof serve | typeof refuseExpectation) =>
      server.on(event, (request: IncomingMessage, response: ServerResponse) => {
        const connection = this.#known.get(request.socket)
        if (connection) void act(request, response, connection, this.#serving)
      })
    on('request', serve)
    on('checkContinue', serveExpecting)
    on('checkExpectation', refuseExpectation)
    server.on('connect', (_, socket: Socket) => this.#refuse(socket, refuse('UnsupportedHTTPMethod')))
    server.on('clientError', (error: NodeJS.ErrnoException, socket) => this.#heedError(error, socket as Socket))
    return server
  }

  /** Serves a socket that another process accepted as one that came to this server; null where it has no room or is closed. */
  adopt(server: Server, socket: Socket): Connection | null {
    const before = this.#admitted
    server.emit('connection', socket)
    return this.#admitted === before ? null : this.#admitted
  }

  /** Ends what the edge repeats. */
  end(): void {
    clearInterval(this.#sweep)
  }

  /** Closes the connections at rest until `closed` resolves, and all that are left after `deadlineMs`. */
  async drain(servers: readonly Server[], closed: Promise<unknown>, deadlineMs: number): Promise<void> {
    // Clients close connections after their last answer; idle ones are closed here.
    const closeIdle = () => {
      for (const server of servers) server.closeIdleConnections()
      this.connections.closeSilent()
    }
    // Calls that have arrived are read first.
    const idle = setInterval(() => setImmediate(closeIdle), 50)
    const late = setTimeout(() => this.connections.closeAll(), deadlineMs)
    await closed
    for (const timer of [idle, late]) clearInterval(timer)
    this.end()
  }

  #admit(socket: Socket, regions: readonly string[]): Connection | null {
    const connection = this.connections.admit(socket, regions)
    this.#admitted = connection ?? this.#admitted
    return connection
  }

  #know(http: Socket, connection: Connection): void {
    connection.http = http
    this.#known.set(http, connection)
  }

  /** With TLS, HTTP uses another socket than the one that was admitted; both have the same addresses and ports. */
  #admitTls(server: Server, regions: readonly string[]): void {
    server.on('connection', (socket) => {
      const connection = this.#admit(socket, regions)
      if (!connection) return
      const ends = endsOf(socket)
      this.#shaking.set(ends, connection)
      socket.once('close', () => {
        // The client may have connected again from the same port.
        if (this.#shaking.get(ends) === connection) this.#shaking.delete(ends)
      })
    })
    server.on('secureConnection', (socket: Socket) => {
      const ends = endsOf(socket)
      const connection = this.#shaking.get(ends)
      this.#shaking.delete(ends)
      if (connection) this.#know(socket, connection)
      else socket.destroy()
    })
  }

  /** Handles what is not HTTP, what is late, and clients that disconnected. */
  #heedError(error: NodeJS.ErrnoException, socket: Socket): void {
    const connection = this.#known.get(socket)
    const late = error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
    if (error.code === 'ECONNRESET') socket.destroy()
    else if (!connection) this.#endHandshake(socket)
    else if (!socket.writable) socket.destroy()
    // The client sends more requests without reading answers; with TLS, node:http loses what comes while it waits.
    else if (error.code === 'HPE_PAUSED') this.connections.endUnread(connection)
    else if (late && socket.bytesRead === 0) this.connections.endSilent(connection)
    else if (!connection.closing) {
      const status = error.code === 'HPE_HEADER_OVERFLOW' ? 431 : late ? 408 : 400
      const refusal = late
        ? refuse('RequestTimeout')
        : refuse('ParseRequestParameterException', { rule: 'This is not HTTP.' })
      const { response } = connection
      if (response?.req.complete === false) this.#refuseWithin(connection, refusal, status)
      // Answers must keep the order of their requests.
      else if (response && !response.writableFinished)
        response.once('finish', () => this.#refuse(socket, refusal, status))
      else this.#refuse(socket, refusal, status)
    }
  }

  #endHandshake(socket: Socket): void {
    const connection = this.#shaking.get(endsOf(socket))
    if (connection) this.connections.endSilent(connection)
    socket.destroy()
  }

  #refuse(socket: Socket, refusal: Refusal, status = refusal.status): void {
    const connection = this.#known.get(socket)
    if (!connection || !socket.writable) socket.destroy()
    else {
      socket.on('error', () => {})
      writeRefusal(socket, refusal, connection, this.#serving.house, status)
      this.connections.close(connection)
    }
  }

  /** Refuses a request whose body is not complete. */
  #refuseWithin(connection: Connection, refusal: Refusal, status = refusal.status): void {
    const { response } = connection
    if (!response || response.headersSent) connection.destroy()
    else {
      refuseUnfinished(response, refusal, connection, this.#serving.house, status)
      this.connections.close(connection)
    }
  }
}

function endsOf({ remoteAddress, remotePort, localAddress, localPort }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`
}
