// The sources of settings: flags override the environment, and the environment overrides the configuration file.
import { isJsonObject } from '../runtime/json.ts'
import type { Flags } from './flags.ts'
import { didYouMean, nearest } from './nearest.ts'
import { ENVIRONMENT_PREFIX, environmentName, type Rows, type Told } from './row.ts'
import { UsageError } from './usage-error.ts'

export type Env = Readonly<Record<string, string | undefined>>
export type ReadFile = (path: string) => string

/** The configuration file's member that names its schema, for editors. */
export const SCHEMA_MEMBER = '$schema'

/** The content of the file that a setting names. Throws UsageError. */
export function fileOf(setting: string, path: string, readFile: ReadFile): string {
  try {
    return readFile(path)
  } catch (error) {
    throw new UsageError(`the file \`${path}\` of \`${setting}\` can't be read: ${(error as Error).message}`)
  }
}

/** Finds the text of each setting. An empty variable counts as unset. Throws UsageError for an unknown key in the file. */
export function toldBy(flags: Flags, rows: Rows, env: Env, readFile: ReadFile): Told {
  const fromEnv = (name: string) => env[environmentName(name)] || undefined
  const path = flags.get('config') ?? fromEnv('config')
  const file = path === undefined ? new Map<string, string>() : readConfiguration(path, rows, readFile)
  return (name) => flagOf(flags, name, rows) ?? fromEnv(name) ?? file.get(name)
}

/** The variables that Kubernetes gives the containers of a namespace with a Service called `strongroom` or `strongroom-…`. */
const OF_KUBERNETES = /_SERVICE_(HOST|PORT)|_PORT(_|$)/

/**
 * Throws UsageError for a variable whose name is nearly that of a known one: its value, such as a certificate or a passphrase, would
 * otherwise be silently missing. Other variables with the prefix may belong to other programs.
 */
export function refuseMisspelled(env: Env, known: readonly string[]): void {
  const withoutPrefix = (name: string) => name.slice(ENVIRONMENT_PREFIX.length)
  const suffixes = known.map(withoutPrefix)
  for (const [name, value] of Object.entries(env)) {
    if (!value || !name.startsWith(ENVIRONMENT_PREFIX) || known.includes(name) || OF_KUBERNETES.test(name)) continue
    const near = nearest(withoutPrefix(name), suffixes)
    if (near !== null)
      throw new UsageError(`unknown environment variable ${name} (did you mean ${ENVIRONMENT_PREFIX}${near}?)`)
  }
}

function flagOf(flags: Flags, name: string, rows: Rows): string | undefined {
  const isList = rows[name]?.reader.flag === 'list' && flags.has(name)
  return isList ? flags.all(name).join(',') : flags.get(name)
}

function readConfiguration(path: string, rows: Rows, readFile: ReadFile): ReadonlyMap<string, string> {
  let content: unknown
  try {
    content = JSON.parse(readFile(path))
  } catch (error) {
    throw new UsageError(`the configuration file \`${path}\` can't be read: ${(error as Error).message}`)
  }
  if (!isJsonObject(content)) throw new UsageError(`the configuration file \`${path}\` must contain a JSON object`)
  const { [SCHEMA_MEMBER]: _, ...given } = content
  return new Map(
    Object.entries(given).map(([name, value]) => {
      if (!Object.hasOwn(rows, name) || name === 'config')
        throw new UsageError(`unknown key \`${name}\` in \`${path}\`${didYouMean(name, Object.keys(rows))}`)
      return [name, Array.isArray(value) ? value.join(',') : String(value)]
    }),
  )
}
