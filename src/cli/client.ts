// Calls an operation over HTTP, signed as the cloud's own clients do (signature version 1.0).
import { randomUUID } from 'node:crypto'
import { request as httpsRequest } from 'node:https'
import { isoSeconds } from '../api/time.ts'
import { rpcSignature, rpcStringToSign } from '../gateway/signature.ts'
import { request as httpRequest } from '../runtime/http.ts'

export interface ClientOptions {
  readonly endpoint: string
  readonly accessKeyId: string
  readonly accessKeySecret: string
  readonly securityToken: string | null
  /** The region of calls that name none; absent or null for the server's default region. */
  readonly region?: string | null
  /** The remedy for expired credentials, in one sentence. */
  readonly renewal?: string
  /** Milliseconds since 1970, for the request's time stamp. */
  readonly now: number
  /** PEM of the certificate authority to trust, for HTTPS. */
  readonly ca: string | null
  /** The path of the call; absent for the API. */
  readonly path?: string
  /** Ends the call early. */
  readonly signal?: AbortSignal
}

/** The address of a server, and the CA to trust there. */
export type Server = Pick<ClientOptions, 'endpoint' | 'ca'>
export type Way = Pick<ClientOptions, 'path' | 'signal'>

/** A reply from any server, Strongroom or not. `type` is '' without a Content-Type. */
export interface Response {
  readonly status: number
  readonly type: string
  readonly body: string
}

/** Posts the signed call. Rejects when the server can't be reached. */
export async function callOperation(
  parameters: ReadonlyMap<string, string>,
  options: ClientOptions,
): Promise<Response> {
  const signed = new Map(parameters)
  if (options.region && !signed.has('RegionId')) signed.set('RegionId', options.region)
  signed.set('Format', 'JSON')
  signed.set('AccessKeyId', options.accessKeyId)
  signed.set('SignatureMethod', 'HMAC-SHA256')
  signed.set('SignatureVersion', '1.0')
  signed.set('SignatureNonce', randomUUID())
  signed.set('Timestamp', isoSeconds(options.now))
  if (options.securityToken) signed.set('SecurityToken', options.securityToken)
  const signature = rpcSignature('sha256', options.accessKeySecret, rpcStringToSign('POST', signed))
  signed.set('Signature', signature.toString('base64'))
  return post(options, new URLSearchParams([...signed]).toString(), 'application/x-www-form-urlencoded')
}

/** Posts JSON without a signature. Rejects when the server can't be reached. */
export function postJson(path: string, body: object, server: Server & Pick<Way, 'signal'>): Promise<Response> {
  return post({ ...server, path }, JSON.stringify(body), 'application/json')
}

function post({ endpoint, ca, path = '/', signal }: Server & Way, body: string, type: string): Promise<Response> {
  const url = new URL(path, endpoint)
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest
  const headers = { 'content-type': type, 'content-length': Buffer.byteLength(body) }
  return new Promise((resolve, reject) => {
    const request = send(url, {
      method: 'POST',
      headers: { ...headers, 'user-agent': 'strongroom-cli' },
      ...(ca ? { ca } : {}),
      ...(signal ? { signal } : {}),
    })
    request.on('error', reject)
    request.on('response', (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          type: response.headers['content-type'] ?? '',
          body: Buffer.concat(chunks).toString('utf8'),
        }),
      )
    })
    request.end(body)
  })
}
