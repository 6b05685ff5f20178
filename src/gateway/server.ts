// The HTTP edge: bounded reading of requests, health, graceful stop. The only file that listens.
import { createServer as createHttp, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createHttps } from 'node:https'
import type { AddressInfo } from 'node:net'
import { refuse } from '../api/errors.ts'
import { answer, type House } from './call.ts'
import { ADVANCE_PATH, advanceClock } from './dev.ts'
import { type Answer, chosenFormat, encodeRefusal } from './encode.ts'
import { type HttpRequest, MAX_BODY_BYTES, MAX_QUERY_BYTES } from './request.ts'

const MAX_HEADER_BYTES = 16_384
/** What all bodies that are being read may hold together; beyond, new ones are turned away. */
const MAX_BUFFERED_BYTES = 268_435_456

const LIMITS = {
  // The request line counts as header for Node; the headers' own limit is checked below.
  maxHeaderSize: MAX_HEADER_BYTES + MAX_QUERY_BYTES + 1024,
  headersTimeout: 15_000,
  requestTimeout: 60_000,
  keepAliveTimeout: 75_000,
  noDelay: true,
}

export interface Listening {
  /** Where it listens, such as http://127.0.0.1:7700. */
  readonly endpoint: string
  /** Takes no new calls, finishes those in flight, closes all connections; after `deadlineMs` the rest is cut off. */
  stop(deadlineMs: number): Promise<void>
}

/** Certificate chain and private key, PEM. */
export interface Tls {
  readonly cert: string
  readonly key: string
}

/** Serves the house on `host` and `port` (0 for a free one). Rejects when it can't listen. */
export async function listen(house: House, host: string, port: number, tls: Tls | null): Promise<Listening> {
  const buffered = { bytes: 0 }
  const onRequest = (request: IncomingMessage, response: ServerResponse) =>
    void serve(request, response, house, buffered)
  const server: Server = tls
    ? createHttps({ ...LIMITS, ...tls, minVersion: 'TLSv1.2' }, onRequest)
    : createHttp(LIMITS, onRequest)
  server.maxConnections = 10_000
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
    const status = error.code === 'HPE_HEADER_OVERFLOW' ? '431 Request Header Fields Too Large' : '400 Bad Request'
    const refusal = refuse('ParseRequestParameterException', { rule: 'This is not HTTP.' })
    house.observer.turnedAway(refusal.entry, 'remoteAddress' in socket ? String(socket.remoteAddress) : '')
    const { body } = encodeRefusal(refusal, '', house.newId(), 'JSON')
    const length = Buffer.byteLength(body)
    socket.end(
      `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: application/json;charset=utf-8\r\nContent-Length: ${length}\r\n\r\n${body}`,
    )
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
  const { port: bound } = server.address() as AddressInfo
  const name = host.includes(':') ? `[${host}]` : host
  return {
    endpoint: `${tls ? 'https' : 'http'}://${name}:${bound}`,
    stop: async (deadlineMs) => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      // A connection whose last call is answered is closed by its client, or here as soon as it is idle.
      const idle = setInterval(() => server.closeIdleConnections(), 50)
      const late = setTimeout(() => server.closeAllConnections(), deadlineMs)
      await closed
      clearInterval(idle)
      clearTimeout(late)
    },
  }
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  house: House,
  buffered: Buffered,
): Promise<void> {
  if (request.url === '/console' && request.method === 'GET') return consolePage(response)
  if (request.url === '/healthz' || request.url === '/readyz') return health(request.url, response, house)
  const body = await readBody(request, buffered)
  if (body === 'gone') return
  if (body === 'too large' || body === 'too busy') {
    response.setHeader('connection', 'close')
    const refusal =
      body === 'too large'
        ? refuse('RequestEntityTooLarge', { limit: String(MAX_BODY_BYTES) })
        : refuse('ServiceUnavailableTemporary')
    send(response, refused(refusal, request, house))
    return
  }
  const headerBytes = request.rawHeaders.reduce((sum, text) => sum + text.length + 2, 0)
  if (headerBytes > MAX_HEADER_BYTES) {
    const refusal = refuse('ParseRequestParameterException', { rule: `Headers exceed ${MAX_HEADER_BYTES} bytes.` })
    send(response, { ...refused(refusal, request, house), status: 431 })
    return
  }
  const asked = httpRequest(request, body)
  send(response, await (house.dev && request.url === ADVANCE_PATH ? advanceClock(asked, house) : answer(asked, house)))
}

