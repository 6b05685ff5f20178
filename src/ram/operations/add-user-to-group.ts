import { refuse } from '../../api/errors.ts'
import { insert, update } from '../../ledger/record.ts'
import { findGroup, findUser } from '../find.ts'
import { locateMembership, membershipId } from '../membership.ts'
import { operation } from '../operation.ts'
import { groupName, userName } from '../parameters.ts'
import { MEMBERSHIP, ramScope } from '../records.ts'

export const AddUserToGroup = operation({
  name: 'AddUserToGroup',
  summary: 'Adds a user to a group. The policies of the group then apply to the user.',
  parameters: { UserName: userName, GroupName: groupName },
  access: 'Write',
  trail: { show: ['UserName', 'GroupName'], reply: ['RequestId'] },
  refusals: [
    'EntityNotExist.User',
    'EntityNotExist.Group',
    'EntityAlreadyExists.User.Group',
    'LimitExceeded.User.Group',
  ],
  locate: locateMembership,
  async decide({ UserName, GroupName }, context) {
    const user = await findUser(UserName, context)
    const group = await findGroup(GroupName, context)
    const { groups, userName: name } = user.body
    if (groups.some(({ groupId }) => groupId === group.id)) throw refuse('EntityAlreadyExists.User.Group')
    if (groups.length >= context.quotas['max-groups-per-user']) throw refuse('LimitExceeded.User.Group')
    const { now, caller } = context
    const membership = {
      ...ramScope(caller.accountId),
      id: membershipId(group.id, name),
      parent: group.id,
      createdAt: now,
      body: { userId: user.id, joinedAt: now },
    }
    return {
      reply: {},
      changes: [
        update(user, { body: { ...user.body, groups: [...groups, { groupId: group.id, joinedAt: now }] } }),
        update(group, { body: { ...group.body, members: group.body.members + 1 } }),
        insert(MEMBERSHIP, membership),
      ],
    }
  },
})
