// A folder of buckets whose files are sealed: each object is an age file of its own, whose key is encrypted under the CMK of its bucket.
import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream } from 'node:stream/web'
import { Decrypter, Encrypter } from 'age-encryption'
import { type EncryptionContext, type Kms, Refused } from '../kms.ts'
import { kmsIdentity, kmsRecipient } from './kms-recipient.ts'
import { FolderStore, S3Error, S3Object, type StoredObject, type Wanted } from './s3rver.ts'

/** The length of the plaintext, which the length of the file does not show; the name is that of the S3 Encryption Client. */
const LENGTH = 'x-amz-meta-x-amz-unencrypted-content-length'

export class SealedStore extends FolderStore {
  readonly #kms: Kms
  readonly #keyOf: (bucket: string) => string

  /** `keyOf` names the CMK of a bucket: an id or alias. */
  constructor(directory: string, kms: Kms, keyOf: (bucket: string) => string) {
    super(directory)
    this.#kms = kms
    this.#keyOf = keyOf
  }

  /** Seals the content of a file, whatever the file is: an object, or a part of one that is still being uploaded. */
  override async putContent(path: string, content: Readable | Buffer): Promise<[size: number, md5: string]> {
    const context = this.#contextOf(path)
    const encrypter = new Encrypter()
    encrypter.addRecipient(kmsRecipient(this.#kms, this.#keyOf(context['bucket'] ?? ''), context))
    const hash = createHash('md5')
    let size = 0
    const measure = new Transform({
      transform(chunk: Buffer, _, done) {
        hash.update(chunk)
        size += chunk.length
        done(null, chunk)
      },
    })
    const plaintext = Buffer.isBuffer(content) ? Readable.from([content]) : content
    // An upload that breaks off leaves the former object as it is.
    const unfinished = `${path}.part`
    const measured = pipeline(plaintext, measure)
    const sealed = encrypter.encrypt(webStream(measure)).catch(refusedByKms)
    await Promise.all([
      measured,
      sealed.then((stream) => pipeline(Readable.fromWeb(stream as ReadableStream), createWriteStream(unfinished))),
    ]).catch((error: unknown) => {
      measure.destroy()
      throw error
    })
    await rename(unfinished, path)
    return [size, hash.digest('hex')]
  }

  override async putObject(object: StoredObject): Promise<{ size: number; md5: string }> {
    const { bucket, key, content } = object
    const path = this.getResourcePath(bucket, key, 'object')
    await mkdir(dirname(path), { recursive: true })
    const [size, md5] = await this.putContent(path, content ?? Buffer.alloc(0))
    await this.putMetadata(bucket, key, { ...object.metadata, [LENGTH]: String(size) }, md5)
    return { size, md5 }
  }

  override async getMetadata(bucket: string, key: string): Promise<Record<string, string>> {
    const { [LENGTH]: length = '0', ...metadata } = await super.getMetadata(bucket, key)
    return { ...metadata, 'content-length': length }
  }

  /** The key service is asked before the answer begins, so that its refusal reaches the client as a whole. A part is decrypted from the beginning. */
  override async getObject(bucket: string, key: string, wanted: Wanted = {}): Promise<StoredObject | null> {
    const object = await super.getObject(bucket, key, {})
    if (!object) return null
    if (object.content instanceof Readable) object.content.destroy()
    const size = Number(object.metadata['content-length'])
    const isPart = wanted.start !== undefined || wanted.end !== undefined
    const [start, end] = [wanted.start ?? 0, Math.min(wanted.end ?? size - 1, size - 1)]
    const made = new S3Object(bucket, key, null, object.metadata)
    if (isPart) made.range = { start, end }
    if (!isPart || start <= end)
      made.content = part(await this.#opened(this.getResourcePath(bucket, key, 'object')), start, end)
    return made
  }

  /** Opens the file and seals it again, because each file is bound to its place. */
  override async copyObject(
    bucket: string,
    key: string,
    toBucket: string,
    toKey: string,
    metadata?: Record<string, string>,
  ): Promise<Record<string, string>> {
    const object = await this.getObject(bucket, key)
    if (!object) throw new S3Error('NoSuchKey', 'The specified key does not exist.')
    await this.putObject(new S3Object(toBucket, toKey, object.content, metadata ?? object.metadata))
    return this.getMetadata(toBucket, toKey)
  }

  override async putObjectMultipart(bucket: string, uploadId: string, parts: readonly { readonly number: number }[]) {
    const folder = join(this.getResourcePath(bucket, undefined, 'uploads'), uploadId)
    const [key, metadata] = await Promise.all(['key', 'metadata'].map((name) => readFile(join(folder, name), 'utf8')))
    const paths = parts.map(({ number }) => number).toSorted((a, b) => a - b)
    const content = Readable.from(this.#joined(paths.map((number) => join(folder, String(number)))), {
      objectMode: false,
    })
    const put = await this.putObject(
      new S3Object(bucket, key ?? '', content, JSON.parse(metadata ?? '{}') as Record<string, string>),
    )
    await rm(folder, { recursive: true })
    return put
  }

  async *#joined(paths: readonly string[]) {
    for (const path of paths) yield* await this.#opened(path)
  }

  async #opened(path: string): Promise<Readable> {
    const decrypter = new Decrypter()
    decrypter.addIdentity(kmsIdentity(this.#kms, this.#contextOf(path)))
    const file = createReadStream(path)
    const opened = await decrypter.decrypt(webStream(file)).catch((error: unknown) => {
      file.destroy()
      return refusedByKms(error)
    })
    return Readable.fromWeb(opened as ReadableStream)
  }

  /** What the key of a file is bound to: its bucket, and its name in there. */
  #contextOf(path: string): EncryptionContext {
    const [bucket = '', ...name] = relative(this.rootDirectory, path).split(sep)
    return { bucket, name: name.join('/') }
  }
}

/** The bytes from `start` to `end`. */
function part(content: Readable, start: number, end: number): Readable {
  const bytes = Readable.from(bytesOf(content, start, end), { objectMode: false })
  // Of a HEAD, whose answer has no content, nothing is read.
  return bytes.once('close', () => content.destroy())
}

async function* bytesOf(content: Readable, start: number, end: number): AsyncGenerator<Buffer> {
  let at = 0
  for await (const chunk of content as AsyncIterable<Buffer>) {
    const wanted = chunk.subarray(Math.max(0, start - at), Math.max(0, end + 1 - at))
    at += chunk.length
    if (wanted.length > 0) yield wanted
    if (at > end) return
  }
}

/** The types of the browser's streams, which age has, and of Node's are not the same. */
function webStream(stream: Readable) {
  return Readable.toWeb(stream) as unknown as Parameters<Encrypter['encrypt']>[0] &
    globalThis.ReadableStream<Uint8Array>
}

/** Throws the error that the client gets: the owner of the CMK does not allow the call, or the key service is unavailable. */
function refusedByKms(error: unknown): never {
  if (!(error instanceof Refused)) throw error
  const isDenied = /^(Rejected|Forbidden)\./.test(error.code)
  throw new S3Error(isDenied ? 'AccessDenied' : 'ServiceUnavailable', `The key of the bucket: ${error.code}`)
}