function httpRequest(request: IncomingMessage, body: Uint8Array): HttpRequest {
  return {
    method: request.method ?? '',
    target: request.url ?? '/',
    headers: request.headers,
    rawHeaders: request.rawHeaders,
    body,
    secure: 'encrypted' in request.socket,
    sourceAddress: (request.socket.remoteAddress ?? '').replace(/^::ffff:/, ''),
  }
}

function refused(refusal: ReturnType<typeof refuse>, request: IncomingMessage, house: House): Answer {
  house.observer.turnedAway(refusal.entry, request.socket.remoteAddress ?? '')
  const format = chosenFormat('', request.headers.accept ?? '')
  return encodeRefusal(refusal, request.headers.host ?? '', house.newId(), format)
}

async function health(path: '/healthz' | '/readyz', response: ServerResponse, house: House): Promise<void> {
  const ready = path === '/healthz' || (await house.ready())
  const body = JSON.stringify({ status: ready ? 'ok' : 'unavailable' })
  response.writeHead(ready ? 200 : 503, { 'content-type': 'application/json', 'content-length': body.length })
  response.end(body)
}

const CONSOLE_PAGE = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Strongroom</title>
<h1>Strongroom</h1>
<p>The service is running. This version has no web console: use <code>bin/strongroom kms --help</code> or an official SDK.</p>
</html>
`

function consolePage(response: ServerResponse): void {
  response.writeHead(200, {
    'content-type': 'text/html;charset=utf-8',
    'content-length': Buffer.byteLength(CONSOLE_PAGE),
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  })
  response.end(CONSOLE_PAGE)
}

const NO_BODY = new Uint8Array(0)

/** How many bytes of unfinished bodies a server holds. */
interface Buffered {
  bytes: number
}

/** The whole body, or why there is none. What exceeds a limit is not kept. */
function readBody(
  request: IncomingMessage,
  buffered: Buffered,
): Promise<Uint8Array | 'too large' | 'too busy' | 'gone'> {
  if (Number(request.headers['content-length'] ?? 0) > MAX_BODY_BYTES) return Promise.resolve('too large')
  return new Promise((resolve) => {
    let chunks: Buffer[] = []
    let length = 0
    const settle = (outcome: Uint8Array | 'too large' | 'too busy' | 'gone') => {
      buffered.bytes -= length
      length = 0
      chunks = []
      resolve(outcome)
    }
    let refusing = false
    request.on('data', (chunk: Buffer) => {
      if (refusing) return
      length += chunk.length
      buffered.bytes += chunk.length
      chunks.push(chunk)
      if (length <= MAX_BODY_BYTES && buffered.bytes <= MAX_BUFFERED_BYTES) return
      refusing = true
      settle(length > MAX_BODY_BYTES ? 'too large' : 'too busy')
    })
    request.on('end', () => settle(chunks.length === 1 ? (chunks[0] ?? NO_BODY) : Buffer.concat(chunks)))
    // Comes after an end or an abort alike; without an 'error' listener Node reports an abort by nothing else.
    request.on('close', () => settle('gone'))
  })
}

function send(response: ServerResponse, { status, contentType, body, requestId }: Answer): void {
  if (response.destroyed) return
  const length = Buffer.byteLength(body)
  response.writeHead(status, { 'content-type': contentType, 'content-length': length, 'x-acs-request-id': requestId })
  // As many bytes as characters: all ASCII, which goes out without being encoded.
  response.end(body, length === body.length ? 'latin1' : 'utf8')
}
