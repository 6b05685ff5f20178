// The sources of settings: flags override the environment, and the environment overrides the configuration file.
import { isJsonObject } from '../runtime/json.ts'
import type { Flags } from './flags.ts'
import { didYouMean } from './nearest.ts'
import { environmentName, type Rows, type Told } from './row.ts'
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
