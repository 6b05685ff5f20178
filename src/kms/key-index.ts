// The entries of keys and aliases in the index of records. Existing indexes contain the facet bits, so a released bit keeps its meaning.
import { folded, type Indexed } from '../storage/search.ts'
import type { Row } from '../storage/storage.ts'
import { at } from './key-state.ts'
import type { CmkBody } from './records.ts'

const SERVICE = 'Service'

/** The properties by which ListKeys filters. */
export const PROPERTIES = {
  KeyState: (body: CmkBody) => body.state,
  KeySpec: (body: CmkBody) => body.keySpec,
  KeyUsage: (body: CmkBody) => body.keyUsage,
  ProtectionLevel: (body: CmkBody) => body.protectionLevel,
  Origin: (body: CmkBody) => body.origin,
  CreatorType: ({ product }: CmkBody) => (product === undefined ? 'User' : SERVICE),
} as const

export type Property = keyof typeof PROPERTIES

/** The facets of keys, from bit 0 on. A key has at most one facet of each property. */
const FACETS: readonly (readonly [Property, string])[] = [
  ['KeyState', 'Enabled'],
  ['KeyState', 'Disabled'],
  ['KeyState', 'PendingDeletion'],
  ['KeyState', 'PendingImport'],
  ['Origin', 'Aliyun_KMS'],
  ['Origin', 'EXTERNAL'],
  ['ProtectionLevel', 'SOFTWARE'],
  ['ProtectionLevel', 'HSM'],
  ['KeySpec', 'Aliyun_AES_256'],
  ['KeyUsage', 'ENCRYPT/DECRYPT'],
  // `User` has no bit: indexes of earlier releases have a bit for neither value, and contain no service keys.
  ['CreatorType', SERVICE],
  ['KeyUsage', 'SIGN/VERIFY'],
  ['KeySpec', 'Aliyun_SM4'],
  ['KeySpec', 'RSA_2048'],
  ['KeySpec', 'RSA_3072'],
  ['KeySpec', 'EC_P256'],
  ['KeySpec', 'EC_P256K'],
  ['KeySpec', 'EC_SM2'],
  ['KeySpec', 'ML_DSA_65'],
  ['KeySpec', 'ML_DSA_87'],
]

const ALIAS_PREFIX = 'alias/'

/** The bits of the chosen facets. */
export function facetsWhere(isChosen: (property: Property, value: string) => boolean): number {
  return FACETS.reduce((bits, [property, value], bit) => (isChosen(property, value) ? bits | (1 << bit) : bits), 0)
}

/**
 * Returns the form of a tag in an entry's labels, or, without a value, the part that all tags with this key share. Tags contain neither tabs
 * nor line breaks.
 */
export function tagLabel(key: string, value: string | null): string {
  return value === null ? `\n${key}\t` : `\n${key}\t${value}\n`
}

/** The label of service keys. It can't be a tag, since no tag has an empty key. */
export const SERVICE_LABEL = tagLabel('', SERVICE)

/** How many characters of a description a search covers. The limit bounds the cost of a search. */
export const SEARCHED_CHARACTERS = 512

/** The searchable text of a key: its id, and the first SEARCHED_CHARACTERS of its description. */
export function keyText(id: string, { description }: CmkBody): string {
  // The slice may split a surrogate pair.
  return `${id}\n${folded(description).slice(0, SEARCHED_CHARACTERS).toWellFormed()}`
}

/** The searchable text of an alias: its name without the prefix alias/. */
export function aliasText(name: string): string {
  return folded(name.slice(ALIAS_PREFIX.length))
}

/** The index entry of a key. */
export function indexedKey(id: string, body: CmkBody): Indexed {
  const { deleteAt, materialExpiresAt } = body
  const tags = body.product === undefined ? body.tags : [...body.tags, ['', SERVICE] as const]
  const expired = materialExpiresAt === null ? null : at({ ...body, deleteAt: null }, materialExpiresAt)
  return {
    facets: facetsOf(body),
    turns: materialExpiresAt !== null && expired ? { at: materialExpiresAt, facets: facetsOf(expired) } : null,
    goneAt: deleteAt,
    labels: tags.length === 0 ? '' : `\n${tags.map(([key, value]) => `${key}\t${value}`).join('\n')}\n`,
    text: keyText(id, body),
  }
}

function facetsOf(body: CmkBody): number {
  return facetsWhere((property, value) => PROPERTIES[property](body) === value)
}

/** The index entry of an alias. */
export function indexedAlias({ id }: Row): Indexed {
  return { facets: 0, turns: null, goneAt: null, labels: '', text: aliasText(id) }
}
