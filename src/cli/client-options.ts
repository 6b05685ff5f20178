// How the command line reaches a server: its address, and the credentials to sign with.
import { join } from 'node:path'
import type { FlagKinds, Flags } from '../settings/flags.ts'
import { UsageError } from '../settings/usage-error.ts'
import type { ClientOptions } from './client.ts'
import type { Surroundings } from './surroundings.ts'

export const CLIENT_FLAGS: FlagKinds = { endpoint: 'value', 'ca-file': 'value', data: 'value' }

/** From flags and the environment; without credentials there, from the file that the first start left in the data folder. Throws UsageError. */
export function clientOptions(flags: Flags, { env, readFile }: Surroundings): ClientOptions {
  const caFile = flags.get('ca-file') ?? env['STRONGROOM_CA_FILE'] ?? null
  const common = {
    endpoint: checkedEndpoint(flags.get('endpoint') ?? (env['STRONGROOM_ENDPOINT'] || 'http://127.0.0.1:7700')),
    now: Date.now(),
    securityToken: env['ALIBABA_CLOUD_SECURITY_TOKEN'] || null,
    ca: caFile && readFile(caFile),
  }
  const [accessKeyId, accessKeySecret] = [env['ALIBABA_CLOUD_ACCESS_KEY_ID'], env['ALIBABA_CLOUD_ACCESS_KEY_SECRET']]
  if (accessKeyId && accessKeySecret) return { ...common, accessKeyId, accessKeySecret }
  const file = join(flags.get('data') ?? env['STRONGROOM_DATA'] ?? './data', 'root-credentials.json')
  try {
    const credentials = JSON.parse(readFile(file)) as { accessKeyId: string; accessKeySecret: string }
    return { ...common, accessKeyId: credentials.accessKeyId, accessKeySecret: credentials.accessKeySecret }
  } catch {
    throw new UsageError(
      `no credentials: set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET (there is no readable \`${file}\`)`,
    )
  }
}

function checkedEndpoint(endpoint: string): string {
  if (URL.canParse(endpoint) && /^https?:\/\//.test(endpoint)) return endpoint
  throw new UsageError(`the endpoint must be a URL such as http://127.0.0.1:7700, not \`${endpoint}\``)
}
