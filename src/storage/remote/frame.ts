// The frames between two processes of a server: one text and some bytes each. A frame is one buffer and one write.

/** A `request` expects a `reply` or a `fault` with its number; a `note` expects nothing. */
export const FRAME_KINDS = ['request', 'reply', 'fault', 'note'] as const
export type FrameKind = (typeof FRAME_KINDS)[number]

/** `subject`: the topic of a request or a note, from 0 to 255. */
export interface Frame {
  readonly kind: FrameKind
  readonly subject: number
  /** Ties a reply to its request. */
  readonly number: number
  readonly text: string
  readonly bytes: Uint8Array
}

/** The received bytes are no frame, or do not fit the subject. The other process is damaged; nothing more is read from it. */
export class FrameError extends Error {}

const MAGIC = 0x5352
const HEADER_BYTES = 16
/** The longest text and the most bytes of a frame: many more than the largest part of an index needs. */
const MOST_BYTES = 0x10000000

/** The frame in bytes: magic, kind, subject, number, length of the text in bytes (UTF-8), number of bytes; then text and bytes. */
export function encodeFrame({ kind, subject, number, text, bytes }: Frame): Buffer {
  const textBytes = Buffer.byteLength(text)
  if (textBytes > MOST_BYTES || bytes.length > MOST_BYTES) throw new FrameError('too much for one frame')
  const frame = Buffer.allocUnsafe(HEADER_BYTES + textBytes + bytes.length)
  frame.writeUInt16LE(MAGIC, 0)
  frame[2] = FRAME_KINDS.indexOf(kind)
  frame[3] = subject
  frame.writeUInt32LE(number, 4)
  frame.writeUInt32LE(textBytes, 8)
  frame.writeUInt32LE(bytes.length, 12)
  frame.write(text, HEADER_BYTES, textBytes, 'utf8')
  frame.set(bytes, HEADER_BYTES + textBytes)
  return frame
}

/** Extracts frames from a socket's data, which comes in pieces of any size. */
export class FrameReader {
  #pieces: Buffer[] = []
  #length = 0
  /** The length of the next frame in bytes; until it is known, the length of a header. */
  #wanted = HEADER_BYTES

  /** Returns the frames that this piece completes. The reader keeps the piece. Throws FrameError. */
  take(piece: Buffer): readonly Frame[] {
    this.#pieces.push(piece)
    this.#length += piece.length
    if (this.#length < this.#wanted) return []
    const all = this.#pieces.length === 1 ? piece : Buffer.concat(this.#pieces, this.#length)
    const frames: Frame[] = []
    let at = 0
    for (;;) {
      this.#wanted = HEADER_BYTES
      if (all.length - at < HEADER_BYTES) break
      this.#wanted = lengthOf(all, at)
      if (all.length - at < this.#wanted) break
      frames.push(decode(all, at))
      at += this.#wanted
    }
    this.#pieces = at < all.length ? [all.subarray(at)] : []
    this.#length = all.length - at
    return frames
  }

  /** Throws FrameError when the socket ended within a frame. */
  end(): void {
    if (this.#length > 0) throw new FrameError(`the connection ended within a frame, after ${this.#length} bytes of it`)
  }
}

function lengthOf(all: Buffer, at: number): number {
  if (all.readUInt16LE(at) !== MAGIC || all.readUInt8(at + 2) >= FRAME_KINDS.length)
    throw new FrameError('the received bytes are no frame')
  const [textBytes, bytes] = [all.readUInt32LE(at + 8), all.readUInt32LE(at + 12)]
  if (textBytes > MOST_BYTES || bytes > MOST_BYTES) throw new FrameError('a frame is too long')
  return HEADER_BYTES + textBytes + bytes
}

function decode(all: Buffer, at: number): Frame {
  const begin = at + HEADER_BYTES
  const end = begin + all.readUInt32LE(at + 8)
  return {
    kind: FRAME_KINDS[all.readUInt8(at + 2)] ?? 'note',
    subject: all.readUInt8(at + 3),
    number: all.readUInt32LE(at + 4),
    text: all.toString('utf8', begin, end),
    bytes: all.subarray(end, end + all.readUInt32LE(at + 12)),
  }
}
