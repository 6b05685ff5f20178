// A request as it came over HTTP, and its parameters: decoded strictly, bounded, none twice (docs/reference/signatures.md).
// What is decoded before the caller is known is bounded so tightly that it takes well under a millisecond.
import { refuse } from '../api/errors.ts'

export const MAX_QUERY_BYTES = 65_536
const MAX_PARAMETERS = 1000
const MAX_VALUE_BYTES = 65_536
/** All names and values together, decoded: the longest value there may be, and 8 KiB for the others. */
const MAX_DECODED_BYTES = MAX_VALUE_BYTES + 8192
/** A form before it is decoded: percent-encoding triples names and values, separators come on top. */
const MAX_FORM_BYTES = MAX_DECODED_BYTES * 3 + MAX_PARAMETERS * 2

/** What the HTTP layer hands on. Header names are lower-case. */
export interface HttpRequest {
  readonly method: string
  /** The request target: path, and query after a question mark. */
  readonly target: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** Names and values in turn, as they were sent, repeated ones too. */
  readonly rawHeaders: readonly string[]
  readonly body: Uint8Array
  readonly sourceAddress: string
  /** The regions that are served; first the one of a call that names none, which may depend on the port. */
  readonly regions: readonly string[]
  /** Whether it came over TLS. */
  readonly secure: boolean
}

/** Parameters by name, each once. */
export type Parameters = ReadonlyMap<string, string>

/** One header's value, or '' when absent; of a repeated one the first. */
export function header(request: HttpRequest, name: string): string {
  const value = request.headers[name]
  return (typeof value === 'string' ? value : value?.[0]) ?? ''
}

export function pathOf({ target }: HttpRequest): string {
  const end = target.indexOf('?')
  return end < 0 ? target : target.slice(0, end)
}

/** Whether the header Authorization signs the request (ACS3, ACS4), and not the parameters of signature 1.0. */
export function isSignedByHeader(request: HttpRequest): boolean {
  return /^ACS\d/.test(header(request, 'authorization'))
}

/**
 * The parameters that may be read before the caller is known: those of the query, and with signature 1.0 of the form,
 * which it signs as parameters. Refuses with ParseRequestParameterException, or InvalidParameter for a name that comes twice.
 */
export function decodeUnverified(request: HttpRequest): Parameters {
  const decoded = new Decoded([])
  const start = request.target.indexOf('?')
  const query = start < 0 ? '' : request.target.slice(start + 1)
  if (query.length > MAX_QUERY_BYTES) throw unreadable(`The query is longer than ${MAX_QUERY_BYTES} bytes.`)
  if (/[^!-~]/.test(query)) throw unreadable('The query holds characters that must be percent-encoded.')
  decoded.addForm(query)
  if (!isSignedByHeader(request) && contentType(request) === FORM) decoded.addFormBody(request.body)
  return decoded.parameters
}

/**
 * All parameters of a request whose caller is known: to `unverified` come those of a body that the header's signature covers,
 * a form or a JSON object. Refuses like decodeUnverified.
 */
export function decodeVerified(request: HttpRequest, unverified: Parameters): Parameters {
  if (request.body.length === 0 || !isSignedByHeader(request)) return unverified
  const decoded = new Decoded(unverified)
  const type = contentType(request)
  if (type === FORM) decoded.addFormBody(request.body)
  else if (type === 'application/json') decoded.addJsonBody(request.body)
  return decoded.parameters
}

const FORM = 'application/x-www-form-urlencoded'

function contentType(request: HttpRequest): string {
  return header(request, 'content-type').split(';', 1)[0]?.trim().toLowerCase() ?? ''
}

/** Parameters, each once, within the limits. */
class Decoded {
  readonly parameters = new Map<string, string>()
  #bytes = 0

  constructor(given: Iterable<readonly [string, string]>) {
    for (const [name, value] of given) this.#add(name, value)
  }

  addFormBody(body: Uint8Array): void {
    if (body.length > MAX_FORM_BYTES) throw unreadable(`The form is longer than ${MAX_FORM_BYTES} bytes.`)
    this.addForm(utf8(body))
  }

  addForm(form: string): void {
    let pieces = 0
    let equals = -1
    for (let start = 0; start < form.length; ) {
      const end = indexOrLength(form, '&', start)
      // Empty pieces count: they cost time too.
      if (++pieces > MAX_PARAMETERS) throw tooMany()
      if (end > start) {
        // Sought only behind the one before: pieces without any would each be read to the form's end.
        if (equals < start) equals = indexOrLength(form, '=', start)
        const nameEnd = Math.min(equals, end)
        this.#add(decodeComponent(form.slice(start, nameEnd)), decodeComponent(form.slice(nameEnd + 1, end)))
      }
      start = end + 1
    }
  }

  addJsonBody(body: Uint8Array): void {
    const value = parseJson(utf8(body))
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw unreadable('The JSON body must be an object.')
    for (const [name, member] of Object.entries(value)) {
      if (member === null) continue
      const text = typeof member === 'string' ? member : JSON.stringify(member)
      // JSON can write what UTF-8 can't: half of a surrogate pair.
      if (!name.isWellFormed() || !text.isWellFormed()) throw unreadable('A parameter is not well-formed Unicode.')
      this.#add(name, text)
    }
  }

  #add(name: string, value: string): void {
    if (name === '') throw unreadable('A parameter has no name.')
    if (this.parameters.has(name))
      throw refuse('InvalidParameter', { name: name.slice(0, 128), rule: 'It is given twice.' })
    if (this.parameters.size >= MAX_PARAMETERS) throw tooMany()
    const valueBytes = Buffer.byteLength(value)
    if (valueBytes > MAX_VALUE_BYTES) throw unreadable(`A value is longer than ${MAX_VALUE_BYTES} bytes.`)
    this.#bytes += Buffer.byteLength(name) + valueBytes
    if (this.#bytes > MAX_DECODED_BYTES)
      throw unreadable(`The parameters are longer than ${MAX_DECODED_BYTES} bytes together.`)
    this.parameters.set(name, value)
  }
}

function indexOrLength(text: string, sought: string, from: number): number {
  const found = text.indexOf(sought, from)
  return found < 0 ? text.length : found
}

function decodeComponent(text: string): string {
  const spaced = text.includes('+') ? withSpaces(text) : text
  if (!spaced.includes('%')) return spaced
  try {
    return decodeURIComponent(spaced)
  } catch {
    throw unreadable('A percent-encoding is broken, or not UTF-8.')
  }
}

/** Each plus as a space; on bytes, since replacing in a string costs some thirty times as much for each. */
function withSpaces(text: string): string {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; at++) if (bytes[at] === 0x2b) bytes[at] = 0x20
  return bytes.toString()
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    throw unreadable('The JSON body is broken.')
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function utf8(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes)
  } catch {
    throw unreadable('The body is not UTF-8.')
  }
}

function tooMany() {
  return unreadable(`There are more than ${MAX_PARAMETERS} parameters.`)
}

function unreadable(rule: string) {
  return refuse('ParseRequestParameterException', { rule })
}
