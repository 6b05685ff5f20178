import { refuse } from '../../api/errors.ts'
import { update } from '../../ledger/record.ts'
import { demandNotPendingDeletion } from '../key-state.ts'
import { operation } from '../operation.ts'
import { givenTags, locateResources, namedKeys, regionId, resourceIds, resourceType } from '../resource-tags.ts'
import { demandUsers } from '../service-keys.ts'
import { maySet } from '../service-tags.ts'
import { tagged } from '../tags.ts'

export const TagResources = operation({
  name: 'TagResources',
  summary:
    'Adds tags to several CMKs and overwrites the values of those that they have: to all of the CMKs or to none.',
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
    'Rejected.LimitExceeded',
  ],
  requestTags: ({ Tag }) => Tag,
  locate: locateResources,
  async decide(values, context) {
    if (!maySet(values.Tag, context.caller)) throw refuse('InvalidParameter.TagKey')
    const keys = await namedKeys(values, context)
    const changes = keys.map(({ record, body }) => {
      demandUsers(body)
      demandNotPendingDeletion(body)
      return update(record, { body: { ...body, tags: tagged(body.tags, values.Tag) } })
    })
    return { reply: {}, changes }
  },
})
