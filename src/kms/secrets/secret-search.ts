// Searching secrets: what a call looks for, in the terms of the index, and whether an authentic secret is what it looks for.
import { hash } from 'node:crypto'
import type { Caller } from '../../api/caller.ts'
import type { Sought } from '../../ledger/search.ts'
import { folded, type Indexed } from '../../storage/search.ts'
import { SEARCHED_CHARACTERS, tagLabel } from '../key-index.ts'
import { hasTag, type WantedTag } from '../key-search.ts'
import { visibleTags } from '../service-tags.ts'
import { SECRET, type SecretBody, type SecretType } from './records.ts'
import { secretAt } from './secret-state.ts'

/** What a secret must have to be found; null and '' for anything. */
export interface WantedSecrets {
  /** The types of which it must have one. */
  readonly types: readonly SecretType[] | null
  /** Its whole description. */
  readonly description: string | null
  /** The id of the CMK that encrypts its values. */
  readonly encryptionKeyId: string | null
  /** Tags of which it must have all; at most MAX_LABELS less two. */
  readonly tags: readonly WantedTag[]
  /** A part of its name or of its description, in upper or lower case. */
  readonly text: string
}

export const ANY_SECRET: WantedSecrets = {
  types: null,
  description: null,
  encryptionKeyId: null,
  tags: [],
  text: '',
}

/** The facets of secrets, from bit 0 on. A released bit never gets another meaning, since indexes of earlier releases have it. */
const TYPES: readonly SecretType[] = ['Generic', 'RAMCredentials', 'Rds']

/** What the index has of a secret. */
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

/** What to ask the ledger for; null where the caller can see no such secret, whatever secrets there are. */
export function secretsSought(
  wanted: WantedSecrets,
  { caller, now }: { readonly caller: Caller; readonly now: number },
): Sought<SecretBody> | null {
  const { types, description, encryptionKeyId, tags } = wanted
  const keys = tags.map(({ key }) => [key, ''] as const)
  if (visibleTags(keys, caller).length < tags.length) return null
  const text = folded(wanted.text)
  const labels = [
    ...(description === null ? [] : [descriptionLabel(description)]),
    ...(encryptionKeyId === null ? [] : [tagLabel('', `@${encryptionKeyId}`)]),
    ...tags.map(({ key, value }) => tagLabel(key, value)),
  ]
  return {
    search: { now, unwanted: facetsWhere((type) => types?.includes(type) === false), labels, text },
    // No secret has a parent, so that no other record's text counts as its own.
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

/** A description as labels have it: no tag has the key '', and no id of a CMK a # in it. */
function descriptionLabel(description: string): string {
  return `\n\t#${hash('sha256', description, 'base64')}\n`
}

/** What a search looks into of a secret. */
function secretText(name: string, { description }: SecretBody): string {
  // A character of two code units may be cut in two.
  return `${folded(name)}\n${folded(description).slice(0, SEARCHED_CHARACTERS).toWellFormed()}`
}
