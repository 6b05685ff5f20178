import { refuse } from '../../api/errors.ts'
import { remove } from '../../ledger/record.ts'
import { findGroup } from '../find.ts'
import { operation } from '../operation.ts'
import { groupName } from '../parameters.ts'
import { GROUP, GROUP_NAME, ramScope } from '../records.ts'
import { locateGroup } from '../resources.ts'

export const DeleteGroup = operation({
  name: 'DeleteGroup',
  summary: 'Deletes a group that has no members and no policies.',
  parameters: { GroupName: groupName },
  access: 'Write',
  trail: { show: ['GroupName'], reply: ['RequestId'] },
  refusals: ['EntityNotExist.Group', 'DeleteConflict.Group.User', 'DeleteConflict.Group.Policy'],
  locate: locateGroup,
  async decide({ GroupName }, context) {
    const group = await findGroup(GroupName, context)
    if (group.body.members > 0) throw refuse('DeleteConflict.Group.User')
    if (group.body.policies.length > 0) throw refuse('DeleteConflict.Group.Policy')
    const name = await context.ledger.get(GROUP_NAME, ramScope(context.caller.accountId), GroupName.toLowerCase())
    return { reply: {}, changes: [remove(GROUP, group), ...(name ? [remove(GROUP_NAME, name)] : [])] }
  },
})
