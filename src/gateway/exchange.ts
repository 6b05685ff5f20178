// One HTTP request and its answer: the HTTP work before and after the call itself (call.ts).
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { type Refusal, refuse } from '../api/errors.ts'
import { VERSION } from '../settings/version.ts'
import { Body, type BodyBudget, type Unread } from './body.ts'
import { answer } from './call.ts'
import type { Connection } from './connection.ts'
import type { Connections } from './connections.ts'
import { ADVANCE_PATH, advanceClock } from './dev.ts'
import type { Documentation } from './documentation.ts'
import { type Answer, chosenFormat, encodeRefusal } from './encode.ts'
import type { House } from './house.ts'
import { type Limits, MAX_BODY_BYTES, MAX_BODY_CHUNKS, MAX_HEADER_BYTES } from './limits.ts'
import { isForConsole, pagePath, serveConsole, servePage } from './pages.ts'
import type { HttpRequest } from './request.ts'
import { send, sendBare, sendUnread } from './sending.ts'

/** The services for a request. */
export interface Serving {
  readonly house: House
  readonly connections: Connections
  readonly bodies: BodyBudget
  readonly limits: Limits
  readonly documentation: Documentation
}

/** The bytes of a head without method, target and headers. */
const FRAME_BYTES = '  HTTP/1.1\r\n\r\n'.length

/** Answers one request; never rejects. */
export async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  connection: Connection,
  serving: Serving,
): Promise<void> {
  const { house, connections, bodies } = serving
  const headerBytes = begin(request, response, connection)
  const body = new Body(connection.source, bodies)
  try {
    const bytes = await body.read(request)
    if (typeof bytes === 'string') return answerUnread(bytes, request, response, connection, serving)
    connection.complete(bytes.length)
    const { url } = request
    const page = pagePath(request)
    if (page !== null) return await servePage(page, request, response, serving.documentation, house.failed)
    if (url === '/healthz' || url === '/readyz') return send(response, await health(url, house))
    const asked = httpRequest(request, headerBytes, bytes, connection)
    if ('refusal' in asked) return send(response, refused(asked.refusal, request, connection, house, asked.status))
    const recognize = () => connections.recognize(connection)
    if (isForConsole(asked)) return await serveConsole(asked, response, house, recognize)
    const advances = house.dev && url === ADVANCE_PATH
    send(response, await (advances ? advanceClock(asked, house, recognize) : answer(asked, house, recognize)))
  } finally {
    body.release()
  }
}

/** Serves a request with `Expect: 100-continue`: requests its body, unless the body is too long anyway. */
export function serveExpecting(
  request: IncomingMessage,
  response: ServerResponse,
  connection: Connection,
  serving: Serving,
): Promise<void> {
  if (Number(request.headers['content-length'] ?? 0) <= MAX_BODY_BYTES) response.writeContinue()
  return serve(request, response, connection, serving)
}

/** Refuses any other Expect header. */
export function refuseExpectation(
  request: IncomingMessage,
  response: ServerResponse,
  connection: Connection,
  { house, limits }: Serving,
): void {
  begin(request, response, connection)
  const refusal = refuse('ParseRequestParameterException', { rule: 'Expect can only be 100-continue.' })
  sendUnread(refused(refusal, request, connection, house, 417), request, response, limits.lingerMs)
}

/** Refuses a request whose body is malformed or late. */
export function refuseUnfinished(
  response: ServerResponse,
  refusal: Refusal,
  connection: Connection,
  house: House,
  status: number,
): void {
  response.setHeader('connection', 'close')
  send(response, refused(refusal, response.req, connection, house, status))
}

/** Refuses on a socket without a response object, because the received bytes are not a request. */
export function refuseBare(
  socket: Socket,
  refusal: Refusal,
  { address, endpoint }: Connection,
  house: House,
  status = refusal.status,
): void {
  house.observer.turnedAway(refusal.entry, address)
  sendBare(socket, encodeRefusal(refusal, { host: '', endpoint }, house.runtime.newId(), 'JSON', status))
}

/** Notes on the connection that a request's head is complete; returns the length of its headers in bytes. */
function begin(
  { method = '', url = '', rawHeaders }: IncomingMessage,
  response: ServerResponse,
  connection: Connection,
) {
  let headerBytes = 0
  for (const text of rawHeaders) headerBytes += text.length + 2
  connection.begin(response, method.length + url.length + headerBytes + FRAME_BYTES)
  return headerBytes
}

/** Returns the request for the API, or the refusal of a request that violates HTTP. */
function httpRequest(
  request: IncomingMessage,
  headerBytes: number,
  body: Uint8Array,
  { address, regions, endpoint }: Connection,
): HttpRequest | { readonly refusal: Refusal; readonly status: number } {
  const { headers, rawHeaders, url = '/' } = request
  if (headerBytes > MAX_HEADER_BYTES) return unreadable(`Headers exceed ${MAX_HEADER_BYTES} bytes.`, 431)
  if (headers.host === undefined && request.httpVersion !== '1.0') return unreadable('HTTP/1.1 needs a header Host.')
  const asked = {
    method: request.method ?? '',
    target: url,
    headers,
    rawHeaders,
    body,
    regions,
    secure: 'encrypted' in request.socket,
    sourceAddress: address,
    endpoint,
    isAbandoned: () => !request.socket.writable,
  }
  if (url.startsWith('/') || url === '*') return asked
  // The absolute form, which clients send to proxies: RFC 9112 section 3.2.2.
  const [, host, target] = /^https?:\/\/([^/?#]+)(.*)$/i.exec(url) ?? []
  if (host === undefined || target === undefined) return unreadable('The request target is neither a path nor a URL.')
  if (headers.host !== undefined && headers.host.toLowerCase() !== host.toLowerCase())
    return unreadable('The header Host is not the host of the request target.')
  const path = target.startsWith('/') ? target : `/${target}`
  return { ...asked, target: path, headers: { ...headers, host: headers.host ?? host } }
}

function unreadable(rule: string, status = 400) {
  return { refusal: refuse('ParseRequestParameterException', { rule }), status }
}

function refused(
  refusal: Refusal,
  { headers }: IncomingMessage,
  { address, endpoint }: Connection,
  house: House,
  status = refusal.status,
): Answer {
  house.observer.turnedAway(refusal.entry, address)
  const asked = { host: headers.host ?? '', endpoint }
  return encodeRefusal(refusal, asked, house.runtime.newId(), chosenFormat('', headers.accept ?? ''), status)
}

function answerUnread(
  why: Unread,
  request: IncomingMessage,
  response: ServerResponse,
  connection: Connection,
  { house, limits }: Serving,
): void {
  if (why === 'gone') return
  sendUnread(refused(refusalOf(why), request, connection, house), request, response, limits.lingerMs)
}

function refusalOf(why: Exclude<Unread, 'gone'>): Refusal {
  switch (why) {
    case 'too large':
      return refuse('RequestEntityTooLarge', { limit: String(MAX_BODY_BYTES) })
    case 'too scattered': {
      const rule = `The body comes in more than ${MAX_BODY_CHUNKS} chunks.`
      return refuse('ParseRequestParameterException', { rule })
    }
    case 'too busy':
      return refuse('ServiceUnavailableTemporary')
  }
}

async function health(path: '/healthz' | '/readyz', house: House): Promise<Answer> {
  const ready = path === '/healthz' || (await house.ready())
  return {
    status: ready ? 200 : 503,
    contentType: 'application/json',
    body: JSON.stringify({ status: ready ? 'ok' : 'unavailable', ...(path === '/healthz' && { version: VERSION }) }),
    requestId: house.runtime.newId(),
  }
}
