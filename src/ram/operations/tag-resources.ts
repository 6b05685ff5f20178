import { operation } from '../operation.ts'
import { someTags } from '../parameters.ts'
import { changeTags, locateTagged, resourceNames, resourceType } from '../resource-tags.ts'

export const TagResources = operation({
  name: 'TagResources',
  summary:
    'Adds tags to roles or custom policies, and replaces the values of existing tags. Changes all of the resources or none.',
  parameters: { ResourceType: resourceType, ResourceNames: resourceNames, Tag: someTags },
  access: 'Write',
  trail: { show: ['ResourceType', 'ResourceNames', 'Tag'], reply: ['RequestId'] },
  refusals: ['EntityNotExist.Role', 'EntityNotExist.Policy', 'LimitExceeded.Tag'],
  requestTags: ({ Tag }) => Tag,
  locate: locateTagged,
  async decide(values, context) {
    return { reply: {}, changes: await changeTags(values, (tags) => [...new Map([...tags, ...values.Tag])], context) }
  },
})
