// Profiles in the aliyun CLI's configuration file.
import { join } from 'node:path'
import { isJsonObject, type JsonObject } from '../runtime/json.ts'
import { didYouMean } from '../settings/nearest.ts'
import { UsageError } from '../settings/usage-error.ts'
import type { Surroundings } from './surroundings.ts'

/** A role that a profile assumes before it calls. */
export interface AssumedRole {
  readonly roleArn: string
  readonly sessionName: string
  /** A value that the role's trust policy may demand. */
  readonly externalId: string | null
  /** The duration of the session in seconds; null for the service's default. */
  readonly seconds: number | null
}

/** The credentials and the server of a profile. null stands for what it leaves open. */
interface Profile {
  readonly accessKeyId: string
  readonly accessKeySecret: string
  readonly securityToken: string | null
  readonly region: string | null
  /** A URL. */
  readonly endpoint: string | null
  readonly role: AssumedRole | null
}

type Texts = (member: string) => string | null

/** The supported modes in lower case. The aliyun CLI ignores case. */
const MODES = ['ak', 'ststoken', 'ramrolearn']

/**
 * The profile of this name, or for null the current one; null where there is no current one. Throws UsageError for an unknown name or an
 * unsupported mode.
 */
export function readProfile(name: string | null, around: Surroundings): Profile | null {
  const path = pathOf(around)
  const file = configurationIn(path, around)
  if (!file) {
    if (name === null) return null
    throw new UsageError(`there is no profile \`${name}\`: \`${path}\` is no readable configuration of the aliyun CLI`)
  }
  const wanted = name ?? file.current
  const found = file.profiles.find((profile) => profile['name'] === wanted)
  if (found) return profileOf(found, wanted)
  if (name === null) return null
  const known = file.profiles.map((profile) => String(profile['name']))
  throw new UsageError(`\`${path}\` has no profile \`${name}\`${didYouMean(name, known)}`)
}

/** The names of all profiles; none where there is no configuration. */
export function profileNames(around: Surroundings): readonly string[] {
  const file = configurationIn(pathOf(around), around)
  return file?.profiles.map((profile) => String(profile['name'])) ?? []
}

/** Without HOME, reads /.aliyun: a file relative to the working folder could be anybody's. */
function pathOf({ env }: Surroundings): string {
  return join(env['HOME'] || '/', '.aliyun', 'config.json')
}

function configurationIn(path: string, { readFile }: Surroundings) {
  try {
    const { current, profiles } = JSON.parse(readFile(path)) as { current?: unknown; profiles?: unknown }
    return { current: String(current ?? ''), profiles: Array.isArray(profiles) ? profiles.filter(isJsonObject) : [] }
  } catch {
    return null
  }
}

function profileOf(members: JsonObject, name: string): Profile {
  const text: Texts = (member) =>
    typeof members[member] === 'string' && members[member] !== '' ? members[member] : null
  const must = (member: string) => {
    const value = text(member)
    if (value === null) throw new UsageError(`the profile \`${name}\` of the aliyun CLI has no ${member}`)
    return value
  }
  const mode = String(members['mode'] ?? '')
  const kind = mode.toLowerCase()
  if (!MODES.includes(kind))
    throw new UsageError(
      `the profile \`${name}\` of the aliyun CLI has the mode ${mode || '(none)'}, which is not supported: AK, StsToken and RamRoleArn are`,
    )
  const seconds = members['expired_seconds']
  return {
    accessKeyId: must('access_key_id'),
    accessKeySecret: must('access_key_secret'),
    securityToken: kind === 'ststoken' ? must('sts_token') : null,
    region: text('region_id'),
    endpoint: asUrl(text('endpoint')),
    role:
      kind === 'ramrolearn'
        ? {
            roleArn: must('ram_role_arn'),
            sessionName: must('ram_session_name'),
            externalId: text('external_id'),
            seconds: typeof seconds === 'number' && seconds > 0 ? seconds : null,
          }
        : null,
  }
}

/** The aliyun CLI takes a host as endpoint, and calls it over HTTPS. */
function asUrl(endpoint: string | null): string | null {
  return endpoint === null || /^https?:\/\//.test(endpoint) ? endpoint : `https://${endpoint}`
}
