import { groupAnswerWithUpdate } from '../answers.ts'
import { findGroup } from '../find.ts'
import { operation } from '../operation.ts'
import { groupName } from '../parameters.ts'
import { locateGroup } from '../resources.ts'

export const GetGroup = operation({
  name: 'GetGroup',
  summary: 'Describes a group.',
  parameters: { GroupName: groupName },
  access: 'Read',
  trail: { show: ['GroupName'], reply: [] },
  refusals: ['EntityNotExist.Group'],
  locate: locateGroup,
  async decide({ GroupName }, context) {
    return { reply: { Group: groupAnswerWithUpdate(await findGroup(GroupName, context)) }, changes: [] }
  },
})
