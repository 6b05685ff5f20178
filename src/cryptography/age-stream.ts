// The payload of age files (https://c2sp.org/age): chunks of 64 KiB, each sealed by ChaCha20-Poly1305 with its number and a mark on the last one in
// the nonce. So a truncated, extended or reordered file does not open to its end. Streams are processed in blocks of 4 chunks; while one block is
// processed, the next is read.
import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto'
import { type Identity, openHeader, type Recipient, SCALAR_BYTES, sealHeader } from './age.ts'
import { AgeFault, CIPHER, FILE_KEY_BYTES, TAG_BYTES } from './age-header.ts'

const CHUNK_BYTES = 64 * 1024
const SEALED_BYTES = CHUNK_BYTES + TAG_BYTES
const BLOCK_CHUNKS = 4
const NONCE_BYTES = 16
/** The longest header: enough for 200 recipients. */
const MOST_HEADER_BYTES = 64 * 1024
/** The beginning of the last line of a header, after the line break before it. */
const LAST_LINE = '\n---'

/** Fills a buffer with the next bytes of a stream, and returns their number. It is less than the buffer's length only at the end of the stream. */
export type Fill = (buffer: Buffer) => Promise<number>

/** Returns `length` cryptographically secure random bytes. */
export type Random = (length: number) => Buffer

/** Seals a stream for the recipients. */
export async function* sealAge(
  plaintext: AsyncIterable<Uint8Array>,
  recipients: readonly Recipient[],
  random: Random,
): AsyncGenerator<Buffer> {
  const fileKey = random(FILE_KEY_BYTES)
  yield sealHeader(
    fileKey,
    recipients.map((recipient) => ({ recipient, ephemeral: random(SCALAR_BYTES) })),
  )
  await using source = new Source(plaintext)
  for await (const parts of sealPayload(source.fill, fileKey, random)) yield* parts
}

/** Opens a sealed stream. Each yielded buffer is authentic; only a stream that ends without an error is complete. Throws AgeFault. */
export async function* openAge(
  sealed: AsyncIterable<Uint8Array>,
  identities: readonly Identity[],
): AsyncGenerator<Buffer> {
  await using source = new Source(sealed)
  const { header, payload } = await splitHeader(source.fill)
  for await (const parts of openPayload(payload, openHeader(header, identities))) yield* parts
}

/** Seals a payload under a file key, and wipes the key. Yields the payload in lists of buffers, which belong to the consumer. */
export async function* sealPayload(fill: Fill, fileKey: Buffer, random: Random): AsyncGenerator<readonly Buffer[]> {
  const nonce = random(NONCE_BYTES)
  const key = payloadKey(fileKey, nonce)
  yield [nonce]
  let number = 0
  for await (const { bytes, isLast } of blocks(fill, CHUNK_BYTES * BLOCK_CHUNKS)) {
    const parts: Buffer[] = []
    for (const chunk of chunksOf(bytes, CHUNK_BYTES)) {
      const cipher = createCipheriv(CIPHER, key, chunkNonce(number++, isLast && endsWith(bytes, chunk)), OPTIONS)
      parts.push(cipher.update(chunk), cipher.final(), cipher.getAuthTag())
    }
    yield parts
  }
  key.fill(0)
}

/** Opens a payload with its file key, and wipes the key. All yielded buffers are authentic. Throws AgeFault. */
export async function* openPayload(fill: Fill, fileKey: Buffer): AsyncGenerator<readonly Buffer[]> {
  const nonce = Buffer.alloc(NONCE_BYTES)
  if ((await fill(nonce)) < NONCE_BYTES) throw new AgeFault('header', 'it ends before its payload')
  const chunks = new ChunkOpener(payloadKey(fileKey, nonce))
  for await (const { bytes, isLast } of blocks(fill, SEALED_BYTES * BLOCK_CHUNKS)) {
    const parts: Buffer[] = []
    let fault: AgeFault | null = null
    for (const chunk of chunksOf(bytes, SEALED_BYTES)) {
      fault = chunks.open(chunk, isLast && endsWith(bytes, chunk), parts)
      if (fault) break
    }
    // Authentic content is yielded even if the end is wrong.
    yield parts
    if (fault) throw fault
  }
  chunks.end()
}

const OPTIONS = { authTagLength: TAG_BYTES }

class ChunkOpener {
  readonly #key: Buffer
  #number = 0

  constructor(key: Buffer) {
    this.#key = key
  }

