// Encrypts and decrypts from a file to a file, or from a stream to a stream, in constant memory. Tests: test/files/files.test.ts.
import { type FileHandle, mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Writable } from 'node:stream'
import type { Fill } from '../cryptography/age-stream.ts'
import type { Job } from './jobs.ts'
import { NewFile, type NewFileOptions } from './output.ts'

/** Encrypts or decrypts a stream. */
export type Transform = (from: Fill) => Promise<AsyncIterable<readonly Buffer[]>>

export interface Transfer {
  readonly transform: Transform
  /** Receives the number of bytes of each read. */
  readonly read: (bytes: number) => void
  readonly signal: AbortSignal
}

/** Transforms a file to a new file, which gets its name only when it is complete and on disk. Creates the new file's folder. */
export async function transferFile(
  { from, to, mode }: Job,
  { transform, read, signal }: Transfer,
  how: Pick<NewFileOptions, 'remedy' | 'random'>,
): Promise<void> {
  await using source = await open(from, 'r')
  await mkdir(dirname(to), { recursive: true })
  await using target = await NewFile.begin(to, { ...how, mode })
  const parts = await transform(fillFrom(source, read))
  const write = async (some: readonly Buffer[]) => {
    await target.write(some)
    for (const part of some) release(part)
  }
  await pump(parts, write, signal)
  await target.keep()
}

/** Transforms a stream to a stream. After an error, the output written until then is authentic but incomplete. */
export async function transferStream(from: Fill, to: Writable, transform: Transform): Promise<void> {
  await pump(await transform(from), (parts) => written(to, parts))
}

/**
 * Frees the memory of a buffer at once, so that the next buffer reuses memory in the processor's cache. A garbage collection comes only
 * after many megabytes.
 */
function release({ buffer, length }: Buffer): void {
  // Short buffers share their memory with others.
  if (length === buffer.byteLength && buffer instanceof ArrayBuffer) buffer.transfer(0)
}

/** Reads the next parts while the previous ones are written. */
async function pump(
  parts: AsyncIterable<readonly Buffer[]>,
  write: (parts: readonly Buffer[]) => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  let writing = Promise.resolve()
  try {
    for await (const some of parts) {
      signal?.throwIfAborted()
      await writing
      writing = write(some)
      // An error surfaces at the next `await writing`.
      writing.catch(() => undefined)
    }
  } finally {
    await writing
  }
}

function fillFrom(file: FileHandle, read: (bytes: number) => void): Fill {
  return async (buffer) => {
    let at = 0
    for (; at < buffer.length; ) {
      const { bytesRead } = await file.read(buffer, at, buffer.length - at)
      if (bytesRead === 0) break
      at += bytesRead
    }
    read(at)
    return at
  }
}

async function written(to: Writable, parts: readonly Buffer[]): Promise<void> {
  for (const part of parts)
    await new Promise<void>((resolve, reject) => to.write(part, (error) => (error ? reject(error) : resolve())))
}
