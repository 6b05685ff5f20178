import { useTexts } from '../texts/language.tsx'
import { givenPairs, type Pair } from './pair-rows.tsx'
import { ParameterPairs } from './parameter-pairs.tsx'
import { tagTexts } from './tags.texts.ts'

/** Rows for the tags of a new resource: the field Tags of its form. */
export function TagRows() {
  const say = useTexts(tagTexts)
  return (
    <ParameterPairs
      called={{
        key: (number) => say('row.key', { number }),
        value: (number) => say('row.value', { number }),
        remove: (number) => say('row.remove', { number }),
        add: say('add'),
      }}
      label={say('title')}
      name="Tags"
      placeholders={[say('key'), say('value')]}
      sent={tagsOf}
    />
  )
}

/** The parameter Tags from rows of keys and values; undefined if all rows are empty. */
export function tagsOf(pairs: readonly Pair[] | undefined): string | undefined {
  const given = givenPairs(pairs)
  return given.length > 0 ? JSON.stringify(given.map(([TagKey, TagValue]) => ({ TagKey, TagValue }))) : undefined
}
