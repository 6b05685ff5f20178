// Buckets with an S3-compatible API: Alibaba Cloud OSS at its S3 endpoint, MinIO, Ceph and others.
// The first use loads the client library, so that a server that delivers to a folder never does.
import type { S3Client, S3ServiceException } from '@aws-sdk/client-s3'
import type { S3Options } from '../../../settings/trail.ts'
import { type BucketState, type DeliveryTarget, TargetFault } from './target.ts'

/** The empty object that `check` writes: often the credentials may write and nothing else. */
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
    // The delivery itself retries, with backoff. OSS does not support checksums in trailers.
    maxAttempts: 1,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: { connectionTimeout: CONNECT_MS, requestTimeout: REQUEST_MS, throwOnRequestTimeout: true },
  })
}

/** Keeps only the code of an error: the server's message may name credentials. */
function faultOf(error: unknown): TargetFault {
  const { name, $metadata } = error as Partial<S3ServiceException>
  const code = (error as NodeJS.ErrnoException).code ?? name ?? ''
  if (name === 'NoSuchBucket') return new TargetFault('missing')
  const status = $metadata?.httpStatusCode
  // Servers disagree about the status for an unknown AccessKey.
  if (status === 401 || status === 403 || code === 'InvalidAccessKeyId') return new TargetFault('denied', code)
  return new TargetFault('unreachable', code)
}
