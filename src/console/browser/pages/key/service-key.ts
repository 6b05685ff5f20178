// The service key of a cloud product: everybody sees it, and only the product uses it.
import type { KeyMetadata } from '../../service/replies/keys.ts'
import { useTexts } from '../../texts/language.tsx'
import { keyTexts } from '../key.texts.ts'

/** Whether the key is a product's: DescribeKey then names the product where it names the account of any other key. */
export function isServiceKey({ Creator }: KeyMetadata): boolean {
  return !/^\d+$/.test(Creator)
}

/** Why nobody changes the key; false for keys of users. */
export function useWhyUnchangeable(metadata: KeyMetadata): string | false {
  const say = useTexts(keyTexts)
  return isServiceKey(metadata) && say('service', { product: metadata.Creator })
}
