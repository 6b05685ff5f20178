// Where a backup is: a file, or standard output and input.
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream, existsSync } from 'node:fs'
import { streamNewFile } from '../house/new-file.ts'
import { UsageError } from '../settings/usage-error.ts'
import type { Surroundings } from './surroundings.ts'

export interface Place {
  /** Writes all of it, or nothing under its name. */
  write(chunks: AsyncIterable<Uint8Array>): Promise<void>
  /** null where what was written can't be read again. */
  readonly read: (() => AsyncIterable<Buffer>) | null
}

/** Where the backup goes. Throws UsageError. */
export function placeToWrite(text: string, around: Surroundings): Place {
  if (text === '-') {
    if (around.printsToTerminal) throw new UsageError('a backup is no text for a terminal: name a file, or use a pipe')
    return { write: (chunks) => printed(chunks, around), read: null }
  }
  if (existsSync(text)) throw new UsageError(`\`${text}\` is there already: name another file`)
  return { write: (chunks) => streamNewFile(text, chunks), read: () => createReadStream(text) }
}

/** Where the backup comes from. */
export function streamToRead(text: string, around: Surroundings): AsyncIterable<Buffer> {
  return text === '-' ? around.input() : createReadStream(text)
}

async function printed(chunks: AsyncIterable<Uint8Array>, { output }: Surroundings): Promise<void> {
  for await (const chunk of chunks) if (!output.write(chunk)) await once(output, 'drain')
}

/** Measures chunks that pass. */
export class Measure {
  readonly #digest = createHash('sha256')
  bytes = 0

  async *through(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      this.#digest.update(chunk)
      this.bytes += chunk.length
      yield chunk
    }
  }

  /** In hexadecimal; asked for once. */
  sha256(): string {
    return this.#digest.digest('hex')
  }
}

/** The SHA-256 of all that a stream holds, in hexadecimal. */
export async function sha256Of(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const measure = new Measure()
  for await (const _ of measure.through(chunks));
  return measure.sha256()
}
