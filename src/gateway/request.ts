// A request as it came over HTTP, and its parameters: decoded strictly, bounded, none twice (docs/reference/signatures.md).
// What is decoded before the caller is known is bounded so tightly that it takes well under a millisecond.
import { isAscii, isUtf8 } from 'node:buffer'
import { refuse } from '../api/errors.ts'

export const MAX_QUERY_BYTES = 65_536
const MAX_PARAMETERS = 1000
const MAX_VALUE_BYTES = 65_536
/** Names that are not plain ASCII: they take longest to sort. */
const MAX_ENCODED_NAMES = 100
/** All names together, decoded: they are sorted. */
const MAX_NAMES_BYTES = 16_384
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
  /** Where the client reached this server: scheme, address and port. */
  readonly endpoint: string
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
  const start = request.target.indexOf('?')
  const query = start < 0 ? '' : request.target.slice(start + 1)
  if (query.length > MAX_QUERY_BYTES) throw unreadable(`The query is longer than ${MAX_QUERY_BYTES} bytes.`)
  if (/[^!-~]/.test(query)) throw unreadable('The query holds characters that must be percent-encoded.')
  const decoded = new Decoded(query.length + request.body.length > MAX_NAMES_BYTES)
  decoded.addForm(query, true)
  if (request.body.length > 0 && !isSignedByHeader(request)) {
    // Signature 1.0 covers parameters alone: of another body nothing is signed, and what it says would be lost unseen.
    if (contentType(request) !== FORM) throw unreadable('With signature 1.0 a body must be a form.')
    decoded.addFormBody(request.body)
  }
  return decoded.parameters
}

/**
 * All parameters of a request whose caller is known: to `unverified` come those of a body that the header's signature covers,
 * a form or a JSON object. Refuses like decodeUnverified.
 */
export function decodeVerified(request: HttpRequest, unverified: Parameters): Parameters {
  if (request.body.length === 0 || !isSignedByHeader(request)) return unverified
  const decoded = new Decoded(true)
  for (const [name, value] of unverified) decoded.add(name, value)
  const type = contentType(request)
  if (type === FORM) decoded.addFormBody(request.body)
  else if (type === 'application/json') decoded.addJsonBody(request.body)
  else throw unreadable('A body must be a form or a JSON object.')
  return decoded.parameters
}

const FORM = 'application/x-www-form-urlencoded'

function contentType(request: HttpRequest): string {
  return header(request, 'content-type').split(';', 1)[0]?.trim().toLowerCase() ?? ''
}

/** Parameters, each once, within the limits. */
class Decoded {
  readonly parameters = new Map<string, string>()
  readonly #counting: boolean
  #namesBytes = 0
  #bytes = 0

  /** `counting`: false when all is so short that it can't be too long: nothing is longer decoded than in a form. */
  constructor(counting: boolean) {
    this.#counting = counting
  }

  addFormBody(body: Uint8Array): void {
    if (body.length > MAX_FORM_BYTES) throw unreadable(`The form is longer than ${MAX_FORM_BYTES} bytes.`)
    if (!isUtf8(body)) throw unreadable('The body is not UTF-8.')
    const bytes = asBuffer(body)
    this.addForm(bytes.toString('latin1'), isAscii(bytes))
  }

  /** A form with a character for each of its bytes, so that a few that are not ASCII make the others no slower. */
  addForm(form: string, ascii: boolean): void {
    const decode = ascii ? decodeAscii : decodeBytes
    let pieces = 0
    let encodedNames = 0
    let equals = -1
    for (let start = 0; start < form.length; ) {
      const end = indexOrLength(form, '&', start)
      // Empty pieces count: they cost time too.
      if (++pieces > MAX_PARAMETERS) throw tooMany()
      if (end > start) {
        // Sought only behind the one before: pieces without any would each be read to the form's end.
        if (equals < start) equals = indexOrLength(form, '=', start)
        const nameEnd = Math.min(equals, end)
        const sent = form.slice(start, nameEnd)
        const name = decode(sent)
        if (name !== sent && ++encodedNames > MAX_ENCODED_NAMES)
          throw unreadable(`There are more than ${MAX_ENCODED_NAMES} names that are percent-encoded or not ASCII.`)
        this.add(name, decode(form.slice(nameEnd + 1, end)))
      }
      start = end + 1
    }
  }

  addJsonBody(body: Uint8Array): void {
    if (!isUtf8(body)) throw unreadable('The body is not UTF-8.')
    const value = parseJson(asBuffer(body).toString())
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw unreadable('The JSON body must be an object.')
    for (const [name, member] of Object.entries(value)) {
      if (member === null) continue
      const text = typeof member === 'string' ? member : JSON.stringify(member)
      // JSON can write what UTF-8 can't: half of a surrogate pair.
      if (!name.isWellFormed() || !text.isWellFormed()) throw unreadable('A parameter is not well-formed Unicode.')
      this.add(name, text)
    }
  }

  add(name: string, value: string): void {
    if (name === '') throw unreadable('A parameter has no name.')
    if (this.parameters.has(name))
      throw refuse('InvalidParameter', { name: name.slice(0, 128), rule: 'It is given twice.' })
    if (this.parameters.size >= MAX_PARAMETERS) throw tooMany()
    if (this.#counting) this.#count(name, value)
    this.parameters.set(name, value)
  }

  #count(name: string, value: string): void {
    const valueBytes = Buffer.byteLength(value)
    if (valueBytes > MAX_VALUE_BYTES) throw unreadable(`A value is longer than ${MAX_VALUE_BYTES} bytes.`)
    const nameBytes = Buffer.byteLength(name)
    this.#namesBytes += nameBytes
    if (this.#namesBytes > MAX_NAMES_BYTES)
      throw unreadable(`The names of parameters are longer than ${MAX_NAMES_BYTES} bytes together.`)
    this.#bytes += nameBytes + valueBytes
    if (this.#bytes > MAX_DECODED_BYTES)
      throw unreadable(`The parameters are longer than ${MAX_DECODED_BYTES} bytes together.`)
  }
}

function indexOrLength(text: string, sought: string, from: number): number {
  const found = text.indexOf(sought, from)
  return found < 0 ? text.length : found
}

function decodeAscii(text: string): string {
  const spaced = text.includes('+') ? withSpaces(text) : text
  if (!spaced.includes('%')) return spaced
  try {
    return decodeURIComponent(spaced)
  } catch {
    throw unreadable('A percent-encoding is broken, or not UTF-8.')
  }
}

function decodeBytes(bytes: string): string {
  return decodeAscii(/[\x80-\xff]/.test(bytes) ? Buffer.from(bytes, 'latin1').toString() : bytes)
}

/** Each plus as a space; on bytes, since replacing in a string costs some thirty times as much for each. */
function withSpaces(text: string): string {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; at++) if (bytes[at] === 0x2b) bytes[at] = 0x20
  return bytes.toString()
}

function asBuffer({ buffer, byteOffset, length }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, length)
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    throw unreadable('The JSON body is broken.')
  }
}

function tooMany() {
  return unreadable(`There are more than ${MAX_PARAMETERS} parameters.`)
}

function unreadable(rule: string) {
  return refuse('ParseRequestParameterException', { rule })
}
