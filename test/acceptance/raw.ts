// Requests below the level of any client: signed or not, over a socket that tests control.
import { randomUUID } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { headerSignature, headerStringToSign, parseAuthorization } from '../../src/gateway/header-signature.ts'
import { percentEncode } from '../../src/gateway/percent-encoding.ts'
import { hashHex, rpcSignature, rpcStringToSign } from '../../src/gateway/signature.ts'
import type { Credentials } from './program.ts'

export interface RawAnswer {
  readonly status: number
  readonly headers: string
  readonly body: string
}

/** One keep-alive connection; requests on it are answered one after the other. */
export class Connection {
  readonly #socket: Socket
  #buffer = Buffer.alloc(0)
  #wake: () => void = () => {}
  #closed = false

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => {
      this.#buffer = Buffer.concat([this.#buffer, chunk])
      this.#wake()
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      this.#closed = true
      this.#wake()
    })
  }

  /** Connects, from another loopback address where one is named. */
  static open(endpoint: string, localAddress = '127.0.0.1'): Promise<Connection> {
    const { hostname, port } = new URL(endpoint)
    return new Promise((resolve, reject) => {
      const socket = connect({ host: hostname, port: Number(port), noDelay: true, localAddress }, () =>
        resolve(new Connection(socket)),
      )
      socket.once('error', reject)
    })
  }

  /** Resolves when the server has closed the connection. */
  async ended(): Promise<void> {
    while (!this.#closed)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
  }

  /** Reads nothing more, so that answers stay with the server. */
  pause(): void {
    this.#socket.pause()
  }

  /** Resolves when what was written is with the system, or the connection closed. */
  async drained(): Promise<void> {
    while (!this.#closed && this.#socket.writableLength > 0) {
      await new Promise<void>((resolve) => {
        this.#socket.once('drain', resolve)
        this.#socket.once('close', resolve)
      })
    }
  }

  [Symbol.dispose](): void {
    this.close()
  }

  get closed(): boolean {
    return this.#closed
  }

  write(bytes: string | Uint8Array): void {
    this.#socket.write(bytes)
  }

  /** The next answer, or null when the server closed the connection before a whole one. */
  async answer(): Promise<RawAnswer | null> {
    for (;;) {
      const end = this.#buffer.indexOf('\r\n\r\n')
      if (end >= 0) {
        const headers = this.#buffer.toString('latin1', 0, end)
        const length = Number(/content-length: (\d+)/i.exec(headers)?.[1] ?? 0)
        if (this.#buffer.length >= end + 4 + length) {
          const body = this.#buffer.toString('utf8', end + 4, end + 4 + length)
          this.#buffer = this.#buffer.subarray(end + 4 + length)
          return { status: Number(headers.slice(9, 12)), headers, body }
        }
      }
      if (this.#closed) return null
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  async send(bytes: string | Uint8Array): Promise<RawAnswer | null> {
    this.write(bytes)
    return this.answer()
  }

  /** Destroys the socket. */
  close(): void {
    this.#socket.destroy()
  }
}

/** A form of these parameters, signed as they are; `overrides` replace what signing adds, '' leaves it out. */
export function signedForm(
  parameters: Readonly<Record<string, string>>,
  credentials: Pick<Credentials, 'accessKeyId' | 'accessKeySecret'>,
  { method = 'POST', now = Date.now(), overrides = {} as Readonly<Record<string, string>> } = {},
): string {
  const all = new Map(
    Object.entries({
      Version: '2016-01-20',
      AccessKeyId: credentials.accessKeyId,
      SignatureMethod: 'HMAC-SHA1',
      SignatureVersion: '1.0',
      SignatureNonce: randomUUID(),
      Timestamp: `${new Date(now).toISOString().slice(0, 19)}Z`,
      ...parameters,
    }),
  )
  const signature = rpcSignature('sha1', credentials.accessKeySecret, rpcStringToSign(method, all)).toString('base64')
  all.set('Signature', signature)
  for (const [name, value] of Object.entries(overrides))
    if (value === '') all.delete(name)
    else all.set(name, value)
  return [...all].map(([name, value]) => `${percentEncode(name)}=${percentEncode(value)}`).join('&')
}

/** What a request that is signed by its header is to hold. */
export interface ByHeader {
  readonly algorithm?: string
  readonly host?: string
  /** Encoded, without the question mark. */
  readonly query?: string
  readonly body?: string
  /** More headers, or others; '' leaves one out. */
  readonly headers?: Readonly<Record<string, string>>
  /** Headers that are sent, and not signed. */
  readonly unsigned?: readonly string[]
  /** With ACS4: yyyyMMdd/region/product/aliyun_v4_request. */
  readonly scope?: string
  readonly now?: number
  /** Made after signing, of the whole Authorization header. */
  readonly alter?: (authorization: string) => string
}

/** A POST request that its Authorization header signs (ACS3 or ACS4). */
export function signedByHeader(
  action: string,
  { accessKeyId, accessKeySecret }: Pick<Credentials, 'accessKeyId' | 'accessKeySecret'>,
  { algorithm = 'ACS3-HMAC-SHA256', host = 'kms.cn-hangzhou.aliyuncs.com', now = Date.now(), ...more }: ByHeader = {},
): Buffer {
  const { query = '', body = '', unsigned = [], scope, alter = (same) => same } = more
  const hash = algorithm.endsWith('SM3') ? 'sm3' : 'sha256'
  const headers = new Map(
    Object.entries({
      host,
      'x-acs-action': action,
      'x-acs-version': '2016-01-20',
      'x-acs-date': `${new Date(now).toISOString().slice(0, 19)}Z`,
      'x-acs-signature-nonce': randomUUID(),
      'x-acs-content-sha256': hashHex(hash, body),
      ...(body !== '' && { 'content-type': 'application/x-www-form-urlencoded' }),
      ...more.headers,
    }).filter(([, value]) => value !== ''),
  )
  const signed = [...headers.keys()].filter((name) => !unsigned.includes(name)).sort()
  const credential = scope === undefined ? accessKeyId : `${accessKeyId}/${scope}`
  const upTo = `${algorithm} Credential=${credential},SignedHeaders=${signed.join(';')},Signature=`
  const authorization = parseAuthorization(`${upTo}${'0'.repeat(64)}`)
  if (!authorization) throw new Error(`not well-formed: ${upTo}`)
  const stringToSign = headerStringToSign(authorization, {
    method: 'POST',
    path: '/',
    query: new Map(new URLSearchParams(query)),
    headers: (name) => headers.get(name) ?? '',
    bodyHash: headers.get('x-acs-content-sha256') ?? headers.get('x-acs-content-sm3') ?? '',
  })
  const signature = headerSignature(authorization, accessKeySecret, stringToSign).toString('hex')
  headers.set('authorization', alter(`${upTo}${signature}`))
  const lines = [...headers].map(([name, value]) => `${name}: ${value}\r\n`).join('')
  return Buffer.from(`POST /?${query} HTTP/1.1\r\n${lines}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`)
}

/** An HTTP request with a form body. */
export function post(form: string | Uint8Array, headers = ''): Buffer {
  const body = Buffer.from(form)
  const head = `POST / HTTP/1.1\r\nHost: kms.cn-hangzhou.aliyuncs.com\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\n${headers}\r\n`
  return Buffer.concat([Buffer.from(head, 'latin1'), body])
}

/** An HTTP request without a body. */
export function get(target: string, { method = 'GET', headers = '' } = {}): string {
  return `${method} ${target} HTTP/1.1\r\nHost: kms.cn-hangzhou.aliyuncs.com\r\n${headers}\r\n`
}
