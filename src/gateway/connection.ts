// One connection: what is spoken on it, whether somebody has proven who it is, and how many bytes of heads it makes memory hold.
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Holder } from './shares.ts'
import { plainAddress, sourceOf } from './source.ts'

/**
 * The framing of chunks and unusual spaces are in no sum: where no more than so many bytes are left behind a request, they are taken for
 * these, and not for the next head.
 */
const SLACK_BYTES = 1024

function endpointOf(socket: Socket): string {
  const address = plainAddress(socket.localAddress ?? '')
  const host = address.includes(':') ? `[${address}]` : address
  return `${'encrypted' in socket ? 'https' : 'http'}://${host}:${socket.localPort}`
}

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
  /** Whether a call came on it whose caller is known. */
  known = false
  /** In which sweep the last such call came. */
  calledIn = 0
  /** The last answer is on its way, and nothing more is read. */
  closing = false
  /** What was seen when the connection was last looked at, and since when it is the same. */
  seen: { response: ServerResponse | null; reading: boolean; mark: number; since: number } | null = null
  /** How many of the bytes that came belong to requests whose heads were complete. */
  #parsed = 0
  #endpoint: string | null = null
  /** How many of these memory holds no more, or the budget of bodies counts. */
  #freed = 0

  constructor(socket: Socket, address: string, regions: readonly string[], now: number) {
    this.socket = socket
    this.openedAt = now
    this.address = address
    this.source = sourceOf(address)
    this.regions = regions
  }

  /** Where the client reached this server, such as https://192.0.2.1:7700. */
  get endpoint(): string {
    this.#endpoint ??= endpointOf(this.http ?? this.socket)
    return this.#endpoint
  }

  /** Whether a whole request has come and is not answered yet. */
  get working(): boolean {
    return this.response?.req.complete === true && !this.response.headersSent
  }

  /** How many bytes of heads it holds: of those that are not complete, and of requests that are not answered or whose answer is not taken. */
  get headBytes(): number {
    const { response } = this
    if (this.closing) return 0
    if (!response || response.writableFinished) return this.#bytesRead - this.#parsed
    return (response.req.complete ? this.#bytesRead : this.#parsed) - this.#freed
  }

  /** As HTTP: over TLS, what was decrypted. */
  get #bytesRead(): number {
    return (this.http ?? this.socket).bytesRead
  }

  /** A request's head of so many bytes is complete. */
  begin(response: ServerResponse, headBytes: number): void {
    // Answers go out in the order of their requests: with the last one taken, all are.
    if (!this.response || this.response.writableFinished) this.#freed = this.#parsed
    this.response = response
    this.#parsed += headBytes
  }

  /** The request's body of so many bytes is complete. */
  complete(bodyBytes: number): void {
    const left = this.#bytesRead - this.#parsed - bodyBytes
    const bytes = left < SLACK_BYTES ? bodyBytes + left : bodyBytes
    this.#parsed += bytes
    this.#freed += bytes
  }

  destroy(): void {
    this.http?.destroy()
    this.socket.destroy()
  }
}
