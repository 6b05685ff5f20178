import { isoSeconds } from '../../api/time.ts'
import { findUser } from '../find.ts'
import { operation } from '../operation.ts'
import { userName } from '../parameters.ts'
import { GROUP, ramScope } from '../records.ts'
import { locateUser } from '../resources.ts'

export const ListGroupsForUser = operation({
  name: 'ListGroupsForUser',
  summary: 'Lists the groups that a user is in.',
  parameters: { UserName: userName },
  access: 'Read',
  trail: { show: ['UserName'], reply: [] },
  refusals: ['EntityNotExist.User'],
  locate: locateUser,
  async decide({ UserName }, context) {
    const { body } = await findUser(UserName, context)
    const groups = await Promise.all(
      body.groups.map(async ({ groupId, joinedAt }) => {
        const group = await context.ledger.get(GROUP, ramScope(context.caller.accountId), groupId)
        if (!group) return []
        const { groupName, comments } = group.body
        return [{ GroupId: groupId, GroupName: groupName, Comments: comments, JoinDate: isoSeconds(joinedAt) }]
      }),
    )
    return { reply: { Groups: { Group: groups.flat() } }, changes: [] }
  },
})
