// Reads the seed file of `serve --dev` strictly. Errors name the place in the file.
import { fromBase64 } from '../cryptography/encoding.ts'
import { isJsonObject, type JsonObject } from '../runtime/json.ts'

export interface SeedUser {
  readonly userName: string
  readonly accessKeyId: string
  readonly accessKeySecret: string
  /** `Custom/name` or `System/name`. */
  readonly policies: readonly string[]
}

export interface SeedKey {
  /** null stands for the server's first region. */
  readonly region: string | null
  readonly keyId: string
  readonly description: string
  readonly tags: Readonly<Record<string, unknown>>
  /** The last version is the primary one, which encrypts. */
  readonly versions: readonly { readonly versionId: string; readonly material: Buffer }[]
}

export interface SeedAccount {
  readonly accountId: string
  readonly name: string
  readonly accessKeyId: string
  readonly accessKeySecret: string
  readonly policies: readonly { readonly policyName: string; readonly document: unknown }[]
  readonly users: readonly SeedUser[]
  readonly keys: readonly SeedKey[]
  readonly aliases: readonly { readonly region: string | null; readonly aliasName: string; readonly keyId: string }[]
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const ACCESS_KEY_ID = /^(?!STS\.)[A-Za-z0-9._-]{1,128}$/
const MATERIAL_BYTES = 32

/** Reads a member. `at` is its place, such as accounts[0].keys[1].keyId. Throws an error that says what to change. */
type Read<T> = (value: unknown, at: string) => T

class SeedFault extends Error {}

function fault(at: string, what: string): never {
  throw new SeedFault(`\`${at}\` ${what}`)
}

function matching(pattern: RegExp, what: string): Read<string> {
  return (value, at) => (typeof value === 'string' && pattern.test(value) ? value : fault(at, `must be ${what}`))
}

function or<T, F>(fallback: F, read: Read<T>): Read<T | F> {
  return (value, at) => (value === undefined ? fallback : read(value, at))
}

function list<T>(read: Read<T>): Read<readonly T[]> {
  return (value = [], at) =>
    Array.isArray(value) ? value.map((item, i) => read(item, `${at}[${i}]`)) : fault(at, 'must be a JSON array')
}

const json: Read<JsonObject> = (value, at) => (isJsonObject(value) ? value : fault(at, 'must be a JSON object'))

/** Reads an object with these members and no others. */
function object<T extends object>(members: { readonly [K in keyof T]: Read<T[K]> }): Read<T> {
  return (value, at) => {
    const given = json(value, at)
    const place = (name: string) => (at === '' ? name : `${at}.${name}`)
    const unknown = Object.keys(given).find((name) => !Object.hasOwn(members, name))
    if (unknown !== undefined) fault(place(unknown), 'is unknown')
    const names = Object.keys(members) as (keyof T & string)[]
    return Object.fromEntries(names.map((name) => [name, members[name](given[name], place(name))])) as T
  }
}

const text = matching(/./s, 'a text')
const uuid = matching(UUID, 'a lower-case UUID')
const region = or(null, text)
const credentials = {
  accessKeyId: matching(ACCESS_KEY_ID, '1 to 128 letters, digits, ., _ or -, and not begin with STS.'),
  accessKeySecret: text,
}
const material: Read<Buffer> = (value, at) => {
  const bytes = typeof value === 'string' ? fromBase64(value) : null
  return bytes?.length === MATERIAL_BYTES ? bytes : fault(at, `must be Base64 of ${MATERIAL_BYTES} bytes`)
}

const account = object<SeedAccount>({
  accountId: matching(/^\d{16}$/, '16 digits'),
  name: or('seeded', text),
  ...credentials,
  policies: list(object({ policyName: text, document: json })),
  users: list(
    object<SeedUser>({
      userName: text,
      ...credentials,
      policies: list(matching(/^(Custom|System)\/.+$/, 'Custom/NAME or System/NAME')),
    }),
  ),
  keys: list(
    object<SeedKey>({
      region,
      keyId: uuid,
      description: or('', text),
      tags: or({}, json),
      versions: (value, at) => {
        const versions = list(object({ versionId: uuid, material }))(value, at)
        return versions.length > 0 ? versions : fault(at, 'must hold a version')
      },
    }),
  ),
  aliases: list(object({ region, aliasName: text, keyId: uuid })),
})

/** The accounts of a seed file. Throws an error that names the file and says what to change. */
export function readSeed(path: string, content: string): readonly SeedAccount[] {
  try {
    return object<{ accounts: readonly SeedAccount[] }>({ accounts: list(account) })(JSON.parse(content), '').accounts
  } catch (error) {
    // The parser's message may quote the file, which holds secrets.
    if (error instanceof SyntaxError) throw new Error(`the seed file \`${path}\` can't be used: it is not JSON`)
    if (!(error instanceof SeedFault)) throw error
    throw new Error(`the seed file \`${path}\` can't be used: ${error.message}`)
  }
}