  /** Opens the next chunk. Adds its content to `parts` if it is authentic; returns what is wrong with the chunk, or null. */
  open(bytes: Buffer, isLast: boolean, parts: Buffer[]): AgeFault | null {
    const at = `after ${this.#number * CHUNK_BYTES} bytes of its content`
    if (bytes.length < TAG_BYTES) return new AgeFault('payload', `it ends too early, ${at}`)
    const opened = this.#opened(bytes, isLast)
    const other = opened || bytes.length < SEALED_BYTES ? null : this.#opened(bytes, !isLast)
    if (other) parts.push(other)
    if (other) return new AgeFault('payload', isLast ? `it was cut, ${at}` : 'something follows its end')
    if (!opened) return new AgeFault('payload', `it was altered or cut, ${at}`)
    if (opened.length === 0 && this.#number > 0) return new AgeFault('payload', 'its last chunk is empty')
    this.#number++
    parts.push(opened)
    return null
  }

  end(): void {
    this.#key.fill(0)
  }

  /** Null when it is not authentic. */
  #opened(bytes: Buffer, isLast: boolean): Buffer | null {
    const decipher = createDecipheriv(CIPHER, this.#key, chunkNonce(this.#number, isLast), OPTIONS)
    decipher.setAuthTag(bytes.subarray(bytes.length - TAG_BYTES))
    const opened = decipher.update(bytes.subarray(0, bytes.length - TAG_BYTES))
    try {
      decipher.final()
      return opened
    } catch {
      return null
    }
  }
}

function payloadKey(fileKey: Buffer, nonce: Uint8Array): Buffer {
  const key = Buffer.from(hkdfSync('sha256', fileKey, nonce, 'payload', 32))
  fileKey.fill(0)
  return key
}

/** The nonce of a chunk: a counter of 88 bits and a byte that marks the last chunk. */
function chunkNonce(number: number, isLast: boolean): Buffer {
  const nonce = Buffer.alloc(12)
  nonce.writeUIntBE(number, 5, 6)
  nonce[11] = isLast ? 1 : 0
  return nonce
}

/** Yields pieces of `size` bytes; the last may be shorter. Without bytes, yields one empty piece. */
function* chunksOf(bytes: Buffer, size: number): Generator<Buffer> {
  yield bytes.subarray(0, size)
  for (let at = size; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

function endsWith(block: Buffer, chunk: Buffer): boolean {
  return chunk.byteOffset + chunk.length === block.byteOffset + block.length
}

/** Yields blocks of `size` bytes. A block is valid until the next is requested. The last may be shorter, and is empty only for an empty stream. */
async function* blocks(fill: Fill, size: number): AsyncGenerator<{ readonly bytes: Buffer; readonly isLast: boolean }> {
  let [now, after, spare] = [Buffer.alloc(size), Buffer.alloc(size), Buffer.alloc(size)]
  let length = await fill(now)
  let reading = length < size ? END : fill(after)
  for (;;) {
    const next = await reading
    // An empty next block means that the present one is the last. So the block after next is read while the present one is processed.
    reading = next < size ? END : fill(spare)
    // The error surfaces at the await above. A consumer that stops earlier does not need it.
    reading.catch(() => undefined)
    yield { bytes: now.subarray(0, length), isLast: next === 0 }
    if (next === 0) return
    ;[now, after, spare] = [after, spare, now]
    length = next
  }
}

const END = Promise.resolve(0)

/** Splits a stream into its header, without the line break at its end, and the payload. Throws AgeFault. */
export async function splitHeader(fill: Fill): Promise<{ readonly header: Buffer; readonly payload: Fill }> {
  const held = Buffer.alloc(MOST_HEADER_BYTES)
  const length = await fill(held)
  const last = held.subarray(0, length).indexOf(LAST_LINE, 0, 'latin1')
  const end = last < 0 ? -1 : held.subarray(0, length).indexOf('\n', last + 1)
  if (end < 0)
    throw new AgeFault(
      'header',
      length < MOST_HEADER_BYTES
        ? 'it is no age file, or ends within its header'
        : 'it is no age file: it has no header',
    )
  return { header: held.subarray(0, end), payload: following(held.subarray(end + 1, length), fill) }
}

/** Returns the stream with `first` put in front. */
export function following(first: Buffer, rest: Fill): Fill {
  let held = first
  return async (buffer) => {
    const copied = held.copy(buffer)
    held = held.subarray(copied)
    return copied < buffer.length ? copied + (await rest(buffer.subarray(copied))) : copied
  }
}

/** Fills buffers from a stream of pieces. Disposing of it ends the stream. */
export class Source implements AsyncDisposable {
  readonly #pieces: AsyncIterator<Uint8Array>
  #held: Uint8Array = new Uint8Array(0)

  constructor(stream: AsyncIterable<Uint8Array>) {
    this.#pieces = stream[Symbol.asyncIterator]()
  }

  readonly fill: Fill = async (buffer) => {
    let at = 0
    while (at < buffer.length) {
      if (this.#held.length === 0) {
        const { value, done } = await this.#pieces.next()
        if (done) break
        this.#held = value
      }
      const taken = Math.min(this.#held.length, buffer.length - at)
      buffer.set(this.#held.subarray(0, taken), at)
      this.#held = this.#held.subarray(taken)
      at += taken
    }
    return at
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pieces.return?.()
  }
}
