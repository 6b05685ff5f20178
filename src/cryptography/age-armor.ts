// ASCII armor of age files (https://c2sp.org/age): strict PEM in lines of 64 characters. Tests: test/cryptography/age.test.ts, by the vectors of
// C2SP/CCTV.
import { AgeFault } from './age-header.ts'
import { type Fill, following, Source } from './age-stream.ts'

const BEGIN = '-----BEGIN AGE ENCRYPTED FILE-----'
const END = '-----END AGE ENCRYPTED FILE-----'
const COLUMNS = 64
const LINE_BYTES = 48
/** The limit on whitespace before the first line and after the last one, and on the length of a line; in characters. */
const MOST_WHITESPACE = 1024
const PIECE_BYTES = 64 * 1024

/** Encodes a file in armor. */
export async function* armored(file: AsyncIterable<readonly Buffer[]>): AsyncGenerator<readonly Buffer[]> {
  yield [Buffer.from(`${BEGIN}\n`)]
  let held = Buffer.alloc(0)
  for await (const parts of file) {
    held = Buffer.concat([held, ...parts])
    const whole = held.length - (held.length % LINE_BYTES)
    yield [lines(held.subarray(0, whole))]
    held = held.subarray(whole)
  }
  yield [lines(held), Buffer.from(`${END}\n`)]
}

function lines(bytes: Buffer): Buffer {
  return Buffer.from(bytes.toString('base64').replace(/.{1,64}/g, '$&\n'), 'latin1')
}

/** Decodes armor if the stream has it, and returns the file. The returned stream throws AgeFault where the armor is damaged. */
export async function unarmored(fill: Fill): Promise<Fill> {
  const first = Buffer.alloc(MOST_WHITESPACE + BEGIN.length)
  const length = await fill(first)
  const stream = following(first.subarray(0, length), fill)
  const isArmored = first.toString('latin1', 0, length).trimStart().startsWith('-----')
  return isArmored ? new Source(contents(stream)).fill : stream
}

/** Yields the decoded bytes of armor. Throws AgeFault. */
async function* contents(fill: Fill): AsyncGenerator<Buffer> {
  let place: 'before' | 'within' | 'behind' = 'before'
  let isLast = false
  let whitespace = 0
  for await (const some of linesOf(fill)) {
    let base64 = ''
    for (const line of some) {
      if (place !== 'within' && line.trim() === '') {
        whitespace += line.length + 1
        if (whitespace > MOST_WHITESPACE) throw wrong('too many blanks before or behind it')
      } else if (place === 'before') {
        if (line !== BEGIN) throw wrong('its first line is malformed')
        place = 'within'
      } else if (line === END && place === 'within') {
        place = 'behind'
        whitespace = 0
      } else {
        if (place === 'behind') throw wrong('something follows its last line')
        if (isLast || line.length === 0 || line.length > COLUMNS) throw wrong('a line is too short or too long')
        isLast = line.length < COLUMNS || line.endsWith('=')
        base64 += line
      }
    }
    const bytes = Buffer.from(base64, 'base64')
    if (bytes.toString('base64') !== base64) throw wrong('it is not canonical Base64')
    if (bytes.length > 0) yield bytes
  }
  if (place !== 'behind') throw wrong('its last line is missing')
}

/** Yields several lines at a time, without their line breaks. */
async function* linesOf(fill: Fill): AsyncGenerator<readonly string[]> {
  const piece = Buffer.alloc(PIECE_BYTES)
  let held = ''
  for (;;) {
    const length = await fill(piece)
    const some = (held + piece.toString('latin1', 0, length)).split('\n')
    // The last one is not whole yet: a carriage return at its end may be within the line.
    held = some.pop() ?? ''
    if (held.length > MOST_WHITESPACE) throw wrong('a line is too long')
    yield some.map(withoutReturn)
    if (length === PIECE_BYTES) continue
    if (held !== '') yield [withoutReturn(held)]
    return
  }
}

function withoutReturn(line: string): string {
  return line.replace(/\r$/, '')
}

function wrong(what: string): AgeFault {
  return new AgeFault('armor', `its armor is damaged: ${what}`)
}
