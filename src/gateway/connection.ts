// One connection: its sockets, whether an authenticated call came on it, and how many bytes of heads it holds in memory.
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { hostAndPort } from '../settings/row.ts'
import type { Admitted } from './admission.ts'
import { MAX_BODY_CHUNKS, MAX_UNANSWERED, REQUEST_BYTES } from './limits.ts'
import { plainAddress, sourceOf } from './source.ts'

/**
 * The sums of parsed bytes omit unusual whitespace and the framing of chunks, at most 9 bytes for each chunk. Up to this many bytes after a
 * request are attributed to these instead of the next head.
 */
const SLACK_BYTES = 12 * MAX_BODY_CHUNKS

function endpointOf(socket: Socket): string {
  const { localAddress = '', localPort: port = 0 } = socket
  return `${'encrypted' in socket ? 'https' : 'http'}://${hostAndPort({ host: plainAddress(localAddress), port })}`
}

export class Connection implements Admitted {
  /** The TCP connection. */
  readonly socket: Socket
  readonly openedAt: number
  /** The socket that HTTP uses. With TLS it is another one, and null until the handshake is complete. */
  http: Socket | null = null
  readonly address: string
  readonly source: string
  /** The regions of the server, the port's own first. */
  readonly regions: readonly string[]
  /** The answer to the last request; null once the client has received it. */
  response: ServerResponse | null = null
  /** Whether a call of an authenticated caller came on it. */
  known = false
  /** The number of the sweep in which the last such call came. */
  calledIn = 0
  /** Whether the last answer is being sent and nothing more is read. */
  closing = false
  /** The state at the last sweep, and the time since which it has not changed. */
  seen: { response: ServerResponse | null; reading: boolean; mark: number; since: number } | null = null
  /** The answers to its requests, in their order, since the client had last received all. It may have received the first ones. */
  readonly #answers: ServerResponse[] = []
  #endpoint: string | null = null
  /** How many of the received bytes belong to complete heads and to their bodies; a lower bound. */
  #parsed = 0
  /** How many of the parsed bytes hold no memory for heads: bytes of answered requests, and of bodies, which have their own budget. */
  #freed = 0
  /** How many bytes had been received when the last request was complete, and when a request was complete in an earlier read of the socket. */
  #received = 0
  #receivedEarlier = 0

  constructor(socket: Socket, address: string, regions: readonly string[], now: number) {
    this.socket = socket
    this.openedAt = now
    this.address = address
    this.source = sourceOf(address)
    this.regions = regions
  }

  /** The address at which the client reached this server, such as https://192.0.2.1:7700. */
  get endpoint(): string {
    this.#endpoint ??= endpointOf(this.http ?? this.socket)
    return this.#endpoint
  }

  /** Whether a complete request awaits its answer. */
  get working(): boolean {
    return this.response?.req.complete === true && !this.response.headersSent
  }

  /**
   * How many bytes of heads it holds: incomplete heads, and heads of requests whose answer the client has not received. Each such request after the
   * first also counts what it takes besides.
   */
  get headBytes(): number {
    const { response } = this
    if (this.closing) return 0
    if (!response || response.writableFinished) return this.#bytesRead - this.#parsed
    const heads = (response.req.complete ? this.#bytesRead : this.#parsed) - this.#freed
    return heads + (this.#unanswered() - 1) * REQUEST_BYTES
  }

  /** Whether it has as many unanswered requests as a stranger may have. */
  get crowded(): boolean {
    return this.#answers.length >= MAX_UNANSWERED && this.#unanswered() >= MAX_UNANSWERED
  }

  /** How many requests have answers that the client has not received. */
  #unanswered(): number {
    const first = this.#answers.findIndex(({ writableFinished }) => !writableFinished)
    this.#answers.splice(0, first < 0 ? this.#answers.length : first)
    return this.#answers.length
  }

  /** The received bytes of HTTP; with TLS, after decryption. */
  get #bytesRead(): number {
    return (this.http ?? this.socket).bytesRead
  }

  /** Notes that a request's head of `headBytes` is complete. */
  begin(response: ServerResponse, headBytes: number): void {
    // Answers are sent in the order of their requests. Once the client has received the last one, it has received all.
    if (!this.response || this.response.writableFinished) {
      this.#freed = this.#parsed
      this.#answers.length = 0
    }
    this.response = response
    this.#answers.push(response)
    this.#parsed += headBytes
  }

  /** Notes that the request's body of `bodyBytes` is complete. */
  complete(bodyBytes: number): void {
    const received = this.#bytesRead
    if (received > this.#received) {
      this.#receivedEarlier = this.#received
      this.#received = received
    }
    // The last read completed this request. So all bytes of earlier reads belong to it and to requests before it, including bytes that the sums
    // omit.
    const summed = Math.max(this.#parsed + bodyBytes, this.#receivedEarlier)
    const parsed = received - summed < SLACK_BYTES ? received : summed
    this.#freed += parsed - this.#parsed
    this.#parsed = parsed
  }

  destroy(): void {
    this.http?.destroy()
    this.socket.destroy()
  }
}
