// The most expensive unauthenticated requests: the server's CPU time for each, by kind.
import { connect } from 'node:net'
import { MAX_BODY_CHUNKS } from '../src/gateway/limits.ts'
import { percentEncode } from '../src/gateway/percent-encoding.ts'
import type { Server } from './processes.ts'

/** A kind of unauthenticated request, and its cost for the server. */
export interface Cost {
  readonly kind: string
  readonly status: number
  readonly cpuMs: number
}

/** Almost the limit of a body; the rest is for the form that names the AccessKey. */
const BODY = 260_000
const VALUE = 65_536
/** Bytes that may follow 64 KiB. */
const REST = 8000

function form(accessKeyId: string, more: string): string {
  const Timestamp = percentEncode(`${new Date().toISOString().slice(0, 19)}Z`)
  const Signature = percentEncode(Buffer.alloc(20).toString('base64'))
  return `AccessKeyId=${accessKeyId}&Timestamp=${Timestamp}&SignatureMethod=HMAC-SHA1&SignatureVersion=1.0&Signature=${Signature}&${more}`
}

function http(method: string, target: string, headers: readonly string[], body: string): Buffer {
  const lines = ['Host: localhost', ...headers, `Content-Length: ${Buffer.byteLength(body)}`]
  return Buffer.from(`${method} ${target} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${body}`)
}

/** A body with one chunk for each byte. */
function chunked(length: number): Buffer {
  const head = `POST / HTTP/1.1\r\nHost: localhost\r\n${FORM}\r\nTransfer-Encoding: chunked\r\n\r\n`
  return Buffer.from(`${head}${'1\r\nx\r\n'.repeat(length)}0\r\n\r\n`)
}

const FORM = 'Content-Type: application/x-www-form-urlencoded'
const DEEP = `{"a":${'['.repeat(BODY / 2 - 10)}${']'.repeat(BODY / 2 - 10)}}`
const WIDE = `{${Array.from({ length: 15_000 }, (_, i) => `"${i}":[{}]`).join(',')}}`

/** Signature 1.0: forms with the most expensive strings to sign. */
function forms(accessKeyId: string, known: string): [string, Buffer][] {
  const names = (name: (i: number) => string) => Array.from({ length: 990 }, (_, i) => name(i)).join('&')
  const post = (body: string) => http('POST', '/', [FORM], form(accessKeyId, body))
  return [
    ['64 KiB, each byte percent-encoded', post(`a=${'%21'.repeat(VALUE)}`)],
    ['64 KiB that are to be percent-encoded', post(`a=${'!'.repeat(VALUE)}&b=${'!'.repeat(REST)}`)],
    ['64 KiB of blanks', post(`a=${'+'.repeat(VALUE)}&b=${'+'.repeat(REST)}`)],
    ['64 KiB of Chinese', post(`a=${'密'.repeat(VALUE / 3 - 1)}`)],
    ['990 names that begin alike', post(names((i) => `${'n'.repeat(13)}${i}=+`))],
    [
      '90 names beyond the basic plane',
      post(names((i) => `${i < 90 ? '\u{1f511}'.repeat(30) : ''}${i}=${'!'.repeat(55)}`)),
    ],
    ['990 short names, none with a value', post(names((i) => `${i}`))],
    ['the longest body, of separators', post('&'.repeat(BODY))],
    ['the longest body, percent-encoded', post(`a=${'%21'.repeat(BODY / 3)}`)],
    ['990 values that are to be percent-encoded', post(names((i) => `${i}=${'!'.repeat(65)}`))],
  ].map(([kind, bytes]) => [`1.0, ${known}: ${kind}`, bytes] as [string, Buffer])
}

