// Parameters of RAM operations: names, texts and choices, refused with RAM's own codes (docs/reference/operations/ram-2015-05-01.md).
import { refuse } from '../api/errors.ts'
import type { Tags } from '../api/operation.ts'
import { integer, matching, optional, type Parameter, parameter, shaped, truthIn } from '../api/parameters.ts'
import { objectPieces, textPieces } from '../api/pieces.ts'
import { unambiguousJson } from '../runtime/json.ts'
import { isAddressRange } from './policy/addresses.ts'
import type { PolicyType } from './records.ts'

/** The length of a text in Unicode code points. Up to 64 UTF-16 code units, the count of code units is returned as an upper bound. */
export function lengthOf(text: string): number {
  return text.length <= 64 ? text.length : [...text].length
}

/** A required text that `check` refuses with the code that it returns. */
export function checked(
  rule: string,
  check: (value: string) => 'InvalidChars' | 'Length' | 'Format' | null,
): Parameter<string> {
  return {
    type: 'text',
    rule,
    secret: false,
    required: true,
    read(name, value) {
      const fault = check(value)
      if (fault !== null) throw refuse(`InvalidParameter.{name}.${fault}`, { name })
      return value
    },
  }
}

/** A required name that matches an anchored pattern. `characters` describes the pattern in the rule. */
export function nameOf(max: number, pattern: RegExp, characters: string): Parameter<string> {
  const name = checked(`1 to ${max} characters of ${characters}.`, (value) =>
    lengthOf(value) > max ? 'Length' : pattern.test(value) ? null : 'InvalidChars',
  )
  return { ...name, shape: { longest: max, pattern: pattern.source } }
}

/** A required text of at most `max` characters. */
export function textOf(max: number): Parameter<string> {
  const text = checked(`At most ${max} characters.`, (value) => (lengthOf(value) > max ? 'Length' : null))
  return { ...text, shape: { longest: max } }
}

export const userName = nameOf(64, /^[A-Za-z0-9._-]+$/, 'letters, digits, ., _ and -')
export const groupName = userName
export const roleName = nameOf(64, /^[A-Za-z0-9.@_-]+$/, 'letters, digits, ., @, _ and -')
export const policyName = nameOf(128, /^[A-Za-z0-9-]+$/, 'letters, digits and -')
export const displayName = nameOf(128, /^[\p{L}\p{M}\p{N}@._ -]+$/u, 'letters, digits, @, ., _, - and blanks')
export const comments = textOf(128)
export const description = textOf(1024)

/** A text that matches an anchored pattern. */
function formatted(rule: string, longest: number, pattern: RegExp): Parameter<string> {
  const text = checked(rule, (value) => (value.length <= longest && pattern.test(value) ? null : 'Format'))
  return shaped(text, { longest, pattern: pattern.source })
}

export const email = formatted('local@domain, at most 256 characters.', 256, /^[^\s@]+@[^\s@]+$/)
export const mobilePhone = formatted('Country code and number, such as 86-18688880000.', 25, /^\d{1,4}-\d{4,20}$/)
export const versionId = checked('A version such as v1.', (value) => (/^v[1-9]\d{0,8}$/.test(value) ? null : 'Format'))
export const policyDocument = textOf(6144)
export const trustPolicyDocument = textOf(4096)

/** A required value that `read` parses from the text. Where `read` returns null, refuses with InvalidParameter.<Name>. */
export function valued<T extends {}>(type: Parameter<T>['type'], rule: string, read: (text: string) => T | null) {
  return parameter(type, rule, (name) => refuse('InvalidParameter.{name}', { name }), read)
}

/** One of a closed list of texts; case matters. */
export function oneOf<const T extends string>(...choices: readonly T[]): Parameter<T> {
  const rule = `One of ${choices.join(', ')}.`
  return { ...valued('choice', rule, (text) => choices.find((choice) => choice === text) ?? null), shape: { choices } }
}

export const truth = valued('boolean', 'true or false.', truthIn)
export const flag = optional(truth, false)

/** A whole number in decimal, within a range. */
export function whole(min: number, max: number): Parameter<number> {
  const { rule } = integer({ min, max })
  const number = valued('integer', rule, (text) => {
    const number = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN
    return number >= min && number <= max ? number : null
  })
  return { ...number, shape: { min, max } }
}

export const policyType: Parameter<PolicyType> = oneOf('System', 'Custom')
export const maxSessionSeconds = whole(3600, 43_200)
export const accessKeyStatus = oneOf('Active', 'Inactive')
export const accessKeyId = valued('text', 'The ID of an AccessKey.', (text) =>
  /^[A-Za-z0-9._-]{1,128}$/.test(text) ? text : null,
)
const MAX_PASSWORD = 128
export const password: Parameter<string> = {
  ...valued('text', `At most ${MAX_PASSWORD} characters, as the password policy demands.`, (text) =>
    text.length <= MAX_PASSWORD ? text : null,
  ),
  shape: { longest: MAX_PASSWORD },
  secret: true,
}

export const deviceName = nameOf(64, /^[A-Za-z0-9.-]+$/, 'letters, digits, . and -')
/** Accepts any text: a text that is no SerialNumber of the account names no device and is refused later as not found. */
export const serialNumberText = textOf(256)
export const authenticationCode: Parameter<string> = {
  ...matching('Six digits.', 'InvalidParameter.AuthenticationCode.Format', /^\d{6}$/),
  secret: true,
}

