// The parameter Filters of ListSecrets. Besides the cloud's filters it takes Search and EncryptionKeyId, which the console uses.
import { json } from '../../api/parameters.ts'
import { SEARCHED_CHARACTERS } from '../key-index.ts'
import { isTagKey, isTagValue } from '../tags.ts'
import type { SecretType } from './records.ts'
import { ANY_SECRET, type WantedSecrets } from './secret-search.ts'

const MAX = 10

/** The parsed filters. */
export interface SecretFilters {
  /** The accepted names; null for any name. */
  readonly names: readonly string[] | null
  readonly wanted: WantedSecrets
  /** Whether no secret can match. */
  readonly isNone: boolean
}

/** All secrets. */
export const NO_FILTERS: SecretFilters = { names: null, wanted: ANY_SECRET, isNone: false }

const MANY = new Set(['SecretName', 'SecretType', 'DKMSInstanceId'])
/** Filters that take one value, once. */
const SINGLE: ReadonlyMap<string, (value: string) => boolean> = new Map([
  ['Description', (value: string) => value.length <= 8192],
  // In the index it is a label like a tag. Tabs and line breaks delimit labels.
  ['EncryptionKeyId', (value: string) => /^[\x21-\x7e]{1,64}$/.test(value)],
  ['TagKey', isTagKey],
  ['TagValue', isTagValue],
  ['Search', (value: string) => value.length >= 1 && value.length <= 256],
])

export const secretFilters = json<SecretFilters>({
  max: 65_536,
  rule: `A JSON array of at most ${MAX} entries like {"Key":"SecretName","Values":["db"]}, each with at most ${MAX} values; keys are ${[...MANY].join(', ')}, and, each once and with one value, Description (the whole of it), EncryptionKeyId (the ID of a CMK), TagKey, TagValue beside TagKey, and Search (1 to 256 characters, a part of a secret's name or of the first ${SEARCHED_CHARACTERS} characters of its description).`,
  check(value) {
    if (!Array.isArray(value) || value.length > MAX) return null
    const filters = new Map<string, string[]>()
    for (const entry of value as unknown[]) {
      const { Key: key, Values: values } = (entry ?? {}) as Record<string, unknown>
      if (typeof key !== 'string' || !Array.isArray(values) || values.length > MAX) return null
      if (!values.every((value): value is string => typeof value === 'string')) return null
      if (!MANY.has(key) && !isSingle(key, values, filters)) return null
      filters.set(key, [...(filters.get(key) ?? []), ...values])
    }
    if (filters.has('TagValue') && !filters.has('TagKey')) return null
    return filters.size === 0 ? NO_FILTERS : filtersOf(filters)
  },
})

function isSingle(key: string, values: readonly string[], before: ReadonlyMap<string, unknown>): boolean {
  const [only] = values
  return values.length === 1 && only !== undefined && !before.has(key) && (SINGLE.get(key)?.(only) ?? false)
}

function filtersOf(filters: ReadonlyMap<string, readonly string[]>): SecretFilters {
  const single = (key: string) => filters.get(key)?.[0]
  const [tagKey, tagValue] = [single('TagKey'), single('TagValue')]
  return {
    names: filters.get('SecretName') ?? null,
    wanted: {
      types: (filters.get('SecretType') as readonly SecretType[] | undefined) ?? null,
      description: single('Description') ?? null,
      encryptionKeyId: single('EncryptionKeyId') ?? null,
      tags: tagKey === undefined ? [] : [{ key: tagKey, value: tagValue ?? null }],
      text: single('Search') ?? '',
    },
    isNone: filters.get('DKMSInstanceId')?.includes('') === false,
  }
}
