// Reads key material from a file or a pipe: raw bytes, hexadecimal or Base64, as the owner states. The material never becomes a string,
// which could not be wiped.
import { closeSync, openSync, readSync } from 'node:fs'
import { UsageError } from '../settings/usage-error.ts'
import type { Surroundings } from './surroundings.ts'

export const FORMATS = ['raw', 'hex', 'base64'] as const
export type Format = (typeof FORMATS)[number]

/** Longer input holds no key in any format. */
const MOST = 1024
const LINE_ENDS = [0x0a, 0x0d]

/** Reads `length` bytes of material, which the caller must wipe. Throws UsageError for any other input. */
export async function readMaterial(
  from: string,
  format: Format,
  length: number,
  around: Surroundings,
): Promise<Buffer> {
  const read = Buffer.alloc(MOST + 1)
  try {
    const size = from === '-' ? await readInput(around, read) : readFileInto(from, read)
    if (size > MOST)
      throw new UsageError(`${nameOf(from)} is longer than ${MOST} bytes: it holds no key of ${length} bytes`)
    return decoded(read.subarray(0, size), format, length, nameOf(from))
  } finally {
    read.fill(0)
  }
}

function nameOf(from: string): string {
  return from === '-' ? 'standard input' : `\`${from}\``
}

async function readInput(around: Surroundings, into: Buffer): Promise<number> {
  let size = 0
  for await (const chunk of around.input()) {
    size += chunk.copy(into, size)
    chunk.fill(0)
    if (size === into.length) break
  }
  return size
}

function readFileInto(path: string, into: Buffer): number {
  try {
    const file = openSync(path, 'r')
    try {
      let size = 0
      for (let more = 1; more > 0 && size < into.length; size += more)
        more = readSync(file, into, size, into.length - size, null)
      return size
    } finally {
      closeSync(file)
    }
  } catch (error) {
    throw new UsageError(`the key material can't be read: ${(error as Error).message}`)
  }
}

function decoded(bytes: Buffer, format: Format, length: number, name: string): Buffer {
  const text = withoutLineEnd(bytes)
  if (format === 'raw') {
    if (bytes.length === length) return Buffer.from(bytes)
    const likely = text.length === length * 2 ? 'hex' : text.length === Math.ceil(length / 3) * 4 ? 'base64' : null
    throw new UsageError(
      `${name} has ${bytes.length} bytes, and the CMK needs ${length}${likely ? `: if it is ${likely}, use --format ${likely}` : ''}`,
    )
  }
  const material = Buffer.alloc(length)
  if ((format === 'hex' ? fromHex : fromBase64)(text, material)) return material
  material.fill(0)
  throw new UsageError(`${name} is not ${length} bytes in ${format === 'hex' ? 'hexadecimal' : 'Base64'}`)
}

function withoutLineEnd(bytes: Buffer): Buffer {
  let end = bytes.length
  while (end > 0 && LINE_ENDS.includes(bytes[end - 1] ?? 0)) end--
  return bytes.subarray(0, end)
}

/** Decodes hexadecimal. Returns false unless the text stands for exactly `into.length` bytes. */
function fromHex(text: Uint8Array, into: Buffer): boolean {
  if (text.length !== into.length * 2) return false
  for (const [i, character] of text.entries()) {
    const digit = Number.parseInt(String.fromCharCode(character), 16)
    if (Number.isNaN(digit)) return false
    into[i >> 1] = ((into[i >> 1] ?? 0) << 4) | digit
  }
  return true
}

const BASE64 = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/')
const PADDING = 0x3d

/** The same for Base64 with its padding (RFC 4648 section 4). */
function fromBase64(text: Uint8Array, into: Buffer): boolean {
  const digits = Math.ceil((into.length * 8) / 6)
  if (
    text.length !== Math.ceil(into.length / 3) * 4 ||
    text.subarray(digits).some((character) => character !== PADDING)
  )
    return false
  let [bits, held, at] = [0, 0, 0]
  for (const character of text.subarray(0, digits)) {
    const digit = BASE64.indexOf(character)
    if (digit === -1) return false
    bits = ((bits << 6) | digit) & 0xffff
    held += 6
    if (held < 8) continue
    held -= 8
    into[at++] = (bits >> held) & 0xff
  }
  // The unused bits must be zero.
  return (bits & ((1 << held) - 1)) === 0
}
