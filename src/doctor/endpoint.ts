// A server from outside: whether it answers and is ready, its certificate and its clock.
import type { IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { TLSSocket } from 'node:tls'
import { request as httpRequest } from '../runtime/http.ts'
import { jsonObjectIn } from '../runtime/json.ts'
import { isForOtherNames } from '../runtime/tls-errors.ts'
import { checkExpiry } from './certificate.ts'
import { checkOffset } from './clock.ts'
import { type Finding, findingsOf } from './finding.ts'

const PATIENCE_MS = 10_000
const ANSWER_CHARACTERS = 1000

export interface Server {
  readonly endpoint: string
  /** PEM of the certificate authority to trust, for HTTPS. */
  readonly ca: string | null
  readonly now: () => number
}

/** Requests /readyz without credentials. `named`: whether the user named this server. `answers`: whether it is a Strongroom server. */
export async function checkEndpoint(
  server: Server,
  named: boolean,
): Promise<{ readonly answers: boolean; readonly findings: readonly Finding[] }> {
  const { ok, error, notMade } = findingsOf('endpoint')
  const { endpoint, now } = server
  const trouble = named ? error : notMade
  try {
    const before = now()
    const { response, socket, body } = await get(new URL('/readyz', endpoint), server)
    const ours = (before + now()) / 2
    const date = Date.parse(response.headers.date ?? '')
    const certificate = 'getPeerCertificate' in socket ? certificateOf(socket as TLSSocket, server) : []
    const status = jsonObjectIn(body)?.['status']
    if (status !== 'ok' && status !== 'unavailable') {
      const says = `${endpoint} is not a Strongroom server: /readyz answered ${response.statusCode}`
      const remedy = 'give the address of your server with --endpoint'
      return { answers: false, findings: [trouble(says, remedy), ...certificate] }
    }
    const findings = [
      status === 'ok'
        ? ok(`${endpoint} is ready`)
        : error(`${endpoint} is not ready (/readyz: ${response.statusCode})`, 'see the log of the server'),
      // The Date header has no fractions of a second.
      ...(Number.isNaN(date) ? [] : [checkOffset(endpoint, date + 500, ours)]),
      ...certificate,
    ]
    return { answers: true, findings }
  } catch (failure) {
    const { message, code } = failure as NodeJS.ErrnoException
    const says = `${endpoint} does not answer: ${message || code}`
    const remedy = 'start the server, or give its address with --endpoint'
    return { answers: false, findings: [trouble(says, remedy)] }
  }
}

function certificateOf(socket: TLSSocket, { endpoint, now }: Server): readonly Finding[] {
  const { error } = findingsOf('certificate')
  const { valid_to: until } = socket.getPeerCertificate()
  const expiry = checkExpiry(`the certificate of ${endpoint}`, Date.parse(until), now())
  if (socket.authorized || expiry.result === 'error') return [expiry]
  const why = String(socket.authorizationError)
  const named = isForOtherNames(why)
  return [
    expiry,
    error(
      `the certificate of ${endpoint} ${named ? 'does not name its host' : `is not trusted here (${why})`}`,
      named
        ? 'call it by a name that its certificate has, or use one with this name'
        : 'name the file of its CA with --ca-file or STRONGROOM_CA_FILE',
    ),
  ]
}

function get(url: URL, { ca }: Server): Promise<{ response: IncomingMessage; socket: object; body: string }> {
  return new Promise((resolve, reject) => {
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest
    // The request contains no secret, and the certificate is judged afterwards.
    const request = send(url, { timeout: PATIENCE_MS, agent: false, rejectUnauthorized: false, ...(ca ? { ca } : {}) })
    request.on('timeout', () => request.destroy(new Error(`no answer within ${PATIENCE_MS / 1000} s`)))
    request.on('error', reject)
    request.on('response', (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (text: string) => {
        // The answer of Strongroom is short, and another server may send anything.
        if (body.length < ANSWER_CHARACTERS) body += text
      })
      response.on('end', () => resolve({ response, socket: response.socket, body }))
      response.on('error', reject)
    })
    request.end()
  })
}
