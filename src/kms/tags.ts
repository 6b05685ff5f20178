// Tags of keys and secrets: their grammar and limits, and which resource a tag operation names.
import { refuse } from '../api/errors.ts'
import type { Resource, Tags } from '../api/operation.ts'
import { json, optional, shaped, text, type Values } from '../api/parameters.ts'
import { findKey, keyIdOrAlias } from './key-name.ts'
import { keyResource, kmsArn } from './key-resource.ts'
import type { KmsContext } from './operation.ts'
import { findSecret, secretName, secretResource } from './secrets/secret-name.ts'
import { mayUse } from './service-tags.ts'
import { type Tagged, taggedKey, taggedSecret } from './tagged.ts'

export const MAX_TAGS = 20

const CHARACTERS = /^[A-Za-z0-9/_\-.+=@:\\]*$/
const KEY_LIMITS = { shortest: 1, longest: 128, pattern: CHARACTERS.source }
const VALUE_LIMITS = { longest: 256, pattern: CHARACTERS.source }
const GRAMMAR = 'keys of 1 to 128 and values of 0 to 256 characters of A-Z a-z 0-9 / _ - . + = @ : \\'

/** The parameter Tags: a JSON array of at least `fewest` `{"TagKey","TagValue"}`. */
const list = (fewest: number) =>
  json<Tags>({
    max: 65_536,
    rule: `A JSON array like [{"TagKey":"Project","TagValue":"Apollo"}] of ${fewest} to ${MAX_TAGS} tags: ${GRAMMAR}; no key twice; no key starts with aliyun, or with acs: unless a cloud service calls.`,
    check(value) {
      if (!Array.isArray(value) || value.length < fewest || value.length > MAX_TAGS) return null
      const tags = new Map<string, string>()
      for (const item of value as unknown[]) {
        const { TagKey: key, TagValue: tagValue = '' } = (item ?? {}) as Record<string, unknown>
        if (!isTagKey(key) || !isTagValue(tagValue) || /^aliyun/i.test(key) || tags.has(key)) return null
        tags.set(key, tagValue)
      }
      return [...tags]
    },
  })
const SHAPE = { mostItems: MAX_TAGS, members: { TagKey: KEY_LIMITS, TagValue: VALUE_LIMITS } }
export const tagList = shaped(list(1), SHAPE)
/** The parameter Tags of what a call creates. */
export const firstTags = optional(shaped(list(0), SHAPE), [])

/** Refuses tags that only cloud services may set, unless the caller is one. */
export function demandSettable(tags: Tags, { caller }: Pick<KmsContext, 'caller'>): void {
  const tagKeys = tags.map(([key]) => key)
  if (!mayUse(tagKeys, caller)) throw refuse('InvalidParameter', { name: 'Tags', rule: tagList.rule })
}

/** The parameter TagKeys: a JSON array of tag keys, or tag keys separated by commas. */
export const tagKeyList = json<readonly string[]>({
  max: 65_536,
  rule: `A JSON array like ["Project","Owner"] of tag keys of 1 to 128 characters.`,
  check(value, text) {
    const keys: unknown = value === undefined ? text.split(',') : value
    return Array.isArray(keys) && keys.length > 0 && keys.every(isTagKey) ? keys : null
  },
})

export function isTagKey(value: unknown): value is string {
  const { shortest, longest } = KEY_LIMITS
  return typeof value === 'string' && value.length >= shortest && value.length <= longest && CHARACTERS.test(value)
}

export function isTagValue(value: unknown): value is string {
  return typeof value === 'string' && value.length <= VALUE_LIMITS.longest && CHARACTERS.test(value)
}

/** Returns the tags with `added`, whose values overwrite existing ones. Refuses when there would be too many. */
export function tagged(tags: Tags, added: Tags): Tags {
  const after = [...new Map([...tags, ...added])]
  if (after.length > MAX_TAGS) throw refuse('Rejected.LimitExceeded')
  return after
}

/** The three parameters that can name the resource of a tag operation; a call gives exactly one. */
export const taggedResourceParameters = {
  KeyId: optional(keyIdOrAlias, null),
  SecretName: optional(secretName, null),
  CertificateId: optional(text({ max: 256, rule: 'The ID of a certificate.' }), null),
}

type TaggedResource = Values<typeof taggedResourceParameters>

/** Locates the resource that exactly one of the parameters names. Refuses with MissingParameter or InvalidParameter. */
export async function locateTagged(values: TaggedResource, context: KmsContext): Promise<Resource[]> {
  const { KeyId, SecretName, CertificateId } = values
  const given = [KeyId, SecretName, CertificateId].filter((name) => name !== null)
  if (given.length === 0) throw refuse('MissingParameter', { name: 'KeyId' })
  if (given.length > 1)
    throw refuse('InvalidParameter', { name: 'KeyId', rule: 'Name one of KeyId, SecretName and CertificateId.' })
  if (KeyId !== null) return [await keyResource(KeyId, context)]
  if (SecretName !== null) return [await secretResource(SecretName, context)]
  return [{ type: 'ACS::KMS::Certificate', name: given[0] ?? '', arn: kmsArn(context, `certificate/${given[0]}`) }]
}

/** Returns the resource of a tag operation. The service has no certificates, so it refuses them as not found. */
export async function findTagged(
  { KeyId, SecretName }: TaggedResource,
  context: KmsContext,
  takes: 'id' | 'id or alias',
): Promise<Tagged> {
  if (KeyId !== null) return taggedKey(await findKey(KeyId, context, takes))
  if (SecretName !== null) return taggedSecret(await findSecret(SecretName, context))
  throw refuse('Certificate.NotFound')
}
