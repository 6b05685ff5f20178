import { Ready } from '../../parts/page.tsx'
import { TagSection } from '../../parts/tag-section.tsx'
import { useReply } from '../../service/queries.ts'
import type { KeyMetadata, KeyTags } from '../../service/replies/keys.ts'
import { useTexts } from '../../texts/language.tsx'
import { keyTexts } from '../key.texts.ts'
import { useWhyUnchangeable } from './service-key.ts'

/** The tags of a key, which can be added and removed. */
export function TagList({ metadata }: { readonly metadata: KeyMetadata }) {
  const say = useTexts(keyTexts)
  const because = useWhyUnchangeable(metadata)
  const of = { KeyId: metadata.KeyId }
  const tags = useReply<KeyTags>('Kms', 'ListResourceTags', of)
  return (
    <Ready of={tags}>
      {() => (
        <TagSection
          arn={metadata.Arn}
          because={because}
          none={say('tag.none')}
          of={of}
          tags={tags.data?.Tags.Tag ?? []}
        />
      )}
    </Ready>
  )
}
