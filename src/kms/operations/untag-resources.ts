import { refuse } from '../../api/errors.ts'
import { optional } from '../../api/parameters.ts'
import { operation } from '../operation.ts'
import { flag } from '../parameters.ts'
import { locateResources, namedResources, regionId, resourceIds, resourceType, tagKeys } from '../resource-tags.ts'
import { withoutTags } from '../service-tags.ts'

export const UntagResources = operation({
  name: 'UntagResources',
  summary: 'Removes tags, or all tags, from several CMKs or secrets. Ignores tag keys that a resource does not have.',
  parameters: {
    RegionId: regionId,
    ResourceType: resourceType,
    ResourceId: resourceIds,
    TagKey: optional(tagKeys, null),
    All: flag,
  },
  access: 'Write',
  trail: { show: ['RegionId', 'ResourceType', 'ResourceId', 'TagKey', 'All'], reply: ['RequestId'] },
  refusals: [
    'InvalidResourceId.NotFound',
    'UnsupportedOperation',
    'Rejected.PendingDeletion',
    'Rejected.ResourceInDeleteWindow',
  ],
  locate: locateResources,
  async decide(values, context) {
    const { TagKey, All } = values
    if (TagKey === null && !All) throw refuse('MissingParameter', { name: 'TagKey' })
    const removes = (key: string) => TagKey === null || TagKey.includes(key)
    const resources = await namedResources(values, context)
    const changes = resources.map((resource) => resource.changed((tags) => withoutTags(tags, removes, context.caller)))
    return { reply: {}, changes }
  },
})
