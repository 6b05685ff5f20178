import { json, optional } from '../../api/parameters.ts'
import { anyKeyResource, newKeyResource } from '../key-name.ts'
import { hasTag, keysSought, type WantedTag } from '../key-search.ts'
import { at } from '../key-state.ts'
import { type KmsContext, operation } from '../operation.ts'
import { CMK } from '../records.ts'
import { locateResources, namedKeys, regionId, resourceIds, resourceType, wantedTags } from '../resource-tags.ts'
import { visibleTags } from '../service-tags.ts'

const ROWS = 200

/** A tag of a key. Rows are in the byte order of key id, then tag key, so that a page continues where the last one ended. */
interface Row {
  readonly keyId: string
  readonly tagKey: string
  readonly value: string
}

type Place = Pick<Row, 'keyId' | 'tagKey'>
const BEGINNING: Place = { keyId: '', tagKey: '' }

/** Base64url of the JSON array of the last row's key ID and tag key. */
const nextToken = json<Place>({
  max: 1024,
  rule: 'The NextToken of the previous page.',
  check(_, text) {
    try {
      const [keyId, tagKey] = JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as unknown[]
      if (typeof keyId !== 'string' || !/^[A-Za-z0-9-]{1,64}$/.test(keyId)) return null
      return typeof tagKey === 'string' ? { keyId, tagKey } : null
    } catch {
      return null
    }
  },
})

function tokenOf({ keyId, tagKey }: Place): string {
  return Buffer.from(JSON.stringify([keyId, tagKey])).toString('base64url')
}

export const ListTagResources = operation({
  name: 'ListTagResources',
  summary: 'Lists the tags of the named CMKs, or of all CMKs that have the given tags.',
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
    return values.ResourceId.length > 0 ? locateResources(values, context) : [anyKeyResource(context)]
  },
  async decide(values, context) {
    const after = values.NextToken
    const rows: Row[] = []
    for await (const key of taggedKeys(values, after, context)) {
      const { id } = key
      const tags = visibleTags(key.tags, context.caller)
      if (!values.Tag.every((wanted) => hasTag(tags, wanted))) continue
      if (values.ResourceId.length === 0 && tags.length > 0 && !(await maySee(key, context))) continue
      const own = tags.map(([tagKey, value]) => ({ keyId: id, tagKey, value })).toSorted(byTagKey)
      rows.push(...own.filter(({ tagKey }) => id !== after.keyId || tagKey > after.tagKey))
      if (rows.length > ROWS) break
    }
    const page = rows.slice(0, ROWS)
    const last = page.at(-1)
    const TagResource = page.map(({ keyId, tagKey, value }) => ({
      ResourceType: 'key',
      ResourceId: keyId,
      TagKey: tagKey,
      TagValue: value,
    }))
    const NextToken = rows.length > ROWS && last ? tokenOf(last) : ''
    return { reply: { TagResources: { TagResource }, NextToken }, changes: [] }
  },
})

type Values = Parameters<typeof namedKeys>[0] & { readonly Tag: readonly WantedTag[] }
type Tagged = { readonly id: string; readonly tags: readonly (readonly [string, string])[] }

/** Yields the keys by id, from the one at which the last page ended. */
async function* taggedKeys(values: Values, { keyId: from }: Place, context: KmsContext): AsyncGenerator<Tagged> {
  if (values.ResourceId.length > 0) {
    const named = (await namedKeys(values, context)).map(({ record, body }) => ({ id: record.id, tags: body.tags }))
    yield* named.filter(({ id }) => id >= from).toSorted((a, b) => (a.id < b.id ? -1 : 1))
    return
  }
  if (values.ResourceType !== 'key') return
  const first = from === '' ? null : await context.ledger.get(CMK, context.scope, from)
  if (first && at(first.body, context.now)) yield { id: first.id, tags: first.body.tags }
  for await (const step of keysAfter(from, values.Tag, context))
    for (const { id, body } of step) if (at(body, context.now)) yield { id, tags: body.tags }
}

/** The keys that may have the wanted tags, all where none are wanted, by id. */
async function* keysAfter(from: string, wanted: readonly WantedTag[], context: KmsContext) {
  const { ledger, scope } = context
  if (wanted.length === 0) return yield* ledger.byId(CMK, scope, from)
  const sought = keysSought({ properties: new Map(), text: '', tags: wanted }, context)
  if (sought) yield* ledger.searchById(CMK, scope, sought, from)
}

/** Whether the caller may list the tags of this key: a policy on all keys may have exceptions or conditions. */
async function maySee({ id, tags }: Tagged, context: KmsContext): Promise<boolean> {
  const { authorizer, caller, facts, ledger } = context
  const resources = [{ ...newKeyResource(id, context), tags }]
  return (await authorizer.denial({ caller, action: 'kms:ListTagResources', resources, facts, ledger })) === null
}

function byTagKey(a: Row, b: Row): number {
  return a.tagKey < b.tagKey ? -1 : 1
}
