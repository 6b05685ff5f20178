import { refuse } from '../../api/errors.ts'
import { operation } from '../operation.ts'
import { givenTags, locateResources, namedResources, regionId, resourceIds, resourceType } from '../resource-tags.ts'
import { mayUse } from '../service-tags.ts'
import { tagged } from '../tags.ts'

export const TagResources = operation({
  name: 'TagResources',
  summary:
    'Adds tags to several CMKs or secrets and overwrites the values of existing tags. Changes all of the resources or none.',
  parameters: { RegionId: regionId, ResourceType: resourceType, ResourceId: resourceIds, Tag: givenTags },
  access: 'Write',
  trail: { show: ['RegionId', 'ResourceType', 'ResourceId', 'Tag'], reply: ['RequestId'] },
  refusals: [
    'Duplicate.TagKey',
    'InvalidParameter.TagKey',
    'InvalidParameter.TagValue',
    'InvalidResourceId.NotFound',
    'UnsupportedOperation',
    'Rejected.PendingDeletion',
    'Rejected.ResourceInDeleteWindow',
    'Rejected.LimitExceeded',
  ],
  requestTags: ({ Tag }) => Tag,
  locate: locateResources,
  async decide(values, context) {
    const tagKeys = values.Tag.map(([key]) => key)
    if (!mayUse(tagKeys, context.caller)) throw refuse('InvalidParameter.TagKey')
    const resources = await namedResources(values, context)
    const changes = resources.map((resource) => resource.changed((tags) => tagged(tags, values.Tag)))
    return { reply: {}, changes }
  },
})
