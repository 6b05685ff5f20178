// Signs requests as the documentation describes it. It shares no code with the server, so that no mistake of the server's signatures goes
// unnoticed.
import { createHash, createHmac } from 'node:crypto'
import type { Sending } from './case.ts'
import { isoDate } from './values.ts'

export interface Credentials {
  readonly AccessKeyId: string
  readonly AccessKeySecret: string
  readonly SecurityToken?: string | undefined
}

/** A request as it goes out. */
export interface Outgoing {
  readonly method: string
  /** Path and query. */
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface ToSign {
  readonly action: string
  readonly version: string
  readonly parameters: Readonly<Record<string, string>>
  readonly credentials: Credentials
  /** The host of the request, for the header. */
  readonly host: string
  readonly nonce: string
  /** Milliseconds since 1970. */
  readonly now: number
  readonly send: Sending
}

const FORM = 'application/x-www-form-urlencoded'

function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

function joined(parameters: Readonly<Record<string, string>>): string {
  return Object.keys(parameters)
    .toSorted()
    .map((name) => `${encode(name)}=${encode(parameters[name] ?? '')}`)
    .join('&')
}

/** The parts without those that `send` omits. */
function less(parts: Readonly<Record<string, string>>, { without = [] }: Sending): Record<string, string> {
  return Object.fromEntries(Object.entries(parts).filter(([name]) => !without.includes(name)))
}

export function signed(request: ToSign): Outgoing {
  return request.send.how?.startsWith('ACS3') ? signedInHeader(request) : signedInParameters(request)
}

function withToken(token: string | undefined, name: string): Record<string, string> {
  return token === undefined ? {} : { [name]: token }
}

/** Signature 1.0. */
function signedInParameters({ action, version, parameters, credentials, nonce, now, send }: ToSign): Outgoing {
  const { how = 'form', secret = credentials.AccessKeySecret, path = '/', append = '' } = send
  const method = send.method ?? (how === 'query' ? 'GET' : 'POST')
  const own = {
    Action: action,
    Version: version,
    AccessKeyId: credentials.AccessKeyId,
    ...withToken(credentials.SecurityToken, 'SecurityToken'),
    SignatureMethod: 'HMAC-SHA1',
    SignatureVersion: '1.0',
    SignatureNonce: nonce,
    Timestamp: isoDate(now + (send.seconds ?? 0) * 1000),
    ...send.set,
  }
  const all: Record<string, string> = { ...parameters, ...less(own, send) }
  const hash = all['SignatureMethod'] === 'HMAC-SHA256' ? 'sha256' : 'sha1'
  const stringToSign = [method, encode('/'), encode(joined(all))].join('&')
  const signature = createHmac(hash, `${secret}&`).update(stringToSign).digest('base64')
  const text = joined({ ...all, ...less({ Signature: signature }, send), ...send.alter }) + append
  if (how === 'query') return { method, target: `${path}?${text}`, headers: { ...send.headers }, body: '' }
  return { method, target: path, headers: { 'content-type': FORM, ...send.headers }, body: text }
}

/** ACS3-HMAC-SHA256. */
function signedInHeader({ action, version, parameters, credentials, host, nonce, now, send }: ToSign): Outgoing {
  const { secret = credentials.AccessKeySecret, path = '/', append = '' } = send
  const inForm = send.how === 'ACS3 form'
  const method = send.method ?? 'POST'
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
  const body = inForm ? joined(parameters) : ''
  const own = {
    host,
    'x-acs-action': action,
    'x-acs-version': version,
    'x-acs-date': isoDate(now + (send.seconds ?? 0) * 1000),
    'x-acs-signature-nonce': nonce,
    'x-acs-content-sha256': sha256(body),
    ...withToken(credentials.SecurityToken, 'x-acs-security-token'),
    ...(inForm ? { 'content-type': FORM } : {}),
    ...send.set,
  }
  const headers = less(own, send)
  const names = Object.keys(headers).toSorted()
  const canonical = [
    method,
    path,
    inForm ? '' : joined(parameters),
    names.map((name) => `${name}:${(headers[name] ?? '').trim()}\n`).join(''),
    names.join(';'),
    headers['x-acs-content-sha256'] ?? '',
  ].join('\n')
  const signature = createHmac('sha256', secret)
    .update(`ACS3-HMAC-SHA256\n${sha256(canonical)}`)
    .digest('hex')
  const authorization = `ACS3-HMAC-SHA256 Credential=${credentials.AccessKeyId},SignedHeaders=${names.join(';')},Signature=${signature}`
  const text = joined({ ...parameters, ...send.alter }) + append
  return {
    method,
    target: inForm ? path : `${path}?${text}`,
    headers: { ...headers, authorization, ...send.headers },
    body: inForm ? text : '',
  }
}
