// The parameters of TagResources, UntagResources and ListTagResources, which name several resources. Clients send them in pieces:
// ResourceId.1, Tag.1.Key, Tag.1.Value, TagKey.1.
import { refuse } from '../api/errors.ts'
import type { Resource, Tags } from '../api/operation.ts'
import { choice, json, optional, type Parameter, text } from '../api/parameters.ts'
import { objectPieces, textPieces } from '../api/pieces.ts'
import { unambiguousJson } from '../runtime/json.ts'
import { keyByIdOrArn } from './key-name.ts'
import { keyResource } from './key-resource.ts'
import type { WantedTag } from './key-search.ts'
import type { KmsContext } from './operation.ts'
import { secretOrNull, secretResource } from './secrets/secret-name.ts'
import { type Tagged, taggedKey, taggedSecret } from './tagged.ts'
import { isTagKey, isTagValue, MAX_TAGS } from './tags.ts'

const MAX_RESOURCES = 50

/** The region, which these operations require as a parameter. The gateway has already chosen the region of the call. */
export const regionId = text({ max: 64, rule: 'The region of the resources.' })
export const resourceType = choice('key', 'secret')

function texts(rule: string, max: number, fits: (item: string) => boolean): Parameter<readonly string[]> {
  const checked = json<readonly string[]>({
    max: 65_536,
    rule,
    check(value) {
      if (!Array.isArray(value) || value.length === 0 || value.length > max) return null
      const all = value as unknown[]
      return all.every((item): item is string => typeof item === 'string' && fits(item)) ? [...new Set(all)] : null
    },
  })
  return { ...checked, pieces: textPieces(max) }
}

export const resourceIds = texts(
  `The IDs of 1 to ${MAX_RESOURCES} resources: ResourceId.1, ResourceId.2, …, or a JSON array.`,
  MAX_RESOURCES,
  (id) => id.length > 0 && id.length <= 512,
)
export const tagKeys = texts(`1 to ${MAX_TAGS} tag keys: TagKey.1, TagKey.2, …, or a JSON array.`, MAX_TAGS, isTagKey)

/** Tags in pieces, or a JSON array of {"Key","Value"}. */
const tagPieces: Parameter<readonly WantedTag[]> = {
  type: 'json',
  rule: `1 to ${MAX_TAGS} tags: Tag.1.Key, Tag.1.Value, …, or a JSON array like [{"Key":"Project","Value":"Apollo"}].`,
  secret: false,
  required: true,
  pieces: objectPieces(MAX_TAGS, ['Key', 'Value']),
  read(name, given) {
    const list = listOf(given)
    if (!list || list.length === 0 || list.length > MAX_TAGS)
      throw refuse('InvalidParameter', { name, rule: this.rule })
    const tags = new Map<string, string | null>()
    for (const item of list) {
      const { Key: key, Value: value } = (item ?? {}) as Record<string, unknown>
      if (!isTagKey(key)) throw refuse('InvalidParameter.TagKey')
      if (value !== undefined && !isTagValue(value)) throw refuse('InvalidParameter.TagValue')
      if (tags.has(key)) throw refuse('Duplicate.TagKey')
      tags.set(key, value || null)
    }
    return [...tags].map(([key, value]) => ({ key, value }))
  },
}

/** Tags to search for: a key without a value matches every value. */
export const wantedTags = optional(tagPieces, [] as readonly WantedTag[])

/** Tags to set: a key without a value gets the empty value. Refuses keys that begin with aliyun; `mayUse` checks the keys of services. */
export const givenTags: Parameter<Tags> = {
  ...tagPieces,
  read(name, given) {
    const tags = tagPieces.read(name, given).map(({ key, value }) => [key, value ?? ''] as const)
    if (tags.some(([key]) => /^aliyun/i.test(key))) throw refuse('InvalidParameter.TagKey')
    return tags
  },
}

function listOf(given: string): readonly unknown[] | null {
  const value = unambiguousJson(given)
  return Array.isArray(value) ? value : null
}

interface Named {
  readonly ResourceType: 'key' | 'secret'
  readonly ResourceId: readonly string[]
}

/** Locates each resource that the call names. */
export async function locateResources({ ResourceType, ResourceId }: Named, context: KmsContext): Promise<Resource[]> {
  const locate = ResourceType === 'key' ? keyResource : secretResource
  return Promise.all(ResourceId.map(async (name) => locate(name, context)))
}

/** Returns the keys or secrets that the call names, each once. Refuses with InvalidResourceId.NotFound. */
export async function namedResources({ ResourceType, ResourceId }: Named, context: KmsContext): Promise<Tagged[]> {
  const resources = new Map<string, Tagged>()
  for (const name of ResourceId) {
    const resource = ResourceType === 'key' ? await keyNamed(name, context) : await secretNamed(name, context)
    if (!resource) throw refuse('InvalidResourceId.NotFound')
    resources.set(resource.id, resource)
  }
  return [...resources.values()]
}

async function keyNamed(name: string, context: KmsContext): Promise<Tagged | null> {
  const key = await keyByIdOrArn(name, context)
  return key && taggedKey(key)
}

async function secretNamed(name: string, context: KmsContext): Promise<Tagged | null> {
  const secret = await secretOrNull(name, context)
  return secret && taggedSecret(secret)
}
