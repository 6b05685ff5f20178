// The parameter Filters of ListKeys. It takes the cloud's filters and some of this service, which the console needs to search.
import { json } from '../api/parameters.ts'
import { PROPERTIES, type Property, SEARCHED_CHARACTERS } from './key-index.ts'
import type { WantedKeys, WantedTag } from './key-search.ts'
import { isTagKey, isTagValue } from './tags.ts'

/** Filters whose value is the same for every key. */
const SAME: ReadonlyMap<string, string> = new Map([['DKMSInstanceId', '']])
/** Filters of this service that take one value, once. */
const SINGLE: ReadonlyMap<string, (value: string) => boolean> = new Map([
  ['Search', (value: string) => value.length >= 1 && value.length <= 256],
  ['TagKey', isTagKey],
  ['TagValue', isTagValue],
])
const MAX = 10

export interface KeyFilters {
  /** null where no key can match. */
  readonly wanted: WantedKeys | null
}

/** All keys. */
export const NO_FILTERS: KeyFilters = { wanted: { properties: new Map(), text: '', tags: [] } }

const isProperty = (name: string): name is Property => Object.hasOwn(PROPERTIES, name)

export const keyFilters = json<KeyFilters>({
  max: 65_536,
  rule: `A JSON array of at most ${MAX} entries like {"Key":"KeyState","Values":["Enabled"]}, each with at most ${MAX} values; keys are ${[...Object.keys(PROPERTIES), ...SAME.keys()].join(', ')}, and, each once and with one value, Search (1 to 256 characters, a part of a key's ID, of the first ${SEARCHED_CHARACTERS} characters of its description, or of the name of an alias of it), TagKey, and TagValue beside TagKey.`,
  check(value) {
    if (!Array.isArray(value) || value.length > MAX) return null
    const filters = new Map<string, string[]>()
    for (const entry of value as unknown[]) {
      const { Key: key, Values: values } = (entry ?? {}) as Record<string, unknown>
      if (typeof key !== 'string' || !Array.isArray(values) || values.length > MAX) return null
      if (!values.every((value): value is string => typeof value === 'string')) return null
      if (!isProperty(key) && !SAME.has(key) && !isSingle(key, values, filters)) return null
      filters.set(key, [...(filters.get(key) ?? []), ...values])
    }
    if (filters.has('TagValue') && !filters.has('TagKey')) return null
    return filters.size === 0 ? NO_FILTERS : { wanted: wantedBy(filters) }
  },
})

function isSingle(key: string, values: readonly string[], before: ReadonlyMap<string, unknown>): boolean {
  const [only] = values
  return values.length === 1 && only !== undefined && !before.has(key) && (SINGLE.get(key)?.(only) ?? false)
}

function wantedBy(filters: ReadonlyMap<string, readonly string[]>): WantedKeys | null {
  for (const [key, only] of SAME) if (filters.get(key)?.includes(only) === false) return null
  const properties = new Map<Property, readonly string[]>()
  for (const [key, values] of filters) if (isProperty(key)) properties.set(key, values)
  const [text = '', tagKey, tagValue = null] = ['Search', 'TagKey', 'TagValue'].map((key) => filters.get(key)?.[0])
  const tags: readonly WantedTag[] = tagKey === undefined ? [] : [{ key: tagKey, value: tagValue }]
  return { properties, text, tags }
}
