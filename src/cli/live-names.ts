// Names from a server, for completion: within a second, or none. Failures are silent, because the user is typing.
import { setTimeout as pause } from 'node:timers/promises'
import { Flags } from '../settings/flags.ts'
import { ask } from './ask.ts'
import { CLIENT_FLAGS, clientOptions } from './client-options.ts'
import type { Surroundings } from './surroundings.ts'

const LIMIT_MS = 1000

interface List {
  readonly action: string
  readonly version: string
  /** The members that lead to the items, and the item's member with its name. */
  readonly path: readonly [list: string, items: string, name: string]
  /** The parameter for the size of a page, and its maximum. */
  readonly size: readonly [name: string, most: string]
}

const kms = (action: string, ...path: List['path']): List => {
  return { action, path, version: '2016-01-20', size: ['PageSize', '100'] }
}
const ram = (action: string, ...path: List['path']): List => {
  return { action, path, version: '2015-05-01', size: ['MaxItems', '1000'] }
}
const ALIASES = kms('ListAliases', 'Aliases', 'Alias', 'AliasName')

/** The lists with a parameter's possible values. */
const LISTS: Readonly<Record<string, readonly List[]>> = {
  KeyId: [ALIASES, kms('ListKeys', 'Keys', 'Key', 'KeyId')],
  EncryptionKeyId: [ALIASES, kms('ListKeys', 'Keys', 'Key', 'KeyId')],
  AliasName: [ALIASES],
  SecretName: [kms('ListSecrets', 'SecretList', 'Secret', 'SecretName')],
  UserName: [ram('ListUsers', 'Users', 'User', 'UserName')],
  GroupName: [ram('ListGroups', 'Groups', 'Group', 'GroupName')],
  RoleName: [ram('ListRoles', 'Roles', 'Role', 'RoleName')],
}

/** The parameter's possible values on the server that the words of the line name; first pages only. Never rejects. */
export async function liveNames(parameter: string, words: readonly string[], around: Surroundings): Promise<string[]> {
  const lists = Object.hasOwn(LISTS, parameter) ? (LISTS[parameter] ?? []) : []
  if (lists.length === 0) return []
  const stop = new AbortController()
  const late = pause(LIMIT_MS, [], { signal: stop.signal })
  const names = lists.map((list) => namesIn(list, words, around, stop.signal).catch(() => []))
  const found = await Promise.race([Promise.all(names), late])
  stop.abort()
  return found.flat()
}

async function namesIn(
  { action, version, path, size }: List,
  words: readonly string[],
  around: Surroundings,
  signal: AbortSignal,
): Promise<string[]> {
  const options = await clientOptions(flagsIn(words), around)
  const region = valueIn(words, '--RegionId') ?? valueIn(words, '--region')
  const parameters = new Map([['Action', action], ['Version', version], size])
  if (region !== undefined) parameters.set('RegionId', region)
  const { answer } = await ask(parameters, { ...options, signal })
  const [list, items, name] = path
  const found = (answer as Record<string, Record<string, readonly Record<string, unknown>[]>>)[list]?.[items] ?? []
  return found.map((item) => String(item[name]))
}

function flagsIn(words: readonly string[]): Flags {
  const given = Object.keys(CLIENT_FLAGS).flatMap((name) => {
    const value = valueIn(words, `--${name}`)
    return value === undefined ? [] : [[name, [value]] as const]
  })
  return new Flags(new Map(given))
}

function valueIn(words: readonly string[], flag: string): string | undefined {
  const at = words.indexOf(flag)
  return at === -1 ? undefined : words[at + 1]
}
