// The service key of a cloud product: the users of the account can see it, and only the product can use it.
import type { KeyMetadata } from '../../service/replies/keys.ts'
import { useTexts } from '../../texts/language.tsx'
import { keyTexts } from '../key.texts.ts'

/** Whether the key belongs to a product: `Creator` in DescribeKey is then the product instead of the account. */
export function isServiceKey({ Creator }: KeyMetadata): boolean {
  return !/^\d+$/.test(Creator)
}

/** Why nobody can change the key; false for keys of users. */
export function useWhyUnchangeable(metadata: KeyMetadata): string | false {
  const say = useTexts(keyTexts)
  return isServiceKey(metadata) && say('service', { product: metadata.Creator })
}
