import type { Tags } from '../../api/operation.ts'
import { optional } from '../../api/parameters.ts'
import type { Kind, Recorded } from '../../ledger/record.ts'
import { operation, type RamContext } from '../operation.ts'
import { tags, whole } from '../parameters.ts'
import {
  afterName,
  POLICY,
  type Policy,
  type PolicyBody,
  ROLE,
  type Role,
  type RoleBody,
  ramScope,
} from '../records.ts'
import { findTagged, locateTagged, type NamedTagged, resourceNames, resourceType, rowToken } from '../resource-tags.ts'
import { hasTags, takeByName } from '../tagged.ts'

const MOST_ROWS = 100
const ROWS = 20
/** The place before the first row. */
const START = { name: '', key: '' }

export const ListTagResources = operation({
  name: 'ListTagResources',
  summary: 'Lists the tags of the named roles or custom policies, or of all that have the given tags.',
  parameters: {
    ResourceType: resourceType,
    ResourceNames: optional(resourceNames, [] as readonly string[]),
    Tag: tags,
    NextToken: optional(rowToken, START),
    PageSize: optional(whole(1, MOST_ROWS), null),
  },
  access: 'Read',
  trail: { show: ['ResourceType', 'ResourceNames', 'Tag', 'NextToken', 'PageSize'], reply: [] },
  refusals: ['EntityNotExist.Role', 'EntityNotExist.Policy'],
  locate: locateTagged,
  async decide(values, context) {
    const { ResourceType, NextToken: after } = values
    // A call that names resources expects all of their tags in one page.
    const limit = values.PageSize ?? (values.ResourceNames.length > 0 ? MOST_ROWS : ROWS)
    const records = await recordsFrom(after.name, limit + 2, values, context)
    const rows = records.flatMap(rowsOf).filter(({ name, key }) => name !== after.name || key > after.key)
    const page = rows.slice(0, limit)
    const last = page.at(-1)
    const TagResources = page.map(({ ownName, key, value }) => ({
      ResourceType,
      ResourceName: ownName,
      TagKey: key,
      TagValue: value,
    }))
    const more = rows.length > limit && last ? { NextToken: rowToken.of(last) } : {}
    return { reply: { TagResources, ...more }, changes: [] }
  },
})

/** Up to `limit` roles or policies that have the wanted tags and at least one tag, by name, from `first` on. */
async function recordsFrom(
  first: string,
  limit: number,
  values: NamedTagged & { readonly Tag: Tags },
  context: RamContext,
): Promise<readonly (Role | Policy)[]> {
  const passes = ({ body }: Role | Policy) => body.tags.length > 0 && hasTags(body.tags, values.Tag)
  if (values.ResourceNames.length > 0)
    return (await findTagged(values, context)).filter((record) => record.id >= first && passes(record))
  return values.ResourceType === 'role'
    ? listed(ROLE, first, limit, passes, context)
    : listed(POLICY, first, limit, passes, context)
}

async function listed<B extends RoleBody | PolicyBody>(
  kind: Kind<B>,
  first: string,
  limit: number,
  passes: (record: Recorded<B>) => boolean,
  { ledger, caller }: RamContext,
): Promise<readonly Recorded<B>[]> {
  const scope = ramScope(caller.accountId)
  const begun = first === '' ? null : await ledger.get(kind, scope, first)
  const read = (after: string, most: number) => ledger.between(kind, scope, afterName(after, most))
  const rest = await takeByName(read, first, limit, passes)
  return begun && passes(begun) ? [begun, ...rest] : rest
}

function rowsOf({ id, body }: Role | Policy) {
  const ownName = 'roleName' in body ? body.roleName : body.policyName
  const rows = body.tags.map(([key, value]) => ({ name: id, ownName, key, value }))
  return rows.toSorted((a, b) => (a.key < b.key ? -1 : 1))
}