/** ACS3 and ACS4: a body, a query and headers, all of them wrong. */
function byHeader(accessKeyId: string, known: string): [string, Buffer][] {
  const MUST = ['x-acs-date', 'x-acs-action', 'x-acs-version', 'x-acs-signature-nonce', 'x-acs-content-sha256']
  const signed = (
    algorithm: string,
    more: readonly string[],
    target: string,
    body: string,
    type = 'application/json',
  ) => {
    const names = [...MUST, 'content-type', ...more].join(';')
    const scope = algorithm.startsWith('ACS4')
      ? `/${new Date().toISOString().slice(0, 10).replaceAll('-', '')}/center/Kms/aliyun_v4_request`
      : ''
    const headers = [
      `Authorization: ${algorithm} Credential=${accessKeyId}${scope},SignedHeaders=${names},Signature=${'0'.repeat(64)}`,
      `x-acs-date: ${new Date().toISOString().slice(0, 19)}Z`,
      'x-acs-action: CreateKey',
      'x-acs-version: 2016-01-20',
      'x-acs-signature-nonce: 1',
      `x-acs-content-sha256: ${'0'.repeat(64)}`,
      `Content-Type: ${type}`,
      ...more.map((name) => `${name}: x`),
    ]
    return http('POST', target, headers, body)
  }
  const many = (count: number) => Array.from({ length: count }, (_, i) => `x-acs-${i}`)
  const query = `/?${Array.from({ length: 900 }, (_, i) => `${i}=${'%21'.repeat(21)}`).join('&')}`
  return [
    ['the longest body, of deep JSON', signed('ACS3-HMAC-SHA256', [], '/', DEEP)],
    ['the longest body, of wide JSON', signed('ACS3-HMAC-SHA256', [], '/', WIDE)],
    ['the longest body under SM3', signed('ACS3-HMAC-SM3', [], '/', DEEP)],
    ['the longest body, a form', signed('ACS4-HMAC-SM3', [], '/', `a=${'%21'.repeat(BODY / 3)}`, FORM.slice(14))],
    ['60 KiB of query', signed('ACS4-HMAC-SM3', [], query, '')],
    ['50 headers more', signed('ACS4-HMAC-SM3', many(50), query, '')],
    ['500 headers more', signed('ACS3-HMAC-SHA256', many(500), '/', '')],
  ].map(([kind, bytes]) => [`${String(kind)}, ${known}`, bytes] as [string, Buffer])
}

/** What a page of the console sends, without a session. */
function ofPages(): [string, Buffer][] {
  const page = (path: string, body: string) =>
    http('POST', `/console/${path}`, ['X-Strongroom-Console: 1', 'Content-Type: application/json'], body)
  const names = `{${Array.from({ length: 3100 }, (_, i) => `"${i}":[]`).join(',')}}`
  return [
    ['console: the longest body, of deep JSON, to an operation', page('api/Kms/ListKeys', DEEP)],
    ['console: the longest body, of wide JSON, to an operation', page('api/Kms/ListKeys', WIDE)],
    ['console: the longest body, of wide JSON, to the simulator', page('api/simulate', WIDE)],
    ['console: the longest body, of wide JSON, to a log-on', page('session', WIDE)],
    ['console: 32 KiB of wide JSON to a log-on', page('session', names)],
  ]
}

/** Sends each kind of request on its own connections, one after the other. */
export async function costsOfStrangers(server: Server, accessKeyId: string, rounds: number): Promise<Cost[]> {
  const token = Buffer.alloc(12_000, 7).toString('base64')
  const kinds: [string, Buffer][] = [
    ...forms('LTAInobody', 'unknown AccessKey'),
    ...forms(accessKeyId, 'known AccessKey'),
    ...byHeader('LTAInobody', 'unknown AccessKey'),
    ...byHeader(accessKeyId, 'known AccessKey'),
    ['1.0: a token of 16 KiB', http('POST', '/', [FORM], form('STS.nobody', `SecurityToken=${percentEncode(token)}`))],
    ['as many one-byte chunks as there may be', chunked(MAX_BODY_CHUNKS)],
    ...ofPages(),
    ['no signature: 64 KiB', http('POST', '/', [FORM], `a=${'%21'.repeat(VALUE)}`)],
  ]
  // An attacker keeps this code busy, so it is compiled.
  for (const [, bytes] of kinds) await measured(server, bytes, rounds * 2)
  const costs: Cost[] = []
  for (const [kind, bytes] of kinds) {
    const batches: { status: number; cpuMs: number }[] = []
    for (let batch = 0; batch < BATCHES; batch++) batches.push(await measured(server, bytes, rounds))
    // Takes the median: other work on the machine evicts caches.
    const sorted = batches.toSorted((a, b) => a.cpuMs - b.cpuMs)
    const middle = sorted[Math.floor(BATCHES / 2)]
    if (middle) costs.push({ kind, ...middle })
  }
  return costs
}

const BATCHES = 5

async function measured(server: Server, bytes: Buffer, rounds: number): Promise<{ status: number; cpuMs: number }> {
  const before = server.cpuMs()
  let status = 0
  for (let i = 0; i < rounds; i++) status = await statusOf(server, bytes)
  return { status, cpuMs: (server.cpuMs() - before) / rounds }
}

/** The status of the answer. The server may close the connection before it has read the whole request. */
async function statusOf({ endpoint }: Server, bytes: Buffer): Promise<number> {
  const { hostname, port } = new URL(endpoint)
  const socket = connect(Number(port), hostname)
  socket.on('error', () => {})
  socket.write(bytes)
  let head = ''
  for await (const chunk of socket) {
    head += String(chunk)
    if (head.includes('\r\n\r\n')) break
  }
  socket.destroy()
  return Number(head.slice(9, 12))
}
