import { attachedAnswer } from '../attachments.ts'
import { findGroup } from '../find.ts'
import { operation } from '../operation.ts'
import { groupName } from '../parameters.ts'
import { locateGroup } from '../resources.ts'

export const ListPoliciesForGroup = operation({
  name: 'ListPoliciesForGroup',
  summary: 'Lists the policies attached to a group.',
  parameters: { GroupName: groupName },
  access: 'Read',
  trail: { show: ['GroupName'], reply: [] },
  refusals: ['EntityNotExist.Group'],
  locate: locateGroup,
  async decide({ GroupName }, context) {
    return { reply: await attachedAnswer(await findGroup(GroupName, context), context), changes: [] }
  },
})
