// Encodes answers in JSON and XML.
import { type Denial, denialSeenBy, type Refusal } from '../api/errors.ts'
import type { Reply, ReplyValue } from '../api/operation.ts'

export type Format = 'JSON' | 'XML'

export interface Answer {
  readonly status: number
  readonly contentType: string
  readonly body: string
  readonly requestId: string
}

/** Returns the format of the answer: from the parameter Format, else from the header Accept, else JSON. */
export function chosenFormat(parameter: string, accept: string): Format {
  if (parameter !== '') return parameter.toUpperCase() === 'XML' ? 'XML' : 'JSON'
  return /\b(text|application)\/xml\b/i.test(accept) && !/json/i.test(accept) ? 'XML' : 'JSON'
}

export function encodeReply(reply: Reply, action: string, requestId: string, format: Format): Answer {
  return encode({ ...reply, RequestId: requestId }, `${action}Response`, 200, requestId, format)
}

/** How the caller reached the server. `host` is the Host header or ''; `endpoint` is scheme, address and port. */
interface Asked {
  readonly host: string
  readonly endpoint: string
}

/** Encodes a refusal. `status` differs from the catalogue's where HTTP has a more specific one. */
export function encodeRefusal(
  refusal: Refusal,
  asked: Asked,
  requestId: string,
  format: Format,
  status: number = refusal.status,
): Answer {
  const { denial } = refusal
  const body = {
    RequestId: requestId,
    HostId: asked.host,
    Code: refusal.code,
    Message: refusal.message,
    Recommend: `${originOf(asked)}/docs/${refusal.page}`,
    HttpStatus: status,
    ...(denial && { AccessDeniedDetail: deniedDetail(denialSeenBy(denial.principal.account, denial)) }),
  }
  return encode(body, 'Error', status, requestId, format)
}

/** A host name, an IPv4 address or an IPv6 address in brackets, with or without a port. */
const HOST = /^(?:[a-z0-9._-]{1,253}|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?$/i

/** Returns the origin of this server's pages: with the request's Host if it is well-formed, else with the server's address. */
function originOf({ host, endpoint }: Asked): string {
  return HOST.test(host) ? `${endpoint.slice(0, endpoint.indexOf(':'))}://${host}` : endpoint
}

/** Returns AccessDeniedDetail. Only the event names the policy that denied the call. */
function deniedDetail({ action, type, policyType, principal }: Denial): Reply {
  return {
    AuthAction: action,
    AuthPrincipalType: principal.type,
    AuthPrincipalDisplayName: principal.name,
    NoPermissionType: type,
    PolicyType: policyType,
  }
}

function encode(value: Reply, root: string, status: number, requestId: string, format: Format): Answer {
  return format === 'JSON'
    ? { status, contentType: 'application/json;charset=utf-8', body: JSON.stringify(value), requestId }
    : {
        status,
        contentType: 'text/xml;charset=utf-8',
        body: `<?xml version="1.0" encoding="UTF-8"?>${element(root, value)}`,
        requestId,
      }
}

/** Returns the XML element of a value. A list repeats its element for each item. */
function element(name: string, value: ReplyValue): string {
  if (Array.isArray(value)) return value.map((item: ReplyValue) => element(name, item)).join('')
  if (typeof value !== 'object') return `<${name}>${escaped(String(value))}</${name}>`
  const members = Object.entries(value).map(([member, inner]) => element(member, inner))
  return `<${name}>${members.join('')}</${name}>`
}

const ENTITIES: ReadonlyMap<string, string> = new Map([
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
  ["'", '&apos;'],
  ['\r', '&#13;'],
])

/** Escapes text for XML and HTML. XML 1.0 cannot express most control characters, even escaped: they become U+FFFD. */
export function escaped(text: string): string {
  return (
    text
      .replace(/[&<>"'\r]/g, (character) => ENTITIES.get(character) ?? character)
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what XML forbids
      .replace(/[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, '\ufffd')
  )
}
