// Searching keys: what a call looks for, in the terms of the index, and whether an authentic key is what it looks for.
import type { Caller } from '../api/caller.ts'
import type { FoundRecords, Sought } from '../ledger/search.ts'
import { folded } from '../storage/search.ts'
import { aliasText, facetsWhere, keyText, PROPERTIES, type Property, SERVICE_LABEL, tagLabel } from './key-index.ts'
import { at } from './key-state.ts'
import type { KmsContext } from './operation.ts'
import { ALIAS, CMK, type CmkBody } from './records.ts'
import { visibleTags } from './service-tags.ts'

/** A tag to search for; `value` is null for any value. */
export interface WantedTag {
  readonly key: string
  readonly value: string | null
}

/** What a key must have to be found. */
export interface WantedKeys {
  /** For a property, the values of which it must have one. */
  readonly properties: ReadonlyMap<Property, readonly string[]>
  /** A part of its id, of its description or of the name of one of its aliases, in upper or lower case; '' for any. */
  readonly text: string
  /** Tags of which it must have all; at most MAX_LABELS. */
  readonly tags: readonly WantedTag[]
}

/** No key is found. */
export const NO_KEYS: FoundRecords<CmkBody> = { records: [], total: 0 }

/** What to ask the ledger for; null where the caller can see no such key, whatever keys there are. */
export function keysSought(
  { properties, text, tags }: WantedKeys,
  { caller, now }: { readonly caller: Caller; readonly now: number },
): Sought<CmkBody> | null {
  if (
    visibleTags(
      tags.map(({ key }) => [key, ''] as const),
      caller,
    ).length < tags.length
  )
    return null
  const part = folded(text)
  const isWanted = (property: Property, value: string) => properties.get(property)?.includes(value) ?? true
  return {
    search: {
      now,
      unwanted: facetsWhere((property, value) => !isWanted(property, value)),
      labels: [
        ...tags.map(({ key, value }) => tagLabel(key, value)),
        ...(isWanted('CreatorType', 'User') ? [] : [SERVICE_LABEL]),
      ],
      text: part,
    },
    through: ALIAS,
    async holds({ id, body }, aliases) {
      const present = at(body, now)
      if (!present) return false
      for (const property of properties.keys()) if (!isWanted(property, PROPERTIES[property](present))) return false
      if (!tags.every((tag) => hasTag(present.tags, tag))) return false
      if (part === '') return true
      return keyText(id, present).includes(part) || (await aliases()).some(({ id }) => aliasText(id).includes(part))
    },
  }
}

/** A page of the keys that have what is wanted at the context's moment, by creation time; with the count of all. */
export async function searchKeys(
  wanted: WantedKeys,
  page: { readonly offset: number; readonly limit: number },
  context: Pick<KmsContext, 'ledger' | 'scope' | 'caller' | 'now'>,
): Promise<FoundRecords<CmkBody>> {
  const sought = keysSought(wanted, context)
  return sought ? context.ledger.search(CMK, context.scope, sought, page) : NO_KEYS
}

export function hasTag(tags: CmkBody['tags'], { key, value }: WantedTag): boolean {
  return tags.some(([own, ownValue]) => own === key && (value === null || value === ownValue))
}
