// Parses parameters of query and form in the canonical spelling that signature 1.0 signs (docs/reference/signatures.md, "Version 1.0") and
// that nearly all clients send. One pass over the bytes decodes them, and the string to sign needs no sorting. request.ts parses any other
// spelling; test/gateway/canonical-form.test.ts compares both.
import { DIGITS, IS_UNRESERVED } from './percent-encoding.ts'

/** The limit on query and form together, in bytes. It is below every limit of request.ts, so those need no check here. */
const MAX_BYTES = 16_384
const MAX_NAMES = 64
const MAX_NAMES_BYTES = 2048
const MAX_SHAPES = 64

const [PERCENT, TWO, FIVE, AMPERSAND, EQUALS] = [0x25, 0x32, 0x35, 0x26, 0x3d]

/** The value of each hexadecimal digit in upper case; -1 for all other bytes. */
const HEX = Int8Array.from({ length: 256 }, (_, byte) => DIGITS.indexOf(byte))

/** The names of a request's parameters, each once, in the order in which they were sent. Most calls of a client share one shape. */
interface Shape {
  readonly names: readonly string[]
  /** The indexes of the signed parameters, in the order of the string to sign. */
  readonly order: readonly number[]
  /** The part of the string to sign before the value of each signed parameter. */
  readonly before: readonly Uint8Array[]
}

/** By the names, each followed by an ampersand; null where a name occurs twice. */
const shapes = new Map<string, Shape | null>()

// Scratch buffers. They are filled, read and wiped within one synchronous call, so all requests share them.
const names = Buffer.alloc(MAX_NAMES_BYTES)
const values = Buffer.alloc(MAX_BYTES)
const signed = Buffer.alloc(MAX_BYTES * 5)

/** Parameters in canonical spelling, and their string to sign for signature 1.0. */
export class CanonicalForm extends Map<string, string> {
  readonly #shape: Shape
  /** All values, concatenated. */
  readonly #text: string
  /** The start of each value in `#text`, and the end of the last one. */
  readonly #bounds: readonly number[]

  constructor(shape: Shape, text: string, bounds: readonly number[]) {
    super()
    this.#shape = shape
    this.#text = text
    this.#bounds = bounds
    for (let i = 0; i < shape.names.length; i++) this.set(shape.names[i] ?? '', text.slice(bounds[i], bounds[i + 1]))
  }

  /** Returns the same as rpcStringToSign. */
  stringToSign(method: string): string {
    const { order, before } = this.#shape
    const [text, bounds] = [this.#text, this.#bounds]
    let at = 0
    for (let i = 0; i < order.length; i++) {
      const prefix = before[i] ?? names
      for (let j = 0; j < prefix.length; j++) signed[at++] = prefix[j] ?? 0
      const index = order[i] ?? 0
      const end = bounds[index + 1] ?? 0
      for (let j = bounds[index] ?? 0; j < end; j++) {
        const byte = text.charCodeAt(j)
        if (IS_UNRESERVED[byte] === 1) signed[at++] = byte
        else {
          signed[at++] = PERCENT
          signed[at++] = TWO
          signed[at++] = FIVE
          signed[at++] = DIGITS[byte >> 4] ?? 0
          signed[at++] = DIGITS[byte & 15] ?? 0
        }
      }
    }
    const encoded = signed.toString('latin1', 0, at)
    signed.fill(0, 0, at)
    return `${method}&%2F&${encoded}`
  }
}

/**
 * Parses the parameters of a query and a form. Returns null, and refuses nothing, unless each parameter is `name=value` in pure ASCII and canonical
 * spelling, and the names are distinct.
 */
export function readCanonical(query: string, form: Uint8Array): CanonicalForm | null {
  const bytes = query.length + form.length
  if (bytes === 0 || bytes > MAX_BYTES) return null
  const reading = new Reading()
  try {
    if (query.length > 0 && !reading.read(Buffer.from(query))) return null
    if (form.length > 0 && !reading.read(form)) return null
    return reading.form()
  } finally {
    values.fill(0, 0, bytes)
  }
}

/** The parser's state: the names and values so far are in the shared buffers. */
class Reading {
  readonly #bounds = [0]
  #names = 0
  #values = 0

  /** Returns false for bytes that are not canonical. */
  read(bytes: Uint8Array): boolean {
    let at = 0
    for (;;) {
      at = this.#readName(bytes, at)
      if (at < 0 || bytes[at] !== EQUALS) return false
      at = this.#readValue(bytes, at + 1)
      if (at < 0) return false
      if (at === bytes.length) return true
      if (bytes[at] !== AMPERSAND) return false
      at++
    }
  }

  /** Returns the end of the name; -1 when it is empty, or there is no room for it. */
  #readName(bytes: Uint8Array, begin: number): number {
    const first = this.#names
    let [at, end] = [begin, first]
    for (; at < bytes.length; at++) {
      const byte = bytes[at] ?? 0
      if (IS_UNRESERVED[byte] !== 1) break
      // One byte remains for the ampersand.
      if (end === MAX_NAMES_BYTES - 1) return -1
      names[end++] = byte
    }
    if (end === first) return -1
    names[end++] = AMPERSAND
    this.#names = end
    return at
  }

  /** Returns the end of the value; -1 for a percent-encoding that is broken, unnecessary, in lower case, or not ASCII. */
  #readValue(bytes: Uint8Array, begin: number): number {
    let [at, end] = [begin, this.#values]
    for (; at < bytes.length; at++) {
      const byte = bytes[at] ?? 0
      if (IS_UNRESERVED[byte] === 1) values[end++] = byte
      else if (byte !== PERCENT) break
      else {
        const decoded = ((HEX[bytes[at + 1] ?? 0] ?? -1) << 4) | (HEX[bytes[at + 2] ?? 0] ?? -1)
        if (decoded < 0 || decoded > 0x7f || IS_UNRESERVED[decoded] === 1) return -1
        values[end++] = decoded
        at += 2
      }
    }
    this.#values = end
    this.#bounds.push(end)
    return at
  }

  form(): CanonicalForm | null {
    if (this.#bounds.length > MAX_NAMES + 1) return null
    const shape = shapeOf(names.toString('latin1', 0, this.#names))
    return shape && new CanonicalForm(shape, values.toString('latin1', 0, this.#values), this.#bounds)
  }
}

function shapeOf(key: string): Shape | null {
  const known = shapes.get(key)
  if (known !== undefined) return known
  const shape = newShape(key.split('&').slice(0, -1))
  // Unauthenticated clients can send any number of shapes, so the cache is bounded.
  if (shapes.size === MAX_SHAPES) shapes.clear()
  shapes.set(key, shape)
  return shape
}

function newShape(sent: readonly string[]): Shape | null {
  if (new Set(sent).size < sent.length) return null
  const sorted = [...sent.entries()].filter(([, name]) => name !== 'Signature').sort(([, a], [, b]) => (a < b ? -1 : 1))
  return {
    names: sent,
    order: sorted.map(([index]) => index),
    before: sorted.map(([, name], i) => Buffer.from(`${i > 0 ? '%26' : ''}${name}%3D`)),
  }
}
