// Calls operations over HTTP, and repeats throttled calls later.
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { Sending } from './case.ts'
import type { Machine } from './machine.ts'
import { type Credentials, type Outgoing, signed } from './signing.ts'

/** The timeout for an answer. */
const PATIENCE_MS = 60_000

/** The server under test. */
export interface Target {
  readonly endpoint: string
  /** The value of RegionId in calls. */
  readonly region: string
  readonly credentials: Credentials
  /** PEM of the certificate authority to trust, for HTTPS. */
  readonly ca: string | null
}

export interface Reply {
  readonly status: number
  /** The headers by name in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
  /** The body's JSON; null for anything else. */
  readonly body: unknown
  /** The Code of a refusal. */
  readonly code: string | null
}

export interface Call {
  readonly action: string
  readonly product: string
  readonly version: string
  readonly parameters: Readonly<Record<string, string>>
  readonly credentials: Credentials
  readonly send: Sending
}

/** The version of each product that cases call by default. */
export const VERSIONS: Readonly<Record<string, string>> = {
  Kms: '2016-01-20',
  Ram: '2015-05-01',
  Sts: '2015-04-01',
  Actiontrail: '2020-07-06',
}

/** The pauses before each repetition of a throttled call. */
const PAUSES_MS = [1000, 2000, 4000, 8000, 16_000]

/** The cloud's host of each product. */
const CLOUD_HOSTS: Readonly<Record<string, (region: string) => string>> = {
  Ram: () => 'ram.aliyuncs.com',
  Sts: (region) => `sts.${region}.aliyuncs.com`,
  Actiontrail: (region) => `actiontrail.${region}.aliyuncs.com`,
}

/** The region in a host name of the cloud's KMS; undefined for any other name. */
export function cloudRegion(hostname: string): string | undefined {
  return /^kms(?:-vpc)?\.([a-z0-9-]+)\.aliyuncs\.com$/.exec(hostname)?.[1]
}

/** The endpoint of a product. In the cloud each product has its own host; elsewhere one port serves all. */
function endpointOf(endpoint: string, product: string): URL {
  const url = new URL(endpoint)
  const region = cloudRegion(url.hostname)
  const host = CLOUD_HOSTS[product]
  if (region !== undefined && host) url.hostname = host(region)
  return url
}

/** Makes calls, and remembers the last request. */
export class Caller {
  readonly #target: Target
  readonly #machine: Machine
  #last: { readonly url: URL; readonly outgoing: Outgoing } | null = null
  /** How many requests went out. */
  requests = 0

  constructor(target: Target, machine: Machine) {
    this.#target = target
    this.#machine = machine
  }

  get credentials(): Credentials {
    return this.#target.credentials
  }

  /** Calls the operation. Repeats the call later while the server throttles it. Rejects without an answer. */
  async call(call: Call): Promise<Reply> {
    for (const pause of PAUSES_MS) {
      const reply = await this.#once(call)
      if (!reply.code?.includes('Throttling')) return reply
      await this.#machine.pause(pause)
    }
    return this.#once(call)
  }

  #once({ action, product, version, parameters, credentials, send }: Call): Promise<Reply> {
    const { endpoint, region } = this.#target
    const url = endpointOf(endpoint, product)
    const nonce = send.nonce ?? this.#machine.randomBytes(16).toString('hex')
    const all = { RegionId: region, ...parameters }
    const toSign = { action, version, credentials, host: url.host, nonce, now: this.#machine.now(), send }
    this.#last = { url, outgoing: signed({ ...toSign, parameters: all }) }
    return this.#send(this.#last.url, this.#last.outgoing)
  }

  /** Sends the last request again, byte for byte. */
  again(): Promise<Reply> {
    if (!this.#last) throw new Error('there was no request before')
    return this.#send(this.#last.url, this.#last.outgoing)
  }

  #send(url: URL, { method, target, headers, body }: Outgoing): Promise<Reply> {
    this.requests++
    const { ca } = this.#target
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest
    return new Promise((resolve, reject) => {
      const request = send(url, {
        method,
        path: target,
        headers: {
          'user-agent': 'strongroom-conformance',
          ...headers,
          ...(body === '' ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
        },
        ...(ca === null ? {} : { ca }),
        timeout: PATIENCE_MS,
      })
      request.on('timeout', () => request.destroy(new Error(`no answer within ${PATIENCE_MS / 1000} s`)))
      request.on('error', reject)
      request.on('response', (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => resolve(replyOf(response.statusCode ?? 0, response.headers, Buffer.concat(chunks))))
      })
      request.end(body)
    })
  }
}

function replyOf(status: number, headers: NodeJS.Dict<string | string[]>, bytes: Buffer): Reply {
  const text = bytes.toString('utf8')
  const flat = Object.entries(headers).map(([name, value = '']) => [name, String(value)] as const)
  const body = jsonIn(text)
  const code = (body as { Code?: unknown } | null)?.Code ?? /<Code>([^<]*)<\/Code>/.exec(text)?.[1]
  return { status, headers: Object.fromEntries(flat), text, body, code: typeof code === 'string' ? code : null }
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
