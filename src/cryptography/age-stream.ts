// The payload of age files: chunks of 64 KiB, each sealed by ChaCha20-Poly1305 under its number, the last one marked (https://c2sp.org/age). So a
// file that was cut, continued or put in another order does not open to its end.
import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto'
import { AgeFault, FILE_KEY_BYTES, type Identity, openHeader, type Recipient, SCALAR_BYTES, sealHeader } from './age.ts'

const CHUNK_BYTES = 64 * 1024
const TAG_BYTES = 16
const NONCE_BYTES = 16
const CIPHER = 'chacha20-poly1305'
/** Of a header: more than any that has fewer than 200 recipients. */
const MOST_HEADER_BYTES = 64 * 1024
/** What the last line of a header begins with, and the whole line. */
const LAST_LINE = '\n---'

type Bytes = AsyncIterable<Uint8Array>

/** Seals a stream for the recipients. `random` returns as many bytes as it is asked for, which nobody can predict. */
export async function* sealAge(
  plaintext: Bytes,
  recipients: readonly Recipient[],
  random: (length: number) => Buffer,
): AsyncGenerator<Buffer> {
  const fileKey = random(FILE_KEY_BYTES)
  yield sealHeader(
    fileKey,
    recipients.map((recipient) => ({ recipient, ephemeral: random(SCALAR_BYTES) })),
  )
  const nonce = random(NONCE_BYTES)
  yield nonce
  const key = payloadKey(fileKey, nonce)
  fileKey.fill(0)
  let number = 0
  for await (const { bytes, isLast } of chunks(plaintext, CHUNK_BYTES)) {
    const cipher = createCipheriv(CIPHER, key, chunkNonce(number++, isLast), { authTagLength: TAG_BYTES })
    yield Buffer.concat([cipher.update(bytes), cipher.final(), cipher.getAuthTag()])
  }
  key.fill(0)
}

/** Opens a sealed stream. What is yielded is authentic; only after the end of it is the whole stream known to be complete. Throws AgeFault. */
export async function* openAge(sealed: Bytes, identities: readonly Identity[]): AsyncGenerator<Buffer> {
  const source = sealed[Symbol.asyncIterator]()
  try {
    const { header, rest } = await headerOf(source)
    const fileKey = openHeader(header, identities)
    const payload = following(rest, source)
    const first = await payload.next()
    let held = first.done ? Buffer.alloc(0) : Buffer.from(first.value)
    while (held.length < NONCE_BYTES) {
      const { value, done } = await payload.next()
      if (done) throw new AgeFault('header', 'it ends before its payload')
      held = Buffer.concat([held, value])
    }
    const key = payloadKey(fileKey, held.subarray(0, NONCE_BYTES))
    fileKey.fill(0)
    yield* openedChunks(following(held.subarray(NONCE_BYTES), payload), key)
    key.fill(0)
  } finally {
    await source.return?.()
  }
}

async function* openedChunks(payload: Bytes, key: Buffer): AsyncGenerator<Buffer> {
  let number = 0
  for await (const { bytes, isLast } of chunks(payload, CHUNK_BYTES + TAG_BYTES)) {
    const at = `after ${number * CHUNK_BYTES} bytes of its content`
    if (bytes.length < TAG_BYTES) throw new AgeFault('payload', `it ends too early, ${at}`)
    const opened = openedChunk(bytes, key, number, isLast)
    // What is authentic is handed out, also where the end is wrong.
    const other = opened || bytes.length < CHUNK_BYTES + TAG_BYTES ? null : openedChunk(bytes, key, number, !isLast)
    if (other) yield other
    if (other) throw new AgeFault('payload', isLast ? `it was cut, ${at}` : 'something follows its end')
    if (!opened) throw new AgeFault('payload', `it was altered or cut, ${at}`)
    if (opened.length === 0 && number > 0) throw new AgeFault('payload', 'its last chunk is empty')
    number++
    yield opened
  }
}

/** The content of a chunk; null when it is not authentic. */
function openedChunk(bytes: Buffer, key: Buffer, number: number, isLast: boolean): Buffer | null {
  const decipher = createDecipheriv(CIPHER, key, chunkNonce(number, isLast), { authTagLength: TAG_BYTES })
  decipher.setAuthTag(bytes.subarray(bytes.length - TAG_BYTES))
  const opened = decipher.update(bytes.subarray(0, bytes.length - TAG_BYTES))
  try {
    decipher.final()
    return opened
  } catch {
    return null
  }
}

function payloadKey(fileKey: Uint8Array, nonce: Uint8Array): Buffer {
  return Buffer.from(hkdfSync('sha256', fileKey, nonce, 'payload', 32))
}

/** A counter of 88 bits, and whether it is the last chunk. */
function chunkNonce(number: number, isLast: boolean): Buffer {
  const nonce = Buffer.alloc(12)
  nonce.writeUIntBE(number, 5, 6)
  nonce[11] = isLast ? 1 : 0
  return nonce
}

/** Pieces of `size` bytes; the last may be shorter, and is empty only where the stream is. */
async function* chunks(
  stream: Bytes,
  size: number,
): AsyncGenerator<{ readonly bytes: Buffer; readonly isLast: boolean }> {
  let parts: Uint8Array[] = []
  let held = 0
  for await (const part of stream) {
    parts.push(part)
    held += part.length
    if (held <= size) continue
    const all = Buffer.concat(parts)
    let at = 0
    // A full piece is held back: it may be the last.
    for (; all.length - at > size; at += size) yield { bytes: all.subarray(at, at + size), isLast: false }
    parts = [all.subarray(at)]
    held = all.length - at
  }
  yield { bytes: Buffer.concat(parts), isLast: true }
}

/** The header of a file, to the end of its last line, and what was read behind it. Throws AgeFault. */
async function headerOf(source: AsyncIterator<Uint8Array>): Promise<{ header: Buffer; rest: Buffer }> {
  let held = Buffer.alloc(0)
  for (;;) {
    const last = held.indexOf(LAST_LINE, 0, 'latin1')
    const end = last < 0 ? -1 : held.indexOf('\n', last + 1)
    if (end >= 0) return { header: held.subarray(0, end), rest: held.subarray(end + 1) }
    if (held.length > MOST_HEADER_BYTES) throw new AgeFault('header', 'it is no age file: it has no header')
    const { value, done } = await source.next()
    if (done) throw new AgeFault('header', 'it is no age file, or ends within its header')
    held = Buffer.concat([held, value])
  }
}

async function* following(first: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  if (first.length > 0) yield first
  for (;;) {
    const { value, done } = await rest.next()
    if (done) return
    yield value
  }
}
