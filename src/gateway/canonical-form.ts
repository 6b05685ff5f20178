// Parses parameters of query and form in the canonical spelling that signature 1.0 signs (docs/reference/signatures.md, "Version 1.0") and
// that nearly all clients send. One pass over the bytes finds them, and the string to sign takes them as they were sent. request.ts parses any
// other spelling; test/gateway/canonical-form.test.ts compares both.
import { asBuffer } from '../runtime/bytes.ts'
import { DIGITS, IS_UNRESERVED } from './percent-encoding.ts'

/** The limit on query and form together, in bytes. It is below every limit of request.ts, so those need no check here. */
const MAX_BYTES = 16_384
const MAX_NAMES = 64
const MAX_NAMES_BYTES = 2048
const MAX_SHAPES = 64

const [PERCENT, AMPERSAND, EQUALS] = [0x25, 0x26, 0x3d]

/** The value of each hexadecimal digit in upper case; -1 for all other bytes. */
const HEX = Int8Array.from({ length: 256 }, (_, byte) => DIGITS.indexOf(byte))

/** The names of a request's parameters, each once, in the order in which they were sent. Most calls of a client share one shape. */
interface Shape {
  readonly names: readonly string[]
  /** The indexes of the signed parameters, in the order of the string to sign. */
  readonly order: readonly number[]
  /** The part of the string to sign before the value of each signed parameter. */
  readonly before: readonly string[]
}

/** By the names, each followed by an ampersand; null where a name occurs twice. */
const shapes = new Map<string, Shape | null>()

// Scratch, which is filled and read within one synchronous call, so all requests share it.
const names = Buffer.alloc(MAX_NAMES_BYTES)
/** The end of each value. */
const ends = new Uint16Array(MAX_NAMES)
/** 1 for each value with a percent-encoding. */
const encoded = new Uint8Array(MAX_NAMES)

/** Parameters in canonical spelling, and their string to sign for signature 1.0. */
export class CanonicalForm extends Map<string, string> {
  readonly #shape: Shape
  /** The values as the string to sign holds them: percent-encoded twice. */
  readonly #twice: string[]

  /** The values are those of `text` that end at `ends`. */
  constructor(shape: Shape, text: string) {
    super()
    const { names } = shape
    this.#shape = shape
    this.#twice = new Array(names.length)
    let at = 0
    for (let i = 0; i < names.length; i++) {
      const name = names[i] ?? ''
      const end = ends[i] ?? 0
      const sent = text.slice(at + name.length + 1, end)
      const isEncoded = encoded[i] === 1
      this.set(name, isEncoded ? decodeURIComponent(sent) : sent)
      // What was sent is encoded once: a second time changes its percent signs only.
      this.#twice[i] = isEncoded ? sent.replaceAll('%', '%25') : sent
      at = end + 1
    }
  }

  /** Returns the same as rpcStringToSign. */
  stringToSign(method: string): string {
    const { order, before } = this.#shape
    let text = `${method}&%2F&`
    for (let i = 0; i < order.length; i++) text += `${before[i]}${this.#twice[order[i] ?? 0]}`
    return text
  }
}

/**
 * Parses the parameters of a query and a form. Returns null, and refuses nothing, unless each parameter is `name=value` in pure ASCII and canonical
 * spelling, and the names are distinct.
 */
export function readCanonical(query: string, form: Uint8Array): CanonicalForm | null {
  if (query.length + form.length > MAX_BYTES) return null
  const bytes = asBuffer(form)
  if (query.length === 0) return parse(bytes)
  return parse(form.length === 0 ? Buffer.from(query) : Buffer.concat([Buffer.from(`${query}&`), bytes]))
}

function parse(bytes: Buffer): CanonicalForm | null {
  const { length } = bytes
  let [at, endOfNames] = [0, 0]
  for (let i = 0; i < MAX_NAMES; i++) {
    const equals = endOfUnreserved(bytes, at)
    // One byte remains for the ampersand.
    if (equals === at || equals === length || bytes[equals] !== EQUALS || endOfNames + equals - at >= MAX_NAMES_BYTES)
      return null
    for (; at < equals; at++) names[endOfNames++] = bytes[at] ?? 0
    names[endOfNames++] = AMPERSAND
    const plainEnd = endOfUnreserved(bytes, equals + 1)
    const end = endOfValue(bytes, plainEnd)
    ends[i] = end
    encoded[i] = end > plainEnd ? 1 : 0
    if (end === length) {
      const shape = shapeOf(names.toString('latin1', 0, endOfNames))
      return shape && new CanonicalForm(shape, bytes.toString('latin1'))
    }
    if (bytes[end] !== AMPERSAND) return null
    at = end + 1
  }
  return null
}

/** Stops at a percent-encoding that is broken, unnecessary, in lower case, or not ASCII. */
function endOfValue(bytes: Uint8Array, begin: number): number {
  let at = begin
  while (at + 2 < bytes.length && bytes[at] === PERCENT) {
    const byte = ((HEX[bytes[at + 1] ?? 0] ?? -1) << 4) | (HEX[bytes[at + 2] ?? 0] ?? -1)
    if (byte < 0 || byte > 0x7f || IS_UNRESERVED[byte] === 1) return at
    at = endOfUnreserved(bytes, at + 3)
  }
  return at
}

function endOfUnreserved(bytes: Uint8Array, begin: number): number {
  const { length } = bytes
  let at = begin
  // A read beyond the end would make this loop more than twice as slow.
  while (at < length && IS_UNRESERVED[bytes[at] ?? 0] === 1) at++
  return at
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
    before: sorted.map(([, name], i) => `${i > 0 ? '%26' : ''}${name}%3D`),
  }
}
