// Searches for secrets: translates the conditions of a call into a search of the index, and checks them on the authenticated secret.
import { hash } from 'node:crypto'
import type { Caller } from '../../api/caller.ts'
import type { Sought } from '../../ledger/search.ts'
import { folded, type Indexed } from '../../storage/search.ts'
import { SEARCHED_CHARACTERS, tagLabel } from '../key-index.ts'
import { hasTag, type WantedTag } from '../key-search.ts'
import { mayUse } from '../service-tags.ts'
import { SECRET, type SecretBody, type SecretType } from './records.ts'
import { secretAt } from './secret-state.ts'

/** The conditions of a search. A secret matches if it meets all of them; null and '' match every secret. */
export interface WantedSecrets {
  /** The accepted types. */
  readonly types: readonly SecretType[] | null
  /** The whole description. */
  readonly description: string | null
  /** The id of the CMK that encrypts the values. */
  readonly encryptionKeyId: string | null
  /** The secret must have all of these tags; at most MAX_LABELS - 2, since description and CMK are labels too. */
  readonly tags: readonly WantedTag[]
  /** Part of the name or of the description; case is ignored. */
  readonly text: string
}

export const ANY_SECRET: WantedSecrets = {
  types: null,
  description: null,
  encryptionKeyId: null,
  tags: [],
  text: '',
}

/** The facets of secrets, from bit 0 on. Existing indexes contain the bits, so a released bit keeps its meaning. */
const TYPES: readonly SecretType[] = ['Generic', 'RAMCredentials', 'Rds']

/** The index entry of a secret. */
export function indexedSecret(name: string, body: SecretBody): Indexed {
  const { encryptionKeyId: key } = body
  const further = [...(key === null ? [] : [['', `@${key}`] as const]), ...body.tags]
  return {
    facets: facetsWhere((type) => type === body.secretType),
    turns: null,
    goneAt: body.deleteAt,
    labels: `${descriptionLabel(body.description)}${further.map(([name, value]) => `${name}\t${value}\n`).join('')}`,
    text: secretText(name, body),
  }
}

/** Returns the search for the ledger; null where a wanted tag is hidden from the caller, so that no secret can match. */
export function secretsSought(
  wanted: WantedSecrets,
  { caller, now }: { readonly caller: Caller; readonly now: number },
): Sought<SecretBody> | null {
  const { types, description, encryptionKeyId, tags } = wanted
  const tagKeys = tags.map(({ key }) => key)
  if (!mayUse(tagKeys, caller)) return null
  const text = folded(wanted.text)
  const labels = [
    ...(description === null ? [] : [descriptionLabel(description)]),
    ...(encryptionKeyId === null ? [] : [tagLabel('', `@${encryptionKeyId}`)]),
    ...tags.map(({ key, value }) => tagLabel(key, value)),
  ]
  return {
    search: { now, unwanted: facetsWhere((type) => types?.includes(type) === false), labels, text },
    // Texts of child records of this kind would count too. No secret has a parent, so only its own text does.
    through: SECRET,
    async holds({ id, body }) {
      return (
        secretAt(body, now) !== null &&
        types?.includes(body.secretType) !== false &&
        (description === null || description === body.description) &&
        (encryptionKeyId === null || encryptionKeyId === body.encryptionKeyId) &&
        tags.every((tag) => hasTag(body.tags, tag)) &&
        secretText(id, body).includes(text)
      )
    },
  }
}

function facetsWhere(isChosen: (type: SecretType) => boolean): number {
  return TYPES.reduce((bits, type, bit) => (isChosen(type) ? bits | (1 << bit) : bits), 0)
}

/** The form of a description in labels. It is unambiguous: no tag has an empty key, and a CMK's label begins with @. */
function descriptionLabel(description: string): string {
  return `\n\t#${hash('sha256', description, 'base64')}\n`
}

/** The searchable text of a secret: its name, and the first SEARCHED_CHARACTERS of its description. */
function secretText(name: string, { description }: SecretBody): string {
  // The slice may split a surrogate pair.
  return `${folded(name)}\n${folded(description).slice(0, SEARCHED_CHARACTERS).toWellFormed()}`
}
