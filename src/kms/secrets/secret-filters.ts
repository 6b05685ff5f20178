// The parameter Filters of ListSecrets. Besides the cloud's filters it takes Search and EncryptionKeyId, which the console uses.
import { json } from '../../api/parameters.ts'
import { type Filters, filtersIn, MAX_FILTERS, SINGLE, tagsIn } from '../filters.ts'
import { SEARCHED_CHARACTERS } from '../key-index.ts'
import type { SecretType } from './records.ts'
import { ANY_SECRET, type WantedSecrets } from './secret-search.ts'

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

/** The keys with several values. */
const MANY = ['SecretName', 'SecretType', 'DKMSInstanceId']
const OWN_SINGLE: typeof SINGLE = new Map([
  ...SINGLE,
  ['Description', (value: string) => value.length <= 8192],
  // In the index it is a label like a tag. Tabs and line breaks delimit labels.
  ['EncryptionKeyId', (value: string) => /^[\x21-\x7e]{1,64}$/.test(value)],
])

export const secretFilters = json<SecretFilters>({
  max: 65_536,
  rule: `A JSON array of at most ${MAX_FILTERS} entries like {"Key":"SecretName","Values":["db"]}, each with at most ${MAX_FILTERS} values; keys are ${MANY.join(', ')}, and, each once and with one value, Description (the whole of it), EncryptionKeyId (the ID of a CMK), TagKey, TagValue beside TagKey, and Search (1 to 256 characters, a part of a secret's name or of the first ${SEARCHED_CHARACTERS} characters of its description).`,
  check(value) {
    const filters = filtersIn(value, MANY, OWN_SINGLE)
    return filters && (filters.size === 0 ? NO_FILTERS : filtersOf(filters))
  },
})

function filtersOf(filters: Filters): SecretFilters {
  const single = (key: string) => filters.get(key)?.[0]
  return {
    names: filters.get('SecretName') ?? null,
    wanted: {
      types: (filters.get('SecretType') as readonly SecretType[] | undefined) ?? null,
      description: single('Description') ?? null,
      encryptionKeyId: single('EncryptionKeyId') ?? null,
      tags: tagsIn(filters),
      text: single('Search') ?? '',
    },
    isNone: filters.get('DKMSInstanceId')?.includes('') === false,
  }
}
