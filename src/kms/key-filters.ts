// The parameter Filters of ListKeys. It takes the cloud's filters and some of this service, which the console needs to search.
import { json } from '../api/parameters.ts'
import { type Filters, filtersIn, MAX_FILTERS, SINGLE, tagsIn } from './filters.ts'
import { PROPERTIES, type Property, SEARCHED_CHARACTERS } from './key-index.ts'
import type { WantedKeys } from './key-search.ts'

/** Filters whose value is the same for every key. */
const SAME: ReadonlyMap<string, string> = new Map([['DKMSInstanceId', '']])
/** The keys with several values. */
const MANY: readonly string[] = [...Object.keys(PROPERTIES), ...SAME.keys()]

export interface KeyFilters {
  /** null where no key can match. */
  readonly wanted: WantedKeys | null
}

/** All keys. */
export const NO_FILTERS: KeyFilters = { wanted: { properties: new Map(), text: '', tags: [] } }

const isProperty = (name: string): name is Property => Object.hasOwn(PROPERTIES, name)

export const keyFilters = json<KeyFilters>({
  max: 65_536,
  rule: `A JSON array of at most ${MAX_FILTERS} entries like {"Key":"KeyState","Values":["Enabled"]}, each with at most ${MAX_FILTERS} values; keys are ${MANY.join(', ')}, and, each once and with one value, Search (1 to 256 characters, a part of a key's ID, of the first ${SEARCHED_CHARACTERS} characters of its description, or of the name of an alias of it), TagKey, and TagValue beside TagKey.`,
  check(value) {
    const filters = filtersIn(value, MANY, SINGLE)
    return filters && (filters.size === 0 ? NO_FILTERS : { wanted: wantedBy(filters) })
  },
})

function wantedBy(filters: Filters): WantedKeys | null {
  for (const [key, only] of SAME) if (filters.get(key)?.includes(only) === false) return null
  const properties = new Map<Property, readonly string[]>()
  for (const [key, values] of filters) if (isProperty(key)) properties.set(key, values)
  return { properties, text: filters.get('Search')?.[0] ?? '', tags: tagsIn(filters) }
}
