// Any bucket that speaks the S3 protocol: Alibaba Cloud OSS at its S3 endpoint, MinIO, Ceph and others.
// The client library is loaded by the first use, so that a server that delivers to a folder never loads it.
import type { S3Client, S3ServiceException } from '@aws-sdk/client-s3'
import { type BucketState, type DeliveryTarget, TargetFault } from './target.ts'

/** Where the buckets are and how to get in. */
export interface S3Options {
  /** http:// or https://, without a bucket. */
  readonly endpoint: string
  readonly region: string
  /** Whether the bucket is named in the path, else in the host. */
  readonly pathStyle: boolean
  readonly credentials: { readonly accessKeyId: string; readonly accessKeySecret: string }
}

/** An empty object that tells whether a bucket can be written: the right to write is often the only one given. */
const PROBE = 'AliyunLogs/Actiontrail-Check'
const CHECK_MS = 5_000
const CONNECT_MS = 5_000
const REQUEST_MS = 25_000

export class S3Target implements DeliveryTarget {
  readonly shared = true
  readonly #options: S3Options
  #client: Promise<S3Client> | null = null

  constructor(options: S3Options) {
    this.#options = options
  }

  async check(account: string, bucket: string): Promise<BucketState> {
    try {
      await this.put(account, bucket, PROBE, new Uint8Array(), AbortSignal.timeout(CHECK_MS))
      return 'writable'
    } catch (error) {
      return error instanceof TargetFault ? error.state : 'unreachable'
    }
  }

  async put(_: string, bucket: string, key: string, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    const { PutObjectCommand } = await import('@aws-sdk/client-s3')
    this.#client ??= connect(this.#options)
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

async function connect({ endpoint, region, pathStyle, credentials }: S3Options): Promise<S3Client> {
  const { S3Client } = await import('@aws-sdk/client-s3')
  return new S3Client({
    endpoint,
    region,
    forcePathStyle: pathStyle,
    credentials: { accessKeyId: credentials.accessKeyId, secretAccessKey: credentials.accessKeySecret },
    // Trials are the delivery's own, with pauses that grow; OSS knows no checksums in trailers.
    maxAttempts: 1,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: { connectionTimeout: CONNECT_MS, requestTimeout: REQUEST_MS, throwOnRequestTimeout: true },
  })
}

/** A server's message may name credentials: only its code is kept. */
function faultOf(error: unknown): TargetFault {
  const { name, $metadata } = error as Partial<S3ServiceException>
  const code = (error as NodeJS.ErrnoException).code ?? name ?? ''
  if (name === 'NoSuchBucket') return new TargetFault('missing')
  const status = $metadata?.httpStatusCode
  // Servers disagree about the status of an AccessKey that they do not know.
  if (status === 401 || status === 403 || code === 'InvalidAccessKeyId') return new TargetFault('denied', code)
  return new TargetFault('unreachable', code)
}
