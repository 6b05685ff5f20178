// Settings of the trail: how long the database keeps events, and where trails deliver them.
import { join } from 'node:path'
import { jsonObjectIn } from '../runtime/json.ts'
import { type Rows, reading, type Told, text, truth, whole } from './row.ts'
import { type Env, fileOf, type ReadFile } from './sources.ts'
import { UsageError } from './usage-error.ts'

export const TRAIL = {
  'retention-days': {
    reader: whole(90, 36_500, 'DAYS'),
    fallback: '90',
    help: 'retention of events: older ones are dropped, and LookupEvents does not find them',
  },
  'lookup-max-span-days': {
    reader: whole(30, 36_500, 'DAYS'),
    fallback: '90',
    help: 'maximum time range of one LookupEvents',
  },
  'refused-bytes-per-second': {
    reader: whole(1024, 1_000_000_000, 'BYTES'),
    fallback: '65536',
    help: "maximum bytes per second, on average, of events of an account's refused calls; a burst may have 256 times as much",
  },
  'delivery-target': {
    reader: text('folder:DIR|URL'),
    shown: 'folder:trails in the data folder',
    help: 'target of trails: a folder, or the endpoint of an OSS- or S3-compatible server',
  },
  'delivery-region': {
    reader: text('ID'),
    fallback: 'us-east-1',
    help: 'the region in the signature of requests to that endpoint',
  },
  'delivery-path-style': {
    reader: truth,
    fallback: 'true',
    help: 'true: the bucket is in the path; false: in the host name, as OSS requires',
  },
  'delivery-credentials-file': {
    reader: text('FILE'),
    help: 'a JSON file with accessKeyId and accessKeySecret for that endpoint',
  },
  'delivery-interval-seconds': {
    reader: whole(1, 3600, 'SECONDS'),
    fallback: '300',
    help: 'time for which a trail collects events before it delivers them',
  },
} as const satisfies Rows

/** An endpoint with the S3 protocol, and its credentials. */
export interface S3Options {
  /** http:// or https://, without a bucket. */
  readonly endpoint: string
  readonly region: string
  /** Whether the path names the bucket, not the host. */
  readonly pathStyle: boolean
  /** Secret. */
  readonly credentials: { readonly accessKeyId: string; readonly accessKeySecret: string }
}

export type TargetSettings = { readonly folder: string } | S3Options

export interface Trail {
  readonly retentionDays: number
  readonly lookupMaxSpanDays: number
  readonly refusedBytesPerSecond: number
  readonly deliveryTarget: TargetSettings
  readonly deliveryIntervalMs: number
}

/** Throws UsageError. */
export function trailOf(told: Told, data: string, env: Env, readFile: ReadFile): Trail {
  const get = reading(TRAIL, told)
  return {
    retentionDays: get('retention-days'),
    lookupMaxSpanDays: get('lookup-max-span-days'),
    refusedBytesPerSecond: get('refused-bytes-per-second'),
    deliveryTarget: targetOf(told, data, env, readFile),
    deliveryIntervalMs: 1000 * get('delivery-interval-seconds'),
  }
}

function targetOf(told: Told, data: string, env: Env, readFile: ReadFile): TargetSettings {
  const get = reading(TRAIL, told)
  const target = get('delivery-target')
  if (target === null) return { folder: join(data, 'trails') }
  const folder = /^folder:(.+)$/s.exec(target)?.[1]
  if (folder !== undefined) return { folder }
  if (!/^https?:\/\/[^/?#@]+\/?$/.test(target))
    throw new UsageError('`delivery-target` must be folder:DIR or an endpoint such as https://s3.example.com')
  return {
    endpoint: target,
    region: get('delivery-region'),
    pathStyle: get('delivery-path-style'),
    credentials: credentialsOf(get('delivery-credentials-file'), env, readFile),
  }
}

function credentialsOf(file: string | null, env: Env, readFile: ReadFile): S3Options['credentials'] {
  const [accessKeyId, accessKeySecret] = [
    env['STRONGROOM_DELIVERY_ACCESS_KEY_ID'] || null,
    env['STRONGROOM_DELIVERY_ACCESS_KEY_SECRET'] || null,
  ]
  if (accessKeyId !== null && accessKeySecret !== null) return { accessKeyId, accessKeySecret }
  if (accessKeyId !== null || accessKeySecret !== null)
    throw new UsageError(
      'set both STRONGROOM_DELIVERY_ACCESS_KEY_ID and STRONGROOM_DELIVERY_ACCESS_KEY_SECRET, or neither',
    )
  if (file === null)
    throw new UsageError(
      'the endpoint of `delivery-target` needs credentials: set STRONGROOM_DELIVERY_ACCESS_KEY_ID and STRONGROOM_DELIVERY_ACCESS_KEY_SECRET, or `delivery-credentials-file`',
    )
  // No message of a parser: it may quote the file, which contains a secret.
  const content = jsonObjectIn(fileOf('delivery-credentials-file', file, readFile))
  const [id, secret] = [content?.['accessKeyId'], content?.['accessKeySecret']]
  if (typeof id !== 'string' || typeof secret !== 'string' || id === '' || secret === '')
    throw new UsageError(`the file \`${file}\` must contain a JSON object with accessKeyId and accessKeySecret`)
  return { accessKeyId: id, accessKeySecret: secret }
}
