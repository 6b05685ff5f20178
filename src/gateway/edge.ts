// The HTTP edge, which all ports share: the options of node:http, the connection of each request, and the handling of bytes that are not a request.
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { type Refusal, refuse } from '../api/errors.ts'
import { createServer as createHttp } from '../runtime/http.ts'
import { BodyBudget } from './body.ts'
import type { Connection } from './connection.ts'
import { Connections, type Watcher } from './connections.ts'
import { Documentation } from './documentation.ts'
import { refuseBare, refuseExpectation, refuseUnfinished, type Serving, serve, serveExpecting } from './exchange.ts'
import type { House } from './house.ts'
import { type Limits, MAX_HEADER_BYTES } from './limits.ts'
import { MAX_QUERY_BYTES } from './request.ts'
import type { ServerCertificate } from './server-certificate.ts'

/** An error of node:http's parser: the bytes that arrived together, and how many of them it had read. */
interface ParseError extends NodeJS.ErrnoException {
  readonly rawPacket?: Buffer
  readonly bytesParsed?: number
}

const REQUEST_LINE = /^[\w!#$%&'*+.^`|~-]+ \S+ HTTP\/1\.[01]\r?\n/

/** Whether the parser ended at a request line whose method node:http does not know. */
function hasOtherMethod({ code, rawPacket, bytesParsed }: ParseError): boolean {
  if (code !== 'HPE_INVALID_METHOD' || !rawPacket) return false
  const line = rawPacket.subarray(0, bytesParsed).lastIndexOf('\n') + 1
  return REQUEST_LINE.test(rawPacket.toString('latin1', line))
}

export class Edge {
  readonly connections: Connections
  #draining = false
  readonly #sweep: NodeJS.Timeout
  /** The last admitted connection. */
  #admitted: Connection | null = null
  readonly #serving: Serving
  readonly #known = new WeakMap<Socket, Connection>()
  /** The connections in their TLS handshake, by addresses and ports. */
  readonly #shaking = new Map<string, Connection>()

  /** `watcher` receives reports about the connections if another process accepts them. */
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
  server(region: string | null, certificate: ServerCertificate | null): Server {
    const { house, limits } = this.#serving
    const regions = [...new Set([...(region === null ? [] : [region]), ...house.settings.regions])]
    const options = {
      // Node counts the request line as part of the headers. The limit on the headers alone is checked later.
      maxHeaderSize: MAX_HEADER_BYTES + MAX_QUERY_BYTES + 1024,
      headersTimeout: limits.headMs,
      requestTimeout: limits.requestMs,
      connectionsCheckingInterval: limits.sweepMs,
      keepAliveTimeout: limits.keepAliveMs,
      optimizeEmptyRequests: true,
      // The API refuses a missing Host itself, in its own format.
      requireHostHeader: false,
      noDelay: true,
    }
    const server: Server = certificate ? certificate.server(options) : createHttp(options)
    if (certificate) this.#admitTls(server, regions)
    else
      server.on('connection', (socket) => {
        const connection = this.#admit(socket, regions)
        if (connection) this.#know(socket, connection)
      })
    const on = (event: string, act: typeof serve | typeof refuseExpectation) =>
      server.on(event, (request: IncomingMessage, response: ServerResponse) => {
        const connection = this.#known.get(request.socket)
        // Requests that came together with those at which the connection was closed.
        if (!connection || request.socket.destroyed) return
        if (connection.crowded && !connection.known) return this.connections.endUnread(connection)
        if (this.#draining) response.setHeader('connection', 'close')
        void act(request, response, connection, this.#serving)
      })
    on('request', serve)
    on('checkContinue', serveExpecting)
    on('checkExpectation', refuseExpectation)
    server.on('connect', (_, socket: Socket) => this.#refuse(socket, refuse('UnsupportedHTTPMethod')))
    server.on('clientError', (error: NodeJS.ErrnoException, socket) => this.#heedError(error, socket as Socket))
    return server
  }

  /** Serves a socket that another process accepted, as if this server had accepted it. null where there is no room or the socket is closed. */
  adopt(server: Server, socket: Socket): Connection | null {
    const before = this.#admitted
    server.emit('connection', socket)
    return this.#admitted === before ? null : this.#admitted
  }

  /** Stops the periodic sweep. */
  end(): void {
    clearInterval(this.#sweep)
  }

  /**
   * Closes each connection after its answer, and idle ones, until `closed` resolves, and all remaining ones after `deadlineMs`. The servers
   * listen no more.
   */
  async drain(servers: readonly Server[], closed: Promise<unknown>, deadlineMs: number): Promise<void> {
    this.#draining = true
    this.connections.closeAfterAnswers()
    const closeIdle = () => {
      for (const server of servers) server.closeIdleConnections()
      this.connections.closeSilent()
    }
    // setImmediate, so that calls that have arrived are read first.
    const idle = setInterval(() => setImmediate(closeIdle), this.#serving.limits.idleAtStopMs)
    const late = setTimeout(() => this.connections.closeAll(), deadlineMs)
    await closed
    for (const timer of [idle, late]) clearInterval(timer)
    // Ends node:http's own timer.
    for (const server of servers) server.close()
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

  /** With TLS, HTTP does not use the admitted socket but a second one. Both have the same addresses and ports. */
  #admitTls(server: Server, regions: readonly string[]): void {
    server.on('connection', (socket) => {
      const connection = this.#admit(socket, regions)
      if (!connection) return
      const ends = endsOf(socket)
      this.#shaking.set(ends, connection)
      socket.once('close', () => {
        // The client may have connected again from the same port meanwhile.
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

  /** Handles bytes that are not HTTP, late requests, and clients that disconnected. */
  #heedError(error: ParseError, socket: Socket): void {
    const connection = this.#known.get(socket)
    const late = error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
    if (error.code === 'ECONNRESET') socket.destroy()
    else if (!connection) this.#endHandshake(socket)
    else if (!socket.writable) socket.destroy()
    // The client sends more requests without reading answers. With TLS, node:http loses bytes that arrive while it is paused.
    else if (error.code === 'HPE_PAUSED') this.connections.endUnread(connection)
    else if (late && socket.bytesRead === 0) this.connections.endSilent(connection)
    else if (!connection.closing) {
      const refusal = late
        ? refuse('RequestTimeout')
        : hasOtherMethod(error)
          ? refuse('UnsupportedHTTPMethod')
          : refuse('ParseRequestParameterException', { rule: 'This is not HTTP.' })
      const status = error.code === 'HPE_HEADER_OVERFLOW' ? 431 : refusal.status
      const { response } = connection
      if (response?.req.complete === false) this.#refuseWithin(connection, refusal, status)
      // Answers must be in the order of their requests.
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
      refuseBare(socket, refusal, connection, this.#serving.house, status)
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
