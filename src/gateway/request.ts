// HTTP requests and their parameters (docs/reference/signatures.md, "Parameters"). Decoding is strict and bounded, and each name may occur once. A
// request that can't be decoded is refused, never repaired. The limits keep decoding before authentication well under a millisecond.
import { isAscii, isUtf8 } from 'node:buffer'
import { refuse } from '../api/errors.ts'
import { asBuffer } from '../runtime/bytes.ts'
import { duplicateMember, isJsonObject, valuesIn } from '../runtime/json.ts'
import { readCanonical } from './canonical-form.ts'

export const MAX_QUERY_BYTES = 65_536
const MAX_PARAMETERS = 1000
const MAX_VALUE_BYTES = 65_536
/** The limit on names that are not plain ASCII, because these take longest to sort. */
const MAX_ENCODED_NAMES = 100
/** The limit on all decoded names together, because they are sorted; in bytes. */
const MAX_NAMES_BYTES = 16_384
/** The limit on all decoded names and values together: the longest value, and 8 KiB for the others. */
const MAX_DECODED_BYTES = MAX_VALUE_BYTES + 8192
/** The limit on lists, objects and values in a JSON body: with as many as fit into a body, parsing takes more than 20 ms. */
const MAX_JSON_VALUES = 5000
/** The limit on an encoded form: percent-encoding triples names and values, and separators are added. */
const MAX_FORM_BYTES = MAX_DECODED_BYTES * 3 + MAX_PARAMETERS * 2

/** A request. Header names are in lower case. */
export interface HttpRequest {
  readonly method: string
  /** The request target: path, and query after a question mark. */
  readonly target: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** Names and values alternating, as the client sent them, including repeated ones. */
  readonly rawHeaders: readonly string[]
  readonly body: Uint8Array
  readonly sourceAddress: string
  /** The regions of the server. The first one depends on the port and is the region of calls that name none. */
  readonly regions: readonly string[]
  /** Whether it arrived over TLS. */
  readonly secure: boolean
  /** The address at which the client reached this server: scheme, address and port. */
  readonly endpoint: string
  /** Whether the client has closed the connection, so that no answer reaches it. */
  readonly isAbandoned: () => boolean
}

/** Parameters by name, each once. */
export type Parameters = ReadonlyMap<string, string>

/** Returns the value of a header, '' for an absent one, and the first value of a repeated one. */
export function header(request: HttpRequest, name: string): string {
  const value = request.headers[name]
  return (typeof value === 'string' ? value : value?.[0]) ?? ''
}

export function pathOf({ target }: HttpRequest): string {
  const end = target.indexOf('?')
  return end < 0 ? target : target.slice(0, end)
}

function queryOf({ target }: HttpRequest): string {
  const start = target.indexOf('?')
  return start < 0 ? '' : target.slice(start + 1)
}

/** Whether the request is signed in the header Authorization (ACS3, ACS4) and not by parameters (signature 1.0). */
export function isSignedByHeader(request: HttpRequest): boolean {
  return /^ACS\d/.test(header(request, 'authorization'))
}

/**
 * Decodes the parameters that may be read before authentication: those of the query and, with signature 1.0, of the form, which that
 * signature covers. Refuses with ParseRequestParameterException, or with InvalidParameter for a name that occurs twice.
 */
export function decodeUnverified(request: HttpRequest): Parameters {
  return decodeCanonical(request) ?? decodeAny(request)
}

/** Decodes parameters of signature 1.0 in their canonical spelling; null for all others. */
function decodeCanonical(request: HttpRequest): Parameters | null {
  const { body } = request
  if (isSignedByHeader(request) || (body.length > 0 && contentType(request) !== FORM)) return null
  return readCanonical(queryOf(request), body)
}