/** The form of an account alias, which has 3 to 63 characters. */
export const ALIAS = /^[a-z0-9](?:-?[a-z0-9])*$/
export const accountAlias: Parameter<string> = {
  ...valued('text', '3 to 63 lower-case letters, digits and single - in between.', (text) => text),
  shape: { shortest: 3, longest: 63, pattern: ALIAS.source },
  read(_, text) {
    if (text.length < 3 || text.length > 63) throw refuse('InvalidParameter.AccountAlias.Length')
    if (!ALIAS.test(text)) throw refuse('InvalidParameter.AccountAlias.Format')
    return text
  },
}
export const minimumPasswordLength: Parameter<number> = {
  ...whole(8, 32),
  read(_, text) {
    const length = /^\d{1,3}$/.test(text) ? Number(text) : Number.NaN
    if (!(length >= 8 && length <= 32)) throw refuse('InvalidParameter.MinimumPasswordLength.Range')
    return length
  },
}
/** In days; 0: passwords do not expire. */
export const maxPasswordAge = whole(0, 1095)
/** How many former passwords a new password must differ from. */
export const passwordReusePrevention = whole(0, 24)
/** How many consecutive failed log-ons lock a user; 0: failures never lock a user. */
export const maxLogOnAttempts = whole(0, 32)
/** In hours. */
export const logOnSessionDuration = whole(1, 24)

/** Returns the addresses and CIDR blocks in the text of a setting. */
export function masksIn(text: string): readonly string[] {
  return text.split(/[; ]+/).filter((mask) => mask !== '')
}

/** A list of at most `most` addresses and CIDR blocks, in a text of at most `longest` characters. */
export function networkMasks(most: number, longest: number): Parameter<string> {
  const masks = valued('text', `At most ${most} addresses or CIDR blocks, separated by ;.`, (text) =>
    text.length <= longest && masksIn(text).length <= most && masksIn(text).every(isAddressRange) ? text : null,
  )
  return shaped(masks, { longest })
}

export const loginNetworkMasks = networkMasks(25, 1024)

export const MAX_TAGS = 20

/** Tags: in pieces (Tag.1.Key, Tag.1.Value, …, gaps ignored), or as a JSON array of {"Key","Value"}. */
function tagList(more: string, read: (text: string) => Tags | null): Parameter<Tags> {
  const rule = `A JSON array like [{"Key":"team","Value":"a"}] of at most ${MAX_TAGS} tags${more}.`
  return { ...valued<Tags>('json', rule, read), pieces: objectPieces(MAX_TAGS, ['Key', 'Value']) }
}

/** Tags to search for: an empty value matches any value. */
export const tags = optional(tagList('', readTags), [] as Tags)
const SETTABLE = '; no key begins with aliyun or acs:, and no key or value with http:// or https://'
/** Tags to set on a new resource. */
export const newTags = optional(tagList(SETTABLE, readSettable), [] as Tags)
/** Tags to set, at least one. */
export const someTags = tagList(SETTABLE, (text) => {
  const given = readSettable(text)
  return given?.length ? given : null
})

function readSettable(text: string): Tags | null {
  const given = readTags(text)
  const isReserved = ([key, value]: Tags[number]) =>
    /^(?:aliyun|acs:|https?:\/\/)/i.test(key) || /^https?:\/\//i.test(value)
  return given?.some(isReserved) ? null : given
}

function readTags(text: string): Tags | null {
  const found = new Map<string, string>()
  const list = unambiguousJson(text)
  if (!Array.isArray(list) || list.length > MAX_TAGS) return null
  for (const item of list as unknown[]) {
    const { Key: key, Value: value = '' } = (item ?? {}) as Record<string, unknown>
    if (typeof key !== 'string' || typeof value !== 'string' || found.has(key)) return null
    if (key.length < 1 || key.length > 128 || value.length > 256) return null
    found.set(key, value)
  }
  return [...found]
}

/** Texts of 1 to 128 characters: in pieces (Name.1, Name.2, …), or as a JSON array. */
export function listOfTexts(what: string, most: number): Parameter<readonly string[]> {
  const list = valued<readonly string[]>('json', `A JSON array of 1 to ${most} ${what}.`, (text) => {
    const all = unambiguousJson(text)
    if (!Array.isArray(all) || all.length === 0 || all.length > most) return null
    const fits = (item: unknown): item is string => typeof item === 'string' && item.length > 0 && item.length <= 128
    return all.every(fits) ? all : null
  })
  return { ...list, pieces: textPieces(most) }
}

/** The paging of lists by name: Marker is the last name of the page before, opaque to clients. */
export const pagingParameters = {
  Marker: optional(
    valued('text', 'The Marker of the page before.', (text) => {
      const name = Buffer.from(text, 'base64url').toString('utf8')
      return /^[a-z0-9.@_-]{1,128}$/.test(name) && markerOf(name) === text ? name : null
    }),
    '',
  ),
  MaxItems: optional(whole(1, 1000), 100),
}

function markerOf(name: string): string {
  return Buffer.from(name).toString('base64url')
}

/**
 * Returns a page of `limit` items and the members about its continuation. `found` holds up to `limit` + 1 items; the extra item shows that
 * another page follows. `nameOf` returns the lower-case name by which the list is sorted.
 */
export function pageOf<T>(found: readonly T[], limit: number, nameOf: (item: T) => string) {
  const items = found.slice(0, limit)
  const last = items.at(-1)
  const more = found.length > limit && last !== undefined
  return { items, rest: more ? { IsTruncated: true, Marker: markerOf(nameOf(last)) } : { IsTruncated: false } }
}

/** The ResourceGroupId of operations that attach and detach policies: absent, or the account id. */
export const resourceGroupId = optional(
  valued('text', 'Absent, or the account ID.', (text) => (text.length <= 64 ? text : null)),
  null,
)
