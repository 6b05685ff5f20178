// Writes answers: whole, in pieces, to a client that is still sending, and to a socket without a request.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { pipeline, Readable } from 'node:stream'
import { STATUS_CODES } from '../runtime/http.ts'
import type { Answer } from './encode.ts'
import { MAX_BODY_BYTES, MAX_BODY_CHUNKS } from './limits.ts'

/** The longest answer that is written in one piece. */
const PIECE_BYTES = 65_536

/** Sends the answer, unless one was already sent. */
export function send(response: ServerResponse, answer: Answer): void {
  if (response.destroyed || response.headersSent) return
  const length = Buffer.byteLength(answer.body)
  writeHead(response, answer, length)
  if (length > PIECE_BYTES) sendPieces(response, Buffer.from(answer.body))
  // If there are as many bytes as characters, the answer is ASCII and needs no encoding.
  else response.end(answer.body, length === answer.body.length ? 'latin1' : 'utf8')
}

/** Writes a long answer in pieces, so that its progress shows whether the client still receives it. */
function sendPieces(response: ServerResponse, bytes: Buffer): void {
  const pieces = function* () {
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) yield bytes.subarray(at, at + PIECE_BYTES)
  }
  // A client that has disconnected gets no answer.
  pipeline(Readable.from(pieces()), response, () => {})
}

function writeHead(response: ServerResponse, { status, contentType, requestId }: Answer, length: number): void {
  response.writeHead(status, { 'content-type': contentType, 'content-length': length, 'x-acs-request-id': requestId })
}

/**
 * Answers a request whose body is not read to its end, and closes the connection when the client has stopped sending, or after `lingerMs`. If the
 * connection closed at once, many clients would report a failed write instead of the answer.
 */
export function sendUnread(answer: Answer, request: IncomingMessage, response: ServerResponse, lingerMs: number): void {
  if (response.destroyed || response.headersSent) return
  response.setHeader('connection', 'close')
  writeHead(response, answer, Buffer.byteLength(answer.body))
  response.write(answer.body)
  const end = () => {
    clearTimeout(timer)
    request.off('data', discard)
    response.end()
  }
  const timer = setTimeout(end, lingerMs)
  let [bytes, chunks] = [0, 0]
  const discard = (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > MAX_BODY_BYTES || ++chunks > MAX_BODY_CHUNKS) end()
  }
  request.on('data', discard)
  request.once('end', end)
  request.once('close', end)
}

/** Writes an answer to a socket without a response object, because the received bytes are not a request, and ends the socket. */
export function sendBare(socket: Socket, { status, contentType, body, requestId }: Answer): void {
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Connection: close',
    `Content-Type: ${contentType}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    `x-acs-request-id: ${requestId}`,
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}