/** As decodeUnverified, for any spelling. */
export function decodeAny(request: HttpRequest): Parameters {
  const query = queryOf(request)
  if (query.length > MAX_QUERY_BYTES) throw unreadable(`The query is longer than ${MAX_QUERY_BYTES} bytes.`)
  if (/[^!-~]/.test(query)) throw unreadable('The query holds characters that must be percent-encoded.')
  const decoded = new Decoded(query.length + request.body.length > MAX_NAMES_BYTES)
  decoded.addForm(query, true)
  if (request.body.length > 0 && !isSignedByHeader(request)) {
    // Signature 1.0 covers only parameters: any other body would be unsigned and ignored.
    if (contentType(request) !== FORM) throw unreadable('With signature 1.0 a body must be a form.')
    decoded.addFormBody(request.body)
  }
  return decoded.parameters
}

/**
 * Returns all parameters of an authenticated request: `unverified`, and those of a body (a form or a JSON object) that the header's signature covers.
 * Refuses as decodeUnverified does.
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

/** Returns the members of a JSON object as parameters. Texts are unchanged; other values become JSON. Refuses as decodeUnverified does. */
export function decodeJson(body: Uint8Array): Parameters {
  const decoded = new Decoded(true)
  decoded.addJsonBody(body)
  return decoded.parameters
}

const FORM = 'application/x-www-form-urlencoded'

function contentType(request: HttpRequest): string {
  const type = header(request, 'content-type')
  return type === FORM ? type : (type.split(';', 1)[0]?.trim().toLowerCase() ?? '')
}

/** Parameters, each once, within the limits. */
class Decoded {
  readonly parameters = new Map<string, string>()
  readonly #counting: boolean
  #namesBytes = 0
  #bytes = 0

  /** `counting` is false where the encoded text is too short to exceed a limit, since decoding never lengthens it. */
  constructor(counting: boolean) {
    this.#counting = counting
  }

  addFormBody(body: Uint8Array): void {
    if (body.length > MAX_FORM_BYTES) throw unreadable(`The form is longer than ${MAX_FORM_BYTES} bytes.`)
    if (!isUtf8(body)) throw unreadable('The body is not UTF-8.')
    const bytes = asBuffer(body)
    this.addForm(bytes.toString('latin1'), isAscii(bytes))
  }

  /** Decodes a form in latin1, one character per byte, so that a few non-ASCII characters do not slow down the others. */
  addForm(form: string, ascii: boolean): void {
    const decode = ascii ? decodeAscii : decodeBytes
    let pieces = 0
    let encodedNames = 0
    let equals = -1
    for (let start = 0; start < form.length; ) {
      const end = indexOrLength(form, '&', start)
      // Empty pieces count, because they cost time too.
      if (++pieces > MAX_PARAMETERS) throw tooMany()
      if (end > start) {
        // Continues from the last `=` found. Otherwise each piece without one would be scanned to the end of the form.
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
    if (valuesIn(body) > MAX_JSON_VALUES) throw unreadable(`The JSON body has more than ${MAX_JSON_VALUES} values.`)
    const json = asBuffer(body).toString()
    const value = parseJson(json)
    if (!isJsonObject(value)) throw unreadable('The JSON body must be an object.')
    const twice = duplicateMember(json)
    if (twice !== null) {
      demandUnicode(twice)
      throw givenTwice(twice)
    }
    const members = Object.entries(value)
    if (members.length > MAX_PARAMETERS) throw tooMany()
    for (const [name, member] of members) {
      demandUnicode(name)
      if (member === null) continue
      const text = typeof member === 'string' ? member : JSON.stringify(member)
      demandUnicode(text)
      this.add(name, text)
    }
  }

  add(name: string, value: string): void {
    if (name === '') throw unreadable('A parameter has no name.')
    if (this.parameters.has(name)) throw givenTwice(name)
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

/** Replaces each plus with a space. It works on bytes, because replacement in a string costs about thirty times as much. */
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

/** Refuses a text with lone surrogates, which JSON can express and UTF-8 can't. */
function demandUnicode(text: string): void {
  if (!text.isWellFormed()) throw unreadable('A parameter is not well-formed Unicode.')
}

function givenTwice(name: string) {
  return refuse('InvalidParameter', { name: name.slice(0, 128), rule: 'It is given twice.' })
}

function tooMany() {
  return unreadable(`There are more than ${MAX_PARAMETERS} parameters.`)
}

function unreadable(rule: string) {
  return refuse('ParseRequestParameterException', { rule })
}
