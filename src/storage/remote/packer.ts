// Packs many values into one text and one buffer: the text has all strings in sequence; the buffer has their lengths, all numbers and all
// bytes. This costs a fraction of a microsecond per call; copies of objects would cost several.
import { FrameError } from './frame.ts'

const FIRST_BYTES = 4096
const NO_TEXT = 0xffffffff

export class Packer {
  text = ''
  #buffer = Buffer.allocUnsafe(FIRST_BYTES)
  #view = viewOf(this.#buffer)
  #length = 0

  /** The packed buffer, without the text. */
  get bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#length)
  }

  string(value: string | null): void {
    this.#reserve(4)
    this.#view.setUint32(this.#length, value === null ? NO_TEXT : value.length, true)
    this.#length += 4
    if (value !== null) this.text += value
  }

  /** A whole number from 0 to 255. */
  small(value: number): void {
    this.#reserve(1)
    this.#view.setUint8(this.#length, value)
    this.#length += 1
  }

  number(value: number): void {
    this.#reserve(8)
    this.#view.setFloat64(this.#length, value, true)
    this.#length += 8
  }

  /** A number that is never NaN, or null. */
  numberOrNull(value: number | null): void {
    this.number(value ?? Number.NaN)
  }

  bytesOf(value: Uint8Array): void {
    this.#reserve(4 + value.length)
    this.#view.setUint32(this.#length, value.length, true)
    this.#buffer.set(value, this.#length + 4)
    this.#length += 4 + value.length
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#buffer.length) return
    const grown = Buffer.allocUnsafe(Math.max(2 * this.#buffer.length, this.#length + bytes))
    this.#buffer.copy(grown, 0, 0, this.#length)
    this.#buffer = grown
    this.#view = viewOf(grown)
  }
}

/** Unpacks the values of a Packer, in the same order. Every method throws FrameError when there is no such value. */
export class Unpacker {
  readonly #text: string
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #textAt = 0
  #at = 0

  constructor({ text, bytes }: { readonly text: string; readonly bytes: Uint8Array }) {
    this.#text = text
    this.#bytes = bytes
    this.#view = viewOf(bytes)
  }

  stringOrNull(): string | null {
    const length = this.#view.getUint32(this.#step(4), true)
    if (length === NO_TEXT) return null
    const begin = this.#textAt
    this.#textAt += length
    if (this.#textAt > this.#text.length) throw new FrameError('a frame has less text than it says')
    return this.#text.slice(begin, this.#textAt)
  }

  string(): string {
    const found = this.stringOrNull()
    if (found === null) throw new FrameError('a frame has null in place of a string')
    return found
  }

  small(): number {
    return this.#view.getUint8(this.#step(1))
  }

  number(): number {
    return this.#view.getFloat64(this.#step(8), true)
  }

  numberOrNull(): number | null {
    const found = this.number()
    return Number.isNaN(found) ? null : found
  }

  /** A view of the frame's own bytes. */
  bytesOf(): Uint8Array {
    const length = this.#view.getUint32(this.#step(4), true)
    const begin = this.#step(length)
    return this.#bytes.subarray(begin, begin + length)
  }

  /** Throws unless every value was unpacked. */
  end(): void {
    if (this.#at !== this.#bytes.length || this.#textAt !== this.#text.length)
      throw new FrameError('a frame holds more than it says')
  }

  #step(bytes: number): number {
    const begin = this.#at
    this.#at += bytes
    if (this.#at > this.#bytes.length) throw new FrameError('a frame ends too early')
    return begin
  }
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength)
}
