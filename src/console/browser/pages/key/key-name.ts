import { useReply } from '../../service/queries.ts'
import type { Aliases } from '../../service/replies/keys.ts'

/** The aliases of a key, and its name on pages: the first alias, or the ID. */
export function useKeyName(keyId: string) {
  const aliases = useReply<Aliases>('Kms', 'ListAliasesByKeyId', { KeyId: keyId, PageSize: 100 })
  return { aliases, name: aliases.data?.Aliases.Alias[0]?.AliasName.slice('alias/'.length) ?? keyId }
}
