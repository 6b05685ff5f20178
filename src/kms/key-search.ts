// Searches for keys: translates the conditions of a call into a search of the index, and checks them on the authenticated key.
import type { Caller } from '../api/caller.ts'
import type { FoundRecords, Sought } from '../ledger/search.ts'
import { folded } from '../storage/search.ts'
import { aliasText, facetsWhere, keyText, PROPERTIES, type Property, SERVICE_LABEL, tagLabel } from './key-index.ts'
import { at } from './key-state.ts'
import type { KmsContext } from './operation.ts'
import { ALIAS, CMK, type CmkBody } from './records.ts'
import { mayUse } from './service-tags.ts'

/** A tag to search for; `value` is null for any value. */
export interface WantedTag {
  readonly key: string
  readonly value: string | null
}

/** The conditions of a search. A key matches if it meets all of them. */
export interface WantedKeys {
  /** The accepted values of each listed property. */
  readonly properties: ReadonlyMap<Property, readonly string[]>
  /** Part of the key's id, of its description, or of the name of one of its aliases; case is ignored. '' matches every key. */
  readonly text: string
  /** The key must have all of these tags; at most MAX_LABELS. */
  readonly tags: readonly WantedTag[]
}

/** The result of a search that no key can match. */
export const NO_KEYS: FoundRecords<CmkBody> = { records: [], total: 0 }

/** Returns the search for the ledger; null where a wanted tag is hidden from the caller, so that no key can match. */
export function keysSought(
  { properties, text, tags }: WantedKeys,
  { caller, now }: { readonly caller: Caller; readonly now: number },
): Sought<CmkBody> | null {
  const tagKeys = tags.map(({ key }) => key)
  if (!mayUse(tagKeys, caller)) return null
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

/** Returns a page of the keys that match at the time of the call, ordered by creation time, and the total count. */
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
