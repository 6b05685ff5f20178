import { givenPairs, type Pair } from './pair-rows.tsx'

/** The parameter Tags for rows of keys and values; undefined where none is filled in. */
export function tagsOf(pairs: readonly Pair[] | undefined): string | undefined {
  const given = givenPairs(pairs)
  return given.length > 0 ? JSON.stringify(given.map(([TagKey, TagValue]) => ({ TagKey, TagValue }))) : undefined
}
