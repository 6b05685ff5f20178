import { refuse } from '../../api/errors.ts'
import { optional } from '../../api/parameters.ts'
import { update } from '../../ledger/record.ts'
import { demandNotPendingDeletion } from '../key-state.ts'
import { operation } from '../operation.ts'
import { flag } from '../parameters.ts'
import { locateResources, namedKeys, regionId, resourceIds, resourceType, tagKeys } from '../resource-tags.ts'
import { demandUsers } from '../service-keys.ts'
import { withoutTags } from '../service-tags.ts'

export const UntagResources = operation({
  name: 'UntagResources',
  summary: 'Removes tags, or all tags, from several CMKs. Ignores tag keys that a CMK does not have.',
  parameters: {
    RegionId: regionId,
    ResourceType: resourceType,
    ResourceId: resourceIds,
    TagKey: optional(tagKeys, null),
    All: flag,
  },
  access: 'Write',
  trail: { show: ['RegionId', 'ResourceType', 'ResourceId', 'TagKey', 'All'], reply: ['RequestId'] },
  refusals: ['InvalidResourceId.NotFound', 'UnsupportedOperation', 'Rejected.PendingDeletion'],
  locate: locateResources,
  async decide(values, context) {
    const { TagKey, All } = values
    if (TagKey === null && !All) throw refuse('MissingParameter', { name: 'TagKey' })
    const keys = await namedKeys(values, context)
    const changes = keys.map(({ record, body }) => {
      demandUsers(body)
      demandNotPendingDeletion(body)
      const tags = withoutTags(body.tags, (key) => TagKey === null || TagKey.includes(key), context.caller)
      return update(record, { body: { ...body, tags } })
    })
    return { reply: {}, changes }
  },
})
