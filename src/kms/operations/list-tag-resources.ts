import { refuse } from '../../api/errors.ts'
import { json, optional } from '../../api/parameters.ts'
import { isKeyId } from '../key-name.ts'
import { anyKeyResource, newKeyResource } from '../key-resource.ts'
import { hasTag, keysSought, type WantedTag } from '../key-search.ts'
import { at } from '../key-state.ts'
import { type KmsContext, operation } from '../operation.ts'
import { CMK } from '../records.ts'
import { locateResources, namedResources, regionId, resourceIds, resourceType, wantedTags } from '../resource-tags.ts'
import { SECRET } from '../secrets/records.ts'
import { anySecretResource, isSecretName, newSecretResource } from '../secrets/secret-name.ts'
import { ANY_SECRET, secretsSought } from '../secrets/secret-search.ts'
import { secretAt } from '../secrets/secret-state.ts'
import { visibleTags } from '../service-tags.ts'
import type { Tagged } from '../tagged.ts'

const ROWS = 200

/** A tag of a resource. Rows are in the byte order of id and then tag key, so that a page continues where the last page ended. */
interface Row {
  readonly id: string
  readonly tagKey: string
  readonly value: string
}

type Place = Pick<Row, 'id' | 'tagKey'>
const BEGINNING: Place = { id: '', tagKey: '' }

const TOKEN_RULE = 'The NextToken of the previous page.'

/** Base64url of the JSON array of the last row's resource and tag key. */
const nextToken = json<Place>({
  max: 1024,
  rule: TOKEN_RULE,
  check(_, text) {
    try {
      const [id, tagKey] = JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as unknown[]
      return typeof id === 'string' && typeof tagKey === 'string' ? { id, tagKey } : null
    } catch {
      return null
    }
  },
})

function tokenOf({ id, tagKey }: Place): string {
  return Buffer.from(JSON.stringify([id, tagKey])).toString('base64url')
}

export const ListTagResources = operation({
  name: 'ListTagResources',
  summary: 'Lists the tags of the named CMKs or secrets, or of all that have the given tags.',
  parameters: {
    RegionId: regionId,
    ResourceType: resourceType,
    ResourceId: optional(resourceIds, [] as readonly string[]),
    Tag: wantedTags,
    NextToken: optional(nextToken, BEGINNING),
  },
  access: 'Read',
  trail: { show: ['RegionId', 'ResourceType', 'ResourceId', 'Tag', 'NextToken'], reply: [] },
  refusals: ['Duplicate.TagKey', 'InvalidParameter.TagKey', 'InvalidParameter.TagValue', 'InvalidResourceId.NotFound'],
  async locate(values, context) {
    if (values.ResourceId.length > 0) return locateResources(values, context)
    return [values.ResourceType === 'key' ? anyKeyResource(context) : anySecretResource(context)]
  },
  async decide(values, context) {
    const after = values.NextToken
    const isId = values.ResourceType === 'key' ? isKeyId : isSecretName
    if (after !== BEGINNING && !isId(after.id))
      throw refuse('InvalidParameter', { name: 'NextToken', rule: TOKEN_RULE })
    const rows: Row[] = []
    for await (const resource of taggedResources(values, after, context)) {
      const { id } = resource
      const tags = visibleTags(resource.tags, context.caller)
      if (!values.Tag.every((wanted) => hasTag(tags, wanted))) continue
      if (values.ResourceId.length === 0 && tags.length > 0 && !(await maySee(resource, values, context))) continue
      const own = tags.map(([tagKey, value]) => ({ id, tagKey, value })).toSorted(byTagKey)
      rows.push(...own.filter(({ tagKey }) => id !== after.id || tagKey > after.tagKey))
      if (rows.length > ROWS) break
    }
    const page = rows.slice(0, ROWS)
    const last = page.at(-1)
    const TagResource = page.map(({ id, tagKey, value }) => ({
      ResourceType: values.ResourceType,
      ResourceId: id,
      TagKey: tagKey,
      TagValue: value,
    }))
    const NextToken = rows.length > ROWS && last ? tokenOf(last) : ''
    return { reply: { TagResources: { TagResource }, NextToken }, changes: [] }
  },
})

type Values = Parameters<typeof namedResources>[0] & { readonly Tag: readonly WantedTag[] }
type Listed = Pick<Tagged, 'id' | 'tags'>

/** Yields the resources in the order of their ids, beginning with the resource at which the last page ended. */
async function* taggedResources(values: Values, { id: from }: Place, context: KmsContext): AsyncGenerator<Listed> {
  if (values.ResourceId.length > 0) {
    const named = await namedResources(values, context)
    return yield* named.filter(({ id }) => id >= from).toSorted((a, b) => (a.id < b.id ? -1 : 1))
  }
  const { ledger, scope, now } = context
  if (values.ResourceType === 'key') {
    const first = from === '' ? null : await ledger.get(CMK, scope, from)
    if (first && at(first.body, now)) yield { id: first.id, tags: first.body.tags }
    for await (const step of keysAfter(from, values.Tag, context))
      for (const { id, body } of step) if (at(body, now)) yield { id, tags: body.tags }
    return
  }
  const first = from === '' ? null : await ledger.get(SECRET, scope, from)
  if (first && secretAt(first.body, now)) yield { id: first.id, tags: first.body.tags }
  for await (const step of secretsAfter(from, values.Tag, context))
    for (const { id, body } of step) if (secretAt(body, now)) yield { id, tags: body.tags }
}

/** Yields candidates for keys with the wanted tags, in the order of their ids; all keys where no tags are wanted. */
async function* keysAfter(from: string, wanted: readonly WantedTag[], context: KmsContext) {
  const { ledger, scope } = context
  if (wanted.length === 0) return yield* ledger.byId(CMK, scope, from)
  const sought = keysSought({ properties: new Map(), text: '', tags: wanted }, context)
  if (sought) yield* ledger.searchById(CMK, scope, sought, from)
}

/** As keysAfter, for secrets. */
async function* secretsAfter(from: string, wanted: readonly WantedTag[], context: KmsContext) {
  const { ledger, scope } = context
  if (wanted.length === 0) return yield* ledger.byId(SECRET, scope, from)
  const sought = secretsSought({ ...ANY_SECRET, tags: wanted }, context)
  if (sought) yield* ledger.searchById(SECRET, scope, sought, from)
}

/** Whether the caller may list the tags of this resource: a policy on all resources may have exceptions or conditions. */
async function maySee({ id, tags }: Listed, { ResourceType }: Values, context: KmsContext): Promise<boolean> {
  const { authorizer, caller, facts, ledger } = context
  const resource = ResourceType === 'key' ? newKeyResource(id, context) : newSecretResource(id, context)
  const resources = [{ ...resource, tags }]
  // With the longest policies, the decision takes milliseconds.
  await ledger.giveWay()
  return (await authorizer.denial({ caller, action: 'kms:ListTagResources', resources, facts, ledger })) === null
}

function byTagKey(a: Row, b: Row): number {
  return a.tagKey < b.tagKey ? -1 : 1
}
