import { When } from '../../parts/when.tsx'
import type { KeyMetadata } from '../../service/replies/keys.ts'
import { useTexts } from '../../texts/language.tsx'
import { keyTexts } from '../key.texts.ts'

/** When imported material expires. */
export function Expiry({ metadata }: { readonly metadata: KeyMetadata }) {
  const say = useTexts(keyTexts)
  if (metadata.KeyState === 'PendingImport') return <span className="muted">–</span>
  return metadata.MaterialExpireTime ? <When date={metadata.MaterialExpireTime} /> : <span>{say('expires.never')}</span>
}
