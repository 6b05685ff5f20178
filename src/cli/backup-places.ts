// The places of a backup: a file, standard output and input, or an object in a bucket.
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream, existsSync } from 'node:fs'
import { S3Object } from '../actiontrail/delivery/targets/s3.ts'
import { streamNewFile } from '../files/output.ts'
import { SYSTEM } from '../runtime/system.ts'
import type { TargetSettings } from '../settings/trail.ts'
import { UsageError } from '../settings/usage-error.ts'
import type { Surroundings } from './surroundings.ts'

export interface Place {
  /** Writes the whole stream, or nothing under its name. */
  write(chunks: AsyncIterable<Uint8Array>): Promise<void>
  /** Reads back what was written; null where that is impossible. */
  readonly read: (() => AsyncIterable<Buffer>) | null
}

const BUCKET = /^bucket:([^/]+)\/(.+)$/s

/** The object that `bucket:BUCKET/KEY` names, at the endpoint of `delivery-target`; null for other texts. Throws UsageError. */
function objectAt(text: string, target: Target): S3Object | null {
  if (!text.startsWith('bucket:')) return null
  const [, bucket, key] = BUCKET.exec(text) ?? []
  if (bucket === undefined || key === undefined)
    throw new UsageError(`\`${text}\` must be bucket:BUCKET/KEY, such as bucket:backups/2026-03-01.age`)
  const settings = target()
  if ('folder' in settings)
    throw new UsageError('a bucket needs an endpoint: set `delivery-target` and its credentials')
  return new S3Object(settings, bucket, key)
}

/** The settings of buckets, read only for a backup in a bucket. */
export type Target = () => TargetSettings

/** The place to write the backup to. Throws UsageError. */
export function placeToWrite(text: string, around: Surroundings, target: Target): Place {
  const object = objectAt(text, target)
  if (object) return { write: (chunks) => object.write(chunks), read: () => object.read() }
  if (text === '-') {
    if (around.printsToTerminal)
      throw new UsageError('a backup is not printed on a terminal: name a file, or use a pipe')
    return { write: (chunks) => printed(chunks, around), read: null }
  }
  const [remedy, random] = ['name another file', SYSTEM.randomBytes]
  if (existsSync(text)) throw new UsageError(`\`${text}\` already exists: ${remedy}`)
  return { write: (chunks) => streamNewFile(text, chunks, { remedy, random }), read: () => createReadStream(text) }
}

/** The backup to read. */
export function streamToRead(text: string, around: Surroundings, target: Target): AsyncIterable<Buffer> {
  const object = objectAt(text, target)
  if (object) return object.read()
  return text === '-' ? around.input() : createReadStream(text)
}

async function printed(chunks: AsyncIterable<Uint8Array>, { output }: Surroundings): Promise<void> {
  for await (const chunk of chunks) if (!output.write(chunk)) await once(output, 'drain')
}

/** Counts and hashes the chunks of a stream, which ends with an error when the signal aborts. */
export class Measure {
  readonly #digest = createHash('sha256')
  readonly #signal: AbortSignal
  bytes = 0

  constructor(signal: AbortSignal) {
    this.#signal = signal
  }

  async *through(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      this.#signal.throwIfAborted()
      this.#digest.update(chunk)
      this.bytes += chunk.length
      yield chunk
    }
  }

  /** The SHA-256 of the chunks in hexadecimal. Call it once. */
  sha256(): string {
    return this.#digest.digest('hex')
  }
}

/** The SHA-256 of a stream, in hexadecimal. */
export async function sha256Of(chunks: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<string> {
  const measure = new Measure(signal)
  for await (const _ of measure.through(chunks));
  return measure.sha256()
}
