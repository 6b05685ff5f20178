import { refuse } from '../../api/errors.ts'
import { remove, update } from '../../ledger/record.ts'
import { findGroup, findUser } from '../find.ts'
import { locateMembership, membershipId } from '../membership.ts'
import { operation } from '../operation.ts'
import { groupName, userName } from '../parameters.ts'
import { MEMBERSHIP, ramScope } from '../records.ts'

export const RemoveUserFromGroup = operation({
  name: 'RemoveUserFromGroup',
  summary: 'Removes a user from a group. The policies of the group then no longer apply to the user.',
  parameters: { UserName: userName, GroupName: groupName },
  access: 'Write',
  trail: { show: ['UserName', 'GroupName'], reply: ['RequestId'] },
  refusals: ['EntityNotExist.User', 'EntityNotExist.Group', 'EntityNotExist.User.Group'],
  locate: locateMembership,
  async decide({ UserName, GroupName }, context) {
    const user = await findUser(UserName, context)
    const group = await findGroup(GroupName, context)
    const id = membershipId(group.id, user.body.userName)
    const membership = await context.ledger.get(MEMBERSHIP, ramScope(context.caller.accountId), id)
    if (!membership) throw refuse('EntityNotExist.User.Group')
    const groups = user.body.groups.filter(({ groupId }) => groupId !== group.id)
    return {
      reply: {},
      changes: [
        update(user, { body: { ...user.body, groups } }),
        update(group, { body: { ...group.body, members: group.body.members - 1 } }),
        remove(MEMBERSHIP, membership),
      ],
    }
  },
})
