// How the command line reaches a server: its address, and the credentials for signing.
import { credentialsFile } from '../settings/credentials-file.ts'
import type { FlagKinds, Flags } from '../settings/flags.ts'
import { fileOf } from '../settings/sources.ts'
import { UsageError } from '../settings/usage-error.ts'
import type { ClientOptions, Server } from './client.ts'
import { certificatesIn } from './kept-log-ons.ts'
import type { Surroundings } from './surroundings.ts'

export const CLIENT_FLAGS: FlagKinds = { endpoint: 'value', 'ca-file': 'value', data: 'value', profile: 'value' }

/** The help about these flags, for the end of a verb's help. */
export const CLIENT_HELP = `Endpoint: --endpoint, STRONGROOM_ENDPOINT, the endpoint of the profile or of the last log-on, or http://127.0.0.1:7700.
Credentials are the first of these: those of --profile NAME, a profile of the aliyun CLI (~/.aliyun/config.json);
ALIBABA_CLOUD_ACCESS_KEY_ID, ALIBABA_CLOUD_ACCESS_KEY_SECRET and, with temporary ones, ALIBABA_CLOUD_SECURITY_TOKEN;
without --data, those of \`strongroom login\` to the server; root-credentials.json in --data (./data); without --data, the
aliyun CLI's current profile.`

/** The credentials of a call. null stands for what they leave open. */
interface Signer {
  readonly accessKeyId: string
  readonly accessKeySecret: string
  readonly securityToken: string | null
  /** The region of calls that name none. */
  readonly region: string | null
  /** The source of the credentials, for people to read. */
  readonly whence: string
  /** When the credentials expire (ISO 8601), where that is known. */
  readonly expiration?: string
  readonly renewal?: string
}

/** How to call, and the source of the credentials. */
export type CallAs = ClientOptions & Pick<Signer, 'whence' | 'expiration'>

/**
 * Finds the server and the credentials, as CLIENT_HELP says. A profile with a role assumes the role, unless a kept session is still valid.
 * Throws UsageError; rejects where the role can't be assumed.
 */
export async function clientOptions(flags: Flags, around: Surroundings): Promise<CallAs> {
  const reach = (known: Known) => ({ ...serverOptions(flags, around, known), now: Date.now() })
  const name = flags.get('profile')
  const data = dataFolder(flags, around)
  const stated = name === undefined ? fromEnvironment(around.env) : null
  if (stated) return { ...reach({}), ...stated }
  const loggedOn = name === undefined && data === null ? await fromLogOn(flags, around) : null
  if (loggedOn) return { ...loggedOn, ...reach(loggedOn) }
  const found = name === undefined ? fromDataFolder(flags, around) : null
  if (found) return { ...reach({}), ...found }
  if (name === undefined && data !== null) throw noCredentials(data)
  const [{ readProfile }, { sessionOf }] = await Promise.all([import('./profile.ts'), import('./role-session.ts')])
  const profile = readProfile(name ?? null, around)
  if (!profile) throw noCredentials('./data')
  const { endpoint, role, ...own } = profile
  const whence = name === undefined ? "the aliyun CLI's current profile" : `the profile ${name} of the aliyun CLI`
  const options = { ...reach({ endpoint }), ...own, whence }
  return role === null ? options : { ...options, ...(await sessionOf(role, options, around)) }
}

/** A server as a profile or a log-on names it. */
interface Known {
  readonly endpoint?: string | null
  readonly ca?: string | null
}

/** The server's address, and the CA to trust there: from the flags, else the environment, else `known`. Throws UsageError. */
export function serverOptions(flags: Flags, around: Surroundings, known: Known = {}): Server {
  const caFile = flags.get('ca-file') ?? around.env['STRONGROOM_CA_FILE']
  const endpoint = statedEndpoint(flags, around) ?? checkedEndpoint(known.endpoint ?? 'http://127.0.0.1:7700')
  return { endpoint, ca: caFile ? caOf(caFile, around) : (known.ca ?? null) }
}

function caOf(file: string, { readFile }: Surroundings): string {
  const ca = fileOf('ca-file', file, readFile)
  if (certificatesIn(ca) === null) throw new UsageError(`the file \`${file}\` of \`ca-file\` has no certificate in PEM`)
  return ca
}

function fromEnvironment(env: Surroundings['env']): Signer | null {
  const [accessKeyId, accessKeySecret] = [env['ALIBABA_CLOUD_ACCESS_KEY_ID'], env['ALIBABA_CLOUD_ACCESS_KEY_SECRET']]
  const securityToken = env['ALIBABA_CLOUD_SECURITY_TOKEN'] || null
  return accessKeyId && accessKeySecret
    ? {
        accessKeyId,
        accessKeySecret,
        securityToken,
        region: null,
        whence: 'the environment (ALIBABA_CLOUD_ACCESS_KEY_ID)',
      }
    : null
}

/**
 * The log-on to the stated server, or the last log-on to any. Throws UsageError when it has expired: the command never falls back to other
 * credentials.
 */
async function fromLogOn(flags: Flags, around: Surroundings): Promise<(Signer & Known) | null> {
  const { keptLogOn } = await import('./kept-log-ons.ts')
  const kept = keptLogOn(statedEndpoint(flags, around), around)
  if (!kept) return null
  const { endpoint, ca = null, accessKeyId, accessKeySecret, securityToken, expiration } = kept
  if (Date.parse(expiration) <= Date.now())
    throw new UsageError(
      `the log-on to ${endpoint} ended at ${expiration}: log on again with \`strongroom login\`, or forget it with \`strongroom logout\``,
    )
  const whence = `the log-on to ${endpoint}`
  const renewal = 'Log on again with `strongroom login`.'
  return { endpoint, ca, accessKeyId, accessKeySecret, securityToken, region: null, whence, expiration, renewal }
}

/** The data folder of the flags or the environment; null where neither names one. */
function dataFolder(flags: Flags, { env }: Surroundings): string | null {
  return flags.get('data') ?? (env['STRONGROOM_DATA'] || null)
}

/** The credentials that the first start of a server left in its data folder. */
function fromDataFolder(flags: Flags, around: Surroundings): Signer | null {
  try {
    const file = credentialsFile(dataFolder(flags, around) ?? './data')
    const { accessKeyId, accessKeySecret } = JSON.parse(around.readFile(file)) as {
      accessKeyId: string
      accessKeySecret: string
    }
    const securityToken = around.env['ALIBABA_CLOUD_SECURITY_TOKEN'] || null
    return { accessKeyId, accessKeySecret, securityToken, region: null, whence: `the file ${file}` }
  } catch {
    return null
  }
}

function noCredentials(data: string): UsageError {
  return new UsageError(
    `no credentials: set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET, name a profile of the aliyun CLI with --profile, or run \`strongroom login\` (there is no readable \`${credentialsFile(data)}\`)`,
  )
}

/** The endpoint of the flags or the environment; null where neither states one. Throws UsageError. */
export function statedEndpoint(flags: Flags, { env }: Pick<Surroundings, 'env'>): string | null {
  const stated = flags.get('endpoint') ?? (env['STRONGROOM_ENDPOINT'] || null)
  return stated === null ? null : checkedEndpoint(stated)
}

function checkedEndpoint(endpoint: string): string {
  if (URL.canParse(endpoint) && /^https?:\/\//.test(endpoint)) return endpoint
  throw new UsageError(`the endpoint must be a URL such as http://127.0.0.1:7700, not \`${endpoint}\``)
}
