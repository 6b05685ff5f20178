// Buckets with an S3-compatible API: Alibaba Cloud OSS at its S3 endpoint, MinIO, Ceph and others.
// The client library loads at the first use: a server that delivers to a folder never loads it.
import type { S3Client, S3ServiceException } from '@aws-sdk/client-s3'
import type { S3Options } from '../../../settings/trail.ts'
import { type BucketState, type DeliveryTarget, TargetFault } from './target.ts'

/** The empty object that `check` writes, because the credentials may have no permission beside writing. */
const PROBE = 'AliyunLogs/Actiontrail-Check'
const CHECK_MS = 5_000
const CONNECT_MS = 5_000
const REQUEST_MS = 25_000

/** The client's most attempts, and its timeout for one answer. */
interface Patience {
  readonly attempts: number
  readonly requestMs: number
}
/** One attempt: the delivery retries by itself, with backoff. */
const ONCE: Patience = { attempts: 1, requestMs: REQUEST_MS }
const STEADY: Patience = { attempts: 5, requestMs: 300_000 }

/** The size of a part of a long object. An object has at most 10,000 parts, so 160 GiB. */
const PART_BYTES = 16 * 1024 * 1024

export class S3Target implements DeliveryTarget {
  readonly shared = true
  readonly #options: S3Options
  #client: Promise<S3Client> | null = null

  constructor(options: S3Options) {
    this.#options = options
  }

  async check(account: string, bucket: string): Promise<BucketState> {
    // Loads the library before the timeout of the bucket begins: on a busy machine, loading takes seconds.
    await import('@aws-sdk/client-s3')
    try {
      await this.put(account, bucket, PROBE, new Uint8Array(), AbortSignal.timeout(CHECK_MS))
      return 'writable'
    } catch (error) {
      return error instanceof TargetFault ? error.state : 'unreachable'
    }
  }

  async put(_: string, bucket: string, key: string, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    const { PutObjectCommand } = await import('@aws-sdk/client-s3')
    this.#client ??= connect(this.#options, ONCE)
    const client = await this.#client
    const contentType = key.endsWith('.json')
      ? 'application/json'
      : key.endsWith('.gz')
        ? 'application/gzip'
        : undefined
    const command = new PutObjectCommand({
      Bucket: bucket,
      Key: key,
      Body: bytes,
      ContentLength: bytes.length,
      ...(contentType && { ContentType: contentType }),
    })
    try {
      await client.send(command, { abortSignal: signal })
    } catch (error) {
      throw faultOf(error)
    }
  }
}

/** One long object of a bucket, written or read in pieces. */
export class S3Object {
  readonly #options: S3Options
  readonly #at: { readonly Bucket: string; readonly Key: string }

  constructor(options: S3Options, bucket: string, key: string) {
    this.#options = options
    this.#at = { Bucket: bucket, Key: key }
  }

  /** Writes the whole object, or nothing under its name. Replaces an object of the same name. Rejects with TargetFault. */
  async write(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const s3 = await import('@aws-sdk/client-s3')
    const client = await connect(this.#options, STEADY)
    const begin = new s3.CreateMultipartUploadCommand(this.#at)
    const { UploadId } = await client.send(begin).catch(failed)
    const upload = { ...this.#at, UploadId }
    try {
      const parts: { PartNumber: number; ETag: string | undefined }[] = []
      for await (const bytes of inParts(chunks)) {
        const PartNumber = parts.length + 1
        const part = new s3.UploadPartCommand({ ...upload, PartNumber, Body: bytes, ContentLength: bytes.length })
        parts.push({ PartNumber, ETag: (await client.send(part).catch(failed)).ETag })
      }
      const end = new s3.CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts: parts } })
      await client.send(end).catch(failed)
    } catch (error) {
      // Without this, the bucket would keep the parts, and charge for them.
      await client.send(new s3.AbortMultipartUploadCommand(upload)).catch(() => {})
      throw error
    } finally {
      client.destroy()
    }
  }

  /** The whole object. Rejects with TargetFault, or with an error that says what to change where there is no such object. */
  async *read(): AsyncGenerator<Buffer> {
    const { GetObjectCommand } = await import('@aws-sdk/client-s3')
    const client = await connect(this.#options, STEADY)
    try {
      const { Body } = await client.send(new GetObjectCommand(this.#at)).catch((error: Partial<S3ServiceException>) => {
        if (error.name === 'NoSuchKey') throw new Error(`the bucket ${this.#at.Bucket} has no object ${this.#at.Key}`)
        throw faultOf(error)
      })
      for await (const chunk of Body as AsyncIterable<Uint8Array>) yield Buffer.from(chunk)
    } finally {
      client.destroy()
    }
  }
}

function failed(error: unknown): never {
  throw faultOf(error)
}

/** Splits the bytes into pieces of PART_BYTES; the last one may be shorter. */
async function* inParts(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let parts: Uint8Array[] = []
  let held = 0
  for await (const chunk of chunks) {
    parts.push(chunk)
    held += chunk.length
    if (held < PART_BYTES) continue
    const all = Buffer.concat(parts)
    yield all.subarray(0, PART_BYTES)
    parts = [all.subarray(PART_BYTES)]
    held = all.length - PART_BYTES
  }
  yield Buffer.concat(parts)
}

async function connect({ endpoint, region, pathStyle, credentials }: S3Options, patience: Patience): Promise<S3Client> {
  const { S3Client } = await import('@aws-sdk/client-s3')
  return new S3Client({
    endpoint,
    region,
    forcePathStyle: pathStyle,
    credentials: { accessKeyId: credentials.accessKeyId, secretAccessKey: credentials.accessKeySecret },
    maxAttempts: patience.attempts,
    // OSS does not support checksums in trailers.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: { connectionTimeout: CONNECT_MS, requestTimeout: patience.requestMs, throwOnRequestTimeout: true },
  })
}

/** Keeps only the error's code: the server's message may contain credentials. */
function faultOf(error: unknown): TargetFault {
  const { name, $metadata } = error as Partial<S3ServiceException>
  const code = (error as NodeJS.ErrnoException).code ?? name ?? ''
  if (name === 'NoSuchBucket') return new TargetFault('missing')
  const status = $metadata?.httpStatusCode
  // Servers disagree about the status for an unknown AccessKey.
  if (status === 401 || status === 403 || code === 'InvalidAccessKeyId') return new TargetFault('denied', code)
  return new TargetFault('unreachable', code)
}
