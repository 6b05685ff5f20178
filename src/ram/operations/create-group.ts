import { refuse } from '../../api/errors.ts'
import { optional } from '../../api/parameters.ts'
import { insert } from '../../ledger/record.ts'
import { groupAnswer } from '../answers.ts'
import { groupByName } from '../find.ts'
import { newGroupId } from '../identifiers.ts'
import { operation } from '../operation.ts'
import { comments, groupName } from '../parameters.ts'
import { GROUP, GROUP_NAME, type GroupBody, ramScope } from '../records.ts'
import { locateContainer, ramResource } from '../resources.ts'

export const CreateGroup = operation({
  name: 'CreateGroup',
  summary: 'Creates a group of users.',
  parameters: { GroupName: groupName, Comments: optional(comments, '') },
  access: 'Write',
  trail: { show: ['GroupName', 'Comments'], reply: ['Group.GroupId', 'Group.GroupName', 'Group.CreateDate'] },
  quotaRefusal: 'LimitExceeded.Group',
  refusals: ['EntityAlreadyExists.Group', 'LimitExceeded.Group'],
  locate: locateContainer('group'),
  async decide({ GroupName, Comments }, context) {
    if (await groupByName(GroupName, context)) throw refuse('EntityAlreadyExists.Group')
    const { now, quotas, caller } = context
    const scope = ramScope(caller.accountId)
    const body: GroupBody = { groupName: GroupName, comments: Comments, updatedAt: now, members: 0, policies: [] }
    const group = insert(GROUP, { ...scope, id: newGroupId(context), createdAt: now, body }, quotas['max-groups'])
    const name = { ...scope, id: GroupName.toLowerCase(), createdAt: now, body: { id: group.after.id } }
    return {
      reply: { Group: groupAnswer(group.after) },
      changes: [group, insert(GROUP_NAME, name)],
      created: [await ramResource('group', GroupName, context)],
    }
  },
})
