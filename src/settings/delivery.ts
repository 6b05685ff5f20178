// The settings of the delivery of trails: where to, and with which credentials, which stand in no flag and no configuration file.
import { join } from 'node:path'
import type { TargetSettings } from '../actiontrail/delivery/targets/open.ts'
import type { Env, ReadFile, Setting } from './settings.ts'
import { UsageError } from './usage-error.ts'

export const DELIVERY_DEFAULTS: Readonly<Record<string, string>> = {
  'delivery-interval-seconds': '300',
  'delivery-region': 'us-east-1',
  'delivery-path-style': 'true',
}

export const DELIVERY_SETTINGS: readonly Setting[] = [
  {
    name: 'delivery-target',
    value: 'folder:DIR|URL',
    help: 'where trails deliver: a folder, or the endpoint of an OSS- or S3-compatible server (folder:trails in the data folder)',
  },
  { name: 'delivery-region', value: 'ID', help: 'the region that requests to that endpoint are signed for' },
  {
    name: 'delivery-path-style',
    value: 'true|false',
    help: 'name the bucket in the path; false, as OSS wants it: in the host',
  },
  {
    name: 'delivery-credentials-file',
    value: 'FILE',
    help: 'a JSON file with accessKeyId and accessKeySecret for that endpoint',
  },
  { name: 'delivery-interval-seconds', value: 'N', help: 'how long events are gathered before they are delivered' },
]

/** Where trails deliver. Throws UsageError. */
export function deliveryTargetOf(get: (name: string) => string | null, env: Env, readFile: ReadFile): TargetSettings {
  const target = get('delivery-target')
  if (target === null) return { folder: join(get('data') ?? '', 'trails') }
  const folder = /^folder:(.+)$/s.exec(target)?.[1]
  if (folder !== undefined) return { folder }
  if (!/^https?:\/\/[^/?#@]+\/?$/.test(target))
    throw new UsageError('`delivery-target` must be folder:DIR or an endpoint such as https://s3.example.com')
  const style = get('delivery-path-style')
  if (style !== 'true' && style !== 'false') throw new UsageError('`delivery-path-style` must be true or false')
  return {
    endpoint: target,
    region: get('delivery-region') ?? '',
    pathStyle: style === 'true',
    credentials: credentialsOf(get('delivery-credentials-file'), env, readFile),
  }
}

function credentialsOf(file: string | null, env: Env, readFile: ReadFile) {
  const [accessKeyId, accessKeySecret] = [
    env['STRONGROOM_DELIVERY_ACCESS_KEY_ID'] || null,
    env['STRONGROOM_DELIVERY_ACCESS_KEY_SECRET'] || null,
  ]
  if (accessKeyId !== null && accessKeySecret !== null) return { accessKeyId, accessKeySecret }
  if (accessKeyId !== null || accessKeySecret !== null)
    throw new UsageError('STRONGROOM_DELIVERY_ACCESS_KEY_ID and STRONGROOM_DELIVERY_ACCESS_KEY_SECRET go together')
  if (file === null)
    throw new UsageError(
      'the endpoint of `delivery-target` needs credentials: set STRONGROOM_DELIVERY_ACCESS_KEY_ID and STRONGROOM_DELIVERY_ACCESS_KEY_SECRET, or `delivery-credentials-file`',
    )
  const content = parsed(file, readFile)
  const [id, secret] = [content?.['accessKeyId'], content?.['accessKeySecret']]
  if (typeof id !== 'string' || typeof secret !== 'string' || id === '' || secret === '')
    throw new UsageError(`the file \`${file}\` must hold a JSON object with accessKeyId and accessKeySecret`)
  return { accessKeyId: id, accessKeySecret: secret }
}

function parsed(file: string, readFile: ReadFile): Record<string, unknown> | null {
  const text = readFile(file)
  try {
    const content: unknown = JSON.parse(text)
    return typeof content === 'object' && content !== null ? (content as Record<string, unknown>) : null
  } catch {
    // What a parser says of a broken file may quote it.
    return null
  }
}
