// A request as it came over HTTP, and its parameters: decoded strictly, bounded, none twice (contract/wire.md sections 1 and 2).
import { refuse } from '../api/errors.ts'

export const MAX_BODY_BYTES = 1_048_576
export const MAX_QUERY_BYTES = 65_536
const MAX_PARAMETERS = 1000
const MAX_VALUE_BYTES = 65_536

/** What the HTTP layer hands on. Header names are lower-case. */
export interface HttpRequest {
  readonly method: string
  /** The request target: path, and query after a question mark. */
  readonly target: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Uint8Array
  readonly sourceAddress: string
  /** Whether it came over TLS. */
  readonly secure: boolean
}

/** Parameters by name. `query` holds those of the query alone, which ACS3 signs apart from the body. */
export interface DecodedParameters {
  readonly query: ReadonlyMap<string, string>
  readonly all: ReadonlyMap<string, string>
}

/** One header's value, or '' when absent; of a repeated one the first. */
export function header(request: HttpRequest, name: string): string {
  const value = request.headers[name]
  return (typeof value === 'string' ? value : value?.[0]) ?? ''
}

export function pathOf({ target }: HttpRequest): string {
  const end = target.indexOf('?')
  return end < 0 ? target : target.slice(0, end)
}

/**
 * The parameters of query and body (form, or the JSON object that ACS3 allows).
 * Refuses with ParseRequestParameterException, or with InvalidParameter for a name that comes twice.
 */
export function decodeParameters(request: HttpRequest): DecodedParameters {
  const start = request.target.indexOf('?')
  const queryText = start < 0 ? '' : request.target.slice(start + 1)
  if (queryText.length > MAX_QUERY_BYTES) throw unreadable(`The query is longer than ${MAX_QUERY_BYTES} bytes.`)
  if (/[^!-~]/.test(queryText)) throw unreadable('The query holds characters that must be percent-encoded.')
  const query = new Map<string, string>()
  decodeForm(queryText, query)
  if (request.body.length === 0) return { query, all: query }
  const type = header(request, 'content-type').split(';', 1)[0]?.trim().toLowerCase()
  const all = new Map(query)
  if (type === 'application/x-www-form-urlencoded') decodeForm(utf8(request.body), all)
  else if (type === 'application/json') decodeJson(utf8(request.body), all)
  return { query, all }
}

function decodeForm(form: string, into: Map<string, string>): void {
  if (form === '') return
  for (const pair of form.split('&')) {
    if (pair === '') continue
    const equals = pair.indexOf('=')
    if (equals < 0) add(into, decodeComponent(pair), '')
    else add(into, decodeComponent(pair.slice(0, equals)), decodeComponent(pair.slice(equals + 1)))
  }
}

function decodeComponent(text: string): string {
  if (!text.includes('%') && !text.includes('+')) return text
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    throw unreadable('A percent-encoding is broken, or not UTF-8.')
  }
}

function decodeJson(json: string, into: Map<string, string>): void {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch {
    throw unreadable('The JSON body is broken.')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw unreadable('The JSON body must be an object.')
  for (const [name, member] of Object.entries(value)) {
    if (member === null) continue
    const text = typeof member === 'string' ? member : JSON.stringify(member)
    // JSON can write what UTF-8 can't: half of a surrogate pair.
    if (!name.isWellFormed() || !text.isWellFormed()) throw unreadable('A parameter is not well-formed Unicode.')
    add(into, name, text)
  }
}

function add(into: Map<string, string>, name: string, value: string): void {
  if (name === '') throw unreadable('A parameter has no name.')
  if (into.has(name)) throw refuse('InvalidParameter', { name: name.slice(0, 128), rule: 'It is given twice.' })
  if (into.size >= MAX_PARAMETERS) throw unreadable(`There are more than ${MAX_PARAMETERS} parameters.`)
  if (
    value.length > MAX_VALUE_BYTES ||
    (value.length * 3 > MAX_VALUE_BYTES && Buffer.byteLength(value) > MAX_VALUE_BYTES)
  )
    throw unreadable(`A value is longer than ${MAX_VALUE_BYTES} bytes.`)
  into.set(name, value)
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function utf8(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes)
  } catch {
    throw unreadable('The body is not UTF-8.')
  }
}

function unreadable(rule: string) {
  return refuse('ParseRequestParameterException', { rule })
}
