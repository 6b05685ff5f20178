// The entries of the records of KMS in the index of records.
import type { Indexing } from '../storage/search.ts'
import { indexedAlias, indexedKey } from './key-index.ts'
import { ALIAS, CMK, type CmkBody } from './records.ts'
import { SECRET, type SecretBody } from './secrets/records.ts'
import { indexedSecret } from './secrets/secret-search.ts'

export const KMS_INDEX: Indexing = {
  kinds: new Set([CMK.name, ALIAS.name, SECRET.name]),
  of: (row) => {
    if (row.kind === CMK.name) return indexedKey(row.id, JSON.parse(row.body) as CmkBody)
    return row.kind === SECRET.name ? indexedSecret(row.id, JSON.parse(row.body) as SecretBody) : indexedAlias(row)
  },
}
