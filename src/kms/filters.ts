// The parameter Filters of lists: a JSON array of entries, each with a key and its accepted values.
import type { WantedTag } from './key-search.ts'
import { isTagKey, isTagValue } from './tags.ts'

/** The values of each key. */
export type Filters = ReadonlyMap<string, readonly string[]>

/** The most entries, and the most values of an entry. */
export const MAX_FILTERS = 10

/** For each key that an entry may have once, with one value: whether it may have this value. */
type Single = ReadonlyMap<string, (value: string) => boolean>

/** The keys with one value that all lists have. */
export const SINGLE: Single = new Map([
  ['Search', (value: string) => value.length >= 1 && value.length <= 256],
  ['TagKey', isTagKey],
  ['TagValue', isTagValue],
])

/** Returns the filters; null where they break the rule. `many`: the keys with several values. */
export function filtersIn(value: unknown, many: readonly string[], single: Single): Filters | null {
  if (!Array.isArray(value) || value.length > MAX_FILTERS) return null
  const filters = new Map<string, readonly string[]>()
  for (const entry of value as unknown[]) {
    const { Key: key, Values: values } = (entry ?? {}) as Record<string, unknown>
    if (typeof key !== 'string' || !Array.isArray(values) || values.length > MAX_FILTERS) return null
    if (!values.every((value): value is string => typeof value === 'string')) return null
    const before = filters.get(key)
    const [only = ''] = values
    if (!many.includes(key) && (before || values.length !== 1 || !single.get(key)?.(only))) return null
    filters.set(key, [...(before ?? []), ...values])
  }
  return filters.has('TagValue') && !filters.has('TagKey') ? null : filters
}

/** The tag that the filters ask for, if they do. */
export function tagsIn(filters: Filters): readonly WantedTag[] {
  const [key] = filters.get('TagKey') ?? []
  return key === undefined ? [] : [{ key, value: filters.get('TagValue')?.[0] ?? null }]
}
