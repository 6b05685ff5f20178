import { refuse } from '../../api/errors.ts'
import { clearable, optional } from '../../api/parameters.ts'
import { insert, remove, update } from '../../ledger/record.ts'
import { groupAnswerWithUpdate } from '../answers.ts'
import { findGroup, groupByName } from '../find.ts'
import { operation } from '../operation.ts'
import { comments, groupName } from '../parameters.ts'
import { GROUP_NAME, ramScope } from '../records.ts'
import { renamedResources } from '../resources.ts'

export const UpdateGroup = operation({
  name: 'UpdateGroup',
  summary: 'Changes the name or the comments of a group. An empty text clears the comments.',
  parameters: {
    GroupName: groupName,
    NewGroupName: optional(groupName, null),
    NewComments: clearable(comments),
  },
  access: 'Write',
  trail: { show: ['GroupName', 'NewGroupName', 'NewComments'], reply: ['Group.GroupId', 'Group.GroupName'] },
  refusals: ['EntityNotExist.Group', 'EntityAlreadyExists.Group'],
  async locate({ GroupName, NewGroupName }, context) {
    return renamedResources('group', GroupName, NewGroupName, context)
  },
  async decide({ GroupName, NewGroupName, NewComments }, context) {
    const group = await findGroup(GroupName, context)
    const { body } = group
    const name = NewGroupName ?? body.groupName
    const changed = update(group, {
      body: { ...body, groupName: name, comments: NewComments ?? body.comments, updatedAt: context.now },
    })
    const reply = { Group: groupAnswerWithUpdate(changed.after) }
    if (name.toLowerCase() === body.groupName.toLowerCase()) return { reply, changes: [changed] }
    if (await groupByName(name, context)) throw refuse('EntityAlreadyExists.Group')
    const scope = ramScope(context.caller.accountId)
    const old = await context.ledger.get(GROUP_NAME, scope, body.groupName.toLowerCase())
    const renamed = { ...scope, id: name.toLowerCase(), createdAt: context.now, body: { id: group.id } }
    return { reply, changes: [changed, ...(old ? [remove(GROUP_NAME, old)] : []), insert(GROUP_NAME, renamed)] }
  },
})
